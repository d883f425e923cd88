package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// gatedLog holds appends while its gate is shut.
type gatedLog struct {
	*events.Memory
	arrived chan struct{} // gets a token when an append is held

	mu   sync.Mutex
	gate chan struct{} // nil: open
}

func newGatedLog() *gatedLog {
	return &gatedLog{Memory: events.NewMemory(), arrived: make(chan struct{}, 1)}
}

func (l *gatedLog) Append(ctx context.Context, expected uint64, id string, data []byte) error {
	l.mu.Lock()
	gate := l.gate
	l.mu.Unlock()
	if gate != nil {
		l.arrived <- struct{}{}
		select {
		case <-gate:
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", events.ErrUnknown, ctx.Err())
		}
	}
	return l.Memory.Append(ctx, expected, id, data)
}

// Get fails once the context has ended, as that of a server does.
func (l *gatedLog) Get(ctx context.Context, sequence uint64) (events.Message, error) {
	if err := ctx.Err(); err != nil {
		return events.Message{}, fmt.Errorf("%w: %w", events.ErrUnknown, err)
	}
	return l.Memory.Get(ctx, sequence)
}

func (l *gatedLog) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gate = make(chan struct{})
}

func (l *gatedLog) open() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.gate != nil {
		close(l.gate)
		l.gate = nil
	}
}

// tenants are projects of one ledger, with two wallets each.
type tenants struct {
	*observed
	log      *gatedLog
	projects []*book
	asked    sync.WaitGroup
	held     uint64       // the commit at which the writer is held
	early    atomic.Int64 // operations of dry runs before any other commit
}

func newTenants(t *testing.T, projects int, change func(*ledger.Config)) *tenants {
	t.Helper()
	a := &tenants{log: newGatedLog()}
	t.Cleanup(a.log.open)
	a.observed = newObserved(t, 2, func(cfg *ledger.Config) {
		cfg.Logs, cfg.Patience = []ledger.Log{a.log}, time.Minute
		if change != nil {
			change(cfg)
		}
	})
	t.Cleanup(a.log.open) // before the ledger is stopped, too
	a.book.log = a.log.Memory
	a.projects = []*book{a.book}
	for i := 1; i < projects; i++ {
		a.projects = append(a.projects, a.book.neighbour(fmt.Sprint("Neighbour ", i)))
	}
	return a
}

// neighbour is another project of the same ledger.
func (b *book) neighbour(name string) *book {
	b.t.Helper()
	next := *b
	next.project = b.must(domain.CreateProject{Settings: domain.ProjectSettings{Name: name, Currency: "GHS"}}).Events[0].(*domain.ProjectCreated).Project
	next.wallets = nil
	for i := range 2 {
		made := b.must(domain.CreateWallet{Project: next.project, System: true}).Events[0].(*domain.WalletCreated).Wallet
		next.wallets = append(next.wallets, made)
		b.must(next.transact(fmt.Sprint("fund-", i), domain.Operation{Type: domain.Issue, Recipient: made, Quantity: major("100.00")}))
	}
	return &next
}

// large is a transaction of n transfers.
func (b *book) large(reference string, n int) *domain.Transact {
	large := b.transact(reference)
	for range n {
		large.Operations = append(large.Operations, domain.Operation{Type: domain.Transfer, Sender: b.wallets[0], Recipient: b.wallets[1], Quantity: major("0.01")})
	}
	return large
}

// hold has the writer wait in an append, so that what is asked for next waits.
func (a *tenants) hold() {
	last, _ := a.log.Last(a.t.Context())
	a.held = last + 1
	a.log.shut()
	a.ask(func() { a.must(a.transfer(fmt.Sprint("held-", a.held), 0, 1, "0.01")) })
	<-a.log.arrived
}

// ask calls fn and returns when what it asks for waits.
func (a *tenants) ask(fn func()) {
	a.t.Helper()
	before := a.metric("tallystick_waiting_operations") + float64(a.taken())
	a.asked.Go(fn)
	await(a.t, "it waits", func() bool { return a.metric("tallystick_waiting_operations")+float64(a.taken()) > before })
}

// taken is 1 once the writer is held.
func (a *tenants) taken() int { return len(a.log.arrived) }

// let opens the gate and returns when everything that was asked for is answered.
func (a *tenants) let() {
	a.log.open()
	a.asked.Wait()
}

// operations is how many each commit has, after the one at which the writer was
// held, up to a sequence.
func (a *tenants) operations(to uint64) (all []int) {
	a.t.Helper()
	codec := &events.Codec{Keys: a.keys}
	for sequence := a.held + 1; sequence <= to; sequence++ {
		m, err := a.log.Get(a.t.Context(), sequence)
		if err != nil {
			a.t.Fatal(err)
		}
		commit, err := codec.Decode(m.Data)
		if err != nil {
			a.t.Fatal(err)
		}
		count := 0
		for _, fact := range commit.Facts {
			if completed, ok := fact.(*domain.TransactionCompleted); ok {
				count += len(completed.Operations)
			}
		}
		all = append(all, count)
	}
	return all
}

// TestOneProjectDoesNotHoldUpAnother: whatever one project has waiting, of another
// that asks after it a transfer waits for two groups at most.
func TestOneProjectDoesNotHoldUpAnother(t *testing.T) {
	t.Parallel()
	const wide, many, budget = 500, 20, 500 // operations, transactions, operations of a group
	cases := map[string]func(a *tenants, at *clock){
		"wide transactions": func(a *tenants, _ *clock) {
			for i := range many {
				a.ask(func() { a.must(a.large(fmt.Sprint("wide-", i), wide)) })
			}
		},
		"a batch": func(a *tenants, _ *clock) {
			var batch []domain.Command
			for i := range wide * many {
				batch = append(batch, a.transfer(fmt.Sprint("line-", i), i%2, 1-i%2, "0.01"))
			}
			a.ask(func() {
				for i, outcome := range a.ledger.DoAll(a.t.Context(), 0, domain.Operator, batch) {
					if outcome.Err != nil {
						a.t.Errorf("line %d: %v", i, outcome.Err)
					}
				}
			})
		},
		"dry runs": func(a *tenants, _ *clock) {
			for i := range many {
				a.ask(func() {
					receipt, err := a.ledger.Try(a.t.Context(), 0, domain.Operator, a.large(fmt.Sprint("dry-", i), wide))
					if err != nil {
						a.t.Error(err)
					}
					if receipt.Sequence <= a.held {
						a.early.Add(wide) // the other's transfer was not there yet
					}
				})
			}
		},
		"due transactions": func(a *tenants, at *clock) { at.advance(time.Hour) },
	}
	for name, load := range cases {
		t.Run(name, fakeTime(func(t *testing.T) {
			at := newClock()
			a := newTenants(t, 2, at.config)
			for i := range many {
				later := a.large(fmt.Sprint("later-", i), wide)
				later.ScheduledFor = at.time().Add(time.Hour)
				a.must(later)
			}
			a.hold()
			load(a, at)
			var other, own ledger.Receipt
			a.ask(func() { other = a.must(a.projects[1].transfer("other", 0, 1, "1.00")) })
			a.ask(func() { own = a.must(a.transfer("own", 0, 1, "1.00")) })
			a.let()
			waited := func(who string, receipt ledger.Receipt) {
				before := int(a.early.Load())
				for _, operations := range a.operations(receipt.Sequence) {
					before += operations
				}
				if before > 2*budget {
					t.Errorf("%s waited for %d operations", who, before)
				}
			}
			waited("the other project", other)
			if name == "due transactions" {
				waited("the project itself", own)
			}
			last, _ := a.log.Last(t.Context())
			for i, operations := range a.operations(last) {
				if operations > budget {
					t.Errorf("commit %d has %d operations", i, operations)
				}
			}
		}))
	}
}

// TestHeavyFlowsRest: after a long group in which a heavy flow had a turn beside a light
// one, heavy flows have no turns for as long as the group took. Otherwise the next commit
// takes what waits in all flows.
func TestHeavyFlowsRest(t *testing.T) {
	t.Parallel()
	const none, ms = -1, time.Millisecond
	for name, c := range map[string]struct {
		waiting int           // operations in the first flow, in the long group
		light   time.Duration // since another flow had a turn with little waiting; 0: it has one in the same group
		took    time.Duration // what the group took
		late    int           // operations that come into a third flow during the group
		rest    time.Duration // how long these wait after the group; 0: they are in the next commit
	}{
		"a heavy flow beside a light one":              {300, 0, 50 * ms, 150, 50 * ms},
		"a very long group":                            {300, 0, 300 * ms, 150, 100 * ms},
		"a short group":                                {300, 0, 10 * ms, 150, 0},
		"a group that is a little longer":              {300, 0, 11 * ms, 150, 11 * ms},
		"no light flow":                                {300, none, 50 * ms, 150, 0},
		"a light flow, less than a second ago":         {300, 999 * ms, 50 * ms, 150, 50 * ms},
		"a light flow, a second ago":                   {300, 1000 * ms, 50 * ms, 150, 0},
		"a hundred operations are light":               {100, 0, 50 * ms, 150, 0},
		"one more is heavy":                            {101, 0, 50 * ms, 150, 50 * ms},
		"a light flow has turns while others rest":     {300, 0, 50 * ms, 100, 0},
		"a heavy flow that comes during it rests, too": {300, 0, 50 * ms, 101, 50 * ms},
	} {
		t.Run(name, fakeTime(func(t *testing.T) {
			at := newClock()
			a := newTenants(t, 3, at.config)
			heavy, third, light := a.projects[0], a.projects[1], a.projects[2]
			at.advance(time.Minute) // the commands that made the projects are long ago
			if c.light > 0 {
				light.must(light.transfer("before", 0, 1, "0.01"))
				at.advance(c.light)
			}
			a.hold()
			a.ask(func() { heavy.must(heavy.large("waiting", c.waiting)) })
			if c.light == 0 {
				a.ask(func() { light.must(light.transfer("beside", 0, 1, "0.01")) })
			}
			a.log.open()
			a.log.shut()
			<-a.log.arrived // the group with all of these
			ends := time.Now().Add(c.took)
			var late, small ledger.Receipt
			var rested time.Duration
			a.asked.Go(func() { late = third.must(third.large("late", c.late)); rested = time.Since(ends) })
			synctest.Wait()
			a.asked.Go(func() { small = light.must(light.transfer("small", 0, 1, "0.01")) })
			time.Sleep(c.took)
			a.let()
			if together := late.Sequence == small.Sequence; together != (c.rest == 0) || late.Sequence < small.Sequence || !together && rested != c.rest {
				t.Errorf("the small command is in commit %d, the other in %d after %s, want %s", small.Sequence, late.Sequence, rested, c.rest)
			}
		}))
	}
}

// TestNoProjectFillsTheQueue: one that asks for too much is refused, and the
// others are not.
func TestNoProjectFillsTheQueue(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newTenants(t, 3, func(cfg *ledger.Config) { cfg.Capacity = 1000 })
		a.hold()
		refused := func(b *book, reference string, n int) {
			t.Helper()
			var unavailable *ledger.Unavailable
			if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.large(reference, n)); !errors.As(err, &unavailable) || unavailable.OutcomeUnknown || unavailable.RetryAfter <= 0 {
				t.Errorf("%s: %v", reference, err)
			}
		}
		accepted := func(b *book, reference string, n int) { a.ask(func() { b.must(b.large(reference, n)) }) }
		first, second, third := a.projects[0], a.projects[1], a.projects[2]
		accepted(first, "half of it", 300)
		accepted(first, "and more", 200)
		refused(first, "over half", 1)
		accepted(second, "a part", 200)
		refused(second, "over what is free", 101)
		accepted(second, "what is free", 100)
		accepted(third, "anything, since it has nothing waiting", 999)
		refused(third, "no more", 1)
		a.let()
		if still := a.metric("tallystick_waiting_operations"); still != 0 {
			t.Errorf("%v operations still wait", still)
		}
		a.hold() // and everything is free again
		accepted(first, "half of it again", 300)
		accepted(first, "and more again", 200)
		refused(first, "over half again", 1)
		a.let()
		first.must(first.large("over half", 1))
	})(t)
}

// TestDryRunInAGroup: a dry run is answered as of before the commit of its group.
func TestDryRunInAGroup(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newTenants(t, 1, nil)
		a.hold()
		var dry, wet ledger.Receipt
		a.ask(func() {
			var err error
			if dry, err = a.ledger.Try(t.Context(), 0, domain.Operator, a.transfer("dry", 0, 1, "10.00")); err != nil {
				t.Error(err)
			}
		})
		a.ask(func() { wet = a.must(a.transfer("wet", 0, 1, "10.00")) })
		a.let()
		if dry.Sequence != a.held || wet.Sequence != a.held+1 {
			t.Errorf("dry as of %d, wet as of %d, after commit %d", dry.Sequence, wet.Sequence, a.held)
		}
		if dry.Standings[0].Balance.String() != "89.99" || wet.Standings[0].Balance.String() != "89.99" {
			t.Errorf("dry %+v, wet %+v", dry.Standings, wet.Standings)
		}
	})(t)
}

// TestWithdrawn: what a caller no longer waits for, and the writer had not taken,
// is not done; what it had taken has an unknown outcome.
func TestWithdrawn(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newTenants(t, 1, nil)
		a.log.shut()
		ctx, cancel := context.WithCancel(t.Context())
		tired := func(reference string, unknown bool) {
			_, err := a.ledger.Do(ctx, 0, domain.Operator, a.transfer(reference, 0, 1, "1.00"))
			var unavailable *ledger.Unavailable
			if !errors.As(err, &unavailable) || unavailable.OutcomeUnknown != unknown {
				t.Errorf("%s: %v", reference, err)
			}
		}
		a.asked.Go(func() { tired("taken", true) })
		<-a.log.arrived
		a.ask(func() { tired("waiting", false) })
		cancel()
		a.asked.Wait()
		a.log.open()
		a.must(a.transfer("waiting", 0, 1, "1.00"))
		a.expectBalances("98.00", "102.00")
		if _, err := a.ledger.Do(t.Context(), 0, domain.Operator, a.transfer("taken", 0, 1, "1.00")); rejection(err) != domain.DuplicateReference {
			t.Errorf("what was taken: %v", err)
		}
	})(t)
}

// TestStop: an append under way is finished and answered, be it the first or the
// repetition of one that was lost; what waits is told that nothing was done, and
// nothing is.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, repeated := range []bool{false, true} {
		t.Run(fmt.Sprint("repeated ", repeated), fakeTime(func(t *testing.T) {
			a := newTenants(t, 1, nil)
			if repeated {
				a.log.Fail(events.Lost)
			}
			a.hold()
			for i := range 3 {
				a.ask(func() {
					var unavailable *ledger.Unavailable
					_, err := a.ledger.Do(t.Context(), 0, domain.Operator, a.transfer(fmt.Sprint("waiting-", i), 0, 1, "1.00"))
					if !errors.As(err, &unavailable) || unavailable.OutcomeUnknown || !strings.Contains(unavailable.Reason, "stopping") {
						t.Errorf("what waited: %v", err)
					}
				})
			}
			if repeated {
				a.log.open()
				a.log.shut()
				<-a.log.arrived
			}
			a.cancel()
			synctest.Wait() // whatever the end of the context cuts short has been
			a.let()
			a.stop()
			if last, _ := a.log.Last(t.Context()); last != a.held {
				t.Errorf("the log ends with %d, not %d", last, a.held)
			}
			a.again().expectBalances("99.99", "100.01")
		}))
	}
}
