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

const selectEntriesOf = `
SELECT e.transaction_id, e.wallet_id, e.version, e.kind, e.operation, e.fee, e.amount::text, e.balance_after::text, w.currency
  FROM ledger.entry_rows e JOIN ledger.wallets w ON w.id = e.wallet_id
 WHERE e.transaction_id = ANY ($1) ORDER BY e.transaction_id, e.position`

// addEntries reads the entries of completed transactions. They were written with
// what completed them and never change, so that two statements see the same.
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
	return q.lotsOf(ctx, entries)
}

const selectLotsOf = `
SELECT p.wallet_id, p.version, l.version, p.amount::text, l.original::text, l.expires_at, w.currency
  FROM unnest($1::text[], $2::bigint[]) AS entry (wallet_id, version)
  JOIN ledger.entry_lots p ON p.wallet_id = entry.wallet_id AND p.version = entry.version
  JOIN ledger.credit_lots l ON l.id = p.lot_id
  JOIN ledger.wallets w ON w.id = p.wallet_id
 ORDER BY p.wallet_id, p.version, p.position`

// lotsOf reads the lots of entries, which were written with them.
func (q *Queries) lotsOf(ctx context.Context, entries []*domain.Entry) error {
	type key struct {
		wallet  ids.Wallet
		version uint64
	}
	index := make(map[key]*domain.Entry, len(entries))
	wallets, versions := make([]string, len(entries)), make([]int64, len(entries))
	for i, e := range entries {
		index[key{e.Wallet, e.Version}] = e
		wallets[i], versions[i] = string(e.Wallet), int64(e.Version)
	}
	rows, err := q.pool.Query(ctx, selectLotsOf, wallets, versions)
	if err != nil {
		return err
	}
	var of key
	var part domain.LotPart
	var value, original string
	var expires time.Time
	var currency money.AssetCode
	_, err = pgx.ForEachRow(rows, []any{&of.wallet, &of.version, &part.Lot, &value, &original, &expires, &currency}, func() error {
		part.ExpiresAt = expires.UTC()
		if err := parseAmounts(currency, amount{&part.Amount, value}, amount{&part.Original, original}); err != nil {
			return err
		}
		index[of].Lots = append(index[of].Lots, part)
		return nil
	})
	return err
}
