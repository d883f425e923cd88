package events_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"tallystick/events"

	"github.com/nats-io/nats.go/jetstream"
)

// TestOpenMakesStreamsSafe: Open switches off compression by the server and direct gets
// on every stream of the installation, and loses nothing in the streams. A process that
// only reads does not switch them off, and fails.
func TestOpenMakesStreamsSafe(t *testing.T) {
	t.Parallel()
	js := connect(t)
	install := events.OpenConfig{Create: true, Shards: 2, Master: master}
	inst, err := events.Open(t.Context(), js, install)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{events.StreamName(0), events.StreamName(1), "KV_TALLYSTICK_KEYS"}
	checkSafe(t, js, names)
	if err := inst.Shards[1].Append(t.Context(), 0, "a", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	if err := inst.Keys.Ensure(t.Context(), "proj_1", ama); err != nil {
		t.Fatal(err)
	}
	data := sealed(t, inst.Keys, "kept, too")
	for _, name := range names {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		config := stream.CachedInfo().Config
		config.Compression, config.AllowDirect = jetstream.S2Compression, true
		if _, err := js.UpdateStream(t.Context(), config); err != nil {
			t.Fatal(err)
		}
	}

	if _, err := events.Open(t.Context(), js, events.OpenConfig{Master: master}); err == nil || !strings.Contains(err.Error(), "command API") {
		t.Errorf("a reader opened them: %v", err)
	}
	var log bytes.Buffer
	install.Logger = slog.New(slog.NewTextHandler(&log, nil))
	inst, err = events.Open(t.Context(), js, install)
	if err != nil {
		t.Fatal(err)
	}
	checkSafe(t, js, names)
	for _, name := range names {
		if !strings.Contains(log.String(), "level=WARN") || !strings.Contains(log.String(), "stream="+name) {
			t.Errorf("nothing was said of %s: %s", name, &log)
		}
	}
	if m, err := inst.Shards[1].Get(t.Context(), 1); err != nil || string(m.Data) != "kept" {
		t.Errorf("the commit: %q, %v", m.Data, err)
	}
	if plain, err := inst.Keys.Open("proj_1", ama, data); err != nil || string(plain) != "kept, too" {
		t.Errorf("the key: %q, %v", plain, err)
	}
	if _, err := events.Open(t.Context(), js, events.OpenConfig{Master: master}); err != nil {
		t.Errorf("a reader, afterwards: %v", err)
	}
}

func checkSafe(t *testing.T, js jetstream.JetStream, names []string) {
	t.Helper()
	for _, name := range names {
		stream, err := js.Stream(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if config := stream.CachedInfo().Config; config.Compression != jetstream.NoCompression || config.AllowDirect {
			t.Errorf("%s: compression %v, direct gets %v", name, config.Compression, config.AllowDirect)
		}
	}
}
