package service

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"

	"tallystick/api"
	"tallystick/events"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/schema"
	"tallystick/webhooks"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

// CommandAPI is the HTTP service over the ledger. It needs NATS to take commands, and
// PostgreSQL for queries and webhook endpoints only.
type CommandAPI struct {
	Common
	Listener net.Listener
	Operator api.Operator
	Shards   int // of a new ledger; 0 is 1
	Replicas int // of a new ledger; 0 is 1
	Policy   webhooks.Policy
	// Endpoints is how many webhook endpoints a project may have; 0 is 50.
	Endpoints int
	Checks    []api.Check // further checks of readiness

	ledger atomic.Pointer[ledger.Ledger]
	keys   atomic.Pointer[events.Keys]
}

// headerRoom is the part of the server's max_payload that is kept for a message's headers.
const headerRoom = 4 << 10

// Ledger returns the ledger, nil until Run has opened it.
func (s *CommandAPI) Ledger() *ledger.Ledger { return s.ledger.Load() }

// Keys returns the keyring, nil until Run has opened it.
func (s *CommandAPI) Keys() *events.Keys { return s.keys.Load() }

// Run serves until ctx ends. Then it takes no more requests, finishes those in progress,
// and lets the append in flight finish. Until the ledger is open it serves only /readyz,
// with the reason.
func (s *CommandAPI) Run(ctx context.Context) error {
	pool, err := s.pool(16)
	if err != nil {
		return err
	}
	defer pool.Close()
	var opening gate
	var handler atomic.Pointer[http.Handler]
	starting := api.Starting(api.Config{Checks: []api.Check{{Name: "ledger", Fn: opening.check}}, Registry: s.Registry, Logger: s.Logger})
	handler.Store(&starting)
	// The ledger ends after the requests that wait for it.
	ledgerCtx, stopLedger := context.WithCancel(context.WithoutCancel(ctx))
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer stopLedger()
		return api.Serve(groupCtx, s.Listener, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			(*handler.Load()).ServeHTTP(w, r)
		}), s.Logger)
	})
	group.Go(func() error { return s.migrate(groupCtx) })
	group.Go(func() error {
		book, open, err := s.openLedger(groupCtx, pool, &opening)
		if groupCtx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		handler.Store(&open)
		return book.Run(ledgerCtx)
	})
	err = group.Wait()
	stopLedger()
	return err
}

// openLedger waits for the log and makes the ledger and its handler.
func (s *CommandAPI) openLedger(ctx context.Context, pool *pgxpool.Pool, opening *gate) (*ledger.Ledger, http.Handler, error) {
	queries, hooks := projections.NewQueries(pool), webhooks.NewStore(pool, s.Master, s.Policy, s.Endpoints)
	seen := witnesses{{"the read model", queries.Seen}, {"the webhook dispatcher", hooks.Seen}}
	inst, err := s.open(ctx, events.OpenConfig{Create: true, Shards: s.Shards, Replicas: s.Replicas, SeenBy: seen.anything}, opening)
	if err != nil {
		return nil, nil, err
	}
	logs := make([]ledger.Log, len(inst.Shards))
	for i, stream := range inst.Shards {
		logs[i] = stream
	}
	book := ledger.New(ledger.Config{
		Logs: logs, Codec: inst.Codec, Logger: s.Logger, Registry: s.Registry,
		Witnesses: seen.ofLedger(), MaxCommit: int(s.NATS.MaxPayload()) - headerRoom,
	})
	s.keys.Store(inst.Keys)
	s.ledger.Store(book)
	return book, api.New(api.Config{
		Ledger: book, Keys: inst.Keys, Queries: queries, Webhooks: hooks, Operator: s.Operator,
		Checks:   append([]api.Check{{Name: "ledger", Fn: book.Ready}}, s.Checks...),
		Registry: s.Registry, Logger: s.Logger,
	}), nil
}

// migrate brings the schemas up to date. Commands do not wait for it. It gives up with
// schema.ErrOtherVersion.
func (c Common) migrate(ctx context.Context) error {
	err := retry(ctx, c.Logger, "prepare the database", func(ctx context.Context) error {
		err := projections.Migrate(ctx, c.Postgres)
		if err == nil {
			err = webhooks.Migrate(ctx, c.Postgres)
		}
		if errors.Is(err, schema.ErrOtherVersion) {
			return finalError{err}
		}
		return err
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}
