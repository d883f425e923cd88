package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
	"tallystick/ledger"
)

// book is a running ledger of one shard over a log in memory, with a project and
// wallets in it.
type book struct {
	t       testing.TB
	log     *events.Memory
	keys    *events.MemoryKeys
	ledger  *ledger.Ledger
	cancel  func() // begins to stop the ledger
	stop    func() // and waits until it has
	project ids.Project
	wallets []ids.Wallet
}

// open starts a ledger over a log; more than one may run over the same.
func open(t testing.TB, log *events.Memory, keys *events.MemoryKeys, change func(*ledger.Config)) *book {
	t.Helper()
	cfg := ledger.Config{
		Logs: []ledger.Log{log}, Codec: &events.Codec{Keys: keys}, Patience: 10 * time.Second,
		Logger: slog.New(slog.DiscardHandler),
	}
	if change != nil {
		change(&cfg)
	}
	b := &book{t: t, log: log, keys: keys, ledger: ledger.New(cfg)}
	ctx, cancel := context.WithCancel(context.Background())
	b.cancel = cancel
	ended := make(chan error, 1)
	go func() { ended <- b.ledger.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the ledger ended with %v", err)
		}
	})
	t.Cleanup(b.stop)
	await(t, "the ledger is ready", func() bool { return b.ledger.Ready() == nil })
	return b
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// fakeTime runs a test in a bubble of testing/synctest: its clock stands while
// anything runs and jumps to the next timer when nothing does, so that a pause of the
// ledger costs no time, and one that never ends costs none either: the test fails after
// an hour of that clock. A goroutine that waits for a mutex keeps the clock from moving.
func fakeTime(test func(t *testing.T)) func(t *testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		makeCoders()
		synctest.Test(t, func(t *testing.T) {
			hung := time.AfterFunc(time.Hour, func() { panic("it waits for what never comes") })
			t.Cleanup(func() { hung.Stop() })
			test(t)
		})
	}
}

// makeCoders has events make what compresses and decompresses commits, which the
// process shares: made in a bubble, it would belong to that bubble alone.
var makeCoders = sync.OnceFunc(func() {
	codec := &events.Codec{Keys: events.NewMemoryKeys()}
	builder := codec.NewBuilder(ids.Place{Location: ids.Location{Sequence: 1}, Time: time.Now()}, events.Hash{})
	added, err := builder.Add([]domain.Event{&domain.ProjectCreated{Asked: domain.Asked{By: domain.Operator}, Project: "proj_1", Settings: domain.ProjectSettings{Name: "Test", Currency: "GHS"}}}, 1<<20)
	if err == nil && added {
		_, err = codec.Decode(builder.Bytes())
	}
	if err != nil || !added {
		panic(fmt.Sprint("a commit: ", added, err))
	}
})

// newBook has n wallets with 100.00 each.
func newBook(t testing.TB, n int, change func(*ledger.Config)) *book {
	t.Helper()
	b := open(t, events.NewMemory(), events.NewMemoryKeys(), change)
	receipt := b.must(domain.CreateProject{Settings: domain.ProjectSettings{Name: "Test", Currency: "GHS"}})
	b.project = receipt.Events[0].(*domain.ProjectCreated).Project
	for i := range n {
		customer := ids.Customer(fmt.Sprint("customer-", i))
		if err := b.keys.Ensure(t.Context(), b.project, customer); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("user", i)
		b.must(domain.UpsertCustomer{Project: b.project, Customer: customer, Change: domain.ProfileChange{Username: &name}})
		receipt := b.must(domain.CreateWallet{Project: b.project, Customer: customer})
		wallet := receipt.Events[0].(*domain.WalletCreated).Wallet
		b.wallets = append(b.wallets, wallet)
		b.must(b.transact(fmt.Sprint("fund-", i), domain.Operation{Type: domain.Issue, Recipient: wallet, Quantity: major("100.00")}))
	}
	return b
}

func major(text string) money.Quantity {
	quantity, ok := money.MajorUnits(text)
	if !ok {
		panic(text)
	}
	return quantity
}

func (b *book) must(command domain.Command) ledger.Receipt {
	b.t.Helper()
	receipt, err := b.ledger.Do(b.t.Context(), 0, domain.Operator, command)
	if err != nil {
		b.t.Fatalf("%T: %v", command, err)
	}
	return receipt
}

func (b *book) transact(reference string, operations ...domain.Operation) *domain.Transact {
	return &domain.Transact{Project: b.project, Reference: ids.Reference(reference), Operations: operations}
}

func (b *book) transfer(reference string, from, to int, amount string) *domain.Transact {
	return b.transact(reference, domain.Operation{Type: domain.Transfer, Sender: b.wallets[from], Recipient: b.wallets[to], Quantity: major(amount)})
}

func (b *book) balance(wallet int) string {
	b.t.Helper()
	balance := ""
	_, err := b.ledger.View(b.t.Context(), 0, func(s *domain.State) {
		if w, ok := s.Wallet(b.wallets[wallet]); ok {
			balance = w.Balance.String()
		}
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return balance
}

func (b *book) expectBalances(want ...string) {
	b.t.Helper()
	for i, balance := range want {
		if got := b.balance(i); got != balance {
			b.t.Errorf("wallet %d has %s, want %s", i, got, balance)
		}
	}
}

func rejection(err error) domain.Code {
	var r *domain.Rejection
	if errors.As(err, &r) {
		return r.Code
	}
	return ""
}

// again starts a second ledger over the same log: what a restart sees.
func (b *book) again() *book {
	b.t.Helper()
	next := open(b.t, b.log, b.keys, nil)
	next.project, next.wallets = b.project, b.wallets
	return next
}

func TestTransfer(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		receipt := b.must(b.transfer("one", 0, 1, "30.00"))
		completed := receipt.Events[0].(*domain.TransactionCompleted)
		b.expectBalances("70.00", "130.00")
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("one", 0, 1, "5.00")); rejection(err) != domain.DuplicateReference {
			t.Errorf("the reference again: %v", err)
		}
		record, ok, err := b.ledger.Transaction(t.Context(), completed.Transaction)
		if err != nil || !ok || record.Event.(*domain.TransactionCompleted).Reference != "one" || !record.Time.Equal(receipt.Time) {
			t.Errorf("read back: %+v %t %v", record, ok, err)
		}
		for _, id := range []ids.Transaction{"tx_nonsense", "tx_00000000v0000", ids.Transaction(ids.Location{Sequence: 9999}.ID("tx_"))} {
			if _, ok, err := b.ledger.Transaction(t.Context(), id); ok || err != nil {
				t.Errorf("%s: %t %v", id, ok, err)
			}
		}
		b.stop()
		b.again().expectBalances("70.00", "130.00")
	})(t)
}

// TestGroup submits many commands at once: they are decided in order, each on
// what the ones before it left.
func TestGroup(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		var commands []domain.Command
		for i := range 12 {
			commands = append(commands, b.transfer(fmt.Sprint("group-", i/2), 0, 1, "30.00"))
		}
		for i, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, commands) {
			switch {
			case i%2 == 1:
				if rejection(outcome.Err) != domain.DuplicateReference {
					t.Errorf("command %d: %v", i, outcome.Err)
				}
			case i < 6:
				if _, ok := outcome.Receipt.Events[0].(*domain.TransactionCompleted); !ok {
					t.Errorf("command %d: %+v", i, outcome)
				}
			default:
				failed, ok := outcome.Receipt.Events[0].(*domain.TransactionFailed)
				if !ok || failed.Failure.Code != domain.InsufficientFunds {
					t.Errorf("command %d: %+v", i, outcome)
				}
			}
		}
		b.expectBalances("10.00", "190.00")
	})(t)
}

// TestCommitIsCut fills several commits with one submission.
func TestCommitIsCut(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.MaxCommit = 4 << 10 })
		before, _ := b.log.Last(t.Context())
		var commands []domain.Command
		for i := range 100 {
			commands = append(commands, b.transfer(fmt.Sprint("cut-", i), 0, 1, "1.00"))
		}
		for i, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, commands) {
			if outcome.Err != nil {
				t.Fatalf("command %d: %v", i, outcome.Err)
			}
		}
		after, _ := b.log.Last(t.Context())
		if after-before < 10 {
			t.Errorf("%d commits of at most 4 KiB", after-before)
		}
		for sequence := uint64(1); sequence <= after; sequence++ {
			if m, _ := b.log.Get(t.Context(), sequence); events.DecodedSize(m.Data) > 4<<10 {
				t.Errorf("commit %d has %d bytes", sequence, events.DecodedSize(m.Data))
			}
		}
		b.expectBalances("0.00", "200.00")
		large := b.transact("large")
		for range 200 {
			large.Operations = append(large.Operations, domain.Operation{Type: domain.Transfer, Sender: b.wallets[1], Recipient: b.wallets[0], Quantity: major("0.01")})
		}
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, large); rejection(err) != domain.BadRequest {
			t.Errorf("a transaction that fits no commit: %v", err)
		}
		b.expectBalances("0.00", "200.00")
	})(t)
}

// TestAppendOutcomes tries each way an append can go wrong, with the commit
// persisted and not, and then checks everything again from the log.
func TestAppendOutcomes(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		faults []events.Fault
		moved  bool
	}{
		"lost":                         {[]events.Fault{events.Lost}, true},
		"lost twice":                   {[]events.Fault{events.Lost, events.Lost}, true},
		"persisted, not acknowledged":  {[]events.Fault{events.Unacknowledged}, true},
		"late":                         {[]events.Fault{events.Late}, true},
		"late, and the repetition too": {[]events.Fault{events.Late, events.Late}, true},
		"lost, then persisted unheard": {[]events.Fault{events.Lost, events.Unacknowledged}, true},
		"lost, then refused":           {[]events.Fault{events.Lost, events.Full}, true},
		"refused":                      {[]events.Fault{events.Full}, false},
	}
	for name, c := range cases {
		t.Run(name, fakeTime(func(t *testing.T) {
			b := newBook(t, 2, nil)
			before, _ := b.log.Last(t.Context())
			b.log.Fail(c.faults...)
			_, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("faulty", 0, 1, "30.00"))
			commits, want := uint64(0), []string{"100.00", "100.00"}
			if c.moved {
				commits, want = 1, []string{"70.00", "130.00"}
			}
			var unavailable *ledger.Unavailable
			if c.moved != (err == nil) || !c.moved && (!errors.As(err, &unavailable) || unavailable.OutcomeUnknown) {
				t.Fatalf("answered %v", err)
			}
			if after, _ := b.log.Last(t.Context()); after != before+commits {
				t.Errorf("%d commits came of it", after-before)
			}
			b.expectBalances(want...)
			b.must(b.transfer("next", 1, 0, "1.00"))
			b.stop()
			again := b.again()
			if _, err := again.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("faulty", 0, 1, "30.00")); (rejection(err) == domain.DuplicateReference) != c.moved {
				t.Errorf("the reference again: %v", err)
			}
		}))
	}
}

// TestTwoWriters run over one log: each transfer acts once, and each ledger
// reads what the other wrote.
func TestTwoWriters(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newBook(t, 2, nil)
		b := a.again()
		var group sync.WaitGroup
		for w, book := range []*book{a, b} {
			for i := range 20 {
				group.Go(func() {
					if _, err := book.ledger.Do(t.Context(), 0, domain.Operator, book.transfer(fmt.Sprint("w", w, "-", i), w, 1-w, "1.00")); err != nil {
						t.Errorf("writer %d: %v", w, err)
					}
				})
			}
		}
		group.Wait()
		a.must(a.transfer("last", 0, 1, "30.00"))
		b.expectBalances("70.00", "130.00") // linearizable, without a write of its own
		a.expectBalances("70.00", "130.00")
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("last", 0, 1, "30.00")); rejection(err) != domain.DuplicateReference {
			t.Errorf("the other's reference: %v", err)
		}
	})(t)
}

// TestOffline takes the log away under a command and brings it back.
func TestOffline(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Patience = 100 * time.Millisecond })
		b.log.SetOffline(true)
		var unavailable *ledger.Unavailable
		_, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("offline", 0, 1, "30.00"))
		if !errors.As(err, &unavailable) || !unavailable.OutcomeUnknown || unavailable.RetryAfter <= 0 {
			t.Fatalf("answered %v", err)
		}
		if b.ledger.Ready() == nil {
			t.Error("ready while an append is unresolved")
		}
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("refused", 0, 1, "30.00")); !errors.As(err, &unavailable) || unavailable.OutcomeUnknown {
			t.Errorf("the next one: %v", err)
		}
		if _, err := b.ledger.View(t.Context(), 0, func(*domain.State) {}); !errors.As(err, &unavailable) {
			t.Errorf("a read: %v", err)
		}
		b.log.SetOffline(false)
		await(t, "ready again", func() bool { return b.ledger.Ready() == nil })
		b.expectBalances("70.00", "130.00")
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("refused", 0, 1, "30.00")); err != nil {
			t.Errorf("what was refused was done: %v", err)
		}
	})(t)
}

// TestProjectsSpread: new projects come to all shards alike, also when their names
// differ little, and a name always to the same.
func TestProjectsSpread(t *testing.T) {
	t.Parallel()
	var logs []ledger.Log
	for range 8 {
		logs = append(logs, events.NewMemory())
	}
	l, again := ledger.New(ledger.Config{Logs: logs}), ledger.New(ledger.Config{Logs: logs})
	projects := make([]int, len(logs))
	for i := range 1000 * len(logs) {
		name := fmt.Sprint("project ", i)
		shard := l.ShardFor(name)
		projects[shard]++
		if again.ShardFor(name) != shard {
			t.Errorf("%s is in shard %d, and in %d", name, shard, again.ShardFor(name))
		}
	}
	for shard, n := range projects {
		if n < 900 || n > 1100 {
			t.Errorf("shard %d has %d of %d projects", shard, n, 1000*len(logs))
		}
	}
}

// TestClockGoesBack: the time of commits does not, in the process whose clock goes
// back, in another that writes the same log, and in one that starts from it. When
// the clock has come to it again, time goes on with the clock.
func TestClockGoesBack(t *testing.T) {
	fakeTime(func(t *testing.T) {
		clock := newClock()
		a := newBook(t, 2, clock.config)
		newest := a.must(a.transfer("first", 0, 1, "1.00")).Time
		expect := func(b *book, reference string, want time.Time) {
			t.Helper()
			if got := b.must(b.transfer(reference, 0, 1, "1.00")).Time; !got.Equal(want) {
				t.Errorf("%s: %s, want %s", reference, got, want)
			}
		}
		clock.advance(-time.Hour)
		expect(a, "back", newest)
		other := open(t, a.log, a.keys, clock.config)
		other.project, other.wallets = a.project, a.wallets
		expect(other, "of a start", newest)
		clock.advance(2 * time.Hour)
		newest = clock.time()
		expect(other, "forth", newest)
		clock.advance(-time.Minute)
		expect(a, "of another writer", newest)
		clock.advance(time.Minute + time.Microsecond)
		expect(a, "on", newest.Add(time.Microsecond))

		last, _ := a.log.Last(t.Context())
		codec := &events.Codec{Keys: a.keys}
		for sequence, before := uint64(1), (time.Time{}); sequence <= last; sequence++ {
			message, err := a.log.Get(t.Context(), sequence)
			if err != nil {
				t.Fatal(err)
			}
			commit, err := codec.Decode(message.Data)
			if err != nil {
				t.Fatal(err)
			}
			if commit.Time.Before(before) {
				t.Errorf("commit %d is of %s, the one before of %s", sequence, commit.Time, before)
			}
			before = commit.Time
		}
	})(t)
}

func BenchmarkTransfers(b *testing.B) {
	book := newBook(b, 1000, nil)
	b.ResetTimer()
	b.SetParallelism(32)
	var n, mu = 0, sync.Mutex{}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			mu.Lock()
			n++
			i := n
			mu.Unlock()
			book.must(book.transfer(fmt.Sprint("bench-", i), i%1000, (i*7+1)%1000, "0.01"))
		}
	})
}
