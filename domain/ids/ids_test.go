package ids

import (
	"math/rand/v2"
	"testing"
)

// TestIdentifiersNameTheirPlace: an identifier leads back to the place that it was
// made of, sorts as the places of its shard do, and is none of another kind.
func TestIdentifiersNameTheirPlace(t *testing.T) {
	t.Parallel()
	place := func() Location {
		return Location{Shard: 3, Sequence: rand.Uint64N(maxSequence + 1), Index: rand.IntN(MaxFactsPerCommit)}
	}
	for range 10_000 {
		a, b := place(), place()
		if got, ok := a.Wallet().Location(); !ok || got != a {
			t.Fatalf("%+v is %s, which is %+v", a, a.Wallet(), got)
		}
		if got := LocationOf(a.Bits()); got != a {
			t.Fatalf("%+v packs to %x, which is %+v", a, a.Bits(), got)
		}
		if before := a.Sequence < b.Sequence || a.Sequence == b.Sequence && a.Index < b.Index; before != (a.Wallet().Compare(b.Wallet()) < 0) {
			t.Fatalf("%+v and %+v sort otherwise as %s and %s", a, b, a.Wallet(), b.Wallet())
		}
		if got, ok := Transaction(a.Wallet()).Location(); ok {
			t.Fatalf("%s is a transaction at %+v", a.Wallet(), got)
		}
	}
	for _, id := range []Wallet{"", "wall_", "wall_000000000000", "wall_00000000000000", "wall_g000000000000", "wall_000000000000z", "0000000000000"} {
		if at, ok := id.Location(); ok {
			t.Errorf("%q is at %+v", id, at)
		}
	}
}
