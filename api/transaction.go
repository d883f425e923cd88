package api

import (
	"errors"
	"fmt"
	"net/http"

	"tallystick/domain"
	"tallystick/projections"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"
)

func (s *server) transactionRoutes(v1 *echo.Group) {
	v1.POST("/transactions", s.asProject(s.createTransaction))
	v1.GET("/transactions", s.asProject(s.listTransactions))
	v1.GET("/transactions/:transaction_id", s.asProject(s.getTransaction))
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
	return s.transact(c, who, command)
}

// GET /v1/transactions
func (s *server) listTransactions(c echo.Context, who caller) error {
	q := readQuery(c, "reference", "wallet_id", "status", "limit", "cursor")
	if q.values.Has("reference") && len(q.values) > 1 {
		q.fail("reference stands alone: it finds one transaction")
	}
	filter := projections.TransactionFilter{
		Project: who.project, Wallet: domain.WalletID(q.text("wallet_id")), Status: q.oneOf("status", "completed", "failed"),
		Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if q.values.Has("reference") {
		return s.findTransaction(c, who, domain.Reference(q.text("reference")))
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Transactions(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerList(c, page.Rows, page.Next, encodeRow)
}

// findTransaction answers the list of the one transaction with a reference, from
// the ledger itself.
func (s *server) findTransaction(c echo.Context, who caller, reference domain.Reference) error {
	var id domain.TransactionID
	var used bool
	_, err := s.view(c, who.shard, func(state *domain.State) { id, used = state.Reference(who.project, reference) })
	if err != nil {
		return err
	}
	var rows []projections.Transaction
	if used {
		record, ok, err := s.ledger.Transaction(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("api: reference leads to %s, which is not in the log", id)
		}
		rows = append(rows, projections.Transaction{Event: record.Event, Time: record.Time})
	}
	return answerList(c, rows, "", encodeRow)
}

// GET /v1/transactions/{transaction_id}
func (s *server) getTransaction(c echo.Context, who caller) error {
	if _, err := s.minSequence(c, who.shard); err != nil { // the log holds whatever was acknowledged
		return err
	}
	record, ok, err := s.ledger.Transaction(c.Request().Context(), domain.TransactionID(param(c, "transaction_id")))
	if err != nil {
		return err
	}
	if !ok || projectOfTransaction(record.Event) != who.project {
		return notFound("Transaction")
	}
	return answerTransaction(c, http.StatusOK, record.Event, record.Time)
}

func encodeRow(e *jx.Encoder, row *projections.Transaction) {
	encodeTransaction(e, row.Event, row.Time)
}

func projectOfTransaction(event domain.Event) domain.ProjectID {
	switch t := event.(type) {
	case *domain.TransactionCompleted:
		return t.Project
	case *domain.TransactionFailed:
		return t.Project
	}
	return ""
}

// transactOf is a transaction as it was asked for.
func transactOf(who caller, body *TransactionCreate) (*domain.Transact, error) {
	command := &domain.Transact{
		Project: who.project, Reference: domain.Reference(body.Reference), Operations: make([]domain.Operation, len(body.Operations)),
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	}
	for i := range body.Operations {
		operation, err := operationOf(&body.Operations[i])
		if err != nil {
			return nil, at(i, err)
		}
		command.Operations[i] = operation
	}
	return command, nil
}

// at says which operation an error is of.
func at(operation int, err error) error {
	var p *problem
	if errors.As(err, &p) {
		return problemf(p.code, "operation %d: %s", operation, p.message)
	}
	return err
}
