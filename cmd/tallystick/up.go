package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	_ "net/http/pprof" // on the default mux, which only --pprof serves
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"golang.org/x/sync/errgroup"

	"tallystick/api"
	"tallystick/cmd/internal/service"
	"tallystick/domain/ids"
	"tallystick/embedded"
	"tallystick/schema"
	"tallystick/webhooks"
)

type upCommand struct {
	Data     string `name:"data" env:"TALLYSTICK_DATA" default:"./data" type:"path" placeholder:"DIR" help:"Directory of everything that is kept."`
	HTTP     string `name:"http" env:"TALLYSTICK_HTTP" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on."`
	Postgres string `name:"postgres" env:"TALLYSTICK_POSTGRES" placeholder:"URL" help:"PostgreSQL to use instead of a private one under --data."`
	NATS     string `name:"nats" env:"TALLYSTICK_NATS" placeholder:"URL" help:"NATS server to use instead of an embedded one under --data."`
	Shards   int    `name:"shards" env:"TALLYSTICK_SHARDS" help:"Shards of a new ledger, 1 to 256; fixed for ever. Of one that exists: what it must have. Default 1."`
	Demo     bool   `name:"demo" env:"TALLYSTICK_DEMO" help:"Make a project with customers and money to try things on, and print commands to paste."`
	Pprof    string `name:"pprof" env:"TALLYSTICK_PPROF" placeholder:"ADDR" help:"Also serve Go profiles at http://ADDR/debug/pprof/ (nobody is asked who they are: loopback only)."`
	service.EndpointLimit
	LogLevel string `name:"log-level" env:"TALLYSTICK_LOG_LEVEL" default:"warn" enum:"debug,info,warn,error" help:"How much to log: debug, info, warn or error."`
}

// servers are the servers that `up` starts; nil for one that is given.
type servers struct {
	nats     *embedded.NATS
	postgres *embedded.Postgres
}

// stop stops them. It is called after everything that uses them has ended.
func (s *servers) stop() error {
	var err error
	if s.postgres != nil {
		err = s.postgres.Stop()
	}
	if s.nats != nil {
		s.nats.Stop()
	}
	return err
}

// Run starts everything in order, waits for the signal, and stops in the
// opposite order: requests, ledger, projector and dispatcher, servers.
func (c *upCommand) Run(ctx context.Context) error {
	started := time.Now()
	service.TuneRuntime()
	logger := service.NewLogger(c.LogLevel, "text")
	if c.Shards < 0 || c.Shards > ids.MaxShards {
		return fmt.Errorf("--shards (TALLYSTICK_SHARDS) must be 1 to %d, not %d", ids.MaxShards, c.Shards)
	}
	if _, err := c.Endpoints(); err != nil {
		return err
	}
	dir, err := openDataDir(c.Data)
	if err != nil {
		return err
	}
	defer dir.close()
	listener, err := service.Listen("--http (TALLYSTICK_HTTP)", c.HTTP)
	if err != nil {
		return err
	}
	defer listener.Close()
	if c.Pprof != "" {
		profiles, err := service.Listen("--pprof (TALLYSTICK_PPROF)", c.Pprof)
		if err != nil {
			return err
		}
		defer profiles.Close()
		go http.Serve(profiles, nil) //nolint:errcheck // until it is closed
	}
	creds, err := dir.credentials()
	if err != nil {
		return err
	}
	own, err := c.startServers(ctx, dir, logger)
	defer func() {
		if err := own.stop(); err != nil {
			logger.Error("stop PostgreSQL", "error", err)
		}
	}()
	if err != nil {
		return interrupted(ctx, err)
	}
	common, err := c.common(dir, own, logger)
	if err != nil {
		return err
	}
	defer common.NATS.Close()
	err = c.serve(ctx, system{common: common, own: own, listener: listener, dir: dir, creds: creds, started: started})
	if errors.Is(err, schema.ErrOtherVersion) {
		return fmt.Errorf("%w. To begin with empty ones, move %s away", err, dir.path)
	}
	return err
}

// interrupted returns nil instead of the error of a start that was interrupted.
func interrupted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (c *upCommand) startServers(ctx context.Context, dir *dataDir, logger *slog.Logger) (*servers, error) {
	own := &servers{}
	var group errgroup.Group
	if c.NATS == "" {
		group.Go(func() (err error) {
			own.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: dir.file("nats"), Logger: logger.With("server", "nats")})
			return err
		})
	}
	if c.Postgres == "" {
		group.Go(func() (err error) {
			own.postgres, err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: dir.file("postgres"), Logger: logger.With("server", "postgres")})
			if err != nil {
				return err
			}
			return dir.write("postgres.url", []byte(own.postgres.TCPURL()+"\n"))
		})
	}
	return own, group.Wait()
}

func (c *upCommand) common(dir *dataDir, own *servers, logger *slog.Logger) (service.Common, error) {
	common := service.Common{Postgres: c.Postgres, Logger: logger, Registry: service.NewRegistry()}
	if own.postgres != nil {
		common.Postgres = own.postgres.URL()
	}
	var err error
	if common.Master, err = dir.masterKey(); err != nil {
		return common, err
	}
	options := service.ConnOptions("tallystick up", logger)
	if own.nats != nil {
		common.NATS, err = own.nats.Connect(options...)
		return common, err
	}
	if common.NATS, err = nats.Connect(c.NATS, options...); err != nil {
		return common, fmt.Errorf("--nats (TALLYSTICK_NATS): cannot connect to %s: %w", c.NATS, err)
	}
	return common, nil
}

// system is a running `up`.
type system struct {
	common   service.Common
	own      *servers
	listener net.Listener
	dir      *dataDir
	creds    *credentials
	started  time.Time
}

func (c *upCommand) serve(ctx context.Context, sys system) error {
	// The receiver of a webhook is often on the same machine.
	policy := webhooks.Policy{AllowHTTP: true, AllowLoopback: true}
	projector := service.NewProjector(sys.common)
	dispatcher := service.NewDispatcher(sys.common, policy)
	commandAPI := &service.CommandAPI{
		Common: sys.common, Listener: sys.listener, Operator: api.Operator(sys.creds.Operator), Shards: c.Shards, Policy: policy, Endpoints: c.PerProject,
		Checks: []api.Check{{Name: "projector", Fn: projector.Ready}, {Name: "webhook-dispatcher", Fn: dispatcher.Ready}},
	}
	if sys.own.nats != nil {
		commandAPI.Checks = append(commandAPI.Checks, api.Check{Name: "nats", Fn: sys.own.nats.Writable})
	}
	// The readers of the log end after the last write.
	readers, stopReaders := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() { fmt.Fprintln(os.Stderr, "tallystick: stopping") })
	group, ctx := errgroup.WithContext(ctx)
	run := func(name string, ctx context.Context, run func(context.Context) error) {
		group.Go(func() error {
			err := run(ctx)
			if err == nil || errors.Is(err, context.Canceled) {
				return nil
			}
			return fmt.Errorf("%s: %w", name, err)
		})
	}
	run("command-api", ctx, func(ctx context.Context) error {
		defer stopReaders()
		return commandAPI.Run(ctx)
	})
	run("projector", readers, projector.Run)
	run("webhook-dispatcher", readers, dispatcher.Run)
	run("up", ctx, func(ctx context.Context) error {
		if err := await(ctx, commandAPI, projector.Ready, dispatcher.Ready); err != nil {
			return err
		}
		var wallet ids.Wallet
		if c.Demo {
			var err error
			if wallet, err = makeDemo(ctx, commandAPI, sys); err != nil {
				return fmt.Errorf("make the demo: %w", err)
			}
		}
		greet(os.Stdout, sys, c, wallet)
		return nil
	})
	context.AfterFunc(ctx, func() {
		time.AfterFunc(readersGrace, func() {
			if readers.Err() == nil {
				sys.common.Logger.Warn("the command API does not end; the readers of the log stop", "after", readersGrace)
			}
			stopReaders()
		})
	})
	return group.Wait()
}

// readersGrace is how long the readers wait for the command API to end.
const readersGrace = 4 * time.Second

// await returns when everything is ready, or when ctx has ended.
func await(ctx context.Context, commandAPI *service.CommandAPI, checks ...func() error) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		waiting := commandAPI.Ledger() == nil || commandAPI.Ledger().Ready() != nil
		for _, check := range checks {
			waiting = waiting || check() != nil
		}
		if !waiting {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
