package domain

import (
	"cmp"
	"math"
	"time"

	"tallystick/domain/money"
)

// lots is a wallet's expiring credit in the order in which it is spent: a tree
// balanced by weight, each node with the number and the sum of the lots under
// it, so that what has expired can be left out without looking at each. A change
// makes another that shares most with the old, which readers may hold. nil is none.
//
// It is ours because no library was found whose persistent map keeps sums.
type lots struct {
	lot         Lot
	left, right *lots
	count       int
	sum         money.Amount
}

// lotKey orders lots: earliest expiry first, then as they were granted.
type lotKey struct {
	expires time.Time
	lot     uint64
}

func (l *LotPart) key() lotKey { return lotKey{l.ExpiresAt, l.Lot} }

func (k lotKey) compare(other lotKey) int {
	return cmp.Or(k.expires.Compare(other.expires), cmp.Compare(k.lot, other.lot))
}

// node is a lot between others, whose weights are in balance.
func node(lot Lot, left, right *lots) *lots {
	n := &lots{lot: lot, left: left, right: right, count: 1 + left.len() + right.len(), sum: lot.Amount}
	for _, side := range [...]*lots{left, right} {
		if side != nil {
			n.sum = n.sum.Add(side.sum)
		}
	}
	return n
}

// Weights that keep a tree in balance: no side more than `heaviest` times the
// other; a rotation is double where the inner grandchild is at least `inner`
// times the outer (Hirai and Yamamoto, Balancing weight-balanced trees, 2011).
const heaviest, inner = 3, 2

func (l *lots) weight() int { return l.len() + 1 }

// balanced is a node of which one side had one lot more or less just now.
func balanced(lot Lot, left, right *lots) *lots {
	switch {
	case right.weight() > heaviest*left.weight():
		if r := right; r.left.weight() < inner*r.right.weight() {
			return node(r.lot, node(lot, left, r.left), r.right)
		}
		middle := right.left
		return node(middle.lot, node(lot, left, middle.left), node(right.lot, middle.right, right.right))
	case left.weight() > heaviest*right.weight():
		if l := left; l.right.weight() < inner*l.left.weight() {
			return node(l.lot, l.left, node(lot, l.right, right))
		}
		middle := left.right
		return node(middle.lot, node(left.lot, left.left, middle.left), node(lot, middle.right, right))
	}
	return node(lot, left, right)
}

// set brings a lot, or replaces the one of its key.
func (l *lots) set(lot Lot) *lots {
	if l == nil {
		return node(lot, nil, nil)
	}
	switch c := lot.key().compare(l.lot.key()); {
	case c < 0:
		return balanced(l.lot, l.left.set(lot), l.right)
	case c > 0:
		return balanced(l.lot, l.left, l.right.set(lot))
	}
	return node(lot, l.left, l.right)
}

// remove takes a lot out that is there.
func (l *lots) remove(key lotKey) *lots {
	switch c := key.compare(l.lot.key()); {
	case c < 0:
		return balanced(l.lot, l.left.remove(key), l.right)
	case c > 0:
		return balanced(l.lot, l.left, l.right.remove(key))
	case l.left == nil:
		return l.right
	case l.right == nil:
		return l.left
	}
	next := l.right
	for next.left != nil {
		next = next.left
	}
	return balanced(next.lot, l.left, l.right.remove(next.lot.key()))
}

func (l *lots) get(key lotKey) (Lot, bool) {
	for l != nil {
		switch c := key.compare(l.lot.key()); {
		case c < 0:
			l = l.left
		case c > 0:
			l = l.right
		default:
			return l.lot, true
		}
	}
	return Lot{}, false
}

func (l *lots) len() int {
	if l == nil {
		return 0
	}
	return l.count
}

// with brings parts: of lots that are there, or new ones.
func (l *lots) with(parts []LotPart) *lots {
	for _, part := range parts {
		lot, found := l.get(part.key())
		if found {
			lot.Amount = lot.Amount.Add(part.Amount)
		} else {
			lot = Lot{LotPart: part}
		}
		l = l.set(lot)
	}
	return l
}

// without takes parts; false when they are not there.
func (l *lots) without(parts []LotPart) (*lots, bool) {
	for _, part := range parts {
		lot, found := l.get(part.key())
		if !found || lot.Amount.Cmp(part.Amount) < 0 {
			return nil, false
		}
		if lot.Amount = lot.Amount.Sub(part.Amount); lot.Amount.IsZero() {
			l = l.remove(part.key())
		} else {
			l = l.set(lot)
		}
	}
	return l, true
}

// announced marks a lot.
func (l *lots) announced(key lotKey) *lots {
	lot, ok := l.get(key)
	if !ok {
		return l
	}
	lot.Noticed = true
	return l.set(lot)
}

// from calls fn with the lots from a key on, in order, until it returns false;
// then it does so itself.
func (l *lots) from(key lotKey, fn func(*Lot) bool) bool {
	if l == nil {
		return true
	}
	if key.compare(l.lot.key()) > 0 {
		return l.right.from(key, fn)
	}
	return l.left.from(key, fn) && fn(&l.lot) && l.right.from(key, fn)
}

// unexpired is the key from which on lots can be spent at a moment.
func unexpired(now time.Time) lotKey { return lotKey{now, math.MaxUint64} }

// first is what an amount takes of the lots that can be spent at a moment,
// earliest expiry first: of MaxLots and one more, which tells that it is too many.
func (l *lots) first(amount money.Amount, now time.Time) (taken []LotPart) {
	l.from(unexpired(now), func(lot *Lot) bool {
		if amount.IsZero() || len(taken) > MaxLots {
			return false
		}
		piece := lot.LotPart
		if piece.Amount.Cmp(amount) > 0 {
			piece.Amount = amount
		}
		taken = append(taken, piece)
		amount = amount.Sub(piece.Amount)
		return true
	})
	return taken
}

// withoutExpired is an amount less the lots that cannot be spent at a moment.
func (l *lots) withoutExpired(amount money.Amount, now time.Time) money.Amount {
	for l != nil {
		if !l.lot.expired(now) {
			l = l.left
			continue
		}
		if l.left != nil {
			amount = amount.Sub(l.left.sum)
		}
		amount = amount.Sub(l.lot.Amount)
		l = l.right
	}
	return amount
}

// all is the lots in order.
func (l *lots) all() []Lot { return l.after(lotKey{}, l.len()) }

// after is up to n lots after a key, in order.
func (l *lots) after(key lotKey, n int) []Lot {
	if n = min(n, l.len()); n <= 0 {
		return nil
	}
	all := make([]Lot, 0, n)
	l.from(key, func(lot *Lot) bool {
		if lot.key().compare(key) > 0 {
			all = append(all, *lot)
		}
		return len(all) < n
	})
	return all
}
