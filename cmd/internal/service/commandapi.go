package service

import (
	"context"
	"net"
	"sync/atomic"

	"tallystick/api"
	"tallystick/events"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/webhooks"

	"golang.org/x/sync/errgroup"
)

// CommandAPI is the HTTP service over the ledger. It needs NATS to take
// commands; PostgreSQL only to answer queries and to manage webhook endpoints.
type CommandAPI struct {
	Common
	Listener net.Listener
	Operator api.Operator
	Shards   int // of a new ledger; 0 is 1
	Replicas int // of a new ledger; 0 is 1
	Policy   webhooks.Policy
	// Endpoints is how many webhook endpoints a project may have; 0 is 50.
	Endpoints int
	Checks    []api.Check // more that readiness depends on

	ledger atomic.Pointer[ledger.Ledger]
	keys   atomic.Pointer[events.Keys]
}

// headerRoom is what a message's headers may take of the server's max_payload.
const headerRoom = 4 << 10

// Ledger answers the ledger once Run has opened it; nil before.
func (s *CommandAPI) Ledger() *ledger.Ledger { return s.ledger.Load() }

// Keys answers the keyring once Run has opened it; nil before.
func (s *CommandAPI) Keys() *events.Keys { return s.keys.Load() }

// Run serves until ctx ends. Then it takes no more requests, finishes the ones
// it has, and lets the append in flight finish.
func (s *CommandAPI) Run(ctx context.Context) error {
	pool, err := s.pool(16)
	if err != nil {
		return err
	}
	defer pool.Close()
	seen := witnesses{{"the read model", projections.NewQueries(pool).Seen}, {"the webhook dispatcher", webhooks.NewStore(pool, s.Master, s.Policy).Seen}}
	inst, err := s.open(ctx, events.OpenConfig{Create: true, Shards: s.Shards, Replicas: s.Replicas, SeenBy: seen.anything})
	if err != nil {
		return err
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
	handler := api.New(api.Config{
		Ledger: book, Keys: inst.Keys, Queries: projections.NewQueries(pool),
		Webhooks: webhooks.NewStore(pool, s.Master, s.Policy, s.Endpoints), Operator: s.Operator,
		Checks:   append([]api.Check{{Name: "ledger", Fn: book.Ready}}, s.Checks...),
		Registry: s.Registry, Logger: s.Logger,
	})
	// The ledger outlives the requests that wait for it.
	ledgerCtx, stopLedger := context.WithCancel(context.WithoutCancel(ctx))
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return book.Run(ledgerCtx) })
	group.Go(func() error { return s.migrate(groupCtx) })
	group.Go(func() error {
		defer stopLedger()
		return api.Serve(groupCtx, s.Listener, handler, s.Logger)
	})
	err = group.Wait()
	stopLedger()
	return err
}

// migrate brings the schemas up to date beside everything else: commands do not
// wait for PostgreSQL.
func (c Common) migrate(ctx context.Context) error {
	err := retry(ctx, c.Logger, "prepare the database", func(ctx context.Context) error {
		if err := projections.Migrate(ctx, c.Postgres); err != nil {
			return err
		}
		return webhooks.Migrate(ctx, c.Postgres)
	})
	if ctx.Err() != nil {
		return nil
	}
	return err
}
