package embedded

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// maxSocketPath is the longest path of a Unix socket, in bytes.
const maxSocketPath = 107

// dieWithParent makes the kernel send SIGINT when the thread that started the
// process ends. SIGINT is a fast shutdown for PostgreSQL. Go makes the request after
// the change of the user, because that change would cancel it.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// commandLines returns the command lines of all visible processes, by process id.
// The command line of a zombie is empty.
func commandLines() (map[int]string, error) {
	dirs, err := filepath.Glob("/proc/[0-9]*")
	lines := make(map[int]string, len(dirs))
	for _, dir := range dirs {
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil {
			continue // It ended meanwhile.
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			lines[pid] = string(bytes.TrimSpace(bytes.ReplaceAll(line, []byte{0}, []byte{' '})))
		}
	}
	return lines, err
}
