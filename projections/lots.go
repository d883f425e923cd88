package projections

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

const selectLotsOf = `
SELECT p.wallet_id, p.version, l.version, p.amount::text, l.original::text, l.expires_at, w.currency
  FROM unnest($1::text[], $2::bigint[]) AS entry (wallet_id, version)
  JOIN ledger.entry_lots p ON p.wallet_id = entry.wallet_id AND p.version = entry.version
  JOIN ledger.credit_lots l ON l.id = p.lot_id
  JOIN ledger.wallets w ON w.id = p.wallet_id
 ORDER BY p.wallet_id, p.version, p.position`

// readLots reads the lots of entries, which were written together with them.
func (q *Queries) readLots(ctx context.Context, entries []*domain.Entry) error {
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

// lotChanges are the lots that a batch changes, and by how much. A second of the log
// can hold the end of 100,000 lots, so the changes of a lot are added up, and one
// statement writes all of them. They are kept as columns, the form that it takes.
//
// What holds reserve of a lot is not among them but in statements, in the order of
// the log: a hold no longer has what its row has and the fact does not say it keeps.
type lotChanges struct {
	index     map[lotKey]int
	ids       []string
	remaining []money.Amount
	expired   []money.Amount
	times     []time.Time
}

type lotKey struct {
	wallet ids.Wallet
	lot    uint64
}

func newLotChanges() lotChanges { return lotChanges{index: map[lotKey]int{}} }

func (c *lotChanges) reset() {
	clear(c.index)
	c.ids, c.remaining, c.expired, c.times = c.ids[:0], c.remaining[:0], c.expired[:0], c.times[:0]
}

// of returns the index of a part's lot.
func (c *lotChanges) of(wallet ids.Wallet, part *domain.LotPart, at *moment) int {
	key := lotKey{wallet, part.Lot}
	i, known := c.index[key]
	if !known {
		i = len(c.ids)
		none := part.Amount.Sub(part.Amount)
		c.index[key] = i
		c.ids = append(c.ids, ids.Lot(wallet, part.Lot))
		c.remaining, c.expired, c.times = append(c.remaining, none), append(c.expired, none), append(c.times, at.time)
	}
	c.times[i] = at.time
	return i
}

// bring puts parts of lots back into a wallet.
func (c *lotChanges) bring(wallet ids.Wallet, parts []domain.LotPart, at *moment) {
	for i := range parts {
		lot := c.of(wallet, &parts[i], at)
		c.remaining[lot] = c.remaining[lot].Add(parts[i].Amount)
	}
}

// take takes parts of lots out of a wallet, because they expired or to be used.
func (c *lotChanges) take(wallet ids.Wallet, parts []domain.LotPart, expired bool, at *moment) {
	for i := range parts {
		lot := c.of(wallet, &parts[i], at)
		c.remaining[lot] = c.remaining[lot].Sub(parts[i].Amount)
		if expired {
			c.expired[lot] = c.expired[lot].Add(parts[i].Amount)
		}
	}
}

const updateLots = `
UPDATE ledger.credit_lots AS l
   SET remaining = l.remaining + change.remaining, expired = l.expired + change.expired, updated_at = greatest(l.updated_at, change.at)
  FROM unnest($1::text[], $2::text[]::numeric[], $3::text[]::numeric[], $4::timestamptz[]) AS change (id, remaining, expired, at)
 WHERE l.id = change.id`

func (c *lotChanges) write(ctx context.Context, tx pgx.Tx) error {
	if len(c.ids) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, updateLots, c.ids, texts(c.remaining), texts(c.expired), c.times)
	if err != nil {
		return err
	}
	return affected("lots", int64(len(c.ids)), tag.RowsAffected())
}

// entryLots inserts the lots that an entry took or brought. A lot that has the
// entry's own version is new.
func (b *batch) entryLots(f *domain.TransactionCompleted, e *domain.Entry, at *moment) {
	for i := range e.Lots {
		part := &e.Lots[i]
		row := &b.rows.entryLots
		row.text("wallet_id", string(e.Wallet))
		row.uint("version", e.Version)
		row.int("position", i)
		row.text("lot_id", ids.Lot(e.Wallet, part.Lot))
		row.money("amount", part.Amount)
		row.endRow()
	}
	switch {
	case e.Amount.Sign() < 0:
		b.lots.take(e.Wallet, e.Lots, f.Origin.Kind == domain.ExpiryOrigin, at)
	case e.Lots[0].Lot == e.Version:
		b.insertLot(f, e, at)
	default:
		b.lots.bring(e.Wallet, e.Lots, at)
	}
}

func (b *batch) insertLot(f *domain.TransactionCompleted, e *domain.Entry, at *moment) {
	lot := &e.Lots[0]
	none := lot.Amount.Sub(lot.Amount)
	row := &b.rows.lots
	row.text("id", ids.Lot(e.Wallet, lot.Lot))
	row.text("project_id", string(f.Project))
	row.text("wallet_id", string(e.Wallet))
	row.uint("version", lot.Lot)
	row.plain("transaction_id", string(f.Transaction))
	row.money("original", lot.Original)
	row.money("remaining", lot.Amount)
	row.money("held", none)
	row.money("expired", none)
	row.plain("expires_at", timestamp(lot.ExpiresAt))
	row.plain("created_at", at.text)
	row.plain("updated_at", at.text)
	row.endRow()
}

const announceLot = `UPDATE ledger.credit_lots SET announced_at = $2, updated_at = $2 WHERE id = $1`

func (b *batch) creditExpiring(f *domain.CreditExpiring, at *moment) {
	id := ids.Lot(f.Wallet, f.Lot.Lot)
	b.change("lot "+id, announceLot, id, at.time)
}

// What a hold ($1) reserves of lots is what its row has in lots.
const (
	holdLotsOf = `
UPDATE ledger.credit_lots AS l SET held = l.held + part.amount, updated_at = $2
  FROM ledger.holds h, jsonb_to_recordset(h.lots) AS part (lot_id text, amount numeric)
 WHERE h.id = $1 AND l.id = part.lot_id`
	freeLotsOf = `
UPDATE ledger.credit_lots AS l SET held = l.held - part.amount, updated_at = $2
  FROM ledger.holds h, jsonb_to_recordset(h.lots) AS part (lot_id text, amount numeric)
 WHERE h.id = $1 AND l.id = part.lot_id`
)

// holdLots adds what a hold reserves now, after its row was written.
func (b *batch) holdLots(hold ids.Hold, parts []domain.LotPart, at *moment) {
	if len(parts) == 0 {
		return
	}
	b.statements.Queue(holdLotsOf, string(hold), at.time).Exec(func(tag pgconn.CommandTag) error {
		return affected("lots of hold "+string(hold), int64(len(parts)), tag.RowsAffected())
	})
}

// freeLots subtracts what a hold has reserved, before its row changes.
func (b *batch) freeLots(hold ids.Hold, at *moment) {
	b.statements.Queue(freeLotsOf, string(hold), at.time)
}

// heldLots is the document of ledger.holds.lots.
func (b *batch) heldLots(wallet ids.Wallet, parts []domain.LotPart) string {
	e := &b.scratch
	e.Reset()
	e.ArrStart()
	for i := range parts {
		e.ObjStart()
		e.FieldStart("lot_id")
		e.Str(ids.Lot(wallet, parts[i].Lot))
		encodeMoney(e, "amount", parts[i].Amount)
		e.ObjEnd()
	}
	e.ArrEnd()
	return e.String()
}
