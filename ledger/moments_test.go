package ledger_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// TestSetClockIsNoticed within a minute, though nobody asks for anything.
func TestSetClockIsNoticed(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newBook(t, 1, at.config)
		b.must(b.grant("bonus", 0, "5.00", at.time().Add(24*time.Hour)))
		at.advance(24 * time.Hour)
		time.Sleep(time.Minute + time.Millisecond)
		if n := b.expiries(); n != 1 {
			t.Errorf("the credit was removed %d times", n)
		}
	})(t)
}

// TestRefusedDeadlineRests: what the log did not take is tried again a second after it
// was decided.
func TestRefusedDeadlineRests(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 1, nil)
		expires := time.Now().Add(time.Minute)
		b.must(b.grant("bonus", 0, "5.00", expires))
		b.log.Fail(events.Full, events.Full)
		time.Sleep(time.Minute + 500*time.Millisecond)
		b.poke() // nor does a command bring it forward
		time.Sleep(1500*time.Millisecond - time.Millisecond)
		b.expectBalances("105.00")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		b.expectBalances("100.00")
	})(t)
}

// TestFailedDeadlinesAreTriedAgain: a deadline that meets a defect is tried again after
// pauses of its own, whatever else failed.
func TestFailedDeadlinesAreTriedAgain(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newObserved(t, 4, nil)
		start := time.Now()
		due := []time.Duration{900 * time.Millisecond, 0, 300 * time.Millisecond, 500 * time.Millisecond}
		var mend []func()
		for i, after := range due {
			later := b.transact(fmt.Sprint("later-", i), domain.Operation{Type: domain.Issue, Recipient: b.wallets[i], Quantity: major("5.00")})
			later.ScheduledFor = start.Add(time.Minute + after)
			b.must(later)
			mend = append(mend, b.damage(i))
		}
		time.Sleep(time.Minute - time.Millisecond)
		for now := time.Duration(0); now < 16*time.Second; now += 100 * time.Millisecond {
			want, failed := 0, 0
			for _, first := range due {
				for again := time.Second; first <= now; again *= 2 {
					want++
					first += again
				}
			}
			for _, first := range due {
				if first <= now {
					failed++
				}
			}
			time.Sleep(time.Millisecond)
			synctest.Wait()
			if tried, waiting := b.metric("tallystick_defects_total"), b.metric("tallystick_deadlines_failed"); tried != float64(want) || waiting != float64(failed) {
				t.Fatalf("after %s: tried %v times, want %d; %v failed, want %d", now, tried, want, waiting, failed)
			}
			time.Sleep(99 * time.Millisecond)
		}
		synctest.Wait()
		for _, mend := range mend {
			mend()
		}
		time.Sleep(16 * time.Second)
		b.expectBalances("105.00", "105.00", "105.00", "105.00")
	})(t)
}

// absentLog does not answer from a moment on, and notes when it is asked what stands
// at a place, and how far it goes.
type absentLog struct {
	*events.Memory
	gets, lasts []time.Time
}

func (l *absentLog) Get(ctx context.Context, sequence uint64) (events.Message, error) {
	l.gets = append(l.gets, time.Now())
	return l.Memory.Get(ctx, sequence)
}

func (l *absentLog) Last(ctx context.Context) (uint64, error) {
	l.lasts = append(l.lasts, time.Now())
	return l.Memory.Last(ctx)
}

// TestAbsentLogIsAskedLessAndLess, at the start and about an append without an answer.
func TestAbsentLogIsAskedLessAndLess(t *testing.T) {
	fakeTime(func(t *testing.T) {
		log := &absentLog{Memory: events.NewMemory()}
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs, cfg.Watch, cfg.Patience = []ledger.Log{log}, time.Hour, 0 })
		b.log = log.Memory
		expect := func(what string, asked []time.Time) {
			t.Helper()
			var pauses []time.Duration
			for i := range 9 {
				pauses = append(pauses, asked[i+1].Sub(asked[i])/time.Millisecond)
			}
			if want := []time.Duration{20, 40, 80, 160, 320, 640, 1000, 1000, 1000}; !slices.Equal(pauses, want) {
				t.Errorf("%s: asked after pauses of %d ms, want %d", what, pauses, want)
			}
		}
		log.SetOffline(true)
		began := time.Now()
		var unavailable *ledger.Unavailable
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("offline", 0, 1, "1.00")); !errors.As(err, &unavailable) || !unavailable.OutcomeUnknown {
			t.Errorf("answered %v", err)
		}
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("the caller waited for %s", waited)
		}
		synctest.Wait()
		expect("an append", log.gets)
		b.stop()

		log.lasts = nil
		start(t, b.keys, func(cfg *ledger.Config) { cfg.Watch = time.Hour }, log)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		expect("a start", log.lasts)
	})(t)
}

// TestSilentWitness: a witness that does not answer delays a start by three seconds.
func TestSilentWitness(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		l := start(t, b.keys, func(cfg *ledger.Config) {
			cfg.Witnesses = []ledger.Witness{{Name: "the test", Seen: func(ctx context.Context, _ int) (events.Cursor, error) {
				<-ctx.Done()
				return events.Cursor{}, ctx.Err()
			}}}
		}, b.log)
		time.Sleep(3*time.Second - time.Millisecond)
		if err := l.Ready(); err == nil {
			t.Error("ready before the witness had its time")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if err := l.Ready(); err != nil {
			t.Errorf("after three seconds: %v", err)
		}
	})(t)
}

// TestReadersShareAQuestion: however many readers come while the log is being asked,
// it is asked once more for all of them.
func TestReadersShareAQuestion(t *testing.T) {
	fakeTime(func(t *testing.T) {
		log := &absentLog{Memory: events.NewMemory()}
		slow := &lateLog{absentLog: log}
		b := newBook(t, 2, func(cfg *ledger.Config) { cfg.Logs, cfg.Watch = []ledger.Log{slow}, time.Hour })
		log.lasts = nil
		read := func() {
			if _, err := b.ledger.View(t.Context(), 0, func(*domain.State) {}); err != nil {
				t.Error(err)
			}
		}
		for round := range 3 {
			slow.late = 5 * time.Millisecond
			go read()
			synctest.Wait()
			for range 10 {
				go read()
				synctest.Wait()
			}
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			if asked := len(log.lasts); asked != 2*(round+1) {
				t.Errorf("round %d: the log was asked %d times", round, asked)
			}
		}
	})(t)
}

// lateLog answers late what its newest commit is.
type lateLog struct {
	*absentLog
	late time.Duration
}

func (l *lateLog) Last(ctx context.Context) (uint64, error) {
	last, err := l.absentLog.Last(ctx)
	select {
	case <-time.After(l.late):
		return last, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// TestDefaultCapacity: a project may have half of 131,072 operations waiting.
func TestDefaultCapacity(t *testing.T) {
	fakeTime(func(t *testing.T) {
		a := newTenants(t, 1, nil)
		a.hold()
		refused := func(reference string) bool {
			var unavailable *ledger.Unavailable
			_, err := a.ledger.Do(t.Context(), 0, domain.Operator, a.transfer(reference, 0, 1, "0.01"))
			return errors.As(err, &unavailable) && strings.Contains(unavailable.Reason, "too many")
		}
		var half []domain.Command
		for i := range 65 {
			half = append(half, a.large(fmt.Sprint("half-", i), 1000))
		}
		half = append(half, a.large("the rest of it", 535))
		a.ask(func() { a.ledger.DoAll(t.Context(), 0, domain.Operator, half) })
		a.ask(func() {
			if refused("the last one") {
				t.Error("less than half is too much")
			}
		})
		if !refused("one too many") {
			t.Error("more than half is taken")
		}
		a.cancel()
		a.let()
	})(t)
}
