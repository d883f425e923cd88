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

// Entry is an entry with its time and what its transaction says.
type Entry struct {
	domain.Entry
	Currency     money.AssetCode
	Counterparty ids.Wallet // as domain.TransactionCompleted.Counterparty returns it; "": none
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
	From    time.Time // inclusive
	To      time.Time // exclusive
	Cursor  string
	Limit   int
}

// selectEntries finds nothing in a wallet ($1) that is not of the project ($2).
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

// addLots reads the lots that a page of entries took or brought.
func (q *Queries) addLots(ctx context.Context, rows []Entry) error {
	entries := make([]*domain.Entry, len(rows))
	for i := range rows {
		entries[i] = &rows[i].Entry
	}
	return q.readLots(ctx, entries)
}

// BalanceAt returns the newest entry of a wallet at a time or before it, whose
// BalanceAfter is the wallet's balance at that time. It returns false if there is none:
// the wallet was empty, or the project has no such wallet.
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
		err = q.readLots(ctx, []*domain.Entry{&entry.Entry})
	}
	if err != nil {
		return Entry{}, false, fmt.Errorf("projections: balance at a time: %w", err)
	}
	return entry, true, nil
}

// wholeMicros rounds t up to microseconds. Commits have times in whole microseconds, so
// those at t or after it are exactly those at the result or after it.
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

const selectEntriesOf = `
SELECT e.transaction_id, e.wallet_id, e.version, e.kind, e.operation, e.fee, e.amount::text, e.balance_after::text, w.currency
  FROM ledger.entry_rows e JOIN ledger.wallets w ON w.id = e.wallet_id
 WHERE e.transaction_id = ANY ($1) ORDER BY e.transaction_id, e.position`

// addEntries reads the entries of completed transactions. Entries are written together
// with what completes their transaction and never change, so that a second statement
// sees what the first one saw.
func (q *Queries) addEntries(ctx context.Context, transactions []Transaction) error {
	completed := map[ids.Transaction]*domain.TransactionCompleted{}
	var identifiers []string
	for _, t := range transactions {
		if f, ok := t.Event.(*domain.TransactionCompleted); ok {
			completed[f.Transaction] = f
			identifiers = append(identifiers, string(f.Transaction))
		}
	}
	if len(identifiers) == 0 {
		return nil
	}
	rows, err := q.pool.Query(ctx, selectEntriesOf, identifiers)
	if err != nil {
		return err
	}
	var id ids.Transaction
	var e Entry
	var value, balance string
	var currency money.AssetCode
	_, err = pgx.ForEachRow(rows, []any{&id, &e.Wallet, &e.Version, &e.Kind, &e.Operation, &e.Fee, &value, &balance, &currency}, func() error {
		f := completed[id]
		if e.Operation < 0 || e.Operation >= len(f.Operations) {
			return fmt.Errorf("%s has an entry of operation %d, which is not there", id, e.Operation)
		}
		if err := e.parse(currency, value, balance); err != nil {
			return err
		}
		f.Entries = append(f.Entries, e.Entry)
		return nil
	})
	if err != nil {
		return err
	}
	var entries []*domain.Entry
	for _, f := range completed {
		for i := range f.Entries {
			entries = append(entries, &f.Entries[i])
		}
	}
	return q.readLots(ctx, entries)
}

func (b *batch) insertEntries(f *domain.TransactionCompleted, at *moment) error {
	for i := range f.Entries {
		e := &f.Entries[i]
		if err := b.balances.entry(e, at); err != nil {
			return err
		}
		row := &b.rows.entries
		row.uint("version", e.Version)
		row.plain("created_at", at.text)
		row.int("operation", e.Operation)
		row.int("position", i)
		row.bool("fee", e.Fee)
		row.text("wallet_id", string(e.Wallet))
		row.optionalText("counterparty_wallet_id", string(f.Counterparty(i)))
		row.plain("kind", string(e.Kind))
		row.money("amount", e.Amount)
		row.money("balance_after", e.BalanceAfter)
		row.plain("transaction_id", string(f.Transaction))
		row.endRow()
		if len(e.Lots) > 0 {
			b.entryLots(f, e, at)
		}
	}
	return nil
}
