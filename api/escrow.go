package api

import (
	"net/http"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
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
		Project: who.project, Sender: ids.Wallet(body.SenderWalletID), Recipient: ids.Wallet(body.RecipientWalletID),
		RecipientIdentifier: body.RecipientIdentifier, Reference: reference(c, body.Reference), Quantity: amount, Deadline: deadline,
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
	escrow := resource.NewEscrow(created, completed.Reference, receipt.Time)
	return answerEscrowChanged(c, escrow.Write, completed, &receipt)
}

// answerEscrowChanged sends an escrow, or what is left of it, and the transaction.
func answerEscrowChanged(c echo.Context, escrow func(*resource.Writer), done *domain.TransactionCompleted, receipt *ledger.Receipt) error {
	return answer(c, http.StatusCreated, func(w *resource.Writer) {
		w.Begin()
		w.Name("escrow")
		escrow(w)
		w.Name("transaction")
		made(done, receipt).Write(w)
		w.Name("wallets")
		resource.WriteStandings(w, receipt.Standings, done.Entries)
		w.End()
	})
}

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
		Status: q.oneOf("status", resource.EscrowOpen, resource.EscrowReleased, resource.EscrowRefunded), Cursor: q.text("cursor"), Limit: q.limit(),
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
	return answerList(c, page.Rows, page.Next, func(w *resource.Writer, row *projections.Escrow) { listedEscrow(row).Write(w) })
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
	return answer(c, http.StatusOK, recordedEscrow(&record).Write)
}

// recordedEscrow is an escrow as the ledger has it.
func recordedEscrow(r *ledger.EscrowRecord) *resource.Escrow {
	e := resource.NewEscrow(r.Created, r.Reference, r.CreatedAt)
	e.Status, e.Released, e.Remaining, e.Transactions, e.UpdatedAt = r.Status, r.Spent, r.Remaining, r.Transactions, r.UpdatedAt
	e.Refunded = e.Amount.Sub(r.Spent).Sub(r.Remaining)
	e.Approved, e.Expired = r.Approved, r.Expired
	return &e
}

// listedEscrow is an escrow as the read model has it.
func listedEscrow(r *projections.Escrow) *resource.Escrow {
	return &resource.Escrow{
		EscrowState: resource.EscrowState{ID: r.ID, Status: r.Status, Remaining: r.Remaining}, Transaction: r.Transaction, Reference: r.Reference,
		Sender: r.Sender, Recipient: r.Recipient, Amount: r.Amount, Released: r.Released, Refunded: r.Refunded, Deadline: r.Deadline,
		AtDeadline: r.AtDeadline, Approval: r.Approval, Approved: r.Approved, Expired: r.Expired, Transactions: r.Transactions,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
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
	return answerEscrowChanged(c, after.Write, completed, &receipt)
}

// escrowAfter returns an escrow as facts leave it; nil when they say nothing of one.
func escrowAfter(facts []domain.Event) *resource.EscrowState {
	for _, fact := range facts {
		switch f := fact.(type) {
		case *domain.EscrowReleased:
			after := resource.AfterEscrowRelease(f)
			return &after
		case *domain.EscrowRefunded:
			after := resource.AfterEscrowRefund(f)
			return &after
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
	if _, err := s.do(c, who, command); err != nil {
		return err
	}
	return s.answerEscrow(c, who)
}

func escrowID(c echo.Context) ids.Escrow { return ids.Escrow(param(c, "escrow_id")) }
