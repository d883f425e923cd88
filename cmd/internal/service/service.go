package service

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"tallystick/events"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
)

// Common has what each service needs.
type Common struct {
	NATS     *nats.Conn
	Postgres string
	Master   events.MasterKey
	Logger   *slog.Logger
	Registry *prometheus.Registry
}

// retry calls try until it succeeds or returns a finalError. It logs the first of several
// failures, later ones of a higher level, and the success.
func retry(ctx context.Context, logger *slog.Logger, what string, try func(context.Context) error) error {
	said := slog.LevelDebug // the level of the last message
	for wait := 50 * time.Millisecond; ; wait = min(2*wait, 2*time.Second) {
		err := try(ctx)
		if err == nil {
			if said > slog.LevelDebug {
				logger.Info(what + ": done")
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if final := new(finalError); errors.As(err, final) {
			return final.error
		}
		level := slog.LevelWarn
		switch {
		case errors.Is(err, events.ErrNoLedger): // the command API makes it
			level = slog.LevelInfo
		case errors.Is(err, events.ErrDamaged): // until an operator has restored it
			level = slog.LevelError
		}
		if level > said {
			logger.Log(ctx, level, what+": not yet; trying on", "error", err)
			said = level
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// finalError ends a retry because the configuration is wrong.
type finalError struct{ error }

// open opens the installation. It waits for a server or a ledger that is not there yet;
// meanwhile the gate has the reason.
func (c Common) open(ctx context.Context, cfg events.OpenConfig, gate *gate) (*events.Installation, error) {
	js, err := jetstream.New(c.NATS)
	if err != nil {
		return nil, err
	}
	cfg.Master, cfg.Logger = c.Master, c.Logger
	var inst *events.Installation
	err = retry(ctx, c.Logger, "open the ledger", func(ctx context.Context) (err error) {
		inst, err = events.Open(ctx, js, cfg)
		if errors.Is(err, events.ErrWrongMasterKey) || errors.Is(err, events.ErrShards) {
			return finalError{err}
		}
		gate.note(err)
		return err
	})
	if err != nil {
		return nil, err
	}
	err = retry(ctx, c.Logger, "read the customers' keys", inst.Keys.Load)
	return inst, err
}

// openReader opens the installation and the database for a reader of the log. It waits
// for the ledger and the schemas.
func (c Common) openReader(ctx context.Context, gate *gate) (*events.Installation, *pgxpool.Pool, error) {
	inst, err := c.open(ctx, events.OpenConfig{}, gate)
	if err != nil {
		return nil, nil, err
	}
	if err := c.migrate(ctx); err != nil {
		return nil, nil, err
	}
	pool, err := c.pool(int32(max(16, 3*len(inst.Shards)+2)))
	return inst, pool, err
}

// pool returns a pool, which connects when it is used.
func (c Common) pool(size int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(c.Postgres)
	if err != nil {
		return nil, fmt.Errorf("--postgres (TALLYSTICK_POSTGRES): %w", err)
	}
	cfg.MaxConns = size
	cfg.ConnConfig.ConnectTimeout = 3 * time.Second
	return pgxpool.NewWithConfig(context.Background(), cfg)
}

// gate is a readiness check that opens once.
type gate struct {
	open   atomic.Bool
	reason atomic.Pointer[error]
}

// note keeps the last error, which is why the gate is closed.
func (g *gate) note(err error) {
	if err != nil {
		g.reason.Store(&err)
	}
}

func (g *gate) check() error {
	switch reason := g.reason.Load(); {
	case g.open.Load():
		return nil
	case reason != nil:
		return fmt.Errorf("the ledger has not been opened yet: %w", *reason)
	}
	return errors.New("the ledger has not been opened yet")
}
