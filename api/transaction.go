package api

import (
	"fmt"
	"net/http"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) transactionRoutes(v1 *echo.Group) {
	v1.POST("/transactions", s.asProject(s.createTransaction))
	v1.GET("/transactions", s.asProject(s.listTransactions, "reference", "wallet_id", "status", "limit", "cursor"))
	v1.GET("/transactions/:transaction_id", s.asProject(s.getTransaction))
	v1.POST("/transactions/:transaction_id/reverse", s.asProject(s.reverse))
	v1.POST("/transactions/:transaction_id/cancel", s.asProject(s.cancelScheduled))
}

// POST /v1/transactions
func (s *server) createTransaction(c echo.Context, who caller) error {
	var body TransactionCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	command, err := transactOf(who, &body)
	if err != nil {
		return err
	}
	command.Reference = reference(c, body.Reference)
	if body.DryRun {
		return inOperations(s.try(c, who, command))
	}
	return inOperations(s.transact(c, who, command))
}

// try answers with what a transaction would come to, and writes nothing.
func (s *server) try(c echo.Context, who caller, command *domain.Transact) error {
	receipt, err := s.ledger.Try(c.Request().Context(), who.shard, who.by, command)
	if err != nil {
		return s.withExisting(c, err)
	}
	setSequence(c, receipt.Shard, receipt.Sequence)
	switch event := outcomeIn(receipt.Events).(type) {
	case nil:
		return errNoOutcome
	case *domain.TransactionFailed:
		return wouldBeRefused(event)
	default:
		would := made(event, &receipt)
		would.DryRun = true
		return s.answerTransaction(c, http.StatusOK, would)
	}
}

// GET /v1/transactions
func (s *server) listTransactions(c echo.Context, who caller) error {
	q := queryOf(c)
	if q.values.Has("reference") && len(q.values) > 1 {
		q.fail("reference stands alone: it finds one transaction")
	}
	filter := projections.TransactionFilter{
		Project: who.project, Wallet: ids.Wallet(q.text("wallet_id")), Status: q.oneOf("status", "completed", "failed", "scheduled", "cancelled"),
		Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if q.values.Has("reference") {
		return s.findTransaction(c, who, ids.Reference(q.text("reference")))
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Transactions(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerTransactions(c, converted(page.Rows, listed), page.Next)
}

func answerTransactions(c echo.Context, rows []*resource.Transaction, next string) error {
	return answerList(c, rows, next, func(w *resource.Writer, row **resource.Transaction) { (*row).Write(w) })
}

// findTransaction answers with a list of the one transaction that has a reference, as
// the ledger has it.
func (s *server) findTransaction(c echo.Context, who caller, reference ids.Reference) error {
	var id ids.Transaction
	var used bool
	_, err := s.view(c, who.shard, func(state *domain.State) { id, used = state.Reference(who.project, reference) })
	if err != nil {
		return err
	}
	var rows []*resource.Transaction
	if used {
		record, ok, err := s.ledger.Transaction(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("api: reference leads to %s, which is not in the log", id)
		}
		rows = append(rows, recorded(&record))
	}
	return answerTransactions(c, rows, "")
}

// GET /v1/transactions/{transaction_id}
func (s *server) getTransaction(c echo.Context, who caller) error {
	record, err := s.transaction(c, who)
	if err != nil {
		return err
	}
	if err := s.asOf(c, who.shard, record.Sequence); err != nil {
		return err
	}
	return s.answerTransaction(c, http.StatusOK, recorded(&record))
}

// transaction returns the transaction that the path names, if it is the caller's.
func (s *server) transaction(c echo.Context, who caller) (ledger.TransactionRecord, error) {
	id := ids.Transaction(param(c, "transaction_id"))
	record, ok, err := s.ledger.Transaction(c.Request().Context(), id)
	if err == nil && (!ok || recorded(&record).Project() != who.project) {
		err = notFound("Transaction")
	}
	return record, err
}

// made is a transaction that the request made.
func made(fact domain.Event, receipt *ledger.Receipt) *resource.Transaction {
	return &resource.Transaction{Fact: fact, At: receipt.Time, Made: true, Wallets: receipt.Standings}
}

// recorded is a transaction as the ledger has it.
func recorded(r *ledger.TransactionRecord) *resource.Transaction {
	return &resource.Transaction{Fact: r.Event, At: r.Time, Cancelled: r.Cancelled, Reversal: reversalOf(r.Event, r.Reversal)}
}

// listed is a transaction as the read model has it.
func listed(r *projections.Transaction) *resource.Transaction {
	t := &resource.Transaction{Fact: r.Event, At: r.Time, Cancelled: r.Cancelled}
	if len(r.ReversedBy) > 0 {
		t.Reversal = &resource.Reversal{IDs: r.ReversedBy, Whole: r.ReversedWhole}
	}
	return t
}

// answerTransaction sends a transaction. A large one is written in its project's turn.
func (s *server) answerTransaction(c echo.Context, status int, t *resource.Transaction) error {
	w := newWriter()
	defer putWriter(w)
	if err := s.writeInTurn(c, w, t); err != nil {
		return err
	}
	return send(c, status, jsonType, w.Bytes())
}

func (s *server) writeInTurn(c echo.Context, w *resource.Writer, t *resource.Transaction) error {
	return s.turns.encode(c.Request().Context(), t.Project(), t.Size(), func() { t.Write(w) })
}

// withTransaction adds a transaction to the details of a problem.
func (s *server) withTransaction(c echo.Context, p *problem, t *resource.Transaction) error {
	var w resource.Writer
	if err := s.writeInTurn(c, &w, t); err != nil {
		return err
	}
	p.details = append(p.details, detail{"transaction", w.Bytes()})
	return p
}

// transactOf returns the command that a body asks for.
func transactOf(who caller, body *TransactionCreate) (*domain.Transact, error) {
	command := &domain.Transact{
		Project: who.project, Reference: ids.Reference(body.Reference), Operations: make([]domain.Operation, len(body.Operations)),
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	}
	for i := range body.Operations {
		operation, err := operationOf(&body.Operations[i])
		if err != nil {
			return nil, at(i, err)
		}
		command.Operations[i] = operation
	}
	for i := range body.Preconditions {
		asked := &body.Preconditions[i]
		if asked.Version == nil {
			return nil, badRequest("preconditions[%d].version is required: the wallet's version that you decided on", i)
		}
		command.Preconditions = append(command.Preconditions, domain.Precondition{Wallet: ids.Wallet(asked.WalletID), Version: *asked.Version})
	}
	var err error
	if command.EffectiveAt, err = timeOf("effective_at", body.EffectiveAt); err != nil {
		return nil, err
	}
	command.ScheduledFor, err = timeOf("scheduled_for", body.ScheduledFor)
	return command, err
}
