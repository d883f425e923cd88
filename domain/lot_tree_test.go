package domain

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"tallystick/domain/money"
)

// plainLots is what lots should be: a slice, sorted each time.
type plainLots []Lot

func (l plainLots) find(key lotKey) int {
	return slices.IndexFunc(l, func(lot Lot) bool { return lot.Lot == key.lot && lot.ExpiresAt.Equal(key.expires) })
}

func (l plainLots) with(parts []LotPart) plainLots {
	next := slices.Clone(l)
	for _, part := range parts {
		if at := next.find(part.key()); at >= 0 {
			next[at].Amount = next[at].Amount.Add(part.Amount)
		} else {
			next = append(next, Lot{LotPart: part})
		}
	}
	slices.SortFunc(next, func(a, b Lot) int {
		return cmp.Or(a.ExpiresAt.Compare(b.ExpiresAt), cmp.Compare(a.Lot, b.Lot))
	})
	return next
}

func (l plainLots) without(parts []LotPart) (plainLots, bool) {
	next := slices.Clone(l)
	for _, part := range parts {
		at := next.find(part.key())
		if at < 0 || next[at].Amount.Cmp(part.Amount) < 0 {
			return nil, false
		}
		if next[at].Amount = next[at].Amount.Sub(part.Amount); next[at].Amount.IsZero() {
			next = slices.Delete(next, at, at+1)
		}
	}
	return next, true
}

func (l plainLots) parts() []LotPart {
	var all []LotPart
	for _, lot := range l {
		all = append(all, lot.LotPart)
	}
	return all
}

// split returns the lots that can no longer be spent at a moment, and the others.
func (l plainLots) split(now time.Time) (expired, good []LotPart) {
	for _, part := range l.parts() {
		if part.expired(now) {
			expired = append(expired, part)
		} else {
			good = append(good, part)
		}
	}
	return expired, good
}

func dollars(cents int64) money.Amount { return money.New("USD", cents, 2) }

// somePart is of one of few lots, so that they meet; now and then of one that is there.
func somePart(r *rand.Rand, of plainLots) LotPart {
	if len(of) > 0 && oneIn(2, r) {
		return pick(r, of).LotPart
	}
	return LotPart{Lot: r.Uint64N(12), Amount: dollars(1 + r.Int64N(5)), Original: dollars(100), ExpiresAt: scriptsBegin.Add(time.Duration(r.IntN(6)) * time.Hour)}
}

// TestLots holds lots to a plain slice, through random changes, and what was to
// what it was: those who have an older one see nothing of the newer.
func TestLots(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	if *seedFlag != 0 {
		seed = *seedFlag
	}
	r := rand.New(rand.NewPCG(seed, 0))
	type moment struct {
		got  *lots
		want plainLots
	}
	for range 40 {
		var now moment
		var past []moment
		for range 60 {
			past = append(past, now)
			parts := make([]LotPart, r.IntN(3))
			for i := range parts {
				parts[i] = somePart(r, now.want)
			}
			switch r.IntN(5) {
			case 0, 1:
				now.got, now.want = now.got.with(parts), now.want.with(parts)
			case 2, 3:
				got, ok := now.got.without(parts)
				want, wanted := now.want.without(parts)
				if ok != wanted {
					t.Fatalf("seed %d: %v without %v: %t", seed, now.want, parts, ok)
				}
				if ok {
					now.got, now.want = got, want
				}
			default:
				key := (&LotPart{Lot: r.Uint64N(12), ExpiresAt: scriptsBegin.Add(time.Duration(r.IntN(6)) * time.Hour)}).key()
				now.got = now.got.announced(key)
				if at := now.want.find(key); at >= 0 {
					now.want = slices.Clone(now.want)
					now.want[at].Noticed = true
				}
			}
			checkLots(t, r, now.got, now.want)
		}
		for _, was := range past {
			if got := was.got.all(); !sameLots(got, was.want) {
				t.Fatalf("seed %d: %v became %v", seed, was.want, got)
			}
		}
	}
}

func sameLots(a, b []Lot) bool { return fmt.Sprint(a) == fmt.Sprint(b) }

// checkTree: no side of a node is too heavy for the other.
func checkTree(t *testing.T, l *lots) {
	if l == nil {
		return
	}
	if a, b := l.left.weight(), l.right.weight(); a > heaviest*b || b > heaviest*a {
		t.Fatalf("weights %d and %d of %v", a, b, l.all())
	}
	checkTree(t, l.left)
	checkTree(t, l.right)
}

// checkLots compares all that can be asked.
func checkLots(t *testing.T, r *rand.Rand, got *lots, want plainLots) {
	t.Helper()
	if !sameLots(got.all(), want) || got.len() != len(want) || (got == nil) != (len(want) == 0) {
		t.Fatalf("%v (%d), want %v", got.all(), got.len(), want)
	}
	usd := money.Asset{Code: "USD", Scale: 2}
	if sum := sumLots(want.parts(), usd); got != nil && got.sum.Cmp(sum) != 0 {
		t.Fatalf("the sum of %v is %s", want, got.sum)
	}
	checkTree(t, got)
	if from := r.IntN(len(want) + 1); from < len(want) {
		n := r.IntN(len(want) + 2)
		page := got.after(want[from].key(), n)
		if rest := want[from+1:]; !sameLots(page, rest[:min(n, len(rest))]) {
			t.Fatalf("%d after lot %d of %v: %v", n, from, want, page)
		}
	}
	now := scriptsBegin.Add(time.Duration(r.IntN(14)) * time.Hour / 2)
	expired, good := want.split(now)
	amount := dollars(r.Int64N(30))
	if taken, _ := takeFirst(good, amount); fmt.Sprint(got.first(amount, now)) != fmt.Sprint(taken) {
		t.Fatalf("%s of %v at %s: %v, want %v", amount, want, now, got.first(amount, now), taken)
	}
	if left := amount.Sub(sumLots(expired, usd)); got.withoutExpired(amount, now).Cmp(left) != 0 {
		t.Fatalf("%s without what expired of %v at %s: %s", amount, want, now, got.withoutExpired(amount, now))
	}
	for _, lot := range append(want, Lot{LotPart: somePart(r, want)}) {
		one, ok := got.get(lot.key())
		if at := want.find(lot.key()); ok != (at >= 0) || ok && !sameLots([]Lot{one}, []Lot{want[at]}) {
			t.Fatalf("%v has %v: %v", want, lot, one)
		}
	}
}
