package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strconv"
	"time"
)

// Postgres is a private PostgreSQL cluster whose server runs as a child of
// this process. The server is started again whenever it ends by itself.
type Postgres struct {
	log      *slog.Logger
	account  *account
	programs programs
	dir      string // absolute, no symbolic links
	data     string // dir/data
	password string

	port      int
	portFixed bool // the port was handed out, or asked for

	restarts chan chan struct{} // requests; closed by the supervisor when done
	cancel   context.CancelFunc // ends the supervisor, which stops the server
	done     chan struct{}      // closed when the supervisor has ended
	stopErr  error              // of the last stop; read after done is closed
}

// PostgresConfig says where a cluster lives.
type PostgresConfig struct {
	// Dir holds all of it: the cluster in data, the superuser's password in
	// password (mode 0600), the server's messages in postgres.log. It is
	// created with mode 0700, or 0711 for root, because the server then runs
	// as the user postgres, else nobody, who must also be able to enter the
	// directories above.
	Dir string
	// Port is the TCP port on 127.0.0.1. With 0 it is the port used last time
	// if that is free, else any free one.
	Port int
	// Logger receives restarts and failures. Nil discards them.
	Logger *slog.Logger
}

// StartPostgres starts the server of the cluster in cfg.Dir and returns when it
// accepts connections to the database tallystick. The first call on a
// directory makes the cluster; after a crash the server first recovers, which
// takes as long as it takes: ctx bounds the start, not the life of the server.
//
// It fails when there is no PostgreSQL of the right version and none can be
// downloaded, when cfg.Port is taken, when the server's user cannot reach
// cfg.Dir, or when the server ends by itself, then with its last messages.
func StartPostgres(ctx context.Context, cfg PostgresConfig) (*Postgres, error) {
	return startPostgres(ctx, cfg, systemFinder())
}

func startPostgres(ctx context.Context, cfg PostgresConfig, find finder) (*Postgres, error) {
	p := &Postgres{
		log:      loggerOr(cfg.Logger),
		restarts: make(chan chan struct{}),
		done:     make(chan struct{}),
	}
	server, err := p.firstStart(ctx, cfg, find)
	if err != nil {
		return nil, fmt.Errorf("embedded postgres: %w", err)
	}
	life, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go p.supervise(life, server)
	return p, nil
}

// firstStart does all that only the first start of a process has to do.
func (p *Postgres) firstStart(ctx context.Context, cfg PostgresConfig, find finder) (*process, error) {
	if err := p.prepare(ctx, cfg.Dir, find); err != nil {
		return nil, err
	}
	// An orphan still holds the port that it had.
	if err := p.stopOrphans(ctx); err != nil {
		return nil, err
	}
	if err := p.choosePort(cfg.Port); err != nil {
		return nil, err
	}
	server, err := p.start(ctx)
	if err != nil {
		return nil, err
	}
	if err := p.keepPort(); err != nil {
		return nil, errors.Join(err, server.stop(p.log))
	}
	return server, nil
}

// URL returns the URL for this process: through the Unix socket, as
// postgres://tallystick:PASSWORD@/tallystick?host=DIR&port=PORT, or TCPURL
// when the path of the directory is too long for a socket.
func (p *Postgres) URL() string {
	dir := p.socketDir()
	if dir == "" {
		return p.TCPURL()
	}
	query := url.Values{"host": {dir}, "port": {strconv.Itoa(p.port)}}
	return fmt.Sprintf("postgres://%s:%s@/%s?%s", role, p.password, role, query.Encode())
}

// TCPURL returns the URL for people and for other processes:
// postgres://tallystick:PASSWORD@127.0.0.1:PORT/tallystick?sslmode=disable.
func (p *Postgres) TCPURL() string {
	return fmt.Sprintf("postgres://%s:%s@127.0.0.1:%d/%s?sslmode=disable", role, p.password, p.port, role)
}

// Restart stops the server and starts it again at the same URLs. It returns
// when the server accepts connections, or when ctx ends; the server then
// starts all the same. After Stop it returns an error.
func (p *Postgres) Restart(ctx context.Context) error {
	request := make(chan struct{})
	select {
	case p.restarts <- request:
	case <-p.done:
		return errors.New("embedded postgres: restart: it was stopped")
	case <-ctx.Done():
		return fmt.Errorf("embedded postgres: restart: the server is starting already: %w", ctx.Err())
	}
	select {
	case <-request:
		return nil
	case <-p.done:
		return errors.New("embedded postgres: restart: it was stopped")
	case <-ctx.Done():
		return fmt.Errorf("embedded postgres: restart: not ready yet, see %s: %w", p.logPath(), ctx.Err())
	}
}

// Stop disconnects all clients, stops the server and returns when it is gone.
// It may be called again, and from several goroutines.
func (p *Postgres) Stop() error {
	p.cancel()
	<-p.done
	return p.stopErr
}

// supervise owns the server until life ends, and then stops it. The ledger
// promises to survive restarts of its database without help.
func (p *Postgres) supervise(life context.Context, server *process) {
	defer close(p.done)
	quick := 0 // deaths in a row within a minute of the start
	for server != nil {
		select {
		case <-life.Done():
			p.stopErr = server.stop(p.log)
			return
		case request := <-p.restarts:
			if err := server.stop(p.log); err != nil {
				p.log.Error("restarting postgres", "err", err)
			}
			if server = p.revive(life, 0); server != nil {
				close(request)
			}
		case <-server.exited:
			if quick++; time.Since(server.started) > time.Minute {
				quick = 0
			}
			p.log.Error("postgres ended by itself, starting it again", "state", server.cmd.ProcessState.String(), "log", p.logPath())
			server = p.revive(life, quick)
		}
	}
}

// revive starts the server, again and again until it runs. It waits longer
// after each failure, of which failures came before. It returns nil when life
// ends first.
func (p *Postgres) revive(life context.Context, failures int) *process {
	for ; ; failures++ {
		if err := pause(life, backoff(failures)); err != nil {
			return nil
		}
		server, err := p.start(life)
		if err == nil {
			p.log.Info("postgres runs again", "pid", server.pid())
			return server
		}
		if life.Err() == nil {
			p.log.Error("postgres does not start, trying again", "err", err)
		}
	}
}

// backoff returns the pause after a number of failures: nothing, 50 ms, 100 ms
// and so on up to 5 s.
func backoff(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(25*time.Millisecond<<min(failures, 10), 5*time.Second)
}
