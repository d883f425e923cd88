package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Every wallet has funds for all transfers of a day. The hot wallet takes part in each
// transfer.
const (
	funds    = "1000000.00"
	hotFunds = "1000000000.00"
)

// project is the project of one run.
type project struct {
	as      credential
	wallets [][]byte // ids, as JSON strings
	newest  place    // the newest commit of the setup
}

// newProject makes the project and its credential. It fails when there is no system at
// the URL, or when the operator's credential is not valid there.
func newProject(ctx context.Context, on *connection, operator credential, name string) (*project, error) {
	var made struct {
		ID string `json:"id"`
	}
	body := fmt.Sprintf(`{"name":"%s %s","currency":"GHS"}`, name, time.Now().UTC().Format(time.DateTime))
	_, err := call(ctx, on, on.server.route("POST", "/v1/projects", operator), body, &made)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusUnauthorized {
		return nil, fmt.Errorf("%s does not know this operator (401); give the --credentials of this system", on.server.url)
	}
	if err != nil {
		return nil, fmt.Errorf("making a project: %w", err)
	}
	p := &project{}
	to := on.server.route("POST", "/v1/projects/"+made.ID+"/credentials", operator)
	if p.newest, err = call(ctx, on, to, `{"name":"bench"}`, &p.as); err != nil {
		return nil, fmt.Errorf("making a credential: %w", err)
	}
	return p, nil
}

// open makes, over all the connections, one customer for each wallet, the
// wallets and their funds. Wallet 0 is the hot one.
func (p *project) open(ctx context.Context, connections []*connection, wallets int, progress io.Writer) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p.wallets = make([][]byte, wallets)
	places := make([]place, len(connections))
	var next, done atomic.Int64
	var workers sync.WaitGroup
	for i, on := range connections {
		workers.Go(func() {
			for n := int(next.Add(1)) - 1; n < wallets && ctx.Err() == nil; n = int(next.Add(1)) - 1 {
				var err error
				if places[i], err = p.openWallet(ctx, on, n); err != nil {
					cancel(fmt.Errorf("making wallet %d: %w", n, err))
				}
				done.Add(1)
			}
		})
	}
	showProgress(&workers, func() { fmt.Fprintf(progress, "setup     %d of %d wallets\n", done.Load(), wallets) })
	for _, at := range places {
		p.sawPlace(at)
	}
	return context.Cause(ctx)
}

// showProgress calls show each second and once more when all workers are done.
func showProgress(workers *sync.WaitGroup, show func()) {
	finished := make(chan struct{})
	go func() {
		workers.Wait()
		close(finished)
	}()
	each := time.NewTicker(time.Second)
	defer each.Stop()
	for {
		select {
		case <-finished:
			show()
			return
		case <-each.C:
			show()
		}
	}
}

// sawPlace keeps the newest place. A project is in one shard, so the zero place of a
// connection that made no wallet is never the newest.
func (p *project) sawPlace(at place) {
	if at.sequence > p.newest.sequence {
		p.newest = at
	}
}

// openWallet makes one funded wallet. Each step can be repeated: PUT of a customer is
// idempotent, a customer has one wallet in a currency, and a top-up has a reference.
func (p *project) openWallet(ctx context.Context, on *connection, n int) (place, error) {
	customer := "bench-" + strconv.Itoa(n)
	if _, err := call(ctx, on, on.server.route("PUT", "/v1/customers/"+customer, p.as), "{}", nil); err != nil {
		return place{}, err
	}
	var wallet struct {
		ID string `json:"id"`
	}
	body := fmt.Sprintf(`{"customer_id":%q,"currency":"GHS"}`, customer)
	if _, err := call(ctx, on, on.server.route("POST", "/v1/wallets", p.as), body, &wallet); err != nil {
		return place{}, err
	}
	quoted, err := json.Marshal(wallet.ID)
	if err != nil {
		return place{}, err
	}
	p.wallets[n] = quoted
	amount := funds
	if n == 0 {
		amount = hotFunds
	}
	body = fmt.Sprintf(`{"reference":"fund-%d","amount":%q}`, n, amount)
	at, err := call(ctx, on, on.server.route("POST", "/v1/wallets/"+wallet.ID+"/topup", p.as), body, nil)
	if refused, ok := errors.AsType[*refusal](err); ok && refused.status == http.StatusConflict {
		return at, nil // an earlier attempt was carried out
	}
	return at, err
}

// refusal is a response that will not change when the request is repeated.
type refusal struct {
	status int
	kind   string
	text   string
}

func (e *refusal) Error() string { return "the server answered " + e.kind + ": " + e.text }

// How often a request of the setup is sent.
const (
	tries     = 30
	lostTries = 3
)

// call performs a request that may be repeated until the response is neither 503 nor 429,
// and decodes the response into result, if there is one. It returns the place of the
// response, also of a refusal.
func call(ctx context.Context, on *connection, to route, body string, result any) (place, error) {
	var err error
	for try := range tries {
		pause := 10 * shortPause
		if err = on.send(to, []byte(body)); err == nil {
			status := on.response.StatusCode()
			if status != http.StatusServiceUnavailable && status != http.StatusTooManyRequests {
				return readAnswer(on, result)
			}
			err = refusalOf(on)
			pause = max(retryAfter(&on.response), pause)
		} else if _, ok := errors.AsType[*unreachable](err); ok {
			return place{}, err
		} else if try+1 >= lostTries {
			return place{}, fmt.Errorf("the connection to %s broke: %s; check --url", on.server.url, brief(err))
		}
		if !sleep(ctx, pause) {
			return place{}, ctx.Err()
		}
	}
	return place{}, err
}

func readAnswer(on *connection, result any) (place, error) {
	at, _ := placeOf(&on.response)
	if status := on.response.StatusCode(); status < 200 || status > 299 {
		return at, refusalOf(on)
	}
	if result == nil {
		return at, nil
	}
	if err := json.Unmarshal(on.response.Body(), result); err != nil {
		return at, fmt.Errorf("%s does not answer as Tallystick does: %w; check --url", on.server.url, err)
	}
	return at, nil
}

func refusalOf(on *connection) *refusal {
	var answer problem
	text := "check --url"
	if json.Unmarshal(on.response.Body(), &answer) == nil && answer.Error.Message != "" {
		text = answer.Error.Message
	}
	return &refusal{on.response.StatusCode(), kindOf(&on.response), text}
}

// sleep returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
