package api

import (
	"bytes"
	"encoding/json"
	"net/http"

	"tallystick/domain"
	"tallystick/ledger"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"
)

const maxBatch = 10_000 // transactions

func (s *server) batchRoutes(v1 *echo.Group) {
	v1.POST("/transactions/batch", s.asProject(s.createBatch))
}

// POST /v1/transactions/batch
func (s *server) createBatch(c echo.Context, who caller) error {
	var body bytes.Buffer
	if err := readBody(c, &body, maxBatchBody, "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl"); err != nil {
		return err
	}
	items, isArray, err := splitBatch(body.Bytes())
	if err != nil {
		return err
	}
	outcomes := s.performAll(c, who, items)
	if isArray {
		return answer(c, http.StatusOK, func(e *jx.Encoder) {
			e.ArrStart()
			for i := range outcomes {
				outcomes[i].encode(e, requestID(c))
			}
			e.ArrEnd()
		})
	}
	return answerLines(c, outcomes)
}

func answerLines(c echo.Context, outcomes []outcome) error {
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	var lines bytes.Buffer
	for i := range outcomes {
		e.Reset()
		outcomes[i].encode(e, requestID(c))
		lines.Write(e.Bytes())
		lines.WriteByte('\n')
	}
	return send(c, http.StatusOK, ndjsonType, lines.Bytes())
}

// splitBatch cuts a JSON array, or lines of JSON, into its transactions. What
// is not JSON is refused as a whole, before anything is done.
func splitBatch(body []byte) (items []json.RawMessage, isArray bool, err error) {
	trimmed := bytes.TrimSpace(body)
	if isArray = bytes.HasPrefix(trimmed, []byte("[")); isArray {
		if err := json.Unmarshal(trimmed, &items); err != nil {
			return nil, true, explain(err)
		}
	} else {
		number := 0
		for line := range bytes.Lines(body) {
			number++
			if line = bytes.TrimSpace(line); len(line) == 0 {
				continue
			}
			if !json.Valid(line) {
				return nil, false, badRequest("line %d is not valid JSON; nothing was done", number)
			}
			items = append(items, line)
		}
	}
	if len(items) == 0 || len(items) > maxBatch {
		return nil, isArray, badRequest("a batch has 1 to %d transactions, not %d; nothing was done", maxBatch, len(items))
	}
	return items, isArray, nil
}

// outcome is what became of one transaction of a batch.
type outcome struct {
	reference domain.Reference // "" where it could not be read
	receipt   ledger.Receipt
	err       error
}

// performAll performs the transactions that make sense; the others are outcomes already.
func (s *server) performAll(c echo.Context, who caller, items []json.RawMessage) []outcome {
	outcomes := make([]outcome, len(items))
	commands := make([]domain.Command, 0, len(items))
	places := make([]int, 0, len(items)) // of each command, in the batch
	for i, item := range items {
		var body TransactionCreate
		err := decodeObject(item, &body)
		var command *domain.Transact
		if err == nil && body.DryRun {
			err = badRequest("a transaction of a batch cannot be a dry run: POST it to /v1/transactions alone")
		}
		if err == nil {
			command, err = transactOf(who, &body)
		}
		if err != nil {
			outcomes[i] = outcome{reference: referenceIn(item), err: err}
			continue
		}
		outcomes[i].reference = command.Reference
		commands, places = append(commands, command), append(places, i)
	}
	var newest ledger.Receipt
	for i, done := range s.ledger.DoAll(c.Request().Context(), who.shard, commands) {
		outcomes[places[i]].receipt, outcomes[places[i]].err = done.Receipt, done.Err
		if done.Err == nil && done.Receipt.Sequence >= newest.Sequence {
			newest = done.Receipt
		}
	}
	if newest.Sequence > 0 {
		setSequence(c, newest.Shard, newest.Sequence)
	}
	return outcomes
}

// referenceIn reads the reference of a transaction that could not be read as a whole.
func referenceIn(item json.RawMessage) domain.Reference {
	var body struct{ Reference any }
	_ = json.Unmarshal(item, &body) // as much of it as there is
	text, _ := body.Reference.(string)
	return domain.Reference(text)
}

// encode writes the transaction, or its reference and the error. Of a reference
// that was used the error has the transaction's id alone: reading ten thousand
// transactions back would take longer than performing them.
func (o *outcome) encode(e *jx.Encoder, requestID string) {
	err := o.err
	if err == nil {
		switch event := outcomeIn(o.receipt.Events).(type) {
		case *domain.TransactionCompleted, *domain.TransactionScheduled:
			e.Raw(appendTransaction(nil, written(event, &o.receipt)))
			return
		case *domain.TransactionFailed:
			err = refused(event, o.receipt.Time)
		default:
			err = errNoOutcome
		}
	}
	e.ObjStart()
	fieldOrNull(e, "reference", string(o.reference))
	field(e, "status", "failed")
	e.FieldStart("error")
	problemOf(err).encode(e, requestID)
	e.ObjEnd()
}
