package domain

import (
	"fmt"
	"slices"
	"testing"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// TestWalletsOfOneCustomer: each is found by its asset, and the oldest first,
// while there are few and when there are many; and what readers have stays.
func TestWalletsOfOneCustomer(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.set("project shop currency=USD\ncustomer ama username=ama\n")
	s.late = true // nothing is due, and a fork has no agenda
	customer := func() *Customer {
		c, _ := s.state.Customer(s.projectID(), "ama")
		return c
	}
	var open []string // assets of wallets, oldest first
	check := func() {
		t.Helper()
		var ids []ids.Wallet
		for _, asset := range open {
			id := s.wallet("w" + asset)
			ids = append(ids, id)
			if w, ok := s.state.CustomerWallet(s.projectID(), "ama", money.AssetCode(asset)); !ok || w.ID != id {
				t.Fatalf("of %d wallets that in %s is %+v", len(open), asset, w)
			}
		}
		if got := s.state.walletsOf(customer()); !slices.Equal(got, ids) {
			t.Fatalf("wallets %v, want %v", got, ids)
		}
		if first, ok := customer().wallets.first(); ok != (len(ids) > 0) || ok && first != ids[0] {
			t.Fatalf("the first is %s (%t), want that of %v", first, ok, ids)
		}
		if _, ok := s.state.CustomerWallet(s.projectID(), "ama", "NONE"); ok {
			t.Fatal("a wallet in no asset")
		}
	}
	type moment struct {
		customer Customer
		want     []ids.Wallet
	}
	var past []moment
	for i := range 40 {
		past = append(past, moment{*customer(), slices.Clone(s.state.walletsOf(customer()))})
		base := s.state
		s.state = base.Fork()
		if i%4 == 3 { // the oldest, or one in the middle
			at := i % 8 / 4 * len(open) / 2
			s.set("close w" + open[at] + "\n")
			open = slices.Delete(open, at, at+1)
		} else {
			asset := fmt.Sprintf("A%02d", 97*i%100)
			s.set("asset " + asset + "\nwallet w" + asset + " customer=ama currency=" + asset + "\n")
			open = append(open, asset)
		}
		s.state.Merge()
		s.state = base
		check()
	}
	for len(open) > 0 {
		s.set("close w" + open[0] + "\n")
		open = open[1:]
		check()
	}
	for _, was := range past {
		if got := s.state.walletsOf(&was.customer); !slices.Equal(got, was.want) {
			t.Fatalf("%v became %v", was.want, got)
		}
	}
}
