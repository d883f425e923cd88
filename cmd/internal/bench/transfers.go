package bench

import (
	"errors"
	"net/http"
	"time"

	"github.com/go-faster/jx"
)

// httpTarget makes transfers through the API.
type httpTarget struct {
	connection *connection
	wallets    [][]byte // ids, as JSON strings
	route      route
	batch      bool // the route takes batches
	body       []byte
	decoder    *jx.Decoder
}

// newHTTPTarget returns a target for the route of batches, or for that of one transfer.
func newHTTPTarget(on *connection, p *project, batch bool) *httpTarget {
	path := "/v1/transfers"
	if batch {
		path = "/v1/transactions/batch"
	}
	return &httpTarget{
		connection: on,
		wallets:    p.wallets,
		route:      on.server.route("POST", path, p.as),
		batch:      batch,
		decoder:    jx.DecodeBytes(nil),
	}
}

func (t *httpTarget) perform(transfers []transfer, tally *tally) time.Duration {
	if t.batch {
		t.body = t.appendBatch(t.body[:0], transfers)
	} else {
		t.body = t.appendTransfer(t.body[:0], transfers[0])
	}
	if err := t.connection.send(t.route, t.body); err != nil {
		return t.lost(err, len(transfers), tally)
	}
	response := &t.connection.response
	if at, ok := placeOf(response); ok {
		tally.newest = max(tally.newest, at.sequence)
	}
	switch status := response.StatusCode(); {
	case status == http.StatusCreated && !t.batch:
		tally.acknowledged.Add(1)
	case status == http.StatusOK && t.batch:
		t.countBatch(response.Body(), len(transfers), tally)
	default:
		tally.fail(kindOf(response), len(transfers))
		return retryAfter(response)
	}
	return 0
}

// lost counts a request without a response. It pauses, so that the worker does not loop
// at full speed while the server cannot be reached.
func (t *httpTarget) lost(err error, transfers int, tally *tally) time.Duration {
	if _, ok := errors.AsType[*unreachable](err); ok {
		tally.fail("cannot connect: "+brief(err), transfers)
	} else {
		tally.fail("connection lost: "+brief(err), transfers)
	}
	return 10 * shortPause
}

func (t *httpTarget) countBatch(body []byte, transfers int, tally *tally) {
	t.decoder.ResetBytes(body)
	seen := 0
	completed, err := readBatch(t.decoder, func(code string) {
		seen++
		tally.fail("batch: "+code, 1)
	})
	tally.acknowledged.Add(int64(completed))
	seen += completed
	if err != nil || seen < transfers {
		tally.fail("batch: no outcome in the answer", transfers-seen)
	}
}

func (t *httpTarget) appendTransfer(to []byte, x transfer) []byte {
	to = append(to, `{"reference":"`...)
	to = append(to, x.reference[:]...)
	to = append(to, `",`...)
	to = t.appendParties(to, x)
	return append(to, '}')
}

func (t *httpTarget) appendBatch(to []byte, transfers []transfer) []byte {
	to = append(to, '[')
	for i, x := range transfers {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, `{"reference":"`...)
		to = append(to, x.reference[:]...)
		to = append(to, `","operations":[{"type":"transfer",`...)
		to = t.appendParties(to, x)
		to = append(to, "}]}"...)
	}
	return append(to, ']')
}

func (t *httpTarget) appendParties(to []byte, x transfer) []byte {
	to = append(to, `"sender_wallet_id":`...)
	to = append(to, t.wallets[x.sender]...)
	to = append(to, `,"recipient_wallet_id":`...)
	to = append(to, t.wallets[x.recipient]...)
	return append(to, `,"amount":"0.01"`...)
}
