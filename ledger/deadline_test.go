package ledger_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	return c.now
}

func (c *clock) config(cfg *ledger.Config) { cfg.Now = c.time }

func (b *book) grant(reference string, wallet int, amount string, expires time.Time) *domain.Transact {
	return b.transact(reference, domain.Operation{
		Type: domain.Issue, Recipient: b.wallets[wallet], Quantity: major(amount), ExpiresAt: expires, Grant: true,
	})
}

// expiries counts the transactions in the log that removed expired credit.
func (b *book) expiries() int {
	b.t.Helper()
	count := 0
	for _, fact := range b.facts() {
		if completed, ok := fact.(*domain.TransactionCompleted); ok && completed.Origin.Kind == domain.ExpiryOrigin {
			count++
		}
	}
	return count
}

func (b *book) facts() (all []domain.Event) {
	b.t.Helper()
	last, _ := b.log.Last(b.t.Context())
	codec := &events.Codec{Keys: b.keys}
	for sequence := uint64(1); sequence <= last; sequence++ {
		m, err := b.log.Get(b.t.Context(), sequence)
		if err != nil {
			b.t.Fatal(err)
		}
		commit, err := codec.Decode(m.Data)
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, commit.Facts...)
	}
	return all
}

// poke has the writer look at a clock that was moved: it sleeps by the real one.
// The round that takes the first command may have looked at the clock before it
// was moved. The second command's has not, and the third's begins after that one
// has put back what it could not do.
func (b *book) poke() {
	b.t.Helper()
	for range 3 {
		b.must(domain.ChangeStatus{Project: b.project, Wallet: b.wallets[0], Change: domain.Enable})
	}
}

// TestCreditEndsByItself: nobody asks, and it is gone.
func TestCreditEndsByItself(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 1, nil)
		expires := time.Now().Add(200 * time.Millisecond)
		b.must(b.grant("bonus", 0, "5.00", expires))
		b.expectBalances("105.00")
		time.Sleep(200*time.Millisecond - time.Microsecond)
		b.expectBalances("105.00")
		time.Sleep(time.Microsecond)
		synctest.Wait()
		b.expectBalances("100.00")
		if n := b.expiries(); n != 1 {
			t.Errorf("it was removed %d times", n)
		}
	})(t)
}

// TestDeadlinesOverARestart: what came due while nobody ran is done at the start,
// in wallets of whatever status.
func TestDeadlinesOverARestart(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newBook(t, 3, at.config)
		expires := at.time().Add(time.Hour)
		for i := range b.wallets {
			b.must(b.grant(fmt.Sprint("bonus-", i), i, "5.00", expires))
		}
		b.must(domain.ChangeStatus{Project: b.project, Wallet: b.wallets[1], Change: domain.Freeze})
		b.must(domain.ChangeStatus{Project: b.project, Wallet: b.wallets[2], Change: domain.Disable})
		scheduled := b.transfer("later", 0, 1, "10.00")
		scheduled.ScheduledFor = expires
		id := b.must(scheduled).Events[0].(*domain.TransactionScheduled).Transaction
		b.stop()

		at.advance(2 * time.Hour)
		next := open(t, b.log, b.keys, at.config)
		next.project, next.wallets = b.project, b.wallets
		await(t, "everything due is done", func() bool { return next.balance(2) == "100.00" && next.balance(1) == "110.00" })
		next.expectBalances("90.00", "110.00", "100.00")
		record, ok, err := next.ledger.Transaction(t.Context(), id)
		if completed, done := record.Event.(*domain.TransactionCompleted); err != nil || !ok || !done || completed.Transaction != id || completed.Reference != "later" {
			t.Errorf("the scheduled transaction reads %+v %t %v", record.Event, ok, err)
		}
		next.stop()
		again := open(t, b.log, b.keys, at.config)
		again.project, again.wallets = b.project, b.wallets
		again.poke()
		again.expectBalances("90.00", "110.00", "100.00")
		if n := again.expiries(); n != 3 {
			t.Errorf("%d lots were removed, of 3", n)
		}
	})(t)
}

// TestDeadlinesComeFirst: whoever asks at the moment of an expiry finds it over.
func TestDeadlinesComeFirst(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newBook(t, 2, at.config)
		b.must(b.grant("bonus", 0, "5.00", at.time().Add(time.Hour)))
		at.advance(time.Hour)
		receipt := b.must(b.transfer("late", 0, 1, "101.00"))
		if failed, ok := receipt.Events[0].(*domain.TransactionFailed); !ok || failed.Failure.Code != domain.InsufficientFunds {
			t.Errorf("answered %+v", receipt.Events[0])
		}
		b.expectBalances("100.00", "100.00")
	})(t)
}

// TestDeadlineOutcomes: an append of what time asks for goes wrong like any other,
// and what it asks for is done once.
func TestDeadlineOutcomes(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string][]events.Fault{
		"lost":                        {events.Lost},
		"persisted, not acknowledged": {events.Unacknowledged},
		"late":                        {events.Late},
		"refused":                     {events.Full},
	} {
		t.Run(name, fakeTime(func(t *testing.T) {
			at := newClock()
			b := newBook(t, 1, at.config)
			for i := range 3 {
				b.must(b.grant(fmt.Sprint("bonus-", i), 0, "5.00", at.time().Add(time.Hour)))
			}
			b.log.Fail(faults...)
			at.advance(time.Hour)
			// Looks at the clock; what the log refuses is refused to it too.
			_, _ = b.ledger.Do(t.Context(), 0, domain.Operator, domain.ChangeStatus{Project: b.project, Wallet: b.wallets[0], Change: domain.Enable})
			at.advance(time.Minute) // beyond the respite that a refusal is given
			b.poke()
			await(t, "the credit is removed", func() bool { return b.balance(0) == "100.00" })
			if n := b.expiries(); n != 3 {
				t.Errorf("%d lots were removed, of 3", n)
			}
		}))
	}
}

// TestDeadlinesOfTwoWriters: both look at the same moment, one removes.
func TestDeadlinesOfTwoWriters(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		a := newBook(t, 1, at.config)
		for i := range 20 {
			a.must(a.grant(fmt.Sprint("bonus-", i), 0, "1.00", at.time().Add(time.Hour)))
		}
		b := open(t, a.log, a.keys, at.config)
		b.project, b.wallets = a.project, a.wallets
		at.advance(time.Hour)
		var group sync.WaitGroup
		group.Go(a.poke)
		group.Go(b.poke)
		group.Wait()
		await(t, "the credit is removed", func() bool { return a.balance(0) == "100.00" && b.balance(0) == "100.00" })
		if n := a.expiries(); n != 20 {
			t.Errorf("%d lots were removed, of 20", n)
		}
	})(t)
}

// TestManyDeadlines: more than one group takes, all due at one instant.
func TestManyDeadlines(t *testing.T) {
	fakeTime(func(t *testing.T) {
		const lots = 5000
		at := newClock()
		b := newBook(t, 50, at.config)
		b.grantMany(lots, at.time().Add(time.Hour))
		at.advance(time.Hour)
		b.poke()
		await(t, "all credit is removed", func() bool { return noLots(b.ledger) })
		if n := b.expiries(); n != lots {
			t.Errorf("%d lots were removed, of %d", n, lots)
		}
		for i := range b.wallets {
			if got := b.balance(i); got != "100.00" {
				t.Fatalf("wallet %d has %s", i, got)
			}
		}
	})(t)
}

// grantMany grants lots of 1.00, in turn, that all end at once.
func (b *book) grantMany(lots int, expires time.Time) {
	b.t.Helper()
	for from := 0; from < lots; from += 1000 {
		var commands []domain.Command
		for i := from; i < min(lots, from+1000); i++ {
			commands = append(commands, b.grant(fmt.Sprint("lot-", i), i%len(b.wallets), "1.00", expires))
		}
		for _, outcome := range b.ledger.DoAll(b.t.Context(), 0, domain.Operator, commands) {
			if outcome.Err != nil {
				b.t.Fatal(outcome.Err)
			}
		}
	}
}

// TestTryWritesNothing: it answers what would be, and nothing is.
func TestTryWritesNothing(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		before, _ := b.log.Last(t.Context())
		receipt, err := b.ledger.Try(t.Context(), 0, domain.Operator, b.transfer("try", 0, 1, "30.00"))
		if err != nil || len(receipt.Standings) != 2 || receipt.Standings[0].Balance.String() != "70.00" || receipt.Standings[1].Version != 2 {
			t.Errorf("answered %+v, %v", receipt, err)
		}
		receipt, err = b.ledger.Try(t.Context(), 0, domain.Operator, b.transfer("try", 0, 1, "300.00"))
		if failed, ok := receipt.Events[0].(*domain.TransactionFailed); err != nil || !ok || failed.Failure.Code != domain.InsufficientFunds {
			t.Errorf("too much: %+v, %v", receipt, err)
		}
		if _, err := b.ledger.Try(t.Context(), 0, domain.Operator, b.transfer("", 0, 1, "1.00")); rejection(err) != domain.BadRequest {
			t.Errorf("no reference: %v", err)
		}
		if after, _ := b.log.Last(t.Context()); after != before {
			t.Error("something was written")
		}
		b.expectBalances("100.00", "100.00")
		b.must(b.transfer("try", 0, 1, "30.00"))
	})(t)
}

// TestStandings are of right after the command, whatever came in the same commit.
func TestStandings(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		outcomes := b.ledger.DoAll(t.Context(), 0, domain.Operator, []domain.Command{
			b.transfer("one", 0, 1, "30.00"), b.transfer("two", 0, 1, "30.00"),
			domain.PlaceHold{Project: b.project, Wallet: b.wallets[0], Reference: "hold", Quantity: major("15.00")},
		})
		want := [][]string{{"70.00 0.00 70.00 2", "130.00 0.00 130.00 2"}, {"40.00 0.00 40.00 3", "160.00 0.00 160.00 3"}, {"40.00 15.00 25.00 3"}}
		for i, outcome := range outcomes {
			if outcome.Err != nil {
				t.Fatal(outcome.Err)
			}
			var got []string
			for _, s := range outcome.Receipt.Standings {
				got = append(got, fmt.Sprint(s.Balance, " ", s.Held, " ", s.Available, " ", s.Version))
			}
			if fmt.Sprint(got) != fmt.Sprint(want[i]) {
				t.Errorf("command %d: %v, want %v", i, got, want[i])
			}
		}
	})(t)
}

// BenchmarkExpiry removes 100,000 lots that end at one instant, in 10,000
// wallets: over a log in memory, and over a real server with an fsync a commit.
// What to read is lots/s.
func BenchmarkExpiry(b *testing.B) {
	const lots = 100_000
	at := newClock()
	book := newBook(b, 10_000, at.config)
	book.grantMany(lots, at.time().Add(time.Hour))
	book.stop()
	at.advance(time.Hour)
	expire := func(b *testing.B, copied func() ledger.Log) {
		for b.Loop() {
			b.StopTimer()
			log := copied()
			l := ledger.New(ledger.Config{Logs: []ledger.Log{log}, Codec: &events.Codec{Keys: book.keys}, Now: at.time})
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan error, 1)
			go func() { ended <- l.Run(ctx) }()
			await(b, "the log is read", func() bool { return l.Ready() == nil })
			b.StartTimer()
			await(b, "all credit is removed", func() bool { return noLots(l) })
			b.StopTimer()
			cancel()
			<-ended
			b.StartTimer()
		}
		b.ReportMetric(float64(lots)*float64(b.N)/b.Elapsed().Seconds(), "lots/s")
	}
	b.Run("memory", func(b *testing.B) {
		expire(b, func() ledger.Log { return copyToMemory(b, book.log) })
	})
	b.Run("jetstream", func(b *testing.B) {
		expire(b, func() ledger.Log { return copyToServer(b, book.log) })
	})
}

func noLots(l *ledger.Ledger) bool {
	none := true
	l.Peek(0, func(s *domain.State) {
		for wallet := range s.Wallets() {
			if none = len(wallet.Lots()) == 0; !none {
				return
			}
		}
	})
	return none
}

func copyToMemory(b *testing.B, from *events.Memory) *events.Memory {
	to := events.NewMemory()
	last, _ := from.Last(b.Context())
	for sequence := uint64(1); sequence <= last; sequence++ {
		m, _ := from.Get(b.Context(), sequence)
		if err := to.Append(b.Context(), sequence-1, fmt.Sprint(sequence), m.Data); err != nil {
			b.Fatal(err)
		}
	}
	return to
}
