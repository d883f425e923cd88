package api

import (
	"net/http"
	"time"

	"tallystick/domain"
	"tallystick/projections"

	"github.com/labstack/echo/v4"
)

func (s *server) holdRoutes(v1 *echo.Group) {
	v1.POST("/holds", s.asProject(s.placeHold))
	v1.GET("/holds", s.asProject(s.listHolds))
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
	receipt, err := s.do(c, who.shard, domain.PlaceHold{
		Project: who.project, Wallet: domain.WalletID(body.WalletID), Reference: reference(c, body.Reference), Quantity: amount,
		ExpiresAt: expires, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	placed := receipt.Events[0].(*domain.HoldPlaced)
	nothing := zeroOf(placed.Amount)
	return answerJSON(c, http.StatusCreated, HoldPlaced{
		Hold: holdOf(&projections.Hold{
			ID: placed.Hold, Wallet: placed.Wallet, Reference: placed.Reference, Status: holdActive,
			Amount: placed.Amount, Captured: nothing, Released: nothing, Remaining: placed.Amount, ExpiresAt: placed.ExpiresAt,
			Description: placed.Description, Metadata: placed.Metadata, CreatedAt: receipt.Time, UpdatedAt: receipt.Time,
		}),
		Wallets: appendStandings(nil, receipt.Standings, nil),
	})
}

// What becomes of a hold.
const (
	holdActive   = "active"
	holdCaptured = "captured"
	holdReleased = "released"
	holdExpired  = "expired"
)

// GET /v1/holds
func (s *server) listHolds(c echo.Context, who caller) error {
	q := readQuery(c, "wallet_id", "status", "limit", "cursor")
	filter := projections.HoldFilter{
		Project: who.project, Wallet: domain.WalletID(q.text("wallet_id")),
		Status: q.oneOf("status", holdActive, holdCaptured, holdReleased, holdExpired), Cursor: q.text("cursor"), Limit: q.limit(),
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
	return answerJSON(c, http.StatusOK, HoldList{Data: converted(page.Rows, holdOf), NextCursor: nextCursor(page.Next)})
}

// GET /v1/holds/{hold_id}
func (s *server) getHold(c echo.Context, who caller) error {
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	hold, err := s.hold(c, who)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, holdOf(&hold))
}

// hold is the one that the path names, as the read model has it.
func (s *server) hold(c echo.Context, who caller) (projections.Hold, error) {
	id := holdID(c)
	if _, ok := id.Location(); !ok {
		return projections.Hold{}, notFound("Hold")
	}
	hold, ok, err := s.queries.Hold(c.Request().Context(), who.project, id)
	if err != nil {
		return hold, readModelError(err)
	}
	if !ok {
		return hold, notFound("Hold")
	}
	return hold, nil
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
		Project: who.project, Hold: holdID(c), To: domain.WalletID(body.To), Reference: reference(c, body.Reference), Quantity: amount,
		ReleaseRest: body.ReleaseRest, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	completed, ok := event.(*domain.TransactionCompleted)
	if !ok {
		return errNoOutcome
	}
	return answerJSON(c, http.StatusCreated, HoldChanged{
		Hold: *holdAfter(receipt.Events), Transaction: appendTransaction(nil, written(completed, &receipt)),
		Wallets: appendStandings(nil, receipt.Standings, completed.Entries),
	})
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
	receipt, err := s.do(c, who.shard, domain.ReleaseHold{Project: who.project, Hold: holdID(c), Quantity: amount})
	if err != nil {
		return err
	}
	after := holdAfter(receipt.Events)
	if after == nil { // it had ended before: the ledger no longer holds it, the read model does
		if err := s.await(c, receipt.Shard, receipt.Sequence); err != nil {
			return err
		}
		hold, err := s.hold(c, who)
		if err != nil {
			return err
		}
		after = holdState(hold.ID, hold.Wallet, hold.Status, hold.Remaining)
	}
	return answerJSON(c, http.StatusOK, HoldChanged{Hold: *after, Wallets: appendStandings(nil, receipt.Standings, nil)})
}

// holdAfter is a hold as facts leave it; nil when they say nothing of one.
func holdAfter(facts []domain.Event) (after *HoldState) {
	for _, fact := range facts {
		switch e := fact.(type) {
		case *domain.HoldCaptured:
			after = holdState(e.Hold, e.Wallet, endOr(holdActive, e.Remaining, holdCaptured), e.Remaining)
		case *domain.HoldReleased:
			after = holdState(e.Hold, e.Wallet, endOr(holdActive, e.Remaining, holdReleased), e.Remaining)
		}
	}
	return after
}

// endOr is how something ended, or what it still is while something remains.
func endOr(still string, remaining domain.Money, end string) string {
	if remaining.IsZero() {
		return end
	}
	return still
}

func holdState(id domain.HoldID, wallet domain.WalletID, status string, remaining domain.Money) *HoldState {
	return &HoldState{
		ID: string(id), WalletID: string(wallet), Status: status, Currency: string(remaining.Asset()),
		Remaining: remaining.String(), RemainingMinor: minor(remaining),
	}
}

func holdID(c echo.Context) domain.HoldID { return domain.HoldID(param(c, "hold_id")) }

func holdOf(h *projections.Hold) Hold {
	return Hold{
		ID: string(h.ID), WalletID: string(h.Wallet), Reference: string(h.Reference), Status: h.Status, Currency: string(h.Amount.Asset()),
		Amount: h.Amount.String(), AmountMinor: minor(h.Amount), Captured: h.Captured.String(), CapturedMinor: minor(h.Captured),
		Released: h.Released.String(), ReleasedMinor: minor(h.Released), Remaining: h.Remaining.String(), RemainingMinor: minor(h.Remaining),
		ExpiresAt: orNull(h.ExpiresAt), Description: h.Description, Metadata: metadataOf(h.Metadata),
		TransactionIDs: texts(h.Transactions), CreatedAt: h.CreatedAt, UpdatedAt: h.UpdatedAt,
	}
}

// orNull is a time for the generated types: nil for none.
func orNull(at time.Time) *time.Time {
	if at.IsZero() {
		return nil
	}
	return &at
}

// texts is never nil, which JSON would show as null.
func texts[T ~string](all []T) []string {
	return converted(all, func(one *T) string { return string(*one) })
}
