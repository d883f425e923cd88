package ledger_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// witness is what a test says that a read model has seen.
type witness struct {
	seen atomic.Pointer[events.Cursor] // nil while it cannot be asked
}

func (w *witness) config(cfg *ledger.Config) {
	cfg.Witnesses = append(cfg.Witnesses, ledger.Witness{Name: "the test", Seen: func(_ context.Context, shard int) (events.Cursor, error) {
		if seen := w.seen.Load(); seen != nil {
			return *seen, nil
		}
		return events.Cursor{}, errors.New("the database is away")
	}})
}

// seenBy is a witness of a log up to one of its commits.
func seenBy(t *testing.T, log *events.Memory, sequence uint64) *witness {
	t.Helper()
	w := &witness{}
	cursor := events.Cursor{Sequence: sequence}
	if sequence > 0 {
		m, err := log.Get(t.Context(), sequence)
		if err != nil {
			t.Fatal(err)
		}
		cursor.Hash = events.HashOf(m.Data)
	}
	w.seen.Store(&cursor)
	return w
}

// TestLostCommits: a log that has less than is known of it is neither read nor
// written, and says how much is missing and who knows.
func TestLostCommits(t *testing.T) {
	t.Parallel()
	lost := func(t *testing.T, b *book, l *ledger.Ledger, want ...string) {
		t.Helper()
		await(t, "it has stopped", func() bool { return errors.Is(l.Ready(), events.ErrLostCommits) })
		before, _ := b.log.Last(t.Context())
		expectStopped(t, l, b.transfer("late", 0, 1, "1.00"))
		if after, _ := b.log.Last(t.Context()); after != before {
			t.Error("something was written")
		}
		for _, text := range append(want, "Restore the stream", "do not drop the read model") {
			if !strings.Contains(l.Ready().Error(), text) {
				t.Errorf("%q does not say %q", l.Ready(), text)
			}
		}
	}
	t.Run("at the start", fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		last := b.must(b.transfer("one", 0, 1, "1.00")).Sequence
		w := seenBy(t, b.log, last)
		b.stop()
		b.log.Truncate(last - 2)
		lost(t, b, start(t, b.keys, w.config, b.log), "the test has seen commit 8", "it ends with commit 6", "2 commits are missing")
	}))
	t.Run("all of them", fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		w := seenBy(t, b.log, 7)
		b.stop()
		lost(t, b, start(t, b.keys, w.config, events.NewMemory()), "7 commits are missing")
	}))
	t.Run("others stand there", fakeTime(func(t *testing.T) {
		b, other := newBook(t, 2, nil), newBook(t, 3, nil)
		b.stop()
		lost(t, b, start(t, b.keys, seenBy(t, other.log, 7).config, b.log), "commit 7 has the hash", "other commits stand")
	}))
	t.Run("the witness was away", fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		w := &witness{}
		l := start(t, b.keys, w.config, b.log)
		await(t, "commands do not wait for it", func() bool {
			_, err := l.Do(t.Context(), 0, domain.Operator, b.transfer("early", 0, 1, "1.00"))
			return err == nil || rejection(err) == domain.DuplicateReference
		})
		w.seen.Store(&events.Cursor{Sequence: 1000})
		lost(t, b, l, "has seen commit 1000")
	}))
	t.Run("under a running process", fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.log.Truncate(4)
		lost(t, b, b.ledger, "it ends with commit 4", "this process has seen commit 7")
	}))
	t.Run("under an append", fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		b.log.Truncate(4)
		if _, err := b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("one", 0, 1, "1.00")); err == nil {
			t.Error("it was acknowledged")
		}
		lost(t, b, b.ledger, "it ends with commit 4", "this process has seen commit 7")
	}))
}

// TestWitnesses that have nothing against the log let it be.
func TestWitnesses(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		for _, sequence := range []uint64{0, 1, 7} {
			w := seenBy(t, b.log, sequence)
			l := start(t, b.keys, w.config, b.log)
			await(t, "it is ready", func() bool { return l.Ready() == nil })
		}
	})(t)
}

// TestEmptyLogWaitsForItsWitness: a log with nothing in it is what a lost one looks
// like.
func TestEmptyLogWaitsForItsWitness(t *testing.T) {
	fakeTime(func(t *testing.T) {
		w := &witness{}
		l := start(t, events.NewMemoryKeys(), w.config, events.NewMemory())
		await(t, "it says what it waits for", func() bool {
			err := l.Ready()
			return err != nil && strings.Contains(err.Error(), "the test cannot be asked")
		})
		w.seen.Store(&events.Cursor{})
		await(t, "it is ready", func() bool { return l.Ready() == nil })
	})(t)
}
