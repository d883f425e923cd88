package embedded_test

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"

	"github.com/nats-io/nats.go/jetstream"
)

// TestNATSDiskFull runs itself in a separate process, in which the size of files is
// limited for a while. Any user may set that limit. For the server it is the same as a
// full disk.
func TestNATSDiskFull(t *testing.T) {
	t.Parallel()
	const inside = "TALLYSTICK_TEST_DISK"
	if os.Getenv(inside) != "" {
		fillDisk(t, os.Getenv(inside))
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestNATSDiskFull$", "-test.v", "-test.timeout=2m")
	cmd.Env = append(os.Environ(), inside+"="+embeddedtest.Dir(t))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ) // a write beyond the limit is an error and does not end the process
	limit := func(size uint64) {
		t.Helper()
		var now syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
			t.Fatal(err)
		}
		now.Cur = min(size, now.Max)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &now); err != nil {
			t.Fatal(err)
		}
	}
	limit(1 << 20)
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Stop()
	conn, err := n.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn, jetstream.WithDefaultTimeout(time.Second))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "DISK", Subjects: []string{"disk"}}); err != nil {
		t.Fatal(err)
	}
	acknowledged := 0
	publish := func() error {
		_, err := js.Publish(t.Context(), "disk", bytes.Repeat([]byte("x"), 100<<10), jetstream.WithRetryAttempts(0))
		if err == nil {
			acknowledged++
		}
		return err
	}
	for err == nil {
		err = publish()
	}
	if acknowledged < 5 || acknowledged > 10 || n.Writable() == nil || !strings.Contains(n.Writable().Error(), "full") {
		t.Fatalf("after %d messages: %v; writable: %v", acknowledged, err, n.Writable())
	}
	limit(1 << 40)
	for deadline := time.Now().Add(time.Minute); publish() != nil || n.Writable() != nil; {
		if time.Now().After(deadline) {
			t.Fatal("it does not recover: ", n.Writable())
		}
	}
	stream, err := js.Stream(t.Context(), "DISK")
	if err != nil {
		t.Fatal(err)
	}
	if got := stream.CachedInfo().State.Msgs; got < uint64(acknowledged) {
		t.Errorf("%d messages, and %d were acknowledged", got, acknowledged)
	}
}
