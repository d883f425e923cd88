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

func (s *server) holdRoutes(v1 *echo.Group) {
	v1.POST("/holds", s.asProject(s.placeHold))
	v1.GET("/holds", s.asProject(s.listHolds, "wallet_id", "status", "limit", "cursor"))
	v1.GET("/holds/:hold_id", s.asProject(s.getHold))
	v1.POST("/holds/:hold_id/capture", s.asProject(s.captureHold))
	v1.POST("/holds/:hold_id/release", s.asProject(s.releaseHold))
}

// POST /v1/holds
func (s *server) placeHold(c echo.Context, who caller) error {
	var body HoldCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := quantity(body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	expires, err := timeOf("expires_at", body.ExpiresAt)
	if err != nil {
		return err
	}
	receipt, err := s.do(c, who, domain.PlaceHold{
		Project: who.project, Wallet: ids.Wallet(body.WalletID), Reference: reference(c, body.Reference), Quantity: amount,
		ExpiresAt: expires, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	placed := receipt.Events[0].(*domain.HoldPlaced)
	hold := resource.NewHold(placed, receipt.Time)
	return answer(c, http.StatusCreated, func(w *resource.Writer) {
		w.Begin()
		w.Name("hold")
		hold.Write(w)
		w.Name("wallets")
		resource.WriteStandings(w, receipt.Standings, nil)
		w.End()
	})
}

// GET /v1/holds
func (s *server) listHolds(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.HoldFilter{
		Project: who.project, Wallet: ids.Wallet(q.text("wallet_id")),
		Status: q.oneOf("status", resource.HoldActive, resource.HoldCaptured, resource.HoldReleased, resource.HoldExpired), Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Holds(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerList(c, page.Rows, page.Next, func(w *resource.Writer, row *projections.Hold) { listedHold(row).Write(w) })
}

// GET /v1/holds/{hold_id}
func (s *server) getHold(c echo.Context, who caller) error {
	record, err := s.hold(c, who)
	if err != nil {
		return err
	}
	return answer(c, http.StatusOK, recordedHold(&record).Write)
}

// hold returns the hold that the path names, if it is the caller's.
func (s *server) hold(c echo.Context, who caller) (ledger.HoldRecord, error) {
	record, ok, err := s.ledger.Hold(c.Request().Context(), holdID(c))
	if err == nil && (!ok || record.Placed.Project != who.project) {
		err = notFound("Hold")
	}
	if err == nil {
		err = s.asOf(c, who.shard, record.Sequence)
	}
	return record, err
}

// recordedHold is a hold as the ledger has it.
func recordedHold(r *ledger.HoldRecord) *resource.Hold {
	h := resource.NewHold(r.Placed, r.CreatedAt)
	h.Status, h.Captured, h.Remaining, h.Transactions, h.UpdatedAt = r.Status, r.Spent, r.Remaining, r.Transactions, r.UpdatedAt
	h.Released = h.Amount.Sub(r.Spent).Sub(r.Remaining)
	return &h
}

// listedHold is a hold as the read model has it.
func listedHold(r *projections.Hold) *resource.Hold {
	return &resource.Hold{
		HoldState: resource.HoldState{ID: r.ID, Wallet: r.Wallet, Status: r.Status, Remaining: r.Remaining}, Reference: r.Reference,
		Amount: r.Amount, Captured: r.Captured, Released: r.Released, ExpiresAt: r.ExpiresAt, Description: r.Description, Metadata: r.Metadata,
		Transactions: r.Transactions, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
}

// POST /v1/holds/{hold_id}/capture
func (s *server) captureHold(c echo.Context, who caller) error {
	var body HoldCapture
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := optionalQuantity("amount", body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	receipt, event, err := s.perform(c, who, domain.CaptureHold{
		Project: who.project, Hold: holdID(c), Recipient: ids.Wallet(body.RecipientWalletID), Reference: reference(c, body.Reference), Quantity: amount,
		ReleaseRest: body.ReleaseRest, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	completed, ok := event.(*domain.TransactionCompleted)
	if !ok {
		return errNoOutcome
	}
	return answerHoldChanged(c, http.StatusCreated, holdAfter(receipt.Events), completed, &receipt)
}

// POST /v1/holds/{hold_id}/release
func (s *server) releaseHold(c echo.Context, who caller) error {
	var body HoldRelease
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	amount, err := optionalQuantity("amount", body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	receipt, err := s.do(c, who, domain.ReleaseHold{Project: who.project, Hold: holdID(c), Quantity: amount})
	if err != nil {
		return err
	}
	after := holdAfter(receipt.Events)
	if after == nil { // it had ended before
		record, err := s.hold(c, who)
		if err != nil {
			return err
		}
		after = &recordedHold(&record).HoldState
	}
	return answerHoldChanged(c, http.StatusOK, after, nil, &receipt)
}

// answerHoldChanged sends what is left of a hold, and the transaction, if one was made.
func answerHoldChanged(c echo.Context, status int, hold *resource.HoldState, done *domain.TransactionCompleted, receipt *ledger.Receipt) error {
	return answer(c, status, func(w *resource.Writer) {
		w.Begin()
		w.Name("hold")
		hold.Write(w)
		var entries []domain.Entry
		if done != nil {
			w.Name("transaction")
			made(done, receipt).Write(w)
			entries = done.Entries
		}
		w.Name("wallets")
		resource.WriteStandings(w, receipt.Standings, entries)
		w.End()
	})
}

// holdAfter returns a hold as facts leave it; nil when they say nothing of one.
func holdAfter(facts []domain.Event) (after *resource.HoldState) {
	for _, fact := range facts {
		switch f := fact.(type) {
		case *domain.HoldCaptured:
			state := resource.AfterCapture(f)
			after = &state
		case *domain.HoldReleased:
			state := resource.AfterRelease(f)
			after = &state
		}
	}
	return after
}

func holdID(c echo.Context) ids.Hold { return ids.Hold(param(c, "hold_id")) }
