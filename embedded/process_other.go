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

// dieWithParent does nothing: there is no such request here. A server whose
// parent is killed runs on until the next start stops it.
func dieWithParent(*syscall.SysProcAttr) {}

// commandLines returns the command lines of the processes that this one can
// see, by process id. That of a zombie is empty.
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
