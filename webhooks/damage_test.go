package webhooks

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tallystick/events"

	"github.com/prometheus/client_golang/prometheus"
)

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
	}
}

// TestDamageStopsIngest: nothing is made of a log that is not what was written, and
// the dispatcher says so and is not ready.
func TestDamageStopsIngest(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		running bool // spoiled under a dispatcher that has nothing to do, or between two
		spoil   func(f *fixture, newest events.Message)
	}{
		"a shorter log, before":        {false, func(f *fixture, newest events.Message) { f.log.Truncate(newest.Sequence - 1) }},
		"a shorter log, meanwhile":     {true, func(f *fixture, newest events.Message) { f.log.Truncate(newest.Sequence - 1) }},
		"a missing commit":             {false, func(f *fixture, newest events.Message) { f.log.Damage(newest.Sequence, nil) }},
		"another commit in its place":  {false, func(f *fixture, newest events.Message) { f.log.Damage(newest.Sequence, []byte("{}")) }},
		"one after it is not a commit": {true, func(f *fixture, newest events.Message) { f.garbage() }},
		"one after it does not follow": {true, func(f *fixture, newest events.Message) { f.cursor.Hash[0]++; f.wallet("kofi") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := setup(t)
			f.wallet("ama")
			d, stop := start(t, f.config())
			f.becomes(int(f.cursor.Sequence), `SELECT coalesce(max(sequence), 0) FROM webhooks.checkpoint`)
			newest, err := f.log.Get(t.Context(), f.cursor.Sequence)
			if err != nil {
				t.Fatal(err)
			}
			if !c.running {
				stop()
			}
			c.spoil(f, newest)
			if !c.running {
				d, _ = start(t, f.config())
			}
			await(t, "it has stopped", func() bool { return errors.Is(d.Ready(), events.ErrDamaged) })
			if text := d.Ready().Error(); !strings.Contains(text, "Restore the stream") || !strings.Contains(text, "do not drop") {
				t.Errorf("it says %s", text)
			}
		})
	}
}

// garbage appends what is no commit.
func (f *fixture) garbage() {
	f.t.Helper()
	if err := f.log.Append(f.t.Context(), f.cursor.Sequence, "garbage", []byte("garbage")); err != nil {
		f.t.Fatal(err)
	}
}

// TestReadyIsWhatIsTrueNow: nothing is written, and nothing is to be delivered.
func TestReadyIsWhatIsTrueNow(t *testing.T) {
	t.Parallel()
	f := setup(t)
	config := f.config()
	registry := prometheus.NewRegistry()
	config.Registry = registry
	d, _ := start(t, config)
	gauge := func() float64 {
		families, err := registry.Gather()
		if err != nil {
			t.Fatal(err)
		}
		for _, family := range families {
			if family.GetName() == "tallystick_webhook_ready" {
				return family.GetMetric()[0].GetGauge().GetValue()
			}
		}
		t.Fatal("no metric tells whether it is ready")
		return 0
	}
	ready := func() bool { return d.Ready() == nil && gauge() == 1 }
	await(t, "it is ready", ready)
	f.log.SetOffline(true)
	await(t, "the log is away", func() bool { return d.Ready() != nil && gauge() == 0 })
	f.log.SetOffline(false)
	await(t, "the log is back", ready)
	execute := func(statement string) {
		t.Helper()
		if _, err := config.Pool.Exec(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	execute(`ALTER SCHEMA webhooks RENAME TO gone`)
	await(t, "the schema is away", func() bool { return d.Ready() != nil && gauge() == 0 })
	execute(`ALTER SCHEMA gone RENAME TO webhooks`)
	await(t, "the schema is back", ready)
}
