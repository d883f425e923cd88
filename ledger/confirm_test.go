package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// behind is two processes on one log: the second has folded it up to where the
// two were opened, and knows nothing that the first did since.
type behind struct{ first, second *book }

// newBehind opens both on a log in memory, or on a real server.
func newBehind(t *testing.T, server bool) behind {
	t.Helper()
	change := func(*ledger.Config) {}
	if server {
		stream := copyToServer(t, events.NewMemory())
		change = func(cfg *ledger.Config) { cfg.Logs = []ledger.Log{stream} }
	}
	first := newBook(t, 2, change)
	name := "old"
	first.must(domain.UpsertCustomer{Project: first.project, Customer: "customer-0", Change: domain.ProfileChange{Name: &name}})
	first.must(domain.ChangeStatus{Project: first.project, Wallet: first.wallets[0], Change: domain.Freeze})
	second := open(t, first.log, first.keys, change)
	second.project, second.wallets = first.project, first.wallets
	return behind{first, second}
}

// TestNothingToDoIsConfirmed: a process that is behind does not take for done, or
// for missing, what the other has changed since.
func TestNothingToDoIsConfirmed(t *testing.T) {
	t.Parallel()
	for _, server := range []bool{false, true} {
		t.Run(fmt.Sprintf("server %t", server), func(t *testing.T) {
			t.Parallel()
			b := newBehind(t, server)
			b.testSuccesses(t)
			b.testRejections(t)
			b.testDryRuns(t)
		})
	}
}

// lags has the first process do something, and checks that the second does not
// know of it yet.
func (b behind) lags(command domain.Command) ledger.Receipt {
	b.first.t.Helper()
	receipt := b.first.must(command)
	if known := b.second.ledger.Peek(0, func(*domain.State) {}); len(receipt.Events) == 0 || known >= receipt.Sequence {
		b.first.t.Fatalf("%T: the second process is not behind", command)
	}
	return receipt
}

func (b behind) testSuccesses(t *testing.T) {
	project, wallet, name, other := b.first.project, b.first.wallets[0], "old", "new"
	for what, c := range map[string]struct{ first, second domain.Command }{
		"freeze": {domain.ChangeStatus{Project: project, Wallet: wallet, Change: domain.Unfreeze}, domain.ChangeStatus{Project: project, Wallet: wallet, Change: domain.Freeze}},
		"customer": {domain.UpsertCustomer{Project: project, Customer: "customer-0", Change: domain.ProfileChange{Name: &other}},
			domain.UpsertCustomer{Project: project, Customer: "customer-0", Change: domain.ProfileChange{Name: &name}}},
		"wallet": {domain.ChangeWallet{Project: project, Wallet: wallet, Name: &other}, domain.ChangeWallet{Project: project, Wallet: wallet, Name: new(string)}},
	} {
		before := b.lags(c.first).Sequence
		if receipt := b.second.must(c.second); len(receipt.Events) == 0 || receipt.Sequence != before+1 {
			t.Errorf("%s: answered %+v as of %d", what, receipt, before)
		}
	}
	status := func(b *book) (status domain.WalletStatus) {
		if _, err := b.ledger.View(t.Context(), 0, func(s *domain.State) { w, _ := s.Wallet(wallet); status = w.Status }); err != nil {
			t.Fatal(err)
		}
		return status
	}
	if one, two := status(b.first), status(b.second); one != domain.Frozen || two != domain.Frozen {
		t.Errorf("the wallet is %s, and %s to the other", one, two)
	}
}

func (b behind) testRejections(t *testing.T) {
	made := b.lags(domain.CreateWallet{Project: b.first.project, System: true, Name: "just made"}).Events[0].(*domain.WalletCreated).Wallet
	b.second.must(b.second.transact("to the new one", domain.Operation{Type: domain.Issue, Recipient: made, Quantity: major("1.00")}))
	placed := b.lags(domain.PlaceHold{Project: b.first.project, Wallet: b.first.wallets[1], Reference: "hold", Quantity: major("60.00")})
	hold := placed.Events[0].(*domain.HoldPlaced).Hold
	if receipt := b.second.must(domain.ReleaseHold{Project: b.first.project, Hold: hold}); len(receipt.Events) != 1 {
		t.Errorf("the release of the hold: %+v", receipt)
	}
	if _, err := b.second.ledger.Do(t.Context(), 0, domain.Operator, b.second.transfer("nobody", 0, 1, "0.00")); rejection(err) != domain.BadRequest {
		t.Errorf("what never makes sense: %v", err)
	}
}

func (b behind) testDryRuns(t *testing.T) {
	b.lags(b.first.transfer("all of it", 1, 0, "100.00"))
	receipt, err := b.second.ledger.Try(t.Context(), 0, domain.Operator, b.second.transfer("dry", 1, 0, "1.00"))
	if err != nil {
		t.Fatal(err)
	}
	if failed, ok := receipt.Events[0].(*domain.TransactionFailed); !ok || failed.Failure.Code != domain.InsufficientFunds {
		t.Errorf("the dry run: %+v", receipt.Events[0])
	}
}

// TestNothingCannotBeConfirmed: when the log does not answer, what made nothing
// is not answered as if it were so.
func TestNothingCannotBeConfirmed(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.log.SetOffline(true)
		for _, command := range []domain.Command{
			domain.ChangeStatus{Project: b.project, Wallet: b.wallets[0], Change: domain.Enable},
			b.transact("nowhere", domain.Operation{Type: domain.Issue, Recipient: "wall_0000000000000", Quantity: major("1.00")}),
		} {
			_, err := b.ledger.Do(t.Context(), 0, domain.Operator, command)
			var unavailable *ledger.Unavailable
			if !errors.As(err, &unavailable) || unavailable.OutcomeUnknown || unavailable.RetryAfter <= 0 {
				t.Errorf("%T: %v", command, err)
			}
		}
		b.log.SetOffline(false)
		b.must(b.transfer("afterwards", 0, 1, "1.00"))
	})(t)
}

// countingLog counts the questions for its newest commit, and can have an
// append wait.
type countingLog struct {
	*events.Memory
	asked atomic.Int64
}

func (l *countingLog) Last(ctx context.Context) (uint64, error) {
	l.asked.Add(1)
	return l.Memory.Last(ctx)
}

// TestOneQuestionForAGroup: a group that makes nothing asks once, and one that
// makes something asks nothing, since its append proves what it was decided on.
func TestOneQuestionForAGroup(t *testing.T) {
	fakeTime(func(t *testing.T) {
		log := &countingLog{Memory: events.NewMemory()}
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs, cfg.Watch = []ledger.Log{log}, time.Hour })
		var nothing []domain.Command
		for i := range 50 { // fewer than end a group by time
			nothing = append(nothing, b.transfer(fmt.Sprint("fund-", i%2), 0, 1, "1.00")) // used references
		}
		for _, c := range []struct {
			commands  []domain.Command
			questions int64
		}{{nothing, 1}, {append(nothing, b.transfer("something", 0, 1, "1.00")), 0}} {
			before := log.asked.Load()
			for i, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, c.commands) {
				if i < 50 && rejection(outcome.Err) != domain.DuplicateReference {
					t.Errorf("command %d: %v", i, outcome.Err)
				}
			}
			if asked := log.asked.Load() - before; asked != c.questions {
				t.Errorf("%d commands: %d questions, want %d", len(c.commands), asked, c.questions)
			}
		}
	})(t)
}

// BenchmarkNothing has one caller whose commands make nothing: what it costs to
// ask the log each time, in memory and of a real server.
func BenchmarkNothing(b *testing.B) {
	for name, log := range map[string]func() ledger.Log{
		"memory":    func() ledger.Log { return events.NewMemory() },
		"jetstream": func() ledger.Log { return copyToServer(b, events.NewMemory()) },
	} {
		b.Run(name, func(b *testing.B) {
			book := newBook(b, 2, func(cfg *ledger.Config) { cfg.Logs = []ledger.Log{log()} })
			for b.Loop() {
				if _, err := book.ledger.Do(b.Context(), 0, domain.Operator, book.transfer("fund-0", 0, 1, "1.00")); rejection(err) != domain.DuplicateReference {
					b.Fatal(err)
				}
			}
		})
	}
}
