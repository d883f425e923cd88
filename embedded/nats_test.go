package embedded

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// startNATS starts a server that is stopped when t ends.
func startNATS(t *testing.T, cfg NATSConfig) *NATS {
	t.Helper()
	n, err := StartNATS(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

// streams returns a JetStream client on a connection that closes when t ends.
func streams(t *testing.T, n *NATS, opts ...nats.Option) jetstream.JetStream {
	t.Helper()
	conn, err := n.Connect(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return js
}

func TestNATSKeepsMessages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "nats")
	first := startNATS(t, NATSConfig{Dir: dir})
	if first.URL() != "" {
		t.Errorf("URL is %q without a listener", first.URL())
	}
	js := streams(t, first, nats.Name("first"))
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "S", Subjects: []string{"s.>"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := js.Publish(t.Context(), "s.one", []byte("kept")); err != nil {
		t.Fatal(err)
	}
	first.Stop()
	first.Stop() // A second call does nothing.

	second := startNATS(t, NATSConfig{Dir: dir})
	stream, err := streams(t, second).Stream(t.Context(), "S")
	if err != nil {
		t.Fatal(err)
	}
	msg, err := stream.GetMsg(t.Context(), 1)
	if err != nil || string(msg.Data) != "kept" {
		t.Fatalf("message 1 after the restart: %v, %v", msg, err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the store has mode %v, %v", info.Mode(), err)
	}
}

func TestNATSSyncsEveryWriteAndHasNoQuota(t *testing.T) {
	t.Parallel()
	n := startNATS(t, NATSConfig{Dir: t.TempDir()})
	cfg := n.server.JetStreamConfig()
	if !cfg.SyncAlways {
		t.Error("writes are acknowledged before they are on disk")
	}
	if cfg.MaxStore != maxStore {
		t.Errorf("the store is limited to %d bytes", cfg.MaxStore)
	}
}

func TestNATSListensOnLoopback(t *testing.T) {
	t.Parallel()
	n := startNATS(t, NATSConfig{Dir: t.TempDir(), Addr: "127.0.0.1:0"})
	if !strings.HasPrefix(n.URL(), "nats://127.0.0.1:") || strings.HasSuffix(n.URL(), ":0") {
		t.Errorf("URL is %q", n.URL())
	}
	conn, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

func TestNATSRefusals(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  NATSConfig
		want string
	}{
		"open to the network": {NATSConfig{Dir: t.TempDir(), Addr: "0.0.0.0:0"}, "use 127.0.0.1:PORT"},
		"no port":             {NATSConfig{Dir: t.TempDir(), Addr: "127.0.0.1"}, "is not host:port"},
		"port taken":          {NATSConfig{Dir: t.TempDir(), Addr: taken.Addr().String()}, "address already in use"},
		"directory is a file": {NATSConfig{Dir: file}, "is not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, err := StartNATS(c.cfg)
			if err == nil {
				n.Stop()
				t.Fatal("it started")
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

// The server cannot start if it cannot enter a stream directory. It reports that only
// in its log.
func TestNATSReportsFailedStart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "jetstream"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := StartNATS(NATSConfig{Dir: dir})
	if err == nil {
		n.Stop()
		t.Fatal("it started")
	}
	if !strings.Contains(err.Error(), "Can't start JetStream") {
		t.Errorf("error %q does not give the reason", err)
	}
}
