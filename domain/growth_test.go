package domain

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// growths are commands of which each must take hardly longer where a tenant has
// much than where it has little.
var growths = []struct {
	name  string
	have  func(s *script, n int) // brings it about that there are n
	again func(s *script)        // does something about one more, and undoes it
}{
	{"open escrows of two wallets", haveEscrows, func(s *script) {
		made := s.perform(CreateEscrow{Project: s.projectID(), Sender: s.wallet("a"), Recipient: s.wallet("b"), Reference: s.unused(), Quantity: amount("1"), Deadline: s.now.Add(time.Hour)})
		escrow := made[len(made)-1].(*EscrowCreated).Escrow
		s.perform(EndEscrow{Project: s.projectID(), Escrow: escrow, How: RefundAtDeadline, Reference: s.unused()})
	}},
	{"open escrows whose wallet is disabled and enabled", haveEscrows, func(s *script) {
		s.now = scriptsBegin.Add(2 * time.Hour)
		s.perform(ChangeStatus{Project: s.projectID(), Wallet: s.wallet("b"), Change: Disable})
		s.perform(ChangeStatus{Project: s.projectID(), Wallet: s.wallet("b"), Change: Enable})
		s.takeOne()
	}},
	{"holds with an end", func(s *script, n int) {
		s.begin()
		for range n {
			s.perform(PlaceHold{Project: s.projectID(), Wallet: s.wallet("a"), Reference: s.unused(), Quantity: amount("1"), ExpiresAt: s.now.Add(time.Hour)})
		}
	}, func(s *script) {
		placed := s.perform(PlaceHold{Project: s.projectID(), Wallet: s.wallet("a"), Reference: s.unused(), Quantity: amount("1"), ExpiresAt: s.now.Add(time.Hour)})
		s.perform(ReleaseHold{Project: s.projectID(), Hold: placed[0].(*HoldPlaced).Hold})
	}},
	{"lots, and one granted and spent", haveLots, func(s *script) {
		s.operate(Operation{Type: Issue, Recipient: s.wallet("a"), Quantity: amount("1"), ExpiresAt: s.now.Add(time.Minute)})
		s.operate(Operation{Type: Redeem, Sender: s.wallet("a"), Quantity: amount("1")})
	}},
	{"lots that have expired, and others spent", haveLots, func(s *script) {
		s.now = scriptsBegin.Add(2 * time.Hour)
		s.operate(Operation{Type: Redeem, Sender: s.wallet("a"), Quantity: amount("1")})
	}},
	{"lots listed by the page", haveLots, func(s *script) {
		w, _ := s.state.Wallet(s.wallet("a"))
		if page := w.LotsAfter(s.now, 0, 50); len(page) != 50 {
			s.t.Fatal("no page")
		}
	}},
	{"lots announced further ahead", haveLots, func(s *script) {
		for _, notice := range []time.Duration{30 * time.Minute, 0} {
			s.perform(ChangeProject{s.projectID(), ProjectSettings{Name: "shop", Currency: "USD", ExpiryNotice: notice}})
		}
	}},
	{"lots that are due", haveLots, func(s *script) {
		s.now = scriptsBegin.Add(2 * time.Hour)
		s.takeOne()
	}},
	{"scheduled transactions", func(s *script, n int) {
		s.begin()
		for range n {
			s.schedule()
		}
	}, func(s *script) {
		s.perform(CancelScheduled{Project: s.projectID(), Transaction: s.schedule()})
	}},
	{"assets, accounts, and wallets of one customer", func(s *script, n int) {
		s.begin()
		s.set("customer ama username=ama\n")
		for range n {
			s.open()
		}
	}, func(s *script) {
		s.open()
		s.operate(Operation{Type: Transfer, Sender: s.wallet("a"), RecipientIdentifier: "ama", Quantity: amount("1")})
	}},
	{"credentials", func(s *script, n int) {
		s.begin()
		for range n {
			s.perform(CreateCredential{Project: s.projectID()})
		}
	}, func(s *script) {
		s.perform(CreateCredential{Project: s.projectID()})
		for range s.state.Credentials(s.projectID(), "") {
			break
		}
	}},
	{"reversals of one transaction", func(s *script, n int) {
		s.begin()
		s.completed["all"] = s.operate(Operation{Type: Redeem, Sender: s.wallet("a"), Quantity: amount("500000")})
		for range n {
			s.reversePart()
		}
	}, (*script).reversePart},
}

// begin makes a project with a rich wallet a and a poor wallet b.
func (s *script) begin() {
	s.late = true // nothing is done but what is asked for
	s.set("project shop currency=USD\ncustomer kofi username=kofi\nwallet a system=yes\nwallet b customer=kofi\ntransact start: issue 1000000 to a\n")
}

func haveEscrows(s *script, n int) {
	s.begin()
	for range n {
		s.perform(CreateEscrow{
			Project: s.projectID(), Sender: s.wallet("a"), Recipient: s.wallet("b"), Reference: s.unused(), Quantity: amount("1"),
			Deadline: s.now.Add(time.Hour), AtDeadline: ReleaseAtDeadline,
		})
	}
}

func haveLots(s *script, n int) {
	s.begin()
	for n > 0 {
		some := min(n, MaxOperations)
		grant := Operation{Type: Issue, Recipient: s.wallet("a"), Quantity: amount("1"), ExpiresAt: s.now.Add(time.Hour)}
		s.perform(&Transact{Project: s.projectID(), Reference: s.unused(), Operations: slices.Repeat([]Operation{grant}, some)})
		n -= some
	}
}

// takeOne takes one command off the agenda, and puts it back.
func (s *script) takeOne() {
	due := s.state.Due(s.now, 1)
	if len(due) != 1 {
		s.t.Fatal("nothing is due")
	}
	s.state.Postpone(due[0])
}

func (s *script) schedule() ids.Transaction {
	return s.perform(&Transact{
		Project: s.projectID(), Reference: s.unused(), ScheduledFor: s.now.Add(time.Hour),
		Operations: []Operation{{Type: Redeem, Sender: s.wallet("a"), Quantity: amount("1")}},
	})[0].(*TransactionScheduled).Transaction
}

// open opens a wallet of a customer in an asset that nobody had before.
func (s *script) open() {
	asset := money.Asset{Code: money.AssetCode(fmt.Sprint("A", s.sequence))}
	s.perform(DefineAsset{s.projectID(), asset})
	made := s.perform(CreateWallet{Project: s.projectID(), Customer: "ama", Currency: asset.Code})
	s.operate(Operation{Type: Issue, Recipient: made[0].(*WalletCreated).Wallet, Quantity: amount("1")})
}

func (s *script) reversePart() {
	s.perform(&Reverse{Project: s.projectID(), Original: s.completed["all"], Reference: s.unused(), Parts: []ReversalPart{{0, amount("1")}}})
}

func (s *script) operate(o Operation) *TransactionCompleted {
	made := s.perform(&Transact{Project: s.projectID(), Reference: s.unused(), Operations: []Operation{o}})
	done, _ := made[len(made)-1].(*TransactionCompleted)
	return done
}

func (s *script) unused() ids.Reference { return ids.Reference(fmt.Sprint("r", s.sequence)) }

// perform decides and applies a command as the ledger does.
func (s *script) perform(command Command) []Event {
	s.t.Helper()
	s.sequence++
	layer := s.state.Fork()
	events, rejection := Decide(layer, command, ids.Place{Location: ids.Location{Sequence: s.sequence}, Time: s.now})
	if rejection != nil || len(events) == 0 {
		s.t.Fatalf("%s: %v", describe(command), rejection)
	}
	for _, event := range events {
		if err := layer.Evolve(event); err != nil {
			s.t.Fatal(err)
		}
	}
	layer.Merge()
	return events
}

// TestWorkDoesNotGrow: what a command allocates where there are twenty times as
// many things is hardly more. Lists that are copied, and things that are gone
// through one by one into a result, would be twenty times as much.
func TestWorkDoesNotGrow(t *testing.T) {
	const less, more, most = 250, 20 * 250, 2.5
	for _, g := range growths {
		t.Run(g.name, func(t *testing.T) {
			var bytes, objects [2]uint64
			for i, n := range [...]int{less, more} {
				s := newScript(t)
				g.have(s, n)
				bytes[i], objects[i] = allocated(func() { g.again(s) })
			}
			t.Logf("with %d: %d B in %d objects; with %d: %d B in %d objects", less, bytes[0], objects[0], more, bytes[1], objects[1])
			if float64(bytes[1]) > most*float64(bytes[0]) || float64(objects[1]) > most*float64(objects[0]) {
				t.Errorf("%d B in %d objects where there are %d, %d B in %d objects where there are %d", bytes[0], objects[0], less, bytes[1], objects[1], more)
			}
		})
	}
}

// allocated is what a function allocates each time, on average. No other test
// runs meanwhile.
func allocated(fn func()) (bytes, objects uint64) {
	const runs = 200
	fn()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		fn()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs, (after.Mallocs - before.Mallocs) / runs
}

// BenchmarkGrowth is the time of the same where a tenant has 1,000 and 100,000.
func BenchmarkGrowth(b *testing.B) {
	for _, g := range growths {
		for _, n := range []int{1000, 100_000} {
			b.Run(fmt.Sprintf("%s/%d", g.name, n), func(b *testing.B) {
				s := newScript(b)
				g.have(s, n)
				runtime.GC()
				for b.Loop() {
					g.again(s)
				}
			})
		}
	}
}

// BenchmarkStandings is the numbers of all recipients of a transaction; what to
// read is ns/recipient.
func BenchmarkStandings(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n, " recipients"), func(b *testing.B) {
			s := newScript(b)
			s.begin()
			c := &Transact{Project: s.projectID(), Reference: "all"}
			for range n {
				made := s.perform(CreateWallet{Project: s.projectID(), System: true})
				c.Operations = append(c.Operations, Operation{Type: Transfer, Sender: s.wallet("a"), Recipient: made[0].(*WalletCreated).Wallet, Quantity: amount("1")})
			}
			events := s.perform(c)
			for b.Loop() {
				s.state.Standings(events, s.now)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/recipient")
		})
	}
}

// BenchmarkStart folds a log that leaves so many open escrows of two wallets;
// what to read is ns/escrow.
func BenchmarkStart(b *testing.B) {
	for _, n := range []int{1000, 80_000} {
		b.Run(fmt.Sprint(n, " open escrows"), func(b *testing.B) {
			s := newScript(b)
			s.begin()
			facts := s.facts
			for range n {
				facts = append(facts, s.perform(CreateEscrow{
					Project: s.projectID(), Sender: s.wallet("a"), Recipient: s.wallet("b"), Reference: s.unused(), Quantity: amount("1"), Deadline: s.now.Add(time.Hour),
				})...)
			}
			for b.Loop() {
				state := NewState(1)
				for _, fact := range facts {
					if err := state.Evolve(fact); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/escrow")
		})
	}
}
