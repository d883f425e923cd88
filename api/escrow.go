package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/ledger"
	"tallystick/projections"
)

func (s *server) escrowRoutes(v1 *echo.Group) {
	v1.POST("/escrows", s.asProject(s.createEscrow))
	v1.GET("/escrows", s.asProject(s.listEscrows, "wallet_id", "status", "limit", "cursor"))
	v1.GET("/escrows/:escrow_id", s.asProject(s.answerEscrow))
	v1.POST("/escrows/:escrow_id/release", s.asProject(s.releaseEscrow))
	v1.POST("/escrows/:escrow_id/refund", s.asProject(s.refundEscrow))
	v1.POST("/escrows/:escrow_id/approve", s.asProject(s.approveEscrow))
}

// POST /v1/escrows
func (s *server) createEscrow(c echo.Context, who caller) error {
	var body EscrowCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := quantity(body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	deadline, err := timeOf("deadline", body.Deadline)
	if err != nil {
		return err
	}
	receipt, event, err := s.perform(c, who, domain.CreateEscrow{
		Project: who.project, From: ids.Wallet(body.SenderWalletID), To: ids.Wallet(body.RecipientWalletID),
		Recipient: body.RecipientIdentifier, Reference: reference(c, body.Reference), Quantity: amount, Deadline: deadline,
		AtDeadline: domain.EscrowEnd(body.AtDeadline), Approval: body.Approval, Description: body.Description,
		Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	completed, ok := event.(*domain.TransactionCompleted)
	created, found := firstOf[*domain.EscrowCreated](receipt.Events)
	if !ok || !found {
		return errNoOutcome
	}
	begun := ledger.Progress{Status: escrowOpen, Spent: zeroOf(created.Amount), Remaining: created.Amount, UpdatedAt: receipt.Time}
	return answerJSON(c, http.StatusCreated, EscrowOpened{
		Escrow: escrowOf(recordedEscrow(&ledger.EscrowRecord{
			Progress: begun, Created: created, Reference: completed.Reference, CreatedAt: receipt.Time,
		})),
		Transaction: appendTransaction(nil, written(completed, &receipt)),
		Wallets:     appendStandings(nil, receipt.Standings, completed.Entries),
	})
}

// What becomes of an escrow.
const (
	escrowOpen     = "open"
	escrowReleased = "released"
	escrowRefunded = "refunded"
)

func firstOf[T domain.Event](facts []domain.Event) (found T, ok bool) {
	for _, fact := range facts {
		if found, ok = fact.(T); ok {
			return found, true
		}
	}
	return found, false
}

// GET /v1/escrows
func (s *server) listEscrows(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.EscrowFilter{
		Project: who.project, Wallet: ids.Wallet(q.text("wallet_id")),
		Status: q.oneOf("status", escrowOpen, escrowReleased, escrowRefunded), Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Escrows(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerJSON(c, http.StatusOK, EscrowList{Data: converted(page.Rows, escrowOf), NextCursor: nextCursor(page.Next)})
}

// GET /v1/escrows/{escrow_id}, and what came of approving.
func (s *server) answerEscrow(c echo.Context, who caller) error {
	record, ok, err := s.ledger.Escrow(c.Request().Context(), escrowID(c))
	if err == nil && (!ok || record.Created.Project != who.project) {
		err = notFound("Escrow")
	}
	if err == nil {
		err = s.asOf(c, who.shard, record.Sequence)
	}
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, escrowOf(recordedEscrow(&record)))
}

// recordedEscrow is an escrow of the log in the read model's form.
func recordedEscrow(r *ledger.EscrowRecord) *projections.Escrow {
	e := r.Created
	return &projections.Escrow{
		ID: e.Escrow, Project: e.Project, Transaction: e.Transaction, Reference: r.Reference, From: e.From, To: e.To, Status: r.Status,
		Amount: e.Amount, Released: r.Spent, Refunded: e.Amount.Sub(r.Spent).Sub(r.Remaining), Remaining: r.Remaining,
		Deadline: e.Deadline, AtDeadline: e.AtDeadline, Approval: e.Approval, Approved: r.Approved, Expired: r.Expired,
		Transactions: r.Transactions, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// POST /v1/escrows/{escrow_id}/release
func (s *server) releaseEscrow(c echo.Context, who caller) error {
	return s.endEscrow(c, who, domain.ReleaseAtDeadline)
}

// POST /v1/escrows/{escrow_id}/refund
func (s *server) refundEscrow(c echo.Context, who caller) error {
	return s.endEscrow(c, who, domain.RefundAtDeadline)
}

func (s *server) endEscrow(c echo.Context, who caller, how domain.EscrowEnd) error {
	var body EscrowMove
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := optionalQuantity("amount", body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	receipt, event, err := s.perform(c, who, domain.EndEscrow{
		Project: who.project, Escrow: escrowID(c), How: how, Reference: reference(c, body.Reference), Quantity: amount,
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	completed, ok := event.(*domain.TransactionCompleted)
	after := escrowAfter(receipt.Events)
	if !ok || after == nil {
		return errNoOutcome
	}
	return answerJSON(c, http.StatusCreated, EscrowChanged{
		Escrow: *after, Transaction: appendTransaction(nil, written(completed, &receipt)),
		Wallets: appendStandings(nil, receipt.Standings, completed.Entries),
	})
}

// escrowAfter is an escrow as facts leave it; nil when they say nothing of one.
func escrowAfter(facts []domain.Event) *EscrowState {
	state := func(id ids.Escrow, status string, remaining money.Amount) *EscrowState {
		return &EscrowState{
			ID: string(id), Status: endOr(escrowOpen, remaining, status), Currency: string(remaining.Asset()),
			Remaining: remaining.String(), RemainingMinor: minor(remaining),
		}
	}
	for _, fact := range facts {
		switch e := fact.(type) {
		case *domain.EscrowReleased:
			return state(e.Escrow, escrowReleased, e.Remaining)
		case *domain.EscrowRefunded:
			return state(e.Escrow, escrowRefunded, e.Remaining)
		}
	}
	return nil
}

// POST /v1/escrows/{escrow_id}/approve
func (s *server) approveEscrow(c echo.Context, who caller) error {
	var body EscrowApprove
	if err := decode(c, &body); err != nil {
		return err
	}
	command := domain.ApproveEscrow{Project: who.project, Escrow: escrowID(c), Party: domain.EscrowParty(body.Party), Actor: body.Actor}
	if _, err := s.do(c, who.shard, command); err != nil {
		return err
	}
	return s.answerEscrow(c, who)
}

func escrowID(c echo.Context) ids.Escrow { return ids.Escrow(param(c, "escrow_id")) }

func escrowOf(e *projections.Escrow) Escrow {
	escrow := Escrow{
		ID: string(e.ID), TransactionID: string(e.Transaction), Reference: string(e.Reference), SenderWalletID: string(e.From),
		RecipientWalletID: string(e.To), Status: e.Status, Currency: string(e.Amount.Asset()),
		Amount: e.Amount.String(), AmountMinor: minor(e.Amount), Released: e.Released.String(), ReleasedMinor: minor(e.Released),
		Refunded: e.Refunded.String(), RefundedMinor: minor(e.Refunded), Remaining: e.Remaining.String(), RemainingMinor: minor(e.Remaining),
		Deadline: orNull(e.Deadline), Approval: e.Approval, Approved: texts(e.Approved), Expired: e.Expired,
		TransactionIDs: texts(e.Transactions), CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	if e.AtDeadline != "" {
		at := string(e.AtDeadline)
		escrow.AtDeadline = &at
	}
	return escrow
}
