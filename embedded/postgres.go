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

// Postgres is a private PostgreSQL cluster whose server runs as a child of this
// process. If the server ends by itself, it is started again.
type Postgres struct {
	log      *slog.Logger
	account  *account
	programs programs
	dir      string // absolute, no symbolic links
	data     string // dir/data
	password string

	port      int
	portFixed bool // callers know the port, or asked for it

	restarts chan chan struct{} // requests; closed by the supervisor when done
	cancel   context.CancelFunc // ends the supervisor, which stops the server
	done     chan struct{}      // closed when the supervisor has ended
	stopErr  error              // the error of the last stop; read after done is closed
}

// PostgresConfig says where the cluster is stored and where its server listens.
type PostgresConfig struct {
	// Dir contains all files: the cluster in data, the superuser's password in
	// password (mode 0600), and the server's messages in postgres.log. It is
	// created with mode 0700. When this process runs as root, the mode is 0711,
	// because the server then runs as the user postgres, or else nobody. That
	// user must also be able to enter the directories above Dir.
	Dir string
	// Port is the TCP port on 127.0.0.1. With 0, the port used last time is used
	// again if it is free, or else any free port.
	Port int
	// Logger receives restarts and failures. Nil discards them.
	Logger *slog.Logger
}

// StartPostgres starts the server of the cluster in cfg.Dir and returns when it
// accepts connections to the database tallystick. The first call on a directory
// creates the cluster. After a crash the server first recovers, and only ctx limits
// the time for that. When ctx ends after the start, the server keeps running.
//
// StartPostgres fails when there is no PostgreSQL of the right version and none can
// be downloaded, when cfg.Port is in use, or when the server's user cannot enter
// cfg.Dir. It also fails when the server ends by itself. The error then contains
// the server's last messages.
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

// firstStart prepares the directory and starts the server for the first time in
// this process.
func (p *Postgres) firstStart(ctx context.Context, cfg PostgresConfig, find finder) (*process, error) {
	if err := p.prepare(ctx, cfg.Dir, find); err != nil {
		return nil, err
	}
	// An orphan still uses its port.
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

// URL returns the URL that this process uses. It connects through the Unix socket:
// postgres://tallystick:PASSWORD@/tallystick?host=DIR&port=PORT. If the path of the
// directory cannot be used for a socket, URL returns TCPURL.
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

// Restart stops the server and starts it again at the same URLs. It returns when
// the server accepts connections. If ctx ends first, Restart returns an error, and a
// restart that has begun continues. After Stop it returns an error.
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

// Stop disconnects all clients, stops the server and returns when it has ended. It
// may be called more than once, and from several goroutines.
func (p *Postgres) Stop() error {
	p.cancel()
	<-p.done
	return p.stopErr
}

// supervise owns the server until life ends, and then stops it. Until then it starts
// the server again when it ends, or when Restart asks for it. The ledger must survive
// restarts of its database without an operator.
func (p *Postgres) supervise(life context.Context, server *process) {
	defer close(p.done)
	quick := 0 // consecutive times that the server ended within a minute of its start
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

// revive tries to start the server until it runs. It waits longer after each
// failure. failures is the number of failures before the call. If life ends first,
// revive returns nil.
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

// backoff returns the pause after a number of failures: 0, 50 ms, 100 ms and so on,
// at most 5 s.
func backoff(failures int) time.Duration {
	if failures == 0 {
		return 0
	}
	return min(25*time.Millisecond<<min(failures, 10), 5*time.Second)
}
