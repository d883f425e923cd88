package naive

import (
	"math/big"
	"slices"
	"time"
)

func (w *wallet) balance() *big.Int {
	sum := new(big.Int)
	for _, entry := range w.entries {
		sum.Add(sum, entry)
	}
	return sum
}

func (w *wallet) version() int { return len(w.entries) }

// owed is what the balance is below zero.
func (w *wallet) owed() *big.Int {
	if b := w.balance(); b.Sign() < 0 {
		return b.Neg(b)
	}
	return nothing
}

// due is what the last settlement asked for, less all that came in since.
func (w *wallet) due() *big.Int {
	left := w.asked
	for _, entry := range w.entries[w.askedAt:] {
		if entry.Sign() > 0 {
			left = minus(left, entry)
		}
	}
	if left.Sign() < 0 {
		return nothing
	}
	return left
}

// held is what active holds have left.
func (l *Ledger) held(w *wallet) *big.Int {
	sum := nothing
	for _, h := range l.holds {
		if h.wallet == w.name {
			sum = plus(sum, total(h.pieces))
		}
	}
	return sum
}

// holdsOf counts them.
func (l *Ledger) holdsOf(w *wallet) (n int) {
	for _, h := range l.holds {
		if h.ended == "" && h.wallet == w.name {
			n++
		}
	}
	return n
}

func total(pieces []piece) *big.Int {
	sum := nothing
	for _, p := range pieces {
		sum = plus(sum, p.amount)
	}
	return sum
}

// over tells whether a moment has come: at the very instant it has.
func (l *Ledger) over(at time.Time) bool { return !l.now.Before(at) }

// available is the balance and the credit limit, without what is held and what
// has expired.
func (l *Ledger) available(w *wallet) *big.Int {
	sum := minus(plus(w.balance(), w.credit), l.held(w))
	for _, lot := range w.lots {
		if l.over(lot.expires) {
			sum = minus(sum, lot.amount)
		}
	}
	return sum
}

// spendable are the lots that have not expired, earliest expiry first.
func (l *Ledger) spendable(w *wallet) []piece {
	var all []piece
	for id, lot := range w.lots {
		if !l.over(lot.expires) {
			all = append(all, piece{id, lot.amount, lot.original, lot.expires})
		}
	}
	slices.SortFunc(all, func(a, b piece) int {
		if c := a.expires.Compare(b.expires); c != 0 {
			return c
		}
		return a.lot - b.lot
	})
	return all
}

// front splits an amount off the first pieces.
func front(pieces []piece, amount *big.Int) (taken, rest []piece) {
	for _, p := range pieces {
		n := least(p.amount, amount)
		amount = minus(amount, n)
		taken, rest = with(taken, p, n), with(rest, p, minus(p.amount, n))
	}
	return taken, rest
}

// back splits it off the last.
func back(pieces []piece, amount *big.Int) (taken, rest []piece) {
	rest, taken = front(pieces, minus(total(pieces), least(amount, total(pieces))))
	return taken, rest
}

func with(pieces []piece, p piece, amount *big.Int) []piece {
	if amount.Sign() == 0 {
		return pieces
	}
	p.amount = amount
	return append(pieces, p)
}

// ofLots leaves out what is plain.
func ofLots(pieces []piece) (some []piece) {
	for _, p := range pieces {
		if p.lot != 0 {
			some = append(some, p)
		}
	}
	return some
}

// choose says which pieces of a wallet an amount would be: the wanted ones
// first, then the rest of its lots, then plain money.
func (l *Ledger) choose(w *wallet, wanted int, amount *big.Int) []piece {
	var first, then []piece
	for _, p := range l.spendable(w) {
		if p.lot == wanted {
			first = append(first, p)
		} else {
			then = append(then, p)
		}
	}
	taken, _ := front(append(append(first, then...), piece{amount: amount}), amount)
	return taken
}

// removeLots takes pieces out of a wallet's lots.
func (w *wallet) removeLots(pieces []piece) {
	for _, p := range ofLots(pieces) {
		left := w.lots[p.lot]
		if left.amount = minus(left.amount, p.amount); left.amount.Sign() == 0 {
			delete(w.lots, p.lot)
		} else {
			w.lots[p.lot] = left
		}
	}
}

// bringLots brings pieces, as far as there is room: expiring credit is never
// more than what is neither owed nor held.
func (l *Ledger) bringLots(w *wallet, pieces []piece) (brought []piece) {
	return l.bringInto(w, w.balance(), pieces)
}

// room is how much of a balance can become lots, not below zero.
func (l *Ledger) room(w *wallet, balance *big.Int) *big.Int {
	room := minus(balance, l.held(w))
	for _, lot := range w.lots {
		room = minus(room, lot.amount)
	}
	if room.Sign() < 0 {
		return nothing
	}
	return room
}

// bringInto does so for a wallet that is about to have that balance.
func (l *Ledger) bringInto(w *wallet, balance *big.Int, pieces []piece) (brought []piece) {
	brought, _ = front(ofLots(pieces), l.room(w, balance))
	for _, p := range brought {
		if old, ok := w.lots[p.lot]; ok {
			old.amount = plus(old.amount, p.amount)
			w.lots[p.lot] = old
		} else {
			w.lots[p.lot] = lot{amount: p.amount, original: p.original, expires: p.expires}
		}
	}
	return brought
}

func (l *Ledger) entry(w *wallet, amount *big.Int) {
	w.entries = append(w.entries, amount)
	l.touched[w.name] = true
	l.check(!tooLong(w.balance()), "BALANCE_OUT_OF_RANGE")
}

// account is the project's own of a role, made when it is first needed.
func (l *Ledger) account(project, role, asset string) *wallet {
	name := project + "/" + role + "/" + asset
	if l.wallets[name] == nil {
		l.open(&wallet{name: name, project: project, role: role, kind: "PREPAID", asset: asset, scale: l.scaleOf(project, asset)})
	}
	return l.wallets[name]
}

func (l *Ledger) open(w *wallet) {
	w.status, w.asked, w.lots = "active", nothing, map[int]lot{}
	if w.credit == nil {
		w.credit = nothing
	}
	l.wallets[w.name] = w
	l.opened = append(l.opened, w.name)
}

// walletOf is a wallet of a project, or an end.
func (l *Ledger) walletOf(project, name string) *wallet {
	w := l.wallets[name]
	l.check(w != nil && w.project == project, "NOT_FOUND")
	return w
}

// nameable refuses accounts that only the ledger itself moves money of.
func (l *Ledger) nameable(w *wallet) *wallet {
	l.check(w.role != "issuance" && w.role != "escrow", "BAD_REQUEST")
	return w
}
