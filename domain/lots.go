package domain

import (
	"cmp"
	"time"

	"github.com/benbjohnson/immutable"
)

// lots is a wallet's expiring credit in the order in which it is spent, and its
// sum. A change makes another that shares most with the old, which readers may
// hold. nil is none.
type lots struct {
	sorted *immutable.SortedMap[lotKey, Lot]
	sum    Money
}

// lotKey orders lots: earliest expiry first, then as they were granted.
type lotKey struct {
	expires time.Time
	lot     uint64
}

func (l *LotPart) key() lotKey { return lotKey{l.Expires, l.Lot} }

type byExpiry struct{}

// Compare is for the sorted map.
func (byExpiry) Compare(a, b lotKey) int {
	return cmp.Or(a.expires.Compare(b.expires), cmp.Compare(a.lot, b.lot))
}

func (l *lots) get(key lotKey) (Lot, bool) {
	if l == nil {
		return Lot{}, false
	}
	return l.sorted.Get(key)
}

func (l *lots) len() int {
	if l == nil {
		return 0
	}
	return l.sorted.Len()
}

// with brings parts: of lots that are there, or new ones.
func (l *lots) with(parts []LotPart) *lots {
	if len(parts) == 0 {
		return l
	}
	next := lots{sum: parts[0].Amount.Sub(parts[0].Amount), sorted: immutable.NewSortedMap[lotKey, Lot](byExpiry{})}
	if l != nil {
		next = *l
	}
	for _, part := range parts {
		lot, found := next.sorted.Get(part.key())
		if found {
			lot.Amount = lot.Amount.Add(part.Amount)
		} else {
			lot = Lot{LotPart: part}
		}
		next.sorted, next.sum = next.sorted.Set(part.key(), lot), next.sum.Add(part.Amount)
	}
	return &next
}

// without takes parts; false when they are not there.
func (l *lots) without(parts []LotPart) (*lots, bool) {
	if len(parts) == 0 {
		return l, true
	}
	if l == nil {
		return nil, false
	}
	next := *l
	for _, part := range parts {
		lot, found := next.sorted.Get(part.key())
		if !found || lot.Amount.Cmp(part.Amount) < 0 {
			return nil, false
		}
		if lot.Amount = lot.Amount.Sub(part.Amount); lot.Amount.IsZero() {
			next.sorted = next.sorted.Delete(part.key())
		} else {
			next.sorted = next.sorted.Set(part.key(), lot)
		}
		next.sum = next.sum.Sub(part.Amount)
	}
	if next.sorted.Len() == 0 {
		return nil, true
	}
	return &next, true
}

// announced marks a lot.
func (l *lots) announced(key lotKey) *lots {
	lot, ok := l.get(key)
	if !ok {
		return l
	}
	lot.Noticed = true
	return &lots{l.sorted.Set(key, lot), l.sum}
}

// each calls fn with the lots in order until it answers false.
func (l *lots) each(fn func(*Lot) bool) {
	if l == nil {
		return
	}
	for at := l.sorted.Iterator(); !at.Done(); {
		if _, lot, _ := at.Next(); !fn(&lot) {
			return
		}
	}
}

// first is what an amount takes of the lots that can be spent at a moment,
// earliest expiry first.
func (l *lots) first(amount Money, now time.Time) (taken []LotPart) {
	l.each(func(lot *Lot) bool {
		if amount.IsZero() {
			return false
		}
		if lot.expired(now) {
			return true
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
func (l *lots) withoutExpired(amount Money, now time.Time) Money {
	l.each(func(lot *Lot) bool {
		if !lot.expired(now) {
			return false
		}
		amount = amount.Sub(lot.Amount)
		return true
	})
	return amount
}

// all is the lots in order.
func (l *lots) all() []Lot {
	if l == nil {
		return nil
	}
	all := make([]Lot, 0, l.sorted.Len())
	l.each(func(lot *Lot) bool {
		all = append(all, *lot)
		return true
	})
	return all
}
