package ledger_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
)

// unruled is a command without a rule: deciding it panics.
type unruled struct{ domain.Command }

func (unruled) ProjectID() ids.Project { return "" }

// fragileKeys panic over a profile that says so.
type fragileKeys struct{ *events.MemoryKeys }

func (k fragileKeys) Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error) {
	if bytes.Contains(plain, []byte("unsealable")) {
		panic("the keyring is broken")
	}
	return k.MemoryKeys.Seal(project, customer, plain)
}

// damage takes the terms of a wallet away, in memory, so that whatever looks at
// them panics. Calling what it returns gives them back.
func (b *book) damage(wallet int) (mend func()) {
	b.t.Helper()
	var terms *domain.Terms
	swap := func() {
		b.ledger.Peek(0, func(s *domain.State) {
			w, _ := s.Wallet(b.wallets[wallet])
			w.Terms, terms = terms, w.Terms
		})
		// A command that is refused: the writer's next reads come after the swap.
		_, _ = b.ledger.Do(b.t.Context(), 0, domain.Operator, b.transfer("refused", wallet, wallet, "0"))
	}
	swap()
	return swap
}

// buffer is a log that a test reads while it is written.
type buffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// observed is a book whose log and metrics a test looks at.
type observed struct {
	*book
	said     *buffer
	registry *prometheus.Registry
}

func newObserved(t *testing.T, wallets int, change func(*ledger.Config)) *observed {
	t.Helper()
	o := &observed{said: &buffer{}, registry: prometheus.NewRegistry()}
	o.book = newBook(t, wallets, func(cfg *ledger.Config) {
		cfg.Codec.Keys = fragileKeys{cfg.Codec.Keys.(*events.MemoryKeys)}
		cfg.Logger, cfg.Registry = slog.New(slog.NewTextHandler(o.said, nil)), o.registry
		if change != nil {
			change(cfg)
		}
	})
	return o
}

// metric is the sum of a metric over its labels.
func (o *observed) metric(name string) float64 {
	o.t.Helper()
	families, err := o.registry.Gather()
	if err != nil {
		o.t.Fatal(err)
	}
	sum := 0.0
	for _, family := range families {
		if family.GetName() == name {
			for _, m := range family.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// TestDefect has commands of a group panic wherever one can. Each of them is
// answered with an error and nothing of it is done; the others are done.
func TestDefect(t *testing.T) {
	t.Parallel()
	cases := map[string]func(b *observed) (bad domain.Command, mend func()){
		"in deciding": func(*observed) (domain.Command, func()) { return unruled{}, func() {} },
		"in encoding": func(b *observed) (domain.Command, func()) {
			name := "unsealable"
			return domain.UpsertCustomer{Project: b.project, Customer: "customer-1", Change: domain.ProfileChange{Name: &name}}, func() {}
		},
		"with the fork changed": func(b *observed) (domain.Command, func()) {
			placed := b.must(domain.PlaceHold{Project: b.project, Wallet: b.wallets[2], Reference: "hold", Quantity: major("40.00")})
			hold := placed.Events[0].(*domain.HoldPlaced).Hold
			return domain.ReleaseHold{Project: b.project, Hold: hold}, b.damage(2) // what the wallet has then cannot be told
		},
	}
	for name, prepare := range cases {
		t.Run(name, fakeTime(func(t *testing.T) {
			b := newObserved(t, 3, nil)
			bad, mend := prepare(b)
			outcomes := b.ledger.DoAll(t.Context(), 0, domain.Operator, []domain.Command{
				bad, b.transfer("one", 0, 1, "10.00"), b.transfer("two", 0, 1, "10.00"), bad, bad, b.transfer("three", 0, 1, "10.00"),
			})
			kind := fmt.Sprintf("%T", bad)
			for i, outcome := range outcomes {
				var defect *ledger.Defect
				met, isBad := errors.As(outcome.Err, &defect), i == 0 || i == 3 || i == 4
				if met != isBad || !isBad && outcome.Err != nil || met && defect.Command != kind {
					t.Errorf("command %d: %v", i, outcome.Err)
				}
			}
			if outcomes[1].Receipt.Sequence != outcomes[2].Receipt.Sequence {
				t.Error("what comes before a defect is cut into two commits")
			}
			mend()
			b.expectBalances("70.00", "130.00", "100.00")
			b.must(b.transfer("after", 0, 1, "10.00"))
			if n := b.metric("tallystick_defects_total"); n != 3 {
				t.Errorf("%v defects were counted", n)
			}
			for _, want := range []string{kind, "goroutine", "decideOne"} {
				if !strings.Contains(b.said.String(), want) {
					t.Errorf("the log does not say %q", want)
				}
			}
			if held := b.held(2); (held == "40.00") != (name == "with the fork changed") {
				t.Errorf("%s is held", held)
			}
			b.stop()
			b.again().expectBalances("60.00", "140.00", "100.00")
		}))
	}
}

func (b *book) held(wallet int) (held string) {
	b.ledger.Peek(0, func(s *domain.State) {
		w, _ := s.Wallet(b.wallets[wallet])
		held = w.Held().String()
	})
	return held
}

// TestDefectOfTime: what time asks for and meets a defect holds up nothing else,
// is tried again after pauses that grow, and is done once the defect is gone.
func TestDefectOfTime(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newObserved(t, 3, at.config)
		for i := range 3 {
			later := b.transact(fmt.Sprint("later-", i), domain.Operation{Type: domain.Issue, Recipient: b.wallets[i], Quantity: major("5.00")})
			later.ScheduledFor = at.time().Add(time.Hour)
			b.must(later)
		}
		mend := b.damage(1)
		at.advance(time.Hour)
		poke := func(want int) {
			t.Helper()
			b.poke()
			if n := b.metric("tallystick_defects_total"); n != float64(want) {
				t.Errorf("it was tried %v times, want %d", n, want)
			}
		}
		for range 3 {
			poke(1)
		}
		b.expectBalances("105.00", "100.00", "105.00")
		if n := b.metric("tallystick_deadlines_failed"); n != 1 {
			t.Errorf("%v failed deadlines", n)
		}
		for tried := range 14 {
			pause := min(time.Second<<tried, time.Hour)
			at.advance(pause - time.Microsecond)
			poke(tried + 1)
			at.advance(time.Microsecond)
			poke(tried + 2)
		}
		mend()
		at.advance(time.Hour)
		b.poke()
		b.expectBalances("105.00", "105.00", "105.00")
		if n := b.metric("tallystick_deadlines_failed"); n != 0 {
			t.Errorf("%v failed deadlines are left", n)
		}
		if !strings.Contains(b.said.String(), "level=ERROR") || !strings.Contains(b.said.String(), "PerformScheduled") {
			t.Errorf("the log says %s", b.said)
		}
	})(t)
}

// TestTooLargeScheduled: a scheduled transaction whose facts fit into no commit
// ends as failed, under its reference, with the reason.
func TestTooLargeScheduled(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newObserved(t, 2, func(cfg *ledger.Config) { at.config(cfg); cfg.MaxCommit = 4 << 10 })
		large := b.transact("large")
		for range 14 { // one operation takes less than its two entries
			large.Operations = append(large.Operations, domain.Operation{Type: domain.Transfer, Sender: b.wallets[0], Recipient: b.wallets[1], Quantity: major("0.01")})
		}
		large.ScheduledFor = at.time().Add(time.Hour)
		id := b.must(large).Events[0].(*domain.TransactionScheduled).Transaction
		at.advance(time.Hour)
		b.poke()
		record, ok, err := b.ledger.Transaction(t.Context(), id)
		failed, refused := record.Event.(*domain.TransactionFailed)
		if err != nil || !ok || !refused || failed.Transaction != id || failed.Reference != "large" || failed.Failure.Code != domain.BadRequest ||
			!strings.Contains(failed.Failure.Message, "too large") || len(failed.Operations) != 14 || failed.Origin.Kind != domain.ScheduleOrigin {
			t.Errorf("it reads %+v, %t, %v", record.Event, ok, err)
		}
		b.expectBalances("100.00", "100.00")
		if n := b.metric("tallystick_deadlines_failed"); n != 0 {
			t.Errorf("%v failed deadlines", n)
		}
	})(t)
}
