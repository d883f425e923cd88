package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
)

// steadyLog takes an fsync's time for each append, and counts them.
type steadyLog struct {
	*events.Memory
	appends int
}

const fsync = 5 * time.Millisecond

func (l *steadyLog) Append(ctx context.Context, expected uint64, id string, data []byte) error {
	l.appends++
	time.Sleep(fsync)
	return l.Memory.Append(ctx, expected, id, data)
}

// newSteady is a book over a steadyLog.
func newSteady(t *testing.T) (*book, *steadyLog) {
	t.Helper()
	log := &steadyLog{Memory: events.NewMemory()}
	b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs = []ledger.Log{log} })
	b.log = log.Memory
	return b, log
}

// TestCallersShareACommit: callers who come back one after the other, each soon
// after its answer, are waited for: their commands stand in one commit.
func TestCallersShareACommit(t *testing.T) {
	fakeTime(func(t *testing.T) {
		const callers, commands = 8, 160
		b, log := newSteady(t)
		before := log.appends
		var asked atomic.Int64
		var group sync.WaitGroup
		for caller := range callers {
			group.Go(func() {
				for i := asked.Add(1); i <= commands; i = asked.Add(1) {
					b.must(b.transfer(fmt.Sprint("shared-", i), 0, 1, "0.01"))
					time.Sleep(time.Duration(caller+1) * 100 * time.Microsecond)
				}
			})
		}
		group.Wait()
		// Three quarters of the callers are in each. If none were waited for, the first to come
		// back would have every second commit alone: 40.
		if commits := log.appends - before; commits > 30 {
			t.Errorf("%d commands of %d callers took %d commits", commands, callers, commits)
		}
	})(t)
}

// TestALoneCallerDoesNotWait for others, also after a crowd has gone.
func TestALoneCallerDoesNotWait(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b, _ := newSteady(t)
		var group sync.WaitGroup
		for caller := range 8 {
			group.Go(func() { b.must(b.transfer(fmt.Sprint("crowd-", caller), 0, 1, "0.01")) })
		}
		group.Wait()
		b.must(b.transfer("the first alone", 0, 1, "0.01")) // may wait for the crowd
		for i := range 5 {
			began := time.Now()
			b.must(b.transfer(fmt.Sprint("alone-", i), 0, 1, "0.01"))
			if took := time.Since(began); took != fsync {
				t.Errorf("command %d took %s, an append %s", i, took, fsync)
			}
		}
	})(t)
}

// slowKeys take long over a profile that says so.
type slowKeys struct{ *events.MemoryKeys }

func (k slowKeys) Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error) {
	if strings.Contains(string(plain), "slow") {
		time.Sleep(11 * time.Millisecond)
	}
	return k.MemoryKeys.Seal(project, customer, plain)
}

// TestGroupEndsByTime: when deciding takes long, a group ends once it has a hundred
// operations, and not before.
func TestGroupEndsByTime(t *testing.T) {
	for _, c := range []struct{ before, after, commits int }{
		{98, 50, 2}, // the slow command is the 99th, and the 100th ends the group
		{99, 50, 2}, // the slow command is the 100th
		{50, 40, 1}, // the group has fewer in all
		{0, 99, 1},
		{0, 100, 2},
	} {
		t.Run(fmt.Sprint(c.before, " before, ", c.after, " after"), fakeTime(func(t *testing.T) {
			b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Codec.Keys = slowKeys{cfg.Codec.Keys.(*events.MemoryKeys)} })
			name := "slow"
			commands := make([]domain.Command, 0, c.before+1+c.after)
			for i := range c.before + 1 + c.after {
				commands = append(commands, b.transfer(fmt.Sprint("quick-", i), 0, 1, "0.01"))
			}
			commands[c.before] = domain.UpsertCustomer{Project: b.project, Customer: "customer-0", Change: domain.ProfileChange{Name: &name}}
			before, _ := b.log.Last(t.Context())
			for i, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, commands) {
				if outcome.Err != nil {
					t.Errorf("command %d: %v", i, outcome.Err)
				}
				if want := before + 1 + uint64(i)/max(100, uint64(c.before)+1); c.commits > 1 && outcome.Receipt.Sequence != want {
					t.Errorf("command %d stands in commit %d, want %d", i, outcome.Receipt.Sequence, want)
				}
			}
			if after, _ := b.log.Last(t.Context()); after != before+uint64(c.commits) {
				t.Errorf("%d commits, want %d", after-before, c.commits)
			}
		}))
	}
}

// TestGroupEndsByOperations: a group has at most 500 operations, and a command with
// more is alone in its group.
func TestGroupEndsByOperations(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		before, _ := b.log.Last(t.Context())
		var commands []domain.Command
		for i, n := range []int{499, 1, 1, 499, 499, 2, 501, 500, 1} {
			commands = append(commands, b.large(fmt.Sprint("large-", i), n))
		}
		for i, outcome := range b.ledger.DoAll(t.Context(), 0, domain.Operator, commands) {
			if outcome.Err != nil {
				t.Fatal(outcome.Err)
			}
			if commit, want := outcome.Receipt.Sequence-before, []uint64{1, 1, 2, 2, 3, 4, 5, 6, 7}[i]; commit != want {
				t.Errorf("command %d stands in commit %d, want %d", i, commit, want)
			}
		}
	})(t)
}

// TestWhatTimeAsksForHasItsOwnTurns: what comes due of a project does not wait for all
// that its callers have waiting.
func TestWhatTimeAsksForHasItsOwnTurns(t *testing.T) {
	fakeTime(func(t *testing.T) {
		const budget = 500
		at := newClock()
		a := newTenants(t, 1, at.config)
		later := a.transfer("later", 0, 1, "1.00")
		later.ScheduledFor = at.time().Add(time.Hour)
		id := a.must(later).Events[0].(*domain.TransactionScheduled).Transaction
		a.hold()
		for i := range 20 {
			a.ask(func() { a.must(a.large(fmt.Sprint("wide-", i), budget)) })
		}
		at.advance(time.Hour)
		a.let()
		last, _ := a.log.Last(t.Context())
		for sequence := a.held; sequence <= last; sequence++ {
			m, err := a.log.Get(t.Context(), sequence)
			if err != nil {
				t.Fatal(err)
			}
			commit, err := (&events.Codec{Keys: a.keys}).Decode(m.Data)
			if err != nil {
				t.Fatal(err)
			}
			for _, fact := range commit.Facts {
				if completed, ok := fact.(*domain.TransactionCompleted); ok && completed.Transaction == id {
					if behind := sequence - a.held; behind > 2 {
						t.Errorf("it was done %d groups after it was due", behind)
					}
					return
				}
			}
		}
		t.Error("it was not done")
	})(t)
}

// TestDeadlinesDoNotPileUp: what comes due enters the queue as a group takes it, however
// many commands of callers have turns beside it.
func TestDeadlinesDoNotPileUp(t *testing.T) {
	fakeTime(func(t *testing.T) {
		const many, groups, budget = 3000, 6, 500
		at := newClock()
		a := newTenants(t, 1, at.config)
		a.grantMany(many, at.time().Add(time.Hour))
		a.hold()
		batch := make([]domain.Command, many)
		for i := range batch {
			batch[i] = a.transfer(fmt.Sprint("line-", i), 0, 1, "0.01")
		}
		a.ask(func() { a.ledger.DoAll(t.Context(), 0, domain.Operator, batch) })
		at.advance(time.Hour)
		for range groups { // each has as many of the callers' commands as of what is due
			a.log.open()
			a.log.shut()
			<-a.log.arrived
		}
		if n := a.metric("tallystick_waiting_operations"); n > many-groups*budget/2+budget {
			t.Errorf("%v operations wait after %d groups", n, groups)
		}
		a.cancel()
		a.let()
	})(t)
}
