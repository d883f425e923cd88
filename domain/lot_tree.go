package domain

import (
	"cmp"
	"math"
	"time"

	"tallystick/domain/money"
)

// lots is a wallet's expiring credit in the order in which it is spent. It is a
// weight-balanced tree; each node has the number and the sum of the lots below
// it, so expired lots are left out of a sum without a look at each. A change
// returns another tree that shares most nodes with the old one, which readers
// may hold. nil is the empty tree.
//
// No library was found whose persistent map keeps sums.
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

// node returns a node whose subtrees are balanced.
func node(lot Lot, left, right *lots) *lots {
	n := &lots{lot: lot, left: left, right: right, count: 1 + left.len() + right.len(), sum: lot.Amount}
	for _, side := range [...]*lots{left, right} {
		if side != nil {
			n.sum = n.sum.Add(side.sum)
		}
	}
	return n
}

// The weights that keep a tree balanced: no side has more than `heaviest` times
// the weight of the other. A rotation is double where the inner grandchild has
// at least `inner` times the weight of the outer (Hirai and Yamamoto, Balancing
// weight-balanced trees, 2011).
const heaviest, inner = 3, 2

func (l *lots) weight() int { return l.len() + 1 }

// balanced returns a node of subtrees of which one gained or lost a lot.
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

// set adds a lot, or replaces the one of the same key.
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

// remove removes a lot that is there.
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

// with adds parts, to lots that are there or as new ones.
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

// without takes parts away; false when they are not there.
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

// announced marks a lot as announced.
func (l *lots) announced(key lotKey) *lots {
	lot, ok := l.get(key)
	if !ok {
		return l
	}
	lot.Noticed = true
	return l.set(lot)
}

// from calls fn with the lots from a key on, in order, until fn returns false.
// It returns false if fn did.
func (l *lots) from(key lotKey, fn func(*Lot) bool) bool {
	if l == nil {
		return true
	}
	if key.compare(l.lot.key()) > 0 {
		return l.right.from(key, fn)
	}
	return l.left.from(key, fn) && fn(&l.lot) && l.right.from(key, fn)
}

// unexpired returns the key before the lots that can be spent at a moment.
func unexpired(now time.Time) lotKey { return lotKey{now, math.MaxUint64} }

// first returns the parts that an amount takes of the lots that can be spent at
// a moment, earliest expiry first. It stops one part after MaxLots, which shows
// that there are too many.
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

// withoutExpired returns an amount less the lots that have expired at a moment.
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

// all returns the lots in order.
func (l *lots) all() []Lot { return l.after(lotKey{}, l.len()) }

// after returns up to n lots after a key, in order.
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
