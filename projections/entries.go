package projections

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Entry is an entry with its transaction and time.
type Entry struct {
	domain.Entry
	Currency     money.AssetCode
	Counterparty ids.Wallet // see domain.TransactionCompleted.Counterparty; "": none
	Transaction  ids.Transaction
	Reference    ids.Reference // of its transaction, like the next two
	Description  string
	EffectiveAt  time.Time // UTC; zero: none
	Time         time.Time // UTC
}

// EntryFilter says which entries of one wallet. Zero fields do not filter.
type EntryFilter struct {
	Project ids.Project
	Wallet  ids.Wallet
	Kind    domain.EntryKind
	From    time.Time // at it or after
	To      time.Time // before it
	Cursor  string
	Limit   int
}

// selectEntries finds nothing in a wallet of another project ($1 wallet, $2 project).
const selectEntries = `
SELECT e.wallet_id, e.version, e.kind, e.operation, e.fee, e.currency, e.amount::text, e.balance_after::text,
       coalesce(e.counterparty_wallet_id, ''), e.transaction_id, e.reference, e.description, e.effective_at, e.created_at
  FROM ledger.entries e
 WHERE e.wallet_id = (SELECT id FROM ledger.wallets WHERE id = $1 AND project_id = $2)`

// Entries lists the entries of a wallet, newest first. Error: ErrBadCursor.
func (q *Queries) Entries(ctx context.Context, f EntryFilter) (Page[Entry], error) {
	s := &selection{args: []any{f.Wallet, f.Project}}
	s.and(selectEntries)
	if f.Kind != "" {
		s.where("e.kind = ?", f.Kind)
	}
	if !f.From.IsZero() {
		s.where("e.created_at >= ?", wholeMicros(f.From))
	}
	if !f.To.IsZero() {
		s.where("e.created_at < ?", wholeMicros(f.To))
	}
	if f.Cursor != "" {
		at, version, err := decodeEntryCursor(f.Cursor)
		if err != nil {
			return Page[Entry]{}, err
		}
		s.before("e.created_at, e.version", at, version)
	}
	page, err := list(ctx, q, s, "e.created_at DESC, e.version DESC", limitOf(f.Limit, MaxLimit), scanEntry, encodeEntryCursor)
	if err == nil {
		err = q.addLots(ctx, page.Rows)
	}
	if err != nil {
		return page, fmt.Errorf("projections: entries: %w", err)
	}
	return page, nil
}

// addLots reads what expiring credit a page of entries took or brought.
func (q *Queries) addLots(ctx context.Context, rows []Entry) error {
	entries := make([]*domain.Entry, len(rows))
	for i := range rows {
		entries[i] = &rows[i].Entry
	}
	return q.lotsOf(ctx, entries)
}

// BalanceAt answers the newest entry of a wallet at a time or before it: its
// Balance is the wallet's at that time. False when there is none: then the
// wallet was empty, or did not exist in that project.
func (q *Queries) BalanceAt(ctx context.Context, project ids.Project, wallet ids.Wallet, at time.Time) (Entry, bool, error) {
	rows, err := q.pool.Query(ctx, selectEntries+` AND e.created_at <= $3 ORDER BY e.created_at DESC, e.version DESC LIMIT 1`,
		wallet, project, at.Truncate(time.Microsecond))
	if err != nil {
		return Entry{}, false, fmt.Errorf("projections: balance at a time: %w", err)
	}
	entry, err := pgx.CollectExactlyOneRow(rows, scanEntry)
	if errors.Is(err, pgx.ErrNoRows) {
		return Entry{}, false, nil
	}
	if err == nil {
		err = q.lotsOf(ctx, []*domain.Entry{&entry.Entry})
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("projections: balance at a time: %w", err)
	}
	return entry, true, nil
}

// wholeMicros rounds up: what is at t or after it, in whole microseconds as all
// times of commits are, is at the answer or after it.
func wholeMicros(t time.Time) time.Time {
	return t.Add(time.Microsecond - 1).Truncate(time.Microsecond)
}

func scanEntry(row pgx.CollectableRow) (Entry, error) {
	var e Entry
	var amount, balance string
	var effective *time.Time
	err := row.Scan(&e.Wallet, &e.Version, &e.Kind, &e.Operation, &e.Fee, &e.Currency, &amount, &balance,
		&e.Counterparty, &e.Transaction, &e.Reference, &e.Description, &effective, &e.Time)
	if err != nil {
		return e, err
	}
	e.Time, e.EffectiveAt = e.Time.UTC(), timeOrZero(effective)
	return e, e.parse(e.Currency, amount, balance)
}

func (e *Entry) parse(currency money.AssetCode, value, balance string) error {
	return parseAmounts(currency, amount{&e.Amount, value}, amount{&e.BalanceAfter, balance})
}
