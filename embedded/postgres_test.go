package embedded

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// parentDir is an environment variable that contains a directory. If it is set, the test
// binary starts the cluster in that directory and waits to be killed.
const parentDir = "TALLYSTICK_TEST_PARENT_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(parentDir); dir != "" {
		beParent(dir)
	}
	m.Run()
}

// beParent prints "ready" when the cluster runs and has a committed row.
func beParent(dir string) {
	p, err := StartPostgres(context.Background(), PostgresConfig{Dir: dir})
	if err == nil {
		err = write(context.Background(), p)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

// testDir returns a directory that the server's user can enter and whose path is short
// enough for a socket. Neither is true of t.TempDir.
func testDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tallystick-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o711); err != nil {
		t.Fatal(err)
	}
	return dir
}

// startCluster starts a server, and stops it when t ends.
func startCluster(t *testing.T, cfg PostgresConfig) *Postgres {
	t.Helper()
	begin := time.Now()
	p, err := StartPostgres(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("started in %v", time.Since(begin).Round(time.Millisecond))
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// ask runs a query on a new connection and returns its result, which is one text.
func ask(ctx context.Context, target, query string) (string, error) {
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	var answer string
	err = conn.QueryRow(ctx, query).Scan(&answer)
	return answer, err
}

// write commits the row that expectKept requires.
func write(ctx context.Context, p *Postgres) error {
	conn, err := pgx.Connect(ctx, p.URL())
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE note (text text); INSERT INTO note VALUES ('kept')")
	return err
}

// mustWrite calls write and fails the test if it fails.
func mustWrite(t *testing.T, p *Postgres) {
	t.Helper()
	if err := write(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func expectKept(t *testing.T, target string) {
	t.Helper()
	got, err := ask(t.Context(), target, "SELECT text FROM note")
	if err != nil || got != "kept" {
		t.Fatalf("the row is %q, %v", got, err)
	}
}

// eventually waits until ok returns true, for at most 30 s.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// noServer reports whether no process of the cluster in dir is left.
func noServer(t *testing.T, dir string) bool {
	t.Helper()
	processes, err := commandLines()
	if err != nil {
		t.Fatal(err)
	}
	return len(serversOf(filepath.Join(dir, "data"), processes)) == 0
}

func TestPostgresKeepsDataAndPort(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testDir(t), "new", "pg")
	leftover := filepath.Join(dir, "data.tmp-1", "base")
	if err := makeDir(leftover, 0o700); err != nil {
		t.Fatal(err)
	}
	first := startCluster(t, PostgresConfig{Dir: dir})
	mustWrite(t, first)
	expectKept(t, first.TCPURL())
	if pid := readPidFile(first.data).pid; pid == 0 {
		t.Error("no pid file")
	} else if group, err := syscall.Getpgid(pid); err != nil || group != pid {
		t.Errorf("the server is in group %d, %v: Ctrl-C would reach it", group, err)
	}
	for range 2 {
		if err := first.Stop(); err != nil {
			t.Fatal(err)
		}
	}
	if !noServer(t, dir) {
		t.Error("processes are left after Stop")
	}
	if _, err := os.Stat(leftover); err == nil {
		t.Error("the cluster of a killed attempt is still there")
	}
	if info, err := os.Stat(filepath.Join(dir, "password")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("password: %v, %v", info, err)
	}

	second := startCluster(t, PostgresConfig{Dir: dir})
	if second.URL() != first.URL() || second.TCPURL() != first.TCPURL() {
		t.Errorf("the URL changed from %s to %s", first.TCPURL(), second.TCPURL())
	}
	expectKept(t, second.URL())
}

func TestPostgresSettings(t *testing.T) {
	t.Parallel()
	p := startCluster(t, PostgresConfig{Dir: testDir(t)})
	// Files of the cluster must not override the settings of this package.
	conf := []byte("fsync = off\nsynchronous_commit = off\n")
	if err := os.WriteFile(filepath.Join(p.data, "postgresql.auto.conf"), conf, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "data_checksums": "on",
		"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min", "jit": "off",
		"server_encoding": "UTF8", "lc_collate": "C", "password_encryption": "scram-sha-256", "TimeZone": "UTC",
	} {
		if got, err := ask(t.Context(), p.URL(), "SELECT current_setting('"+name+"')"); err != nil || got != want {
			t.Errorf("%s is %q, %v", name, got, err)
		}
	}
	if _, err := ask(t.Context(), strings.Replace(p.URL(), p.password, "wrong", 1), "SELECT ''"); err == nil {
		t.Error("the socket takes any password")
	}
}

func TestPostgresRestartKeepsURL(t *testing.T) {
	t.Parallel()
	p := startCluster(t, PostgresConfig{Dir: testDir(t)})
	mustWrite(t, p)
	url, pid := p.URL(), readPidFile(p.data).pid
	if err := p.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if p.URL() != url || readPidFile(p.data).pid == pid {
		t.Errorf("URL %s, process %d after restart of %s, %d", p.URL(), readPidFile(p.data).pid, url, pid)
	}
	expectKept(t, url)
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := p.Restart(t.Context()); err == nil {
		t.Error("Restart after Stop succeeded")
	}
}

func TestPostgresWithLongPathUsesTCP(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(testDir(t), strings.Repeat("long", 25))
	p := startCluster(t, PostgresConfig{Dir: dir})
	if p.URL() != p.TCPURL() {
		t.Errorf("URL is %s", p.URL())
	}
	mustWrite(t, p)
	expectKept(t, p.URL())
}

func TestPostgresPorts(t *testing.T) {
	t.Parallel()
	dir := testDir(t)
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port

	_, err = StartPostgres(t.Context(), PostgresConfig{Dir: dir, Port: port})
	if err == nil || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("with a taken port: %v", err)
	}
	// Another program now uses the port of the last start.
	if err := os.WriteFile(filepath.Join(dir, "port"), []byte(strconv.Itoa(port)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := startCluster(t, PostgresConfig{Dir: dir})
	if p.port == port {
		t.Error("it claims a port that it cannot have")
	}
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	// Another program takes the port between its choice and the start.
	late := &Postgres{log: p.log, account: p.account, programs: p.programs, dir: p.dir, data: p.data, password: p.password, port: port}
	server, err := late.start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if late.port == port {
		t.Error("it claims a port that it cannot have")
	}
	if err := server.stop(p.log); err != nil {
		t.Fatal(err)
	}
	late.portFixed, late.port = true, port
	if _, err := late.start(t.Context()); !errors.Is(err, errPortTaken) {
		t.Errorf("with a fixed port: %v", err)
	}
}

func TestPostgresSaysWhatToDo(t *testing.T) {
	t.Parallel()
	t.Run("no programs", func(t *testing.T) {
		t.Parallel()
		cfg := PostgresConfig{Dir: testDir(t)}
		_, err := startPostgres(t.Context(), cfg, finder{candidates: []string{t.TempDir()}, repository: closedRepository(t)})
		expectError(t, err, "embedded postgres", "apt install postgresql", "--postgres URL")
	})
	t.Run("ancestor closed", func(t *testing.T) {
		t.Parallel()
		if os.Geteuid() != 0 {
			t.Skip("the server runs as another user only when the tests run as root")
		}
		closed := filepath.Join(testDir(t), "closed")
		if err := os.Mkdir(closed, 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := StartPostgres(t.Context(), PostgresConfig{Dir: filepath.Join(closed, "pg")})
		expectError(t, err, "may not enter "+closed, "chmod o+x "+closed, "--data")
	})
	t.Run("not a cluster", func(t *testing.T) {
		t.Parallel()
		dir := testDir(t)
		if err := os.Mkdir(filepath.Join(dir, "data"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir})
		expectError(t, err, "is not a PostgreSQL cluster", "--data")
	})
}

func expectError(t *testing.T, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}

// The error of a failed start contains the server's messages. Neither a failed nor a
// cancelled start leaves a server running.
func TestPostgresFailedStart(t *testing.T) {
	t.Parallel()
	dir := testDir(t)
	p := startCluster(t, PostgresConfig{Dir: dir})
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := StartPostgres(ctx, PostgresConfig{Dir: dir}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if !noServer(t, dir) {
		t.Error("a server is left after a start that was given up")
	}
	control := filepath.Join(p.data, "global", "pg_control")
	if err := os.Rename(control, control+".away"); err != nil {
		t.Fatal(err)
	}
	_, err := StartPostgres(t.Context(), PostgresConfig{Dir: dir})
	expectError(t, err, "ended during its start (exit status", "postgres.log", "pg_control")
	if err := os.Rename(control+".away", control); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "password")); err != nil {
		t.Fatal(err)
	}
	_, err = StartPostgres(t.Context(), PostgresConfig{Dir: dir})
	expectError(t, err, "password of the cluster is lost", "backup")
}
