package resource

import (
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The states of a hold: active while anything remains of it, and then how the
// last of it ended.
const (
	HoldActive   = "active"
	HoldCaptured = "captured"
	HoldReleased = "released"
	HoldExpired  = "expired"
)

// Hold is a hold, and what became of it.
type Hold struct {
	HoldState
	Reference                  ids.Reference
	Amount, Captured, Released money.Amount // Released is what became available again, by a release or by time
	ExpiresAt                  time.Time    // zero: never
	Description                string
	Metadata                   domain.Metadata
	Transactions               []ids.Transaction // that captured, in order
	CreatedAt, UpdatedAt       time.Time
}

// HoldState is what a change of a hold leaves.
type HoldState struct {
	ID        ids.Hold
	Wallet    ids.Wallet
	Status    string
	Remaining money.Amount
}

// NewHold returns a hold as it begins.
func NewHold(f *domain.HoldPlaced, at time.Time) Hold {
	return Hold{
		HoldState: HoldState{f.Hold, f.Wallet, HoldActive, f.Amount}, Reference: f.Reference, Amount: f.Amount, Captured: zeroOf(f.Amount),
		Released: zeroOf(f.Amount), ExpiresAt: f.ExpiresAt, Description: f.Description, Metadata: f.Metadata, CreatedAt: at, UpdatedAt: at,
	}
}

// AfterCapture returns what a capture leaves of a hold.
func AfterCapture(f *domain.HoldCaptured) HoldState {
	return HoldState{f.Hold, f.Wallet, unless(f.Remaining, HoldActive, HoldCaptured), f.Remaining}
}

// AfterRelease returns what a release, or the expiry, leaves of a hold.
func AfterRelease(f *domain.HoldReleased) HoldState {
	end := HoldReleased
	if f.Expired {
		end = HoldExpired
	}
	return HoldState{f.Hold, f.Wallet, unless(f.Remaining, HoldActive, end), f.Remaining}
}

// unless returns how something ended, or what it still is while something remains.
func unless(remaining money.Amount, still, end string) string {
	if remaining.IsZero() {
		return end
	}
	return still
}

// zeroOf is nothing, in the asset and scale of m.
func zeroOf(m money.Amount) money.Amount { return money.New(m.Asset(), 0, m.Scale()) }

// Write writes the hold: schema Hold.
func (h *Hold) Write(w *Writer) {
	w.Begin()
	h.fields(w)
	w.Text("reference", string(h.Reference))
	w.Money("amount", h.Amount)
	w.Money("captured", h.Captured)
	w.Money("released", h.Released)
	w.TimeOrNull("expires_at", h.ExpiresAt)
	w.Text("description", h.Description)
	w.Metadata(h.Metadata)
	words(w, "transaction_ids", h.Transactions)
	w.Time("created_at", h.CreatedAt)
	w.Time("updated_at", h.UpdatedAt)
	w.End()
}

// Write writes what is left of the hold: schema HoldState.
func (h *HoldState) Write(w *Writer) {
	w.Begin()
	h.fields(w)
	w.End()
}

func (h *HoldState) fields(w *Writer) {
	w.Word("id", string(h.ID))
	w.Word("wallet_id", string(h.Wallet))
	w.Word("status", h.Status)
	w.Word("currency", string(h.Remaining.Asset()))
	w.Money("remaining", h.Remaining)
}
