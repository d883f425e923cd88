package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Hold is money that is or was reserved. Released is what became available again, by a
// release or because the hold expired.
type Hold struct {
	ID                                    ids.Hold
	Project                               ids.Project
	Wallet                                ids.Wallet
	Reference                             ids.Reference
	Status                                string // active, or how the last of it ended: captured, released, expired
	Amount, Captured, Released, Remaining money.Amount
	ExpiresAt                             time.Time // UTC; zero: never
	Description                           string
	Metadata                              domain.Metadata
	Transactions                          []ids.Transaction // that captured, in order
	CreatedAt, UpdatedAt                  time.Time         // UTC
}

// HoldFilter says which holds of a project. Zero fields do not filter.
type HoldFilter struct {
	Project ids.Project
	Wallet  ids.Wallet
	Status  string
	Cursor  string
	Limit   int
}

const selectHolds = `
SELECT h.id, h.project_id, h.wallet_id, h.reference, h.status, h.currency, h.amount::text, h.captured::text, h.released::text,
       h.remaining::text, h.expires_at, h.description, h.metadata, h.transaction_ids, h.created_at, h.updated_at
  FROM ledger.holds h`

// Holds lists holds, newest first. Error: ErrBadCursor.
func (q *Queries) Holds(ctx context.Context, f HoldFilter) (Page[Hold], error) {
	s := selectFrom(selectHolds)
	s.where("h.project_id = ?", f.Project)
	if f.Wallet != "" {
		s.where("h.wallet_id = ?", f.Wallet)
	}
	switch f.Status {
	case "":
	case "active": // as a constant, so that the partial index is used
		s.and("AND h.status = 'active'")
	default:
		s.where("h.status = ?", f.Status)
	}
	if f.Cursor != "" {
		id, err := decodeCursor(holdCursor, f.Cursor)
		if err != nil {
			return Page[Hold]{}, err
		}
		s.where("h.id < ?", id)
	}
	page, err := list(ctx, q, s, "h.id DESC", limitOf(f.Limit, MaxLimit), scanHold,
		func(h Hold) string { return encodeCursor(holdCursor, string(h.ID)) })
	if err != nil {
		return page, fmt.Errorf("projections: holds: %w", err)
	}
	return page, nil
}

func scanHold(row pgx.CollectableRow) (Hold, error) {
	var h Hold
	var currency money.AssetCode
	var amounts [4]string
	var metadata []byte
	var expires *time.Time
	err := row.Scan(&h.ID, &h.Project, &h.Wallet, &h.Reference, &h.Status, &currency, &amounts[0], &amounts[1], &amounts[2],
		&amounts[3], &expires, &h.Description, &metadata, &h.Transactions, &h.CreatedAt, &h.UpdatedAt)
	if err != nil {
		return h, err
	}
	h.ExpiresAt, h.CreatedAt, h.UpdatedAt = timeOrZero(expires), h.CreatedAt.UTC(), h.UpdatedAt.UTC()
	if h.Metadata, err = decodeMetadata(metadata); err != nil {
		return h, err
	}
	return h, parseAmounts(currency,
		amount{&h.Amount, amounts[0]}, amount{&h.Captured, amounts[1]}, amount{&h.Released, amounts[2]}, amount{&h.Remaining, amounts[3]})
}

func (b *batch) holdPlaced(f *domain.HoldPlaced, at *moment) {
	none := f.Amount.Sub(f.Amount)
	row := &b.rows.holds
	row.plain("id", string(f.Hold))
	row.text("project_id", string(f.Project))
	row.text("wallet_id", string(f.Wallet))
	row.text("reference", string(f.Reference))
	row.plain("status", "active")
	row.text("currency", string(f.Amount.Asset()))
	row.money("amount", f.Amount)
	row.money("captured", none)
	row.money("released", none)
	row.text("lots", b.heldLots(f.Wallet, f.Lots))
	row.optionalTime("expires_at", f.ExpiresAt)
	row.text("description", f.Description)
	b.metadata(row, f.Metadata)
	row.plain("transaction_ids", "{}")
	row.plain("created_at", at.text)
	row.plain("updated_at", at.text)
	row.uint("sequence", at.sequence)
	row.endRow()
	b.held(f.Wallet, f.Amount, at)
	b.lots.take(f.Wallet, f.Lots, false, at)
	b.holdLots(f.Hold, f.Lots, at)
}

// A statement changes a hold only if it has as much left as the fact says it had.
const (
	captureHold = `
UPDATE ledger.holds
   SET captured = captured + @amount::text::numeric, lots = @lots::text::jsonb, status = @status, updated_at = @at, sequence = @sequence,
       transaction_ids = array_append(transaction_ids, @transaction_id::text)
 WHERE id = @id AND status = 'active' AND remaining = @amount::text::numeric + @remaining::text::numeric`
	releaseHold = `
UPDATE ledger.holds
   SET released = released + @amount::text::numeric, lots = @lots::text::jsonb, status = @status, updated_at = @at, sequence = @sequence
 WHERE id = @id AND status = 'active' AND remaining = @amount::text::numeric + @remaining::text::numeric`
)

func (b *batch) holdCaptured(f *domain.HoldCaptured, at *moment) {
	b.freeLots(f.Hold, at)
	b.change("hold "+string(f.Hold), captureHold, pgx.StrictNamedArgs{
		"id": string(f.Hold), "amount": f.Amount.String(), "remaining": f.Remaining.String(), "lots": b.heldLots(f.Wallet, f.Kept),
		"status": statusOf(f.Remaining, "active", "captured"), "transaction_id": string(f.Transaction), "at": at.time, "sequence": int64(at.sequence),
	})
	b.held(f.Wallet, f.Amount.Neg(), at)
	b.lots.bring(f.Wallet, f.Lots, at)
	b.holdLots(f.Hold, f.Kept, at)
}

func (b *batch) holdReleased(f *domain.HoldReleased, at *moment) {
	ended := "released"
	if f.Expired {
		ended = "expired"
	}
	b.freeLots(f.Hold, at)
	b.change("hold "+string(f.Hold), releaseHold, pgx.StrictNamedArgs{
		"id": string(f.Hold), "amount": f.Amount.String(), "remaining": f.Remaining.String(), "lots": b.heldLots(f.Wallet, f.Kept),
		"status": statusOf(f.Remaining, "active", ended), "at": at.time, "sequence": int64(at.sequence),
	})
	b.held(f.Wallet, f.Amount.Neg(), at)
	b.lots.bring(f.Wallet, f.Lots, at)
	b.holdLots(f.Hold, f.Kept, at)
}

// statusOf returns open while something remains, and ended afterwards.
func statusOf(remaining money.Amount, open, ended string) string {
	if remaining.IsZero() {
		return ended
	}
	return open
}

const updateHeld = `
UPDATE ledger.wallets SET held = held + $2::text::numeric, updated_at = $3, sequence = $4 WHERE id = $1`

// held adds to what holds reserve in a wallet.
func (b *batch) held(wallet ids.Wallet, amount money.Amount, at *moment) {
	b.change("wallet "+string(wallet), updateHeld, string(wallet), amount.String(), at.time, int64(at.sequence))
}
