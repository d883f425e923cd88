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
	orphanFast     = 3 * time.Second  // the wait for a fast shutdown of an orphan, before an immediate one
	orphanPatience = 10 * time.Second // the wait for an orphan in all
)

// pidFile is the part of data/postmaster.pid that is used here.
type pidFile struct {
	pid   int  // 0 if there is no file
	ready bool // the server accepts connections
}

// readPidFile returns the zero value if there is no file or the file is
// incomplete.
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

// clusterMark returns the cluster_name of the server on data. It is derived from
// the path, so that the server of a directory is not taken for the server of a
// copy of that directory.
func clusterMark(data string) string {
	return fmt.Sprintf("tallystick-%x", sha256.Sum256([]byte(data)))[:27]
}

// serversOf returns the ids of those processes that belong to a server on data.
// processes maps process ids to command lines. The postmaster has the mark in its
// arguments, and its backends have it in their titles. Command lines can be read
// in a container, too. Working directories cannot, because root in a container may
// not inspect the processes of other users.
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

// isPostgres reports whether a command line is that of a postmaster that this
// package started, or of a backend.
func isPostgres(line string) bool {
	program, _, _ := strings.Cut(line, " -D ")
	return filepath.Base(program) == "postgres" || strings.HasPrefix(line, "postgres: ")
}

// stopOrphans stops the server that a killed parent left running on the cluster,
// or the backends that a killed postmaster left. It returns when the last of these
// processes has ended. The caller holds the lock on the directory, so such a
// server has no other owner.
func (p *Postgres) stopOrphans(ctx context.Context) error {
	begin, sent := time.Now(), syscall.Signal(0)
	for {
		processes, err := commandLines()
		if err != nil {
			return fmt.Errorf("look for a server left by an earlier run: %w", err)
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
				return fmt.Errorf("stop a server left by an earlier run: %w", err)
			}
		}
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// orphanSignal returns which of the running processes get a signal after the time
// waited, and which signal. A postmaster stops its backends itself. Backends
// without a postmaster end when they are idle, but a busy backend ends only after
// its query. They therefore get SIGQUIT, which a postmaster sends to its backends
// when one of them crashes.
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

// killAll sends signal to the processes that still exist.
func killAll(pids []int, signal syscall.Signal) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("cannot stop process %d: %w", pid, err)
		}
	}
	return nil
}

// dropPidFile removes the pid file when another program now has the process id in
// it, which is common after the restart of a container. The server would take that
// program for an earlier server and refuse to start. In all other cases the file
// stays. The server removes it itself if that process does not exist, and uses it
// to find backends that still run.
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

// pause waits for d. If ctx ends first, it returns the error of ctx.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
