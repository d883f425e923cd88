package projections

import (
	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

const insertHold = `
INSERT INTO ledger.holds (id, project_id, wallet_id, reference, status, currency, amount, captured, released, lots, expires_at,
                          description, metadata, transaction_ids, created_at, updated_at, sequence)
VALUES ($1, $2, $3, $4, 'active', $5, $6::text::numeric, $7::text::numeric, $7::text::numeric, $8::text::jsonb, $9,
        $10, $11::text::jsonb, '{}', $12, $12, $13)`

func (b *batch) holdPlaced(f *domain.HoldPlaced, at *moment) {
	none := f.Amount.Sub(f.Amount)
	b.rare.Queue(insertHold, string(f.Hold), string(f.Project), string(f.Wallet), string(f.Reference), string(f.Amount.Asset()),
		f.Amount.String(), none.String(), b.reserved(f.Wallet, f.Lots), orNull(f.ExpiresAt),
		f.Description, metadataText(f.Metadata), at.time, int64(at.sequence))
	b.hold(f.Wallet, f.Amount, at)
	b.lots.take(f.Wallet, f.Lots, false, at)
	b.reserve(f.Hold, f.Lots, at)
}

// A change of a hold goes on from what the fact says that it had.
const (
	captureHold = `
UPDATE ledger.holds
   SET captured = captured + $2::text::numeric, lots = $4::text::jsonb, status = $5, updated_at = $6, sequence = $7,
       transaction_ids = array_append(transaction_ids, $8::text)
 WHERE id = $1 AND status = 'active' AND remaining = $2::text::numeric + $3::text::numeric`
	releaseHold = `
UPDATE ledger.holds
   SET released = released + $2::text::numeric, lots = $4::text::jsonb, status = $5, updated_at = $6, sequence = $7
 WHERE id = $1 AND status = 'active' AND remaining = $2::text::numeric + $3::text::numeric`
)

func (b *batch) holdCaptured(f *domain.HoldCaptured, at *moment) {
	status := "active"
	if f.Remaining.IsZero() {
		status = "captured"
	}
	b.rare.Queue(freeLots, string(f.Hold), at.time)
	b.change("hold "+string(f.Hold), captureHold, string(f.Hold), f.Amount.String(), f.Remaining.String(),
		b.reserved(f.Wallet, f.Kept), status, at.time, int64(at.sequence), string(f.Transaction))
	b.hold(f.Wallet, f.Amount.Neg(), at)
	b.lots.bring(f.Wallet, f.Lots, at)
	b.reserve(f.Hold, f.Kept, at)
}

func (b *batch) holdReleased(f *domain.HoldReleased, at *moment) {
	status := "active"
	switch {
	case f.Remaining.IsZero() && f.Expired:
		status = "expired"
	case f.Remaining.IsZero():
		status = "released"
	}
	b.rare.Queue(freeLots, string(f.Hold), at.time)
	b.change("hold "+string(f.Hold), releaseHold, string(f.Hold), f.Amount.String(), f.Remaining.String(),
		b.reserved(f.Wallet, f.Kept), status, at.time, int64(at.sequence))
	b.hold(f.Wallet, f.Amount.Neg(), at)
	b.lots.bring(f.Wallet, f.Lots, at)
	b.reserve(f.Hold, f.Kept, at)
}

const updateHeld = `
UPDATE ledger.wallets SET held = held + $2::text::numeric, updated_at = $3, sequence = $4 WHERE id = $1`

func (b *batch) hold(wallet ids.Wallet, amount money.Amount, at *moment) {
	b.change("wallet "+string(wallet), updateHeld, string(wallet), amount.String(), at.time, int64(at.sequence))
}

// reserve counts the lots that a hold has now.
func (b *batch) reserve(hold ids.Hold, parts []domain.LotPart, at *moment) {
	if len(parts) == 0 {
		return
	}
	b.rare.Queue(reserveLots, string(hold), at.time).Exec(func(tag pgconn.CommandTag) error {
		return diverged("lots of hold "+string(hold), int64(len(parts)), tag.RowsAffected())
	})
}
