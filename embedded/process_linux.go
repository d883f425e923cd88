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

// dieWithParent has the kernel send SIGINT, for PostgreSQL a fast shutdown,
// when the thread that started the process ends. Go requests it after it has
// changed the user, which would reset it.
func dieWithParent(attr *syscall.SysProcAttr) { attr.Pdeathsig = syscall.SIGINT }

// commandLines returns the command lines of the processes that this one can
// see, by process id. That of a zombie is empty.
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
