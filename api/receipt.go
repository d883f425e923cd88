package api

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/ledger"
)

// Transactions and their entries are encoded by hand, into one buffer: every
// transfer is answered with one, and reflection would cost more than the rest of
// the request. Every answer of the tests is held to openapi.yaml.
//
// Identifiers, codes and times have nothing to escape; what callers write has.

// told is a transaction, with what is known of it beside its fact.
type told struct {
	event     domain.Event // *domain.TransactionCompleted, *domain.TransactionFailed or *domain.TransactionScheduled
	at        time.Time    // of the event
	cancelled bool         // the scheduled one
	reversal  *reversal    // nil: nothing was taken back
	wallets   []domain.Standing
	written   bool // by this request: it answers the wallets
	dryRun    bool // not written at all: it has no identifier
}

// written is a transaction that the request made.
func written(event domain.Event, receipt *ledger.Receipt) *told {
	return &told{event: event, at: receipt.Time, wallets: receipt.Standings, written: true}
}

// answerTransaction writes a transaction as the whole body.
func (s *server) answerTransaction(c echo.Context, status int, t *told) error {
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	buffer.Reset()
	err := s.turns.encode(c.Request().Context(), projectOfTransaction(t.event), t.parts(), func() {
		buffer.Write(appendTransaction(buffer.AvailableBuffer(), t))
	})
	if err != nil {
		return err
	}
	return send(c, status, jsonType, buffer.Bytes())
}

// withTransaction adds a transaction to the details of a problem.
func (s *server) withTransaction(c echo.Context, p *problem, t *told) error {
	err := s.turns.encode(c.Request().Context(), projectOfTransaction(t.event), t.parts(), func() {
		p.details = append(p.details, transactionDetail(t))
	})
	if err != nil {
		return err
	}
	return p
}

// parts is how many operations and entries there are to encode.
func (t *told) parts() int {
	switch e := t.event.(type) {
	case *domain.TransactionCompleted:
		return len(e.Operations) + len(e.Entries)
	case *domain.TransactionFailed:
		return len(e.Operations)
	case *domain.TransactionScheduled:
		return len(e.Operations)
	}
	return 0
}

func appendTransaction(b []byte, t *told) []byte {
	var buf [40]byte
	created := t.at.UTC().AppendFormat(buf[:0], time.RFC3339Nano)
	var entries []domain.Entry
	switch e := t.event.(type) {
	case *domain.TransactionCompleted:
		entries = e.Entries
		b = t.appendHead(b, e.Transaction, e.Reference, "completed", e.Origin)
		b = appendOperations(b, e.Operations)
		b = appendEntries(b, entries, t.shownID(e.Transaction), created)
		b = append(b, `,"failure":null,"reversal":`...)
		b = appendReversal(b, t.reversal)
		b = appendTimes(b, e.EffectiveAt, time.Time{})
		b = appendNotes(b, e.Description, e.Metadata)
	case *domain.TransactionFailed:
		b = t.appendHead(b, e.Transaction, e.Reference, "failed", e.Origin)
		b = appendOperations(b, e.Operations)
		b = append(b, `,"entries":[],"failure":`...)
		b = append(appendFailure(b, &e.Failure), `,"reversal":null`...)
		b = appendTimes(b, e.EffectiveAt, time.Time{})
		b = appendNotes(b, e.Description, e.Metadata)
	case *domain.TransactionScheduled:
		status := "scheduled"
		if t.cancelled {
			status = "cancelled"
		}
		b = t.appendHead(b, e.Transaction, e.Reference, status, domain.Origin{})
		b = appendOperations(b, e.Operations)
		b = append(b, `,"entries":[],"failure":null,"reversal":null`...)
		b = appendTimes(b, time.Time{}, e.ScheduledFor)
		b = appendNotes(b, e.Description, e.Metadata)
	}
	b = append(append(append(b, `,"created_at":"`...), created...), '"')
	if t.written {
		b = appendStandings(append(b, `,"wallets":`...), t.wallets, entries)
	}
	return append(b, '}')
}

// shownID is an identifier that leads somewhere: a dry run has none.
func (t *told) shownID(id ids.Transaction) ids.Transaction {
	if t.dryRun {
		return ""
	}
	return id
}

func (t *told) appendHead(b []byte, id ids.Transaction, reference ids.Reference, status string, origin domain.Origin) []byte {
	if t.dryRun {
		b = append(b, `{"dry_run":true`...)
	} else {
		b = append(append(append(b, `{"id":"`...), id...), '"')
	}
	b = appendText(append(b, `,"reference":`...), string(reference))
	b = append(append(b, `,"status":"`...), status...)
	if origin.Kind == "" {
		return append(b, `","origin":null`...)
	}
	if origin.Kind == domain.ScheduleOrigin {
		origin.ID = string(id) // callers know no places
	}
	b = append(append(b, `","origin":{"kind":"`...), origin.Kind...)
	return append(append(append(b, `","id":"`...), origin.ID...), `"}`...)
}

func appendTimes(b []byte, effective, scheduled time.Time) []byte {
	b = appendTime(append(b, `,"effective_at":`...), effective)
	return appendTime(append(b, `,"scheduled_for":`...), scheduled)
}

func appendNotes(b []byte, description string, metadata domain.Metadata) []byte {
	b = appendText(append(b, `,"description":`...), description)
	b = append(b, `,"metadata":{`...)
	for key, value := range metadata {
		b = appendText(b, key)
		b = appendText(append(b, ':'), value)
		b = append(b, ',')
	}
	return append(bytes.TrimSuffix(b, []byte{','}), '}')
}

func appendOperations(b []byte, operations []domain.PostedOperation) []byte {
	b = append(b, `,"operations":[`...)
	for i := range operations {
		o := &operations[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"type":"`...), o.Type...)
		b = appendID(append(b, `","sender_wallet_id":`...), string(o.From))
		b = appendID(append(b, `,"recipient_wallet_id":`...), string(o.To))
		b = append(append(b, `,"currency":"`...), o.Amount.Asset()...)
		b = appendAmount(append(b, `","amount":"`...), o.Amount, `","amount_minor":`)
		b = appendAmount(append(b, `,"fee":"`...), o.Fee, `","fee_minor":`)
		b = appendRareOf(b, o)
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendRareOf appends what few operations have.
func appendRareOf(b []byte, o *domain.PostedOperation) []byte {
	if o.Type == domain.Exchange {
		b = appendAmount(append(b, `,"received":"`...), o.Received, `","received_minor":`)
		b = append(append(append(b, `,"received_currency":"`...), o.Received.Asset()...), '"')
	}
	if !o.Rate.IsZero() {
		b = append(append(append(b, `,"rate":"`...), o.Rate.String()...), '"')
	}
	if !o.FeeReturned.IsZero() {
		b = appendAmount(append(b, `,"fee_returned":"`...), o.FeeReturned, `","fee_returned_minor":`)
	}
	if !o.Expires.IsZero() {
		b = appendTime(append(b, `,"expires_at":`...), o.Expires)
	}
	if o.Grant {
		b = append(b, `,"grant":true`...)
	}
	return b
}

func appendFailure(b []byte, failure *domain.Rejection) []byte {
	b = append(append(b, `{"code":"`...), failure.Code...)
	b = appendText(append(b, `","message":`...), failure.Message)
	b = append(b, `,"failed_operation":`...)
	if failure.Operation == domain.NoOperation {
		b = append(b, `null`...)
	} else {
		b = strconv.AppendInt(b, int64(failure.Operation), 10)
	}
	b = append(b, `,"details":{`...)
	for i, d := range failure.Details {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, d.Name)
		b = appendText(append(b, ':'), d.Value)
	}
	return append(b, `}}`...)
}

func appendEntries(b []byte, entries []domain.Entry, transaction ids.Transaction, created []byte) []byte {
	b = append(b, `,"entries":[`...)
	for i := range entries {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEntry(b, &entries[i], transaction, created)
	}
	return append(b, ']')
}

// appendEntry appends an entry. Its id is made of its wallet and its version,
// which together are unique: ent_<wallet>_<version>.
func appendEntry(b []byte, entry *domain.Entry, transaction ids.Transaction, created []byte) []byte {
	b = append(append(b, `{"id":"ent_`...), strings.TrimPrefix(string(entry.Wallet), "wall_")...)
	b = strconv.AppendUint(append(b, '_'), entry.Version, 10)
	b = append(append(b, `","wallet_id":"`...), entry.Wallet...)
	b = strconv.AppendUint(append(b, `","version":`...), entry.Version, 10)
	b = append(append(b, `,"kind":"`...), entry.Kind...)
	b = strconv.AppendInt(append(b, `","operation":`...), int64(entry.Operation), 10)
	b = strconv.AppendBool(append(b, `,"fee":`...), entry.Fee)
	b = append(append(b, `,"currency":"`...), entry.Amount.Asset()...)
	b = appendAmount(append(b, `","amount":"`...), entry.Amount, `","amount_minor":`)
	b = appendAmount(append(b, `,"balance_after":"`...), entry.Balance, `","balance_after_minor":`)
	if len(entry.Lots) > 0 {
		b = appendLots(b, entry.Wallet, entry.Lots)
	}
	b = appendID(append(b, `,"transaction_id":`...), string(transaction))
	b = append(append(b, `,"created_at":"`...), created...)
	return append(b, `"}`...)
}

// appendAmount appends both forms of an amount, with what stands between them.
func appendAmount(b []byte, m money.Amount, between string) []byte {
	b = append(m.AppendText(b), between...)
	if units, ok := safeMinor(m); ok {
		return strconv.AppendInt(b, units, 10)
	}
	return append(b, `null`...)
}

// appendID appends an identifier, null for "".
func appendID(b []byte, id string) []byte {
	if id == "" {
		return append(b, `null`...)
	}
	return append(append(append(b, '"'), id...), '"')
}

// appendTime appends a time, null for none.
func appendTime(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, `null`...)
	}
	return append(at.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// appendText appends a JSON string of valid UTF-8.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			var e jx.Encoder
			e.Str(text)
			return append(b, e.Bytes()...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
