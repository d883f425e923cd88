package domain

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// manyLots is a multiple of MaxOperations.
var manyLots = flag.Int("lots", 5*MaxOperations, "how many lots the tests of many lots grant")

// TestManyLotsInOneSecond: the lots of many wallets that end in the same second all
// go, each by a transaction of its own, after a restart that spans it.
func TestManyLotsInOneSecond(t *testing.T) {
	t.Parallel()
	const lots = 20 // of each wallet
	wallets := *manyLots / lots
	s := newScript(t)
	s.set("project shop currency=USD\n")
	end := s.now.Add(time.Hour)
	one, _ := money.MinorUnits("1")
	for n := range wallets {
		s.set(fmt.Sprintf("wallet w%d system=yes\n", n))
		c := &Transact{Project: s.projectID(), Reference: ids.Reference(fmt.Sprint(n))}
		for i := range lots {
			c.Operations = append(c.Operations, Operation{Type: Issue, Recipient: s.wallet(fmt.Sprint("w", n)), Quantity: one, ExpiresAt: end.Add(time.Duration(i%2) * time.Second / 2)})
		}
		s.decide(c)
	}
	replayed := NewState(1)
	for _, fact := range s.facts {
		if err := replayed.Evolve(fact); err != nil {
			t.Fatal(err)
		}
	}
	s.state, s.now = replayed, end.Add(time.Second)
	gone := s.expire()
	if gone != wallets*lots {
		t.Errorf("%d lots are gone, want %d", gone, wallets*lots)
	}
	total := money.New("USD", int64(gone), 2)
	for w := range s.state.Wallets() {
		if want := map[WalletRole]money.Amount{SystemWallet: money.New("USD", 0, 2), BreakageWallet: total, IssuanceWallet: total.Neg()}[w.Role]; w.Balance.Cmp(want) != 0 {
			t.Errorf("%s has %s, want %s", w.Name, w.Balance, want)
		}
	}
}

// TestManyLotsInOneWallet: the many lots of one wallet are granted, and end in the
// same second, as those of many wallets do; and so they do where a monitor looks at
// the wallet's numbers each time. If each looked at all the others, the 100,000 of
// `make soak` would not end before its time-out.
func TestManyLotsInOneWallet(t *testing.T) {
	t.Parallel()
	lots := *manyLots
	s := newScript(t)
	s.set("project shop currency=USD\nwallet a system=yes\nmonitor low wallet=a metric=available threshold=50\n")
	end := s.now.Add(time.Hour)
	one, _ := money.MinorUnits("1")
	grants := slices.Repeat([]Operation{{Type: Issue, Recipient: s.wallet("a"), Quantity: one, ExpiresAt: end}}, MaxOperations)
	for n := range lots / MaxOperations {
		s.decide(&Transact{Project: s.projectID(), Reference: ids.Reference(fmt.Sprint(n)), Operations: grants})
	}
	wallet, _ := s.state.Wallet(s.wallet("a"))
	if got := len(wallet.Lots()); got != lots {
		t.Fatalf("%d lots are there", got)
	}
	s.now = end
	if gone := s.expire(); gone != lots {
		t.Errorf("%d lots are gone, want %d", gone, lots)
	}
	if wallet, _ = s.state.Wallet(wallet.ID); !wallet.Balance.IsZero() || len(wallet.Lots()) != 0 {
		t.Errorf("%s is left, and %d lots", wallet.Balance, len(wallet.Lots()))
	}
}

// TestManyOperations: a transaction performs as many as it may have, in order.
func TestManyOperations(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.set("project shop currency=USD\nwallet a system=yes\nwallet b system=yes\ntransact start: issue 1 to a\n")
	one, _ := money.MajorUnits("1")
	c := &Transact{Project: s.projectID(), Reference: "all"}
	for n := range MaxOperations {
		from, to := s.wallet("a"), s.wallet("b")
		if n%2 == 1 {
			from, to = to, from
		}
		c.Operations = append(c.Operations, Operation{Type: Transfer, Sender: from, Recipient: to, Quantity: one})
	}
	done, ok := s.decide(c)[0].(*TransactionCompleted)
	if !ok || len(done.Entries) != 2*MaxOperations || done.Entries[2*MaxOperations-1].Version != MaxOperations+1 {
		t.Errorf("%+v", done)
	}
}

// expire does what time asks for, and counts the lots that it ends.
func (s *script) expire() int {
	gone := 0
	for {
		due := s.state.Due(s.now, 256)
		if len(due) == 0 {
			return gone
		}
		for _, deadline := range due {
			for _, event := range s.decide(deadline.Command) {
				if e, ok := event.(*TransactionCompleted); ok && e.Origin.Kind == ExpiryOrigin {
					gone++
				}
			}
		}
	}
}

// decide has a command decided and applied, with nothing told.
func (s *script) decide(command Command) []Event {
	s.t.Helper()
	s.sequence++
	events, rejection := Decide(s.state, command, ids.Place{Location: ids.Location{Sequence: s.sequence}, Time: s.now})
	if rejection != nil {
		s.t.Fatal(rejection)
	}
	for _, event := range events {
		if err := s.state.Evolve(event); err != nil {
			s.t.Fatal(err)
		}
		s.facts = append(s.facts, event)
	}
	return events
}

// TestTooManyLots: what takes parts of more lots than a transaction may is refused
// before they are gathered, however many there are; less at once is not.
func TestTooManyLots(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	haveLots(s, MaxLots+1)
	s.set("transact all: redeem 1000000 from a; scheduled_for=2026-01-01T00:30\n" + // before they expire
		"customer ama\nwallet own customer=ama\nchange shop fee.redeem=,2001\n")
	own := s.wallet("own")
	for range 3 {
		grant := Operation{Type: Issue, Recipient: own, Quantity: amount("1"), ExpiresAt: s.now.Add(time.Hour)}
		s.perform(&Transact{Project: s.projectID(), Reference: s.unused(), Operations: slices.Repeat([]Operation{grant}, MaxOperations)})
	}
	redeem := func(of ids.Wallet, quantity string) Operation {
		return Operation{Type: Redeem, Sender: of, Quantity: amount(quantity)}
	}
	refused := func(command Command) {
		t.Helper()
		events, rejection := Decide(s.state, command, ids.Place{Location: ids.Location{Sequence: 1 << 30}, Time: s.now})
		if rejection == nil || rejection.Code != BadRequest || len(events) > 0 {
			t.Errorf("%s: %v, %s", describe(command), rejection, tell(events))
		}
	}
	transact := func(of ...Operation) *Transact {
		return &Transact{Project: s.projectID(), Reference: "x", Operations: of}
	}
	refused(transact(redeem(s.wallet("a"), "2001")))
	refused(transact(redeem(s.wallet("a"), "1000"), redeem(s.wallet("a"), "1001")))
	refused(transact(redeem(own, "1"))) // and a fee of 2001
	refused(PlaceHold{Project: s.projectID(), Wallet: s.wallet("a"), Reference: "x", Quantity: amount("2001")})

	s.now = scriptsBegin.Add(30 * time.Minute)
	due := s.state.Due(s.now, 1)
	failed, ok := s.perform(due[0].Command)[0].(*TransactionFailed)
	if !ok || failed.Failure.Code != BadRequest {
		t.Errorf("the scheduled one made %+v", failed)
	}
	s.perform(transact(redeem(s.wallet("a"), "2000")))
	s.operate(redeem(s.wallet("a"), "1"))
}
