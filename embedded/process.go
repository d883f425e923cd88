package embedded

import (
	"errors"
	"log/slog"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// process is a running child. It is reaped as soon as it ends.
type process struct {
	cmd     *exec.Cmd
	started time.Time
	exited  chan struct{} // closed when the process is gone
	err     error         // how it ended; read after exited is closed
}

// command prepares one of the server's programs. It runs as the account, in a
// process group of its own so that Ctrl-C in a terminal reaches only us, and
// is interrupted by the kernel, where it can do that, when we die.
func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.programs.dir, program), args...)
	cmd.Dir = "/" // Ours may be closed to the account.
	cmd.Env = serverEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.account.credential()}
	dieWithParent(cmd.SysProcAttr)
	return cmd
}

// spawn starts cmd and watches it.
func spawn(cmd *exec.Cmd) (*process, error) {
	c := &process{cmd: cmd, started: time.Now(), exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// The kernel takes the end of the thread that forked for the death of
		// the parent. This thread must live as long as the child does.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		c.err = cmd.Wait()
		close(c.exited)
	}()
	return c, <-started
}

// pid returns the process id.
func (c *process) pid() int { return c.cmd.Process.Pid }

// stop ends a postmaster in order and returns when it is gone: clients are
// disconnected and a checkpoint is written. A server that does not manage that
// in time is stopped as a crash would, and recovers at the next start.
func (c *process) stop(log *slog.Logger) error {
	steps := []struct {
		signal   syscall.Signal
		patience time.Duration
	}{
		{syscall.SIGINT, 4 * time.Second},   // fast shutdown
		{syscall.SIGQUIT, 10 * time.Second}, // immediate shutdown, which itself kills backends after 5 s
		{syscall.SIGKILL, 10 * time.Second},
	}
	for _, step := range steps {
		_ = c.cmd.Process.Signal(step.signal) // Fails only when it is gone already.
		select {
		case <-c.exited:
			return nil
		case <-time.After(step.patience):
			log.Warn("postgres does not stop", "pid", c.pid(), "signal", step.signal.String(), "waited", step.patience)
		}
	}
	return errors.New("embedded postgres: the server does not end, not even when killed")
}

// kill ends the process and its whole group, and returns when it is gone.
func (c *process) kill() {
	_ = syscall.Kill(-c.pid(), syscall.SIGKILL)
	<-c.exited
}
