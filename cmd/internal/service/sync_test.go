package service

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tallystick/embedded/embeddedtest"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// deployedNATS starts a server with deploy/nats.conf, altered by edits as
// strings.NewReplacer takes them, and returns its URL.
func deployedNATS(t *testing.T, edits ...string) string {
	t.Helper()
	text, err := os.ReadFile("../../../deploy/nats.conf")
	if err != nil {
		t.Fatal(err)
	}
	config := strings.NewReplacer(append([]string{"$NATS_STORE_DIR", t.TempDir(), "$NATS_PASSWORD", "secret"}, edits...)...).Replace(string(text))
	path := filepath.Join(t.TempDir(), "nats.conf")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	opts, err := server.ProcessConfigFile(path)
	if err != nil {
		t.Fatal(err)
	}
	opts.Host, opts.NoSigs = "127.0.0.1", true
	opts.Port = server.RANDOM_PORT
	srv, err := server.NewServer(opts)
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(func() {
		srv.Shutdown()
		srv.WaitForShutdown()
	})
	return "nats://tallystick:secret@" + srv.Addr().String()
}

// warnings is a log that keeps what was logged.
type warnings struct{ embeddedtest.Buffer }

func (w *warnings) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// TestSyncIsReported asks real servers of each kind.
func TestSyncIsReported(t *testing.T) {
	t.Parallel()
	const syncs, lazy = "sync_interval: always", "sync_interval: 2m"
	for name, c := range map[string]struct {
		url  string
		says string // "" for no warning
	}{
		"deploy/nats.conf":       {deployedNATS(t), ""},
		"the embedded server":    {embeddedtest.NATS(t).URL(), ""},
		"every two minutes":      {deployedNATS(t, syncs, lazy), "NATS acknowledges writes before they are on disk"},
		"the default":            {deployedNATS(t, syncs, ""), "servers=[tallystick]"},
		"without the export":     {deployedNATS(t, "imports:", "# imports:"), "cannot tell whether NATS syncs every write"},
		"without the permission": {deployedNATS(t, "user: tallystick,", `user: tallystick, permissions: { publish: { deny: "$SYS.>" } },`), "cannot tell"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := nats.Connect(c.url)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			log := &warnings{}
			reportSync(conn, log.logger())
			if got := log.String(); !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
				t.Errorf("logged %q", got)
			}
		})
	}
}

// TestSyncIsReportedAfterEachConnect: the server may come back with another
// configuration.
func TestSyncIsReportedAfterEachConnect(t *testing.T) {
	t.Parallel()
	log := &warnings{}
	conn, err := Flags{NATS: deployedNATS(t, "sync_interval: always", "")}.Connect("test", log.logger())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	reported := func() int { return strings.Count(log.String(), "before they are on disk") }
	await(t, "a warning", func() bool { return reported() == 1 })
	if err := conn.ForceReconnect(); err != nil {
		t.Fatal(err)
	}
	await(t, "a second warning", func() bool { return reported() == 2 })
}

// TestSyncOfACluster: each server answers for itself.
func TestSyncOfACluster(t *testing.T) {
	t.Parallel()
	first, second := freeAddress(t), freeAddress(t)
	cluster := func(name, address, other string) string {
		return fmt.Sprintf("server_name: %s\ncluster { name: tallystick, listen: %q, routes: [%q] }", name, address, "nats://"+other)
	}
	url := deployedNATS(t, "server_name: tallystick", cluster("strict", first, second))
	deployedNATS(t, "server_name: tallystick", cluster("lazy", second, first), "sync_interval: always", "")
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var lazy []string
	await(t, "the servers found each other", func() bool {
		if lazy, err = lazyServers(conn); err != nil {
			t.Fatal(err)
		}
		return len(lazy) > 0
	})
	if !slices.Equal(lazy, []string{"lazy"}) {
		t.Errorf("said to be lazy: %v", lazy)
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
