//go:build !linux

package embedded

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is the longest path of a Unix socket, in bytes.
const maxSocketPath = 103

// dieWithParent does nothing, because the system has no such request. A server whose
// parent is killed continues to run until the next start stops it.
func dieWithParent(*syscall.SysProcAttr) {}

// commandLines returns the command lines of all visible processes, by process id.
// The command line of a zombie is empty.
func commandLines() (map[int]string, error) {
	out, err := exec.Command("ps", "-axo", "pid=,stat=,command=").Output()
	lines := map[int]string{}
	for row := range strings.Lines(string(out)) {
		id, rest, _ := strings.Cut(strings.TrimSpace(row), " ")
		state, line, _ := strings.Cut(strings.TrimSpace(rest), " ")
		if strings.HasPrefix(state, "Z") {
			line = ""
		}
		if pid, err := strconv.Atoi(id); err == nil {
			lines[pid] = strings.TrimSpace(line)
		}
	}
	return lines, err
}
