package embeddedtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// prefix begins the name of every directory, followed by the id of the process
// that made it.
const prefix = "tallystick-test-"

// Dir returns a new directory that is removed when t ends. Unlike t.TempDir it
// can be entered by the user that PostgreSQL runs as when the tests run as
// root, and its path is short enough for a Unix socket.
func Dir(t testing.TB) string {
	t.Helper()
	dir, err := newDir()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// sweep removes, once per process, what killed ones left.
var sweep sync.Once

// newDir makes a directory that names this process.
func newDir() (string, error) {
	sweep.Do(removeLeftovers)
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", prefix, os.Getpid()))
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711)
}

// removeLeftovers removes the directories of processes that are gone. Those of
// other users stay, and so does one whose process id was given out again,
// until that process ends as well.
func removeLeftovers() {
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), prefix+"*")) // Fails on a malformed pattern only.
	for _, dir := range dirs {
		id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(dir), prefix), "-")
		pid, err := strconv.Atoi(id)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}
