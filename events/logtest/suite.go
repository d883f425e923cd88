// Package logtest holds every log to the same rules: events.Stream against a
// real server, and events.Memory, which tests of everything else trust.
package logtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tallystick/events"
)

// Log is what the suite tests.
type Log interface {
	Append(ctx context.Context, expected uint64, id string, data []byte) error
	Last(ctx context.Context) (uint64, error)
	Get(ctx context.Context, sequence uint64) (events.Message, error)
	Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error
}

// Run tests logs that open makes, a fresh and empty one for each rule.
func Run(t *testing.T, open func(t *testing.T) Log) {
	rules := []struct {
		name string
		rule func(*testing.T, Log)
	}{
		{"an empty log has nothing", empty},
		{"appends are numbered from one", numbered},
		{"a wrong expectation is a conflict and changes nothing", conflict},
		{"the same append again is a conflict, and stands once", again},
		{"an old append again is a conflict", stale},
		{"of many writers one wins each place", race},
		{"a read is in order and ends", readRange},
		{"a read follows the log", follow},
		{"a read stops with its function", stops},
		{"a read ends with its context", cancelled},
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			t.Parallel()
			r.rule(t, open(t))
		})
	}
}

func fill(t *testing.T, log Log, n int) {
	t.Helper()
	for i := range n {
		if err := log.Append(t.Context(), uint64(i), fmt.Sprint("fill-", i), fmt.Appendf(nil, "commit %d", i+1)); err != nil {
			t.Fatalf("append %d: %v", i+1, err)
		}
	}
}

func last(t *testing.T, log Log) uint64 {
	t.Helper()
	sequence, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return sequence
}

func empty(t *testing.T, log Log) {
	if got := last(t, log); got != 0 {
		t.Errorf("last is %d", got)
	}
	for _, sequence := range []uint64{1, 7} {
		if _, err := log.Get(t.Context(), sequence); !errors.Is(err, events.ErrNotFound) {
			t.Errorf("get %d: %v", sequence, err)
		}
	}
}

func numbered(t *testing.T, log Log) {
	fill(t, log, 3)
	if got := last(t, log); got != 3 {
		t.Errorf("last is %d", got)
	}
	message, err := log.Get(t.Context(), 2)
	if err != nil || message.Sequence != 2 || string(message.Data) != "commit 2" {
		t.Errorf("get 2: %d %q %v", message.Sequence, message.Data, err)
	}
}

func conflict(t *testing.T, log Log) {
	fill(t, log, 2)
	for _, expected := range []uint64{0, 1, 3, 99} {
		if err := log.Append(t.Context(), expected, fmt.Sprint("wrong-", expected), []byte("x")); !errors.Is(err, events.ErrConflict) {
			t.Errorf("append after %d: %v", expected, err)
		}
	}
	if got := last(t, log); got != 2 {
		t.Errorf("last is %d", got)
	}
}

func again(t *testing.T, log Log) {
	fill(t, log, 1)
	if err := log.Append(t.Context(), 1, "same", []byte("same")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := log.Append(t.Context(), 1, "same", []byte("same")); !errors.Is(err, events.ErrConflict) {
			t.Errorf("again: %v", err)
		}
	}
	if got := last(t, log); got != 2 {
		t.Errorf("last is %d", got)
	}
}

func stale(t *testing.T, log Log) {
	fill(t, log, 3)
	if err := log.Append(t.Context(), 3, "fill-0", []byte("commit 1")); !errors.Is(err, events.ErrConflict) {
		t.Errorf("the first commit, once more at the end: %v", err)
	}
	if got := last(t, log); got != 3 {
		t.Errorf("last is %d", got)
	}
}

func race(t *testing.T, log Log) {
	const writers, places = 4, 10
	var mu sync.Mutex
	winners := map[uint64]string{}
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for place := uint64(0); place < places; {
				id := fmt.Sprint(w, "-", place)
				err := log.Append(t.Context(), place, id, []byte(id))
				if err != nil && !errors.Is(err, events.ErrConflict) {
					t.Errorf("append after %d: %v", place, err)
					return
				}
				if err == nil {
					mu.Lock()
					if other, taken := winners[place+1]; taken {
						t.Errorf("place %d was given to %s and %s", place+1, other, id)
					}
					winners[place+1] = id
					mu.Unlock()
				}
				if err == nil || last(t, log) > place {
					place++
				}
			}
		})
	}
	group.Wait()
	for place, winner := range winners {
		if message, err := log.Get(t.Context(), place); err != nil || string(message.Data) != winner {
			t.Errorf("place %d has %q (%v), was given to %s", place, message.Data, err, winner)
		}
	}
	if got := last(t, log); got != places {
		t.Errorf("last is %d", got)
	}
}

func readRange(t *testing.T, log Log) {
	fill(t, log, 700) // more than is read ahead
	next := uint64(13)
	err := log.Read(t.Context(), next, 690, func(m events.Message) error {
		if m.Sequence != next || string(m.Data) != fmt.Sprint("commit ", next) {
			return fmt.Errorf("%d %q came, %d was due", m.Sequence, m.Data, next)
		}
		next++
		return nil
	})
	if err != nil || next != 691 {
		t.Errorf("stopped before %d: %v", next, err)
	}
	if err := log.Read(t.Context(), 5, 4, func(events.Message) error { return errors.New("called") }); err != nil {
		t.Errorf("a read of nothing: %v", err)
	}
}

func follow(t *testing.T, log Log) {
	fill(t, log, 2)
	seen := make(chan uint64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- log.Read(ctx, 2, events.Forever, func(m events.Message) error {
			seen <- m.Sequence
			return nil
		})
	}()
	for want := uint64(2); want <= 5; want++ {
		select {
		case got := <-seen:
			if got != want {
				t.Errorf("%d came, %d was due", got, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("commit %d does not come", want)
		}
		if err := log.Append(t.Context(), want, fmt.Sprint("follow-", want), []byte("more")); err != nil {
			t.Fatal(err)
		}
	}
	<-seen
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
}

func stops(t *testing.T, log Log) {
	fill(t, log, 3)
	enough := errors.New("enough")
	count := 0
	err := log.Read(t.Context(), 1, events.Forever, func(events.Message) error {
		count++
		if count == 2 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || count != 2 {
		t.Errorf("%d calls, %v", count, err)
	}
}

func cancelled(t *testing.T, log Log) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := log.Read(ctx, 1, events.Forever, func(events.Message) error { return errors.New("called") })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("ended with %v", err)
	}
}
