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

// process is a child process. It is reaped as soon as it ends.
type process struct {
	cmd     *exec.Cmd
	started time.Time
	exited  chan struct{} // closed when the process has ended
	err     error         // how it ended; read after exited is closed
}

// command returns the command for one of the server's programs. The program runs as
// the account. It has its own process group, so that Ctrl-C in a terminal reaches
// only this process. On Linux, the kernel interrupts the program when this process
// dies.
func (p *Postgres) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(p.programs.dir, program), args...)
	cmd.Dir = "/" // The account may not be able to enter the current directory.
	cmd.Env = serverEnv()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.account.credential()}
	dieWithParent(cmd.SysProcAttr)
	return cmd
}

// spawn starts cmd and waits for its end in a goroutine.
func spawn(cmd *exec.Cmd) (*process, error) {
	c := &process{cmd: cmd, started: time.Now(), exited: make(chan struct{})}
	started := make(chan error, 1)
	go func() {
		// For the kernel, the parent dies when the thread that forked ends. This
		// thread must therefore exist for as long as the child does.
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

// stop shuts a postmaster down and returns when it has ended. The server disconnects
// its clients and writes a checkpoint. If that takes too long, the server is stopped
// as in a crash, and recovers at the next start.
func (c *process) stop(log *slog.Logger) error {
	steps := []struct {
		signal   syscall.Signal
		patience time.Duration
	}{
		{syscall.SIGINT, 4 * time.Second},   // fast shutdown
		{syscall.SIGQUIT, 10 * time.Second}, // immediate shutdown; the postmaster kills its backends after 5 s
		{syscall.SIGKILL, 10 * time.Second},
	}
	for _, step := range steps {
		_ = c.cmd.Process.Signal(step.signal) // Fails only if the process has already ended.
		select {
		case <-c.exited:
			return nil
		case <-time.After(step.patience):
			log.Warn("postgres does not stop", "pid", c.pid(), "signal", step.signal.String(), "waited", step.patience)
		}
	}
	return errors.New("embedded postgres: the server does not end, not even when killed")
}

// kill kills the process and its whole group, and returns when the process has
// ended.
func (c *process) kill() {
	_ = syscall.Kill(-c.pid(), syscall.SIGKILL)
	<-c.exited
}
