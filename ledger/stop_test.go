package ledger_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// TestStopWhileReadingOn: a process that stops after another was first, and while the
// log is away, has done nothing, and takes nothing for damage.
func TestStopWhileReadingOn(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newObserved(t, 2, nil)
		other := b.again()
		other.must(other.transfer("theirs", 0, 1, "1.00"))
		for range 100 {
			b.log.FailReads(events.ErrUnknown) // what is asked after the conflict
		}
		answered := make(chan error, 1)
		go func() {
			_, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("ours", 0, 1, "1.00"))
			answered <- err
		}()
		time.Sleep(500 * time.Millisecond)
		b.cancel()
		var unavailable *ledger.Unavailable
		if err := <-answered; !errors.As(err, &unavailable) || unavailable.OutcomeUnknown || !strings.Contains(unavailable.Reason, "stopping") {
			t.Errorf("answered %v", err)
		}
		b.stop()
		if err := b.ledger.Ready(); err == nil || errors.Is(err, events.ErrDamaged) || strings.Contains(b.said.String(), "level=ERROR") {
			t.Errorf("ready: %v; the log says %s", err, b.said)
		}
	})(t)
}

// TestAfterStop: who comes after the end is told at once.
func TestAfterStop(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.stop()
		began := time.Now()
		var unavailable *ledger.Unavailable
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("late", 0, 1, "1.00")); !errors.As(err, &unavailable) || unavailable.OutcomeUnknown || !strings.Contains(unavailable.Reason, "stopping") {
			t.Errorf("a command: %v", err)
		}
		if _, err := b.ledger.View(t.Context(), 0, func(*domain.State) {}); !errors.As(err, &unavailable) {
			t.Errorf("a read: %v", err)
		}
		if waited := time.Since(began); waited != 0 {
			t.Errorf("they waited for %s", waited)
		}
	})(t)
}
