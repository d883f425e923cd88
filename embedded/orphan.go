package embedded

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	orphanFast     = 3 * time.Second  // for a fast shutdown of an orphan, then an immediate one
	orphanPatience = 10 * time.Second // for all of it
)

// pidFile is what a postmaster writes to data/postmaster.pid.
type pidFile struct {
	pid   int  // 0: no file
	ready bool // it accepts connections
}

// readPidFile returns the zero value when there is no file, or half a one.
func readPidFile(data string) pidFile {
	content, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		return pidFile{}
	}
	lines := strings.Split(string(content), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return pidFile{}
	}
	const status = 7 // LOCK_FILE_LINE_PM_STATUS, counted from 0
	return pidFile{pid: pid, ready: len(lines) > status && strings.TrimSpace(lines[status]) == "ready"}
}

// clusterMark returns the cluster_name of the server on data. It is made from
// the path, so that a copied directory does not claim the original's server.
func clusterMark(data string) string {
	return fmt.Sprintf("tallystick-%x", sha256.Sum256([]byte(data)))[:27]
}

// serversOf returns which of the processes, given as command lines by process
// id, are a server on data. The postmaster has the mark among its arguments,
// its backends have it in their titles. Unlike the working directory this can
// be read in a container, where root may not look into others' processes.
func serversOf(data string, processes map[int]string) []int {
	mark := clusterMark(data)
	var pids []int
	for pid, line := range processes {
		if isPostgres(line) && strings.Contains(line, mark) {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids
}

// isPostgres tells whether a command line is that of a postmaster as we start
// it, or of a backend.
func isPostgres(line string) bool {
	program, _, _ := strings.Cut(line, " -D ")
	return filepath.Base(program) == "postgres" || strings.HasPrefix(line, "postgres: ")
}

// stopOrphans ends the server that a killed parent left running on the
// cluster, or the backends that a killed postmaster left, and returns when the
// last of them is gone. The caller's lock on the directory means that such a
// server has no other owner.
func (p *Postgres) stopOrphans(ctx context.Context) error {
	begin, sent := time.Now(), syscall.Signal(0)
	for {
		processes, err := commandLines()
		if err != nil {
			return fmt.Errorf("looking for a server left by an earlier run: %w", err)
		}
		running := serversOf(p.data, processes)
		if len(running) == 0 {
			return p.dropPidFile(processes)
		}
		waited := time.Since(begin)
		if waited > orphanPatience {
			return fmt.Errorf("a server left by an earlier run does not end: run kill -KILL for process %v", running)
		}
		targets, signal := orphanSignal(running, readPidFile(p.data).pid, waited)
		if signal != sent {
			sent = signal
			p.log.Warn("stopping a postgres left by an earlier run", "pids", targets, "signal", signal.String())
			if err := killAll(targets, signal); err != nil {
				return fmt.Errorf("a server left by an earlier run: %w", err)
			}
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// orphanSignal returns which of the running processes get which signal after
// some time of waiting. A postmaster stops its backends itself. Backends
// without one end when they are idle, but a busy one only after its query; it
// gets what a postmaster sends to all when one of them crashes.
func orphanSignal(running []int, postmaster int, waited time.Duration) ([]int, syscall.Signal) {
	switch {
	case !slices.Contains(running, postmaster):
		return running, syscall.SIGQUIT
	case waited > orphanFast:
		return []int{postmaster}, syscall.SIGQUIT // immediate shutdown
	default:
		return []int{postmaster}, syscall.SIGINT // fast shutdown
	}
}

// killAll sends signal to those of the processes that still exist.
func killAll(pids []int, signal syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot stop process %d: %w", pid, err)
		}
	}
	return nil
}

// dropPidFile removes the pid file when the process id in it belongs to some
// other program by now, as is common after the restart of a container: the
// server would take that for its predecessor and refuse to start. In all other
// cases the file stays. The server removes it when the process is gone, and
// needs it to find backends that are not.
func (p *Postgres) dropPidFile(processes map[int]string) error {
	line, exists := processes[readPidFile(p.data).pid]
	if !exists || isPostgres(line) {
		return nil
	}
	err := os.Remove(filepath.Join(p.data, "postmaster.pid"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// pause waits for d, or returns ctx's error when that ends first.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
