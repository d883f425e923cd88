package projections

import (
	"context"
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"

	"github.com/jackc/pgx/v5"
)

// StatusChange is one change of a wallet's status.
type StatusChange struct {
	Status             domain.WalletStatus // after the change
	Actor, Reason      string              // as the caller says; may be empty
	By                 domain.Principal
	Time               time.Time // UTC
	sequence, position int64
}

// HistoryFilter names a wallet of a project.
type HistoryFilter struct {
	Project ids.Project
	Wallet  ids.Wallet
	Cursor  string
	Limit   int
}

const selectHistory = `
SELECT h.status, h.actor, h.reason, h.by, h.created_at, h.sequence, h.position
  FROM ledger.wallet_status_changes h`

// History lists the changes of a wallet's status, newest first. Error: ErrBadCursor.
func (q *Queries) History(ctx context.Context, f HistoryFilter) (Page[StatusChange], error) {
	s := selectFrom(selectHistory)
	s.where("h.wallet_id = ?", f.Wallet)
	s.where("h.project_id = ?", f.Project)
	if f.Cursor != "" {
		sequence, position, err := decodeHistoryCursor(f.Cursor)
		if err != nil {
			return Page[StatusChange]{}, err
		}
		s.before("h.sequence, h.position", sequence, position)
	}
	page, err := list(ctx, q, s, "h.sequence DESC, h.position DESC", limitOf(f.Limit, MaxLimit), scanStatusChange, encodeHistoryCursor)
	if err != nil {
		return page, fmt.Errorf("projections: history: %w", err)
	}
	return page, nil
}

func scanStatusChange(row pgx.CollectableRow) (StatusChange, error) {
	var c StatusChange
	err := row.Scan(&c.Status, &c.Actor, &c.Reason, &c.By, &c.Time, &c.sequence, &c.position)
	c.Time = c.Time.UTC()
	return c, err
}

func encodeHistoryCursor(c StatusChange) string {
	return encodeCursor(historyCursor, fmt.Sprintf("%d.%d", c.sequence, c.position))
}

func decodeHistoryCursor(cursor string) (sequence, position int64, err error) {
	key, err := decodeCursor(historyCursor, cursor)
	if err != nil {
		return 0, 0, err
	}
	if _, err := fmt.Sscanf(key, "%d.%d", &sequence, &position); err != nil {
		return 0, 0, ErrBadCursor
	}
	return sequence, position, nil
}
