package events_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/events/logtest"

	"github.com/nats-io/nats.go/jetstream"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	logtest.Run(t, func(*testing.T) logtest.Log { return events.NewMemory() })
}

// TestStream tests each rule on a separate shard of one server.
func TestStream(t *testing.T) {
	t.Parallel()
	js := connect(t)
	var shard atomic.Int64
	logtest.Run(t, func(t *testing.T) logtest.Log {
		stream, err := events.OpenStream(t.Context(), js, int(shard.Add(1)), 1)
		if err != nil {
			t.Fatal(err)
		}
		return stream
	})
}

func connect(t *testing.T) jetstream.JetStream {
	t.Helper()
	_, js := embeddedtest.JetStream(t, embeddedtest.NATS(t))
	return js
}

func TestStreamCannotBeChanged(t *testing.T) {
	t.Parallel()
	js := connect(t)
	stream, err := events.OpenStream(t.Context(), js, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Append(t.Context(), 0, "a", []byte("a")); err != nil {
		t.Fatal(err)
	}
	raw, err := js.Stream(t.Context(), events.StreamName(0))
	if err != nil {
		t.Fatal(err)
	}
	if raw.DeleteMsg(t.Context(), 1) == nil || raw.Purge(t.Context()) == nil {
		t.Error("a commit could be taken out of the log")
	}
	if _, err := events.OpenStream(t.Context(), js, 0, 1); err != nil {
		t.Errorf("a second open: %v", err)
	}
}

func TestOpenStreamRefusesAnotherStream(t *testing.T) {
	t.Parallel()
	js := connect(t)
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: events.StreamName(9), Subjects: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := events.OpenStream(t.Context(), js, 9, 1); err == nil {
		t.Error("a stream that can be purged was taken for a ledger")
	}
}

func TestMemoryFails(t *testing.T) {
	t.Parallel()
	m := events.NewMemory()
	ctx := context.Background()
	append1 := func(id string) error { return m.Append(ctx, 0, id, []byte(id)) }
	there := func() bool { _, err := m.Get(ctx, 1); return err == nil }

	m.Fail(events.Full, events.Lost, events.Late)
	if err := append1("a"); !errors.Is(err, events.ErrRefused) || there() {
		t.Errorf("full: %v", err)
	}
	if err := append1("a"); !errors.Is(err, events.ErrUnknown) || there() {
		t.Errorf("lost: %v", err)
	}
	if err := append1("a"); !errors.Is(err, events.ErrUnknown) || there() || !there() {
		t.Errorf("late: %v", err)
	}
	m.Fail(events.Unacknowledged)
	if err := m.Append(ctx, 1, "b", []byte("b")); !errors.Is(err, events.ErrUnknown) {
		t.Errorf("unacknowledged: %v", err)
	}
	if got, _ := m.Last(ctx); got != 2 {
		t.Errorf("last is %d", got)
	}
	m.SetOffline(true)
	if err := m.Append(ctx, 2, "c", nil); !errors.Is(err, events.ErrUnknown) {
		t.Errorf("offline: %v", err)
	}
	if err := m.Read(ctx, 1, 1, nil); err == nil {
		t.Error("read while offline")
	}
}
