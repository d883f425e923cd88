package projections

import (
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// lots are the lots of expiring credit that a batch changes, a row for each, and
// by how much: sums, since all that counts is that nothing is below zero in the
// end. What holds reserve is not here but in statements, in the order of the log:
// what a hold no longer has is what its row had and the fact does not say it keeps.
type lots struct {
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

func (l *lots) reset() {
	clear(l.index)
	l.ids, l.remaining, l.expired, l.times = l.ids[:0], l.remaining[:0], l.expired[:0], l.times[:0]
}

// row answers the row of a part's lot.
func (l *lots) row(wallet ids.Wallet, part *domain.LotPart, at *moment) int {
	key := lotKey{wallet, part.Lot}
	row, there := l.index[key]
	if !there {
		row = len(l.ids)
		none := part.Amount.Sub(part.Amount)
		l.index[key] = row
		l.ids = append(l.ids, ids.Lot(wallet, part.Lot))
		l.remaining, l.expired, l.times = append(l.remaining, none), append(l.expired, none), append(l.times, at.time)
	}
	l.times[row] = at.time
	return row
}

// bring puts parts back into a wallet.
func (l *lots) bring(wallet ids.Wallet, parts []domain.LotPart, at *moment) {
	for i := range parts {
		row := l.row(wallet, &parts[i], at)
		l.remaining[row] = l.remaining[row].Add(parts[i].Amount)
	}
}

// take takes parts out of a wallet, because of their age or otherwise.
func (l *lots) take(wallet ids.Wallet, parts []domain.LotPart, expired bool, at *moment) {
	for i := range parts {
		row := l.row(wallet, &parts[i], at)
		l.remaining[row] = l.remaining[row].Sub(parts[i].Amount)
		if expired {
			l.expired[row] = l.expired[row].Add(parts[i].Amount)
		}
	}
}

// entryLots notes the lots of an entry: taken, or brought, of which one that
// bears the entry's own version is new.
func (b *batch) entryLots(f *domain.TransactionCompleted, e *domain.Entry, at *moment) {
	for i := range e.Lots {
		part := &e.Lots[i]
		row := &b.parts
		row.text(string(e.Wallet))
		row.uint(e.Version)
		row.int(i)
		row.text(ids.Lot(e.Wallet, part.Lot))
		row.money(part.Amount)
		row.endRow()
	}
	switch {
	case e.Amount.Sign() < 0:
		b.lots.take(e.Wallet, e.Lots, f.Origin.Kind == domain.ExpiryOrigin, at)
	case e.Lots[0].Lot == e.Version:
		b.granted(f, e, at)
	default:
		b.lots.bring(e.Wallet, e.Lots, at)
	}
}

func (b *batch) granted(f *domain.TransactionCompleted, e *domain.Entry, at *moment) {
	lot := &e.Lots[0]
	none := lot.Amount.Sub(lot.Amount)
	row := &b.grants
	row.text(ids.Lot(e.Wallet, lot.Lot))
	row.text(string(f.Project))
	row.text(string(e.Wallet))
	row.uint(lot.Lot)
	row.plain(string(f.Transaction))
	row.money(lot.Original)
	row.money(lot.Amount) // remaining
	row.money(none)       // reserved
	row.money(none)       // expired
	row.plain(timestamp(lot.ExpiresAt))
	row.plain(at.text)
	row.plain(at.text)
	row.endRow()
}

const announceLot = `UPDATE ledger.credit_lots SET announced_at = $2, updated_at = $2 WHERE id = $1`

func (b *batch) creditExpiring(f *domain.CreditExpiring, at *moment) {
	id := ids.Lot(f.Wallet, f.Lot.Lot)
	b.change("lot "+id, announceLot, id, at.time)
}

// What a hold reserves ($1), as lots has it.
const (
	reserveLots = `
UPDATE ledger.credit_lots AS l SET held = l.held + part.amount, updated_at = $2
  FROM ledger.holds h, jsonb_to_recordset(h.lots) AS part (lot_id text, amount numeric)
 WHERE h.id = $1 AND l.id = part.lot_id`
	freeLots = `
UPDATE ledger.credit_lots AS l SET held = l.held - part.amount, updated_at = $2
  FROM ledger.holds h, jsonb_to_recordset(h.lots) AS part (lot_id text, amount numeric)
 WHERE h.id = $1 AND l.id = part.lot_id`
)

// reserved is parts as ledger.holds.lots has them.
func (b *batch) reserved(wallet ids.Wallet, parts []domain.LotPart) string {
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

// diverged answers nil when a statement changed as many rows as it had to.
func diverged(what string, want, got int64) error {
	if want == got {
		return nil
	}
	return fmt.Errorf("%w: %d of %d %s are not there", ErrDiverged, want-got, want, what)
}
