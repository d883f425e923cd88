package api

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/ledger"
	"tallystick/resource"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"
)

const (
	maxBatch           = 10_000                    // transactions
	maxBatchOperations = 20 * domain.MaxOperations // of all of them
	maxBatchMetadata   = 10 * maxBatch             // keys, of all of them
)

func (s *server) batchRoutes(v1 *echo.Group) {
	v1.POST("/transactions/batch", s.asProject(s.createBatch))
}

// POST /v1/transactions/batch
func (s *server) createBatch(c echo.Context, who caller) error {
	var body bytes.Buffer
	if err := readBody(c, &body, maxBatchBody, "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"); err != nil {
		return err
	}
	batch, err := readInTurn(c, who, body.Bytes())
	if err != nil {
		return err
	}
	s.performAll(c, who, batch)
	w := newWriter()
	defer putWriter(w)
	err = s.turns.encode(c.Request().Context(), who.project, batch.operations+len(batch.outcomes), func() { batch.write(w, requestID(c)) })
	if err != nil {
		return err
	}
	if batch.isArray {
		return send(c, http.StatusOK, jsonType, w.Bytes())
	}
	return send(c, http.StatusOK, ndjsonType, w.Bytes())
}

func readInTurn(c echo.Context, who caller, body []byte) (*batch, error) {
	leave, err := turnFor(c)
	if err != nil {
		return nil, err
	}
	defer leave()
	return readBatch(who, body)
}

// batch is the transactions of a body, in order.
type batch struct {
	isArray    bool
	outcomes   []outcome
	commands   []domain.Command // of the transactions that have no mistake; the others have their outcome already
	places     []int            // of each command, among the outcomes
	operations int              // and preconditions
	metadata   int              // keys
}

// outcome is what became of one transaction of a batch.
type outcome struct {
	reference ids.Reference // "" where it could not be read
	receipt   ledger.Receipt
	err       error
}

// readBatch reads a JSON array, or lines of JSON, and stops at the limits. A body that
// is not JSON or too large is refused as a whole. Any other mistake in a transaction
// is the outcome of that transaction alone.
func readBatch(who caller, body []byte) (*batch, error) {
	items := itemsOf(body)
	b := &batch{isArray: items.isArray}
	for {
		item, err := items.next()
		switch {
		case err == io.EOF && len(b.outcomes) > 0:
			return b, nil
		case err == io.EOF:
			return nil, badRequest("a batch has 1 to %d transactions, and this has none; nothing was done", maxBatch)
		case err != nil:
			return nil, badRequest("transaction %d of the batch is not valid JSON: %s; nothing was done", len(b.outcomes)+1, syntaxIn(err))
		case len(b.outcomes) == maxBatch:
			return nil, badRequest("a batch has 1 to %d transactions, and this has more; nothing was done", maxBatch)
		}
		b.add(who, item)
		if b.operations > maxBatchOperations || b.metadata > maxBatchMetadata {
			return nil, badRequest("the transactions of a batch have up to %d operations and preconditions, and %d keys of metadata, in all, and these have more; nothing was done",
				maxBatchOperations, maxBatchMetadata)
		}
	}
}

// syntaxIn is what is wrong with JSON, and where.
func syntaxIn(err error) string {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}

func (b *batch) add(who caller, item jsontext.Value) {
	if len(item) > maxBody {
		b.outcomes = append(b.outcomes, outcome{err: tooLarge("The transaction", maxBody)})
		return
	}
	var body TransactionCreate
	err := decodeObject(item, &body)
	if err != nil {
		body.Reference = referenceIn(item)
	}
	b.operations += len(body.Operations) + len(body.Preconditions)
	b.metadata += len(body.Metadata)
	if err == nil && body.DryRun {
		err = badRequest("dry_run is not for a transaction of a batch: POST it to /v1/transactions alone")
	}
	var command *domain.Transact
	if err == nil {
		command, err = transactOf(who, &body)
	}
	if err != nil {
		b.outcomes = append(b.outcomes, outcome{reference: ids.Reference(body.Reference), err: err})
		return
	}
	b.commands, b.places = append(b.commands, command), append(b.places, len(b.outcomes))
	b.outcomes = append(b.outcomes, outcome{reference: command.Reference})
}

// items cuts a batch into its transactions, without copying them.
type items struct {
	body    []byte
	decoder *jsontext.Decoder
	isArray bool
}

// itemsOf accepts names that are given twice and text that is not UTF-8: these are
// mistakes of one transaction, which its own decoder finds.
func itemsOf(body []byte) *items {
	i := &items{body: body}
	i.decoder = jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if i.isArray = i.decoder.PeekKind() == '['; i.isArray {
		_, _ = i.decoder.ReadToken() // the bracket that was peeked at
	}
	return i
}

var (
	errNoNewLine = errors.New("it is on the line of the one before")
	errAfter     = errors.New("the body goes on after the array")
)

// next returns the next transaction; after the last the error is io.EOF.
func (i *items) next() (jsontext.Value, error) {
	if i.isArray && i.decoder.PeekKind() == ']' {
		_, _ = i.decoder.ReadToken() // the bracket that was peeked at
		if i.decoder.PeekKind() != 0 {
			return nil, errAfter
		}
		_, err := i.decoder.ReadToken()
		return nil, err // io.EOF, or that what follows is not JSON
	}
	before := i.decoder.InputOffset()
	item, err := i.decoder.ReadValue()
	if err == io.EOF && i.isArray {
		err = io.ErrUnexpectedEOF
	}
	if between := i.body[before:max(before, i.decoder.InputOffset()-int64(len(item)))]; err == nil && !i.isArray && before > 0 && bytes.IndexByte(between, '\n') < 0 {
		err = errNoNewLine
	}
	return item, err
}

// referenceIn returns the reference of a transaction with a mistake; "" if it cannot
// be read either.
func referenceIn(item jsontext.Value) string {
	var body struct {
		Reference string `json:"reference"`
	}
	if json.Unmarshal(item, &body) != nil {
		return ""
	}
	return body.Reference
}

// performAll performs the commands of a batch.
func (s *server) performAll(c echo.Context, who caller, b *batch) {
	var newest ledger.Receipt
	for i, done := range s.ledger.DoAll(c.Request().Context(), who.shard, who.by, b.commands) {
		b.outcomes[b.places[i]].receipt, b.outcomes[b.places[i]].err = done.Receipt, done.Err
		if done.Err == nil && done.Receipt.Sequence >= newest.Sequence {
			newest = done.Receipt
		}
	}
	if newest.Sequence > 0 {
		setSequence(c, newest.Shard, newest.Sequence)
	}
}

// write writes the outcomes in the form of the request.
func (b *batch) write(w *resource.Writer, requestID string) {
	if b.isArray {
		w.List(len(b.outcomes), func(i int) { b.outcomes[i].write(w, requestID) })
		return
	}
	for i := range b.outcomes {
		b.outcomes[i].write(w, requestID)
		w.Line()
	}
}

// write writes the transaction, or its reference and the error. Where the reference
// was used before, the error has the transaction's id alone: reading ten thousand
// transactions back would take longer than performing them.
func (o *outcome) write(w *resource.Writer, requestID string) {
	err := o.err
	if err == nil {
		switch event := outcomeIn(o.receipt.Events).(type) {
		case *domain.TransactionCompleted, *domain.TransactionScheduled:
			made(event, &o.receipt).Write(w)
			return
		case *domain.TransactionFailed:
			err = refused(event, o.receipt.Time)
		default:
			err = errNoOutcome
		}
	}
	w.Begin()
	w.TextOrNull("reference", string(o.reference))
	w.Word("status", "failed")
	problemOf(inOperations(err)).write(w, requestID)
	w.End()
}
