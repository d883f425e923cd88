package ledger_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
)

// start runs a ledger that may never be ready, over logs of several shards.
func start(t *testing.T, keys *events.MemoryKeys, change func(*ledger.Config), logs ...ledger.Log) *ledger.Ledger {
	t.Helper()
	cfg := ledger.Config{Logs: logs, Codec: &events.Codec{Keys: keys}, Logger: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&cfg)
	}
	l := ledger.New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Errorf("the ledger ended with %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
	return l
}

// commitNext writes a commit that fits the chain, whatever its facts.
func (b *book) commitNext(facts ...domain.Event) {
	b.t.Helper()
	last, _ := b.log.Last(b.t.Context())
	m, err := b.log.Get(b.t.Context(), last)
	if err != nil {
		b.t.Fatal(err)
	}
	place := ids.Place{Location: ids.Location{Sequence: last + 1}, Time: time.Now()}
	builder := (&events.Codec{Keys: b.keys}).NewBuilder(place, events.HashOf(m.Data))
	if added, err := builder.Add(facts, 1<<20); !added || err != nil {
		b.t.Fatal(added, err)
	}
	if err := b.log.Append(b.t.Context(), last, fmt.Sprint("next-", last), builder.Bytes()); err != nil {
		b.t.Fatal(err)
	}
}

// spoils make the commit before the newest one that cannot be followed.
var spoils = map[string]func(b *book, at uint64, data []byte){
	"a changed byte": func(b *book, at uint64, data []byte) { b.log.Damage(at, append(bytes.Clone(data), ' ')) },
	"another commit": func(b *book, at uint64, data []byte) { // whole, but for the hash that the next one carries
		codec := &events.Codec{Keys: b.keys}
		commit, err := codec.Decode(data)
		if err != nil {
			b.t.Fatal(err)
		}
		place := commit.Place(0)
		place.Time = place.Time.Add(time.Microsecond)
		builder := codec.NewBuilder(place, commit.Previous)
		if added, err := builder.Add(commit.Facts, 1<<20); !added || err != nil {
			b.t.Fatal(added, err)
		}
		b.log.Damage(at, builder.Bytes())
	},
	"cut short": func(b *book, at uint64, data []byte) { b.log.Damage(at, data[:len(data)/2]) },
	"missing":   func(b *book, at uint64, data []byte) { b.log.Damage(at, nil) },
	"a fact that cannot be": func(b *book, _ uint64, _ []byte) {
		b.commitNext(&domain.WalletStatusChanged{Asked: domain.Asked{By: domain.Operator}, Project: b.project, Wallet: "wall_0000000000000", Status: domain.Frozen})
	},
}

// spoil lets the first of two processes move money twice, and damages the log.
func spoil(b *book, damage func(b *book, at uint64, data []byte)) {
	b.t.Helper()
	at := b.must(b.transfer("one", 0, 1, "1.00")).Sequence
	b.must(b.transfer("two", 0, 1, "1.00"))
	m, err := b.log.Get(b.t.Context(), at)
	if err != nil {
		b.t.Fatal(err)
	}
	damage(b, at, m.Data)
}

// TestDamageStopsTheShard, whether it is met at the start or while another
// process's commits are folded: nothing is read or written any more, the log of the
// process says what to do, and other shards go on.
func TestDamageStopsTheShard(t *testing.T) {
	t.Parallel()
	for name, damage := range spoils {
		for _, atStart := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, at the start %t", name, atStart), fakeTime(func(t *testing.T) {
				b := newBook(t, 2, nil)
				if atStart {
					spoil(b, damage)
				}
				var said lines
				registry := prometheus.NewRegistry()
				l := start(t, b.keys, func(cfg *ledger.Config) {
					cfg.Logger, cfg.Registry = slog.New(slog.NewTextHandler(&said, nil)), registry
				}, b.log, events.NewMemory())
				if !atStart {
					await(t, "it is ready", func() bool { return l.Ready() == nil })
					spoil(b, damage)
					_, _ = l.View(t.Context(), 0, func(*domain.State) {}) // asks the log what is new
				}
				await(t, "it has stopped", func() bool { return errors.Is(l.Ready(), events.ErrDamaged) })
				before, _ := b.log.Last(t.Context())
				expectStopped(t, l, b.transfer("three", 0, 1, "1.00"))
				if after, _ := b.log.Last(t.Context()); after != before {
					t.Error("something was written")
				}
				await(t, "it says what to do", func() bool {
					text := said.String()
					return strings.Contains(text, "level=ERROR") && strings.Contains(text, "Restore the stream") && strings.Contains(text, "LEDGER_000")
				})
				if text := l.Ready().Error(); !strings.Contains(text, "do not drop the read model") {
					t.Errorf("it is not ready for %s", text)
				}
				await(t, "the other shard works", func() bool {
					_, err := l.View(t.Context(), 1, func(*domain.State) {})
					return err == nil
				})
				await(t, "the metric agrees", func() bool {
					got := gauges(t, registry, "tallystick_shard_ready")
					return got["0"] == 0 && got["1"] == 1
				})
			}))
		}
	}
}

// expectStopped checks that a shard neither takes commands nor answers reads.
func expectStopped(t *testing.T, l *ledger.Ledger, command domain.Command) {
	t.Helper()
	var unavailable *ledger.Unavailable
	if _, err := l.Do(t.Context(), 0, domain.Operator, command); !errors.As(err, &unavailable) || unavailable.OutcomeUnknown {
		t.Errorf("a command: %v", err)
	}
	if _, err := l.View(t.Context(), 0, func(*domain.State) {}); !errors.As(err, &unavailable) {
		t.Errorf("a read: %v", err)
	}
}

// lines is what a logger wrote.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// gauges reads a metric, by shard.
func gauges(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			values[metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
		}
	}
	return values
}

// TestWhatMayPassIsWaitedOut: neither a key that cannot be read now nor a log that
// does not answer ends a shard.
func TestWhatMayPassIsWaitedOut(t *testing.T) {
	t.Parallel()
	for _, atStart := range []bool{true, false} {
		t.Run(fmt.Sprint("at the start ", atStart), fakeTime(func(t *testing.T) {
			b := newBook(t, 2, nil)
			patience := func(cfg *ledger.Config) { cfg.Patience = 50 * time.Millisecond }
			faults := func() {
				b.keys.SetOffline(true)
				b.log.FailReads(context.DeadlineExceeded, nil, context.DeadlineExceeded, events.ErrGap, events.ErrUnknown)
			}
			if atStart {
				faults()
			}
			l := start(t, b.keys, patience, b.log)
			name := "Ama"
			if !atStart {
				await(t, "it is ready", func() bool { return l.Ready() == nil })
				b.must(domain.UpsertCustomer{Project: b.project, Customer: "customer-0", Change: domain.ProfileChange{Name: &name}})
				faults()
			}
			if _, err := l.View(t.Context(), 0, func(*domain.State) {}); err == nil {
				t.Error("a read was answered without the newest commit")
			}
			b.keys.SetOffline(false)
			await(t, "it goes on", func() bool {
				known := ""
				_, err := l.View(t.Context(), 0, func(s *domain.State) {
					if customer, ok := s.Customer(b.project, "customer-0"); ok {
						known = customer.Profile.Username
					}
				})
				return err == nil && known == "user0" && l.Ready() == nil
			})
			await(t, "commands are taken", func() bool {
				_, err := l.Do(t.Context(), 0, domain.Operator, b.transfer("afterwards", 0, 1, "1.00"))
				return err == nil || rejection(err) == domain.DuplicateReference
			})
		}))
	}
}

// TestMissingRecord: a transaction that was acknowledged and cannot be read is not
// one that never was.
func TestMissingRecord(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		receipt := b.must(b.transfer("one", 0, 1, "1.00"))
		id := receipt.Events[0].(*domain.TransactionCompleted).Transaction
		b.log.FailReads(events.ErrNotFound, nil, nil) // a leader that was paused, then its successor
		var unavailable *ledger.Unavailable
		if _, _, err := b.ledger.Transaction(t.Context(), id); !errors.As(err, &unavailable) {
			t.Errorf("from a leader of the past: %v", err)
		}
		if _, ok, err := b.ledger.Transaction(t.Context(), id); !ok || err != nil {
			t.Errorf("then: %t %v", ok, err)
		}
		b.log.Damage(receipt.Sequence, nil)
		if _, ok, err := b.ledger.Transaction(t.Context(), id); ok || !errors.As(err, &unavailable) {
			t.Errorf("a missing commit: %t %v", ok, err)
		}
		if err := b.ledger.Ready(); !errors.Is(err, events.ErrDamaged) {
			t.Errorf("it is ready: %v", err)
		}
		expectStopped(t, b.ledger, b.transfer("two", 0, 1, "1.00"))
	})(t)
}

// TestSilentLog: a log that does not answer is noticed though nobody asks for
// anything, and so is that it answers again.
func TestSilentLog(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newObserved(t, 2, nil)
		expect := func(ready float64, warnings, recoveries int) {
			t.Helper()
			time.Sleep(3 * time.Second) // the log is asked each second
			synctest.Wait()
			if err, metric := b.ledger.Ready(), b.metric("tallystick_shard_ready"); (err == nil) != (ready == 1) || metric != ready {
				t.Errorf("it is ready: %v, and by the metric %v", err, metric)
			}
			said := b.said.String()
			if w, r := strings.Count(said, "level=WARN"), strings.Count(said, "the log can be reached again"); w != warnings || r != recoveries {
				t.Errorf("%d warnings and %d recoveries were said, want %d and %d", w, r, warnings, recoveries)
			}
		}
		expect(1, 0, 0)
		b.log.SetOffline(true)
		expect(0, 1, 0)
		b.log.SetOffline(false)
		expect(1, 1, 1)
		b.log.SetOffline(true)
		expect(0, 2, 1)
		b.log.SetOffline(false)
		expect(1, 2, 2)
		b.expectBalances("100.00", "100.00")
	})(t)
}

// TestFullLog: a log without room is why nothing is ready, and stops being so.
func TestFullLog(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.log.Fail(events.Full)
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("one", 0, 1, "1.00")); err == nil || !strings.Contains(err.Error(), "full") {
			t.Errorf("a command: %v", err)
		}
		if err := b.ledger.Ready(); err == nil || !strings.Contains(err.Error(), "full") {
			t.Errorf("it is ready: %v", err)
		}
		b.must(b.transfer("two", 0, 1, "1.00"))
		if err := b.ledger.Ready(); err != nil {
			t.Errorf("after a commit that was taken: %v", err)
		}
		b.log.Fail(events.Full)
		_, _ = b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("three", 0, 1, "1.00"))
		time.Sleep(5*time.Second - time.Millisecond)
		if b.ledger.Ready() == nil {
			t.Error("it is ready before there can be room")
		}
		time.Sleep(time.Millisecond)
		if err := b.ledger.Ready(); err != nil {
			t.Errorf("it is not ready to be tried again: %v", err)
		}
	})(t)
}

// TestTimeGoesOnOverARestart: the clock was set back while no process ran.
func TestTimeGoesOnOverARestart(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newBook(t, 2, at.config)
		first := b.must(b.transfer("first", 0, 1, "1.00"))
		b.stop()
		at.advance(-time.Hour)
		next := open(t, b.log, b.keys, at.config)
		next.project, next.wallets = b.project, b.wallets
		if second := next.must(next.transfer("second", 0, 1, "1.00")); second.Time.Before(first.Time) {
			t.Errorf("a commit of %s follows one of %s", second.Time, first.Time)
		}
	})(t)
}

// pastLog is led by a replica that was paused, and knows of nothing after a commit.
type pastLog struct {
	*events.Memory
	newest uint64 // that it knows of; 0: all
}

func (l *pastLog) Last(ctx context.Context) (uint64, error) {
	last, err := l.Memory.Last(ctx)
	if l.newest > 0 {
		last = min(last, l.newest)
	}
	return last, err
}

func (l *pastLog) Get(ctx context.Context, sequence uint64) (events.Message, error) {
	if l.newest > 0 && sequence > l.newest {
		return events.Message{}, events.ErrNotFound
	}
	return l.Memory.Get(ctx, sequence)
}

// TestLeaderOfThePast: what it does not know of is neither unknown nor damage.
func TestLeaderOfThePast(t *testing.T) {
	fakeTime(func(t *testing.T) {
		log := &pastLog{Memory: events.NewMemory()}
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs, cfg.Watch = []ledger.Log{log}, time.Hour })
		receipt := b.must(b.transfer("one", 0, 1, "1.00"))
		id := receipt.Events[0].(*domain.TransactionCompleted).Transaction
		log.newest = receipt.Sequence - 1
		var unavailable *ledger.Unavailable
		if _, _, err := b.ledger.Transaction(t.Context(), id); !errors.As(err, &unavailable) {
			t.Errorf("while it leads: %v", err)
		}
		log.newest = 0
		if _, ok, err := b.ledger.Transaction(t.Context(), id); !ok || err != nil {
			t.Errorf("then: %t %v", ok, err)
		}
		if err := b.ledger.Ready(); err != nil {
			t.Error(err)
		}
	})(t)
}
