package api

import (
	"net/http"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/ledger"
	"tallystick/projections"

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
	receipt, err := s.do(c, who.shard, domain.PlaceHold{
		Project: who.project, Wallet: ids.Wallet(body.WalletID), Reference: reference(c, body.Reference), Quantity: amount,
		ExpiresAt: expires, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
	if err != nil {
		return err
	}
	placed := receipt.Events[0].(*domain.HoldPlaced)
	begun := ledger.Progress{Status: holdActive, Spent: zeroOf(placed.Amount), Remaining: placed.Amount, UpdatedAt: receipt.Time}
	return answerJSON(c, http.StatusCreated, HoldPlaced{
		Hold:    holdOf(recordedHold(&ledger.HoldRecord{Progress: begun, Placed: placed, CreatedAt: receipt.Time})),
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
	q := queryOf(c)
	filter := projections.HoldFilter{
		Project: who.project, Wallet: ids.Wallet(q.text("wallet_id")),
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
	record, err := s.hold(c, who)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, holdOf(recordedHold(&record)))
}

// hold is the one of the caller's that the path names.
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

// recordedHold is a hold of the log in the read model's form.
func recordedHold(r *ledger.HoldRecord) *projections.Hold {
	p := r.Placed
	return &projections.Hold{
		ID: p.Hold, Project: p.Project, Wallet: p.Wallet, Reference: p.Reference, Status: r.Status,
		Amount: p.Amount, Captured: r.Spent, Released: p.Amount.Sub(r.Spent).Sub(r.Remaining), Remaining: r.Remaining,
		ExpiresAt: p.ExpiresAt, Description: p.Description, Metadata: p.Metadata, Transactions: r.Transactions,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
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
		Project: who.project, Hold: holdID(c), To: ids.Wallet(body.RecipientWalletID), Reference: reference(c, body.Reference), Quantity: amount,
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
	if after == nil { // it had ended before
		record, err := s.hold(c, who)
		if err != nil {
			return err
		}
		after = holdState(record.Placed.Hold, record.Placed.Wallet, record.Status, record.Remaining)
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
func endOr(still string, remaining money.Amount, end string) string {
	if remaining.IsZero() {
		return end
	}
	return still
}

func holdState(id ids.Hold, wallet ids.Wallet, status string, remaining money.Amount) *HoldState {
	return &HoldState{
		ID: string(id), WalletID: string(wallet), Status: status, Currency: string(remaining.Asset()),
		Remaining: remaining.String(), RemainingMinor: minor(remaining),
	}
}

func holdID(c echo.Context) ids.Hold { return ids.Hold(param(c, "hold_id")) }

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
