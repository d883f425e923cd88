package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

var (
	// errPortTaken means that another program took the port after it was chosen.
	errPortTaken = errors.New("the port is taken")
	// errBusy means that processes of an earlier server have not ended yet.
	errBusy = errors.New("an earlier server is still ending")
)

// start starts the server and returns when it accepts connections. If the port is
// taken and not fixed yet, start chooses another port. If processes of an earlier
// server still run, start waits for their end.
func (p *Postgres) start(ctx context.Context) (*process, error) {
	deadline := time.Now().Add(orphanPatience)
	for {
		server, err := p.launch(ctx)
		switch {
		case errors.Is(err, errPortTaken) && !p.portFixed:
			if p.port, err = freePort(); err != nil {
				return nil, err
			}
		case errors.Is(err, errBusy) && time.Now().Before(deadline):
			if err := errors.Join(p.stopOrphans(ctx), pause(ctx, 50*time.Millisecond)); err != nil {
				return nil, err
			}
		default:
			return server, err
		}
	}
}

// launch tries once to start the server. If it fails, no server is left running.
func (p *Postgres) launch(ctx context.Context) (*process, error) {
	if err := p.clearSocketDir(); err != nil {
		return nil, err
	}
	log, err := p.openLog()
	if err != nil {
		return nil, err
	}
	defer log.Close() // The server has its own file descriptor.
	begin, err := log.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	cmd := p.command("postgres", p.settings()...)
	cmd.Stdout, cmd.Stderr = log, log
	server, err := spawn(cmd)
	if err != nil {
		return nil, err
	}
	if err := p.awaitReady(ctx, server); err != nil {
		return nil, errors.Join(err, server.stop(p.log))
	}
	select {
	case <-server.exited:
		return nil, p.exitError(server, begin)
	default:
		return server, nil
	}
}

// awaitReady waits until the server accepts connections and has the database. It
// waits for the end of recovery. It also returns nil when the server ended by
// itself.
//
// It connects only when the pid file says that the server is ready. Earlier attempts
// would fill the log with refused connections, and could reach another program on
// the port.
func (p *Postgres) awaitReady(ctx context.Context, server *process) error {
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if f := readPidFile(p.data); f.ready && f.pid == server.pid() {
			if err := p.ensureDatabase(ctx); err == nil || !transient(err) {
				return err
			}
		}
		select {
		case <-server.exited:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("the server does not accept connections yet, see %s: %w", p.logPath(), ctx.Err())
		case <-time.After(wait):
		}
	}
}

// ensureDatabase creates the database if it does not exist.
func (p *Postgres) ensureDatabase(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	u, err := url.Parse(p.URL())
	if err != nil {
		return err
	}
	u.Path = "/postgres"
	conn, err := pgx.Connect(ctx, u.String())
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", role).Scan(&exists)
	if err != nil || exists {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE DATABASE "+role)
	return err
}

// transient reports whether a failed connection may succeed later: the server did
// not respond, is starting (57P03), was interrupted (57P01, 57P02), or has all its
// connections in use (53300).
func transient(err error) bool {
	var refusal *pgconn.PgError
	if !errors.As(err, &refusal) {
		return true
	}
	switch refusal.Code {
	case "57P01", "57P02", "57P03", "53300":
		return true
	}
	return false
}

// logPath returns the path of the file with the server's messages.
func (p *Postgres) logPath() string { return filepath.Join(p.dir, "postgres.log") }

// maxLog is the size in bytes above which a start begins a new log. One old log is
// kept.
const maxLog = 8 << 20

// openLog opens the log for appending.
func (p *Postgres) openLog() (*os.File, error) {
	if info, err := os.Stat(p.logPath()); err == nil && info.Size() > maxLog {
		if err := os.Rename(p.logPath(), p.logPath()+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(p.logPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// exitError returns why the server ended during its start. It finds the cause in
// the messages that the server wrote to the log after begin.
func (p *Postgres) exitError(server *process, begin int64) error {
	said := p.logSince(begin)
	err := fmt.Errorf("the server ended during its start (%s); its last messages in %s were:\n%s",
		server.cmd.ProcessState, p.logPath(), said)
	switch {
	case strings.Contains(said, "could not bind"), strings.Contains(said, "could not create any TCP/IP sockets"):
		return fmt.Errorf("port %d of 127.0.0.1: %w: %w", p.port, errPortTaken, err)
	case strings.Contains(said, "pre-existing shared memory block"), strings.Contains(said, `"postmaster.pid" already exists`):
		return fmt.Errorf("%w: %w", errBusy, err)
	}
	return err
}

// logSince returns the end of the log after begin, at most 4 KiB.
func (p *Postgres) logSince(begin int64) string {
	f, err := os.Open(p.logPath())
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		begin = max(begin, info.Size()-4096)
	}
	content, err := io.ReadAll(io.NewSectionReader(f, begin, 4096))
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(string(content))
}
