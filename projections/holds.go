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

// Hold is money that is, or was, reserved. Released is what became available
// again, by a release or by time.
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
	case "active": // spelled out, as the index has it
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
