package embedded

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// The database must recover without help, even if a busy backend does not notice that
// its postmaster has ended. Such a backend still holds the shared memory.
func TestPostgresComesBackByItself(t *testing.T) {
	t.Parallel()
	p := startCluster(t, PostgresConfig{Dir: testDir(t)})
	mustWrite(t, p)
	for _, busy := range []bool{false, true} {
		if busy {
			startEndlessQuery(t, p)
		}
		pid := readPidFile(p.data).pid
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		eventually(t, "a new server", func() bool { f := readPidFile(p.data); return f.ready && f.pid != pid })
		t.Logf("busy %v: back after %v", busy, time.Since(begin).Round(time.Millisecond))
		expectKept(t, p.URL())
	}
}

// startEndlessQuery starts a query that does not end, and returns when it runs.
func startEndlessQuery(t *testing.T, p *Postgres) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), p.URL())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = conn.Exec(t.Context(), "DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$") // Ends with the backend.
	}()
	t.Cleanup(func() { <-done })
	eventually(t, "the query runs", func() bool {
		n, err := ask(t.Context(), p.URL(), "SELECT count(*)::text FROM pg_stat_activity WHERE state = 'active' AND query LIKE 'DO %'")
		return err == nil && n == "1"
	})
}

// startParent starts a process that runs the cluster in dir. The channel returns the
// line that the process prints. The function kills the process.
func startParent(t *testing.T, dir string) (<-chan string, func()) {
	t.Helper()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentDir+"="+dir)
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	said := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(out).ReadString('\n')
		said <- line
		close(said)
	}()
	kill := sync.OnceFunc(func() {
		_ = parent.Process.Kill()
		for range said { // Wait closes the pipe, so all of it is read before.
		}
		_ = parent.Wait()
	})
	t.Cleanup(kill)
	return said, kill
}

func TestPostgresAfterKilledParent(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]bool{"at once": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if wait && runtime.GOOS != "linux" {
				t.Skip("only Linux stops the server of a killed parent")
			}
			dir := testDir(t)
			said, kill := startParent(t, dir)
			if line := <-said; line != "ready\n" {
				t.Fatalf("the parent says %q", line)
			}
			kill()
			if wait {
				eventually(t, "the kernel stops the server", func() bool { return noServer(t, dir) })
			}
			expectKept(t, startCluster(t, PostgresConfig{Dir: dir}).URL())
		})
	}
}

// The parent is killed at each stage of the first start. The next start continues from
// there.
func TestPostgresFirstStartIsCrashSafe(t *testing.T) {
	t.Parallel()
	dir := testDir(t)
	for _, stage := range []string{
		"password", "data.tmp-*/PG_VERSION", "data.tmp-*/global/pg_control", "data/PG_VERSION", "data/postmaster.pid",
	} {
		_, kill := startParent(t, dir)
		eventually(t, stage, func() bool {
			found, _ := filepath.Glob(filepath.Join(dir, stage))
			return len(found) > 0
		})
		kill()
	}
	p := startCluster(t, PostgresConfig{Dir: dir})
	mustWrite(t, p)
	if left, _ := filepath.Glob(filepath.Join(dir, "*tmp-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A server without a supervisor is in the same state as a server whose parent was
// killed on a system where the kernel does not stop it.
func TestPostgresStopsOrphan(t *testing.T) {
	t.Parallel()
	dir := testDir(t)
	lost := &Postgres{log: loggerOr(nil)}
	orphan, err := lost.firstStart(t.Context(), PostgresConfig{Dir: dir}, systemFinder())
	if err != nil {
		t.Fatal(err)
	}
	mustWrite(t, lost)
	p := startCluster(t, PostgresConfig{Dir: dir})
	<-orphan.exited
	if p.URL() != lost.URL() {
		t.Errorf("the URL changed from %s to %s", lost.URL(), p.URL())
	}
	expectKept(t, p.URL())
}

// Another program has the process id in the pid file, as after the restart of a
// container. It must not be stopped, and must not prevent the start of the server.
func TestPostgresSparesStranger(t *testing.T) {
	t.Parallel()
	dir := testDir(t)
	p := startCluster(t, PostgresConfig{Dir: dir})
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	stranger := exec.Command("sleep", "600")
	stranger.SysProcAttr = &syscall.SysProcAttr{Credential: p.account.credential()}
	c, err := spawn(stranger)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stranger.Process.Kill(); <-c.exited }()
	content := fmt.Sprintf("%d\n%s\n", c.pid(), p.data)
	if err := os.WriteFile(filepath.Join(p.data, "postmaster.pid"), []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	startCluster(t, PostgresConfig{Dir: dir})
	select {
	case <-c.exited:
		t.Error("an unrelated process was killed")
	default:
	}
}

func TestServersOf(t *testing.T) {
	t.Parallel()
	mark := clusterMark("/d/data")
	got := serversOf("/d/data", map[int]string{
		1: "/usr/bin/postgres -D /d/data -c cluster_name=" + mark + " -c port=1",
		2: "postgres: " + mark + ": tallystick tallystick [local] idle",
		3: "postgres: " + clusterMark("/e/data") + ": walwriter",
		4: "grep " + mark,
		5: "vi /d/data/postgres " + mark,
		6: "",
	})
	if fmt.Sprint(got) != "[1 2]" {
		t.Errorf("servers are %v", got)
	}
}
