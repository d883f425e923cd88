package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/projections"
)

// pair is a history of one project with two wallets.
type pair struct {
	*history
	project  ids.Project
	from, to ids.Wallet
	hold     ids.Hold
}

func newPair(t testing.TB) *pair {
	p := &pair{history: newHistory(t)}
	p.project = p.history.project("pair", "1")
	p.from = p.wallet(p.project, "from", "GHS")
	p.to = p.wallet(p.project, "to", "GHS")
	p.transact(p.project, issue(p.from, "1000000"))
	p.commit()
	return p
}

// transfers commits n transfers, one by one.
func (p *pair) transfers(n int) {
	p.t.Helper()
	for range n {
		p.transact(p.project, transfer(p.from, p.to, "1.00"))
		p.commit()
	}
}

// dealings gives the recipient credit for a day, of which a part is held, and
// schedules a transfer of it.
func (p *pair) dealings() {
	p.t.Helper()
	tomorrow := p.now.Add(24 * time.Hour)
	p.transact(p.project, domain.Operation{Type: domain.Issue, Recipient: p.to, Quantity: quantity("20"), ExpiresAt: tomorrow})
	p.hold = p.do(domain.PlaceHold{
		Project: p.project, Wallet: p.to, Reference: "hold", Quantity: quantity("5"),
	})[0].(*domain.HoldPlaced).Hold
	p.do(&domain.Transact{
		Project: p.project, Reference: "later", ScheduledFor: tomorrow, Operations: []domain.Operation{transfer(p.from, p.to, "1")},
	})
	p.commit()
}

func TestTwoProjectorsOfOneShard(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pool := database(t)
	project(t, p.history, pool)
	project(t, p.history, pool)
	for range 20 {
		p.transfers(10)
		caughtUp(t, p.history, pool)
	}
	equal(t, p.history, pool)
}

// A projector that stops anywhere leaves whole batches, and the next goes on.
func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pool := database(t)
	for range 10 {
		p.transfers(20)
		_, stop := project(t, p.history, pool)
		stop()
	}
	project(t, p.history, pool)
	caughtUp(t, p.history, pool)
	equal(t, p.history, pool)
}

func TestPostgresRestarts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	server, err := embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: embeddedtest.Dir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	pool := open(t, server.URL())
	p := newPair(t)
	project(t, p.history, pool)
	for range 3 {
		p.transfers(50)
		if err := server.Restart(ctx); err != nil {
			t.Fatal(err)
		}
		p.transfers(50)
	}
	// With connections of its own: the projector's may have been cut off, which
	// is the projector's to survive, not the test's.
	reader := open(t, server.URL())
	caughtUp(t, p.history, reader)
	equal(t, p.history, reader)
}

func TestLogOfflineAndBack(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pool := database(t)
	p.log.SetOffline(true)
	projector, _ := project(t, p.history, pool)
	if projector.Ready() == nil {
		t.Error("ready without knowing the log")
	}
	for range 3 {
		p.log.SetOffline(false)
		p.transfers(30)
		caughtUp(t, p.history, pool)
		p.log.SetOffline(true)
	}
	p.log.SetOffline(false)
	await(t, "it is ready", func() bool { return projector.Ready() == nil })
	equal(t, p.history, pool)
}

// A projector that is there before its tables waits for them.
func TestProjectorBeforeMigration(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	pool, err := pgxpool.New(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	p := newPair(t)
	project(t, p.history, pool)
	if err := projections.Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	caughtUp(t, p.history, pool)
	equal(t, p.history, pool)
}

// run runs a projector until it ends by itself, and returns why.
func run(t *testing.T, h *history, pool *pgxpool.Pool) error {
	t.Helper()
	projector := projections.NewProjector(projections.ProjectorConfig{Log: h.log, Codec: h.codec, Pool: pool})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := projector.Run(ctx)
	if !errors.Is(projector.Ready(), err) {
		t.Errorf("ready after %v: %v", err, projector.Ready())
	}
	return err
}

func TestDivergenceEndsTheProjector(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(t *testing.T, p *pair, pool *pgxpool.Pool){
		"a wallet at another version": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `UPDATE ledger.wallets SET version = version + 1 WHERE role = 'fees'`)
			p.transfers(1)
		},
		"a wallet missing": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `DELETE FROM ledger.wallets WHERE role = 'fees'`)
			p.transfers(1)
		},
		"a transaction that is there already": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `INSERT INTO ledger.transactions SELECT 'tx_x', project_id, 'reference 100', status, operations,
				failure, description, metadata, sequence, created_at, by FROM ledger.transactions LIMIT 1`)
			p.counted = 99
			p.transfers(1)
		},
		"a changed status of a wallet that is not there": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `DELETE FROM ledger.wallets WHERE role = 'customer'`)
			p.do(domain.ChangeStatus{Project: p.project, Wallet: p.to, Change: domain.Disable})
			p.commit()
		},
		"a hold that has less": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `UPDATE ledger.holds SET captured = 1`)
			p.do(domain.ReleaseHold{Project: p.project, Hold: p.hold})
			p.commit()
		},
		"a hold without its lot": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `DELETE FROM ledger.credit_lots`)
			p.do(domain.CaptureHold{Project: p.project, Hold: p.hold, Reference: "capture", Quantity: quantity("1")})
			p.commit()
		},
		"a lot missing": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `DELETE FROM ledger.credit_lots`)
			p.passes(48 * time.Hour)
		},
		"less left of a lot than is taken": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `UPDATE ledger.credit_lots SET remaining = 0`)
			p.passes(48 * time.Hour)
		},
		"a scheduled transaction that was cancelled": func(t *testing.T, p *pair, pool *pgxpool.Pool) {
			execute(t, pool, `UPDATE ledger.transactions SET status = 'cancelled', cancel_actor = '', ended_at = now() WHERE status = 'scheduled'`)
			p.passes(48 * time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			p.transfers(10)
			p.dealings()
			pool := database(t)
			_, stop := project(t, p.history, pool)
			caughtUp(t, p.history, pool)
			stop()
			before := p.cursor.Sequence
			spoil(t, p, pool)
			if err := run(t, p.history, pool); !errors.Is(err, projections.ErrDiverged) {
				t.Errorf("the projector ended with %v", err)
			}
			if at, err := projections.NewQueries(pool).Checkpoint(t.Context(), 0); err != nil || at != before {
				t.Errorf("the checkpoint went from %d to %d (%v)", before, at, err)
			}
		})
	}
}

func execute(t *testing.T, pool *pgxpool.Pool, statement string) {
	t.Helper()
	if tag, err := pool.Exec(t.Context(), statement); err != nil || tag.RowsAffected() == 0 {
		t.Fatal(tag, err)
	}
}

func TestMetricsAreSharedByShards(t *testing.T) {
	t.Parallel()
	pool := database(t)
	registry := prometheus.NewRegistry()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 2)
	for shard := range 2 {
		h := newHistory(t)
		h.shard = uint8(shard)
		h.project("metrics", "0")
		h.commit()
		projector := projections.NewProjector(projections.ProjectorConfig{
			Shard: shard, Log: h.log, Codec: h.codec, Pool: pool, Registry: registry,
		})
		go func() { ended <- projector.Run(ctx) }()
		caughtUp(t, h, pool)
	}
	cancel()
	for range 2 {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, family := range families {
		name := strings.TrimPrefix(family.GetName(), "tallystick_projection_")
		names = append(names, fmt.Sprintf("%s×%d", name, len(family.GetMetric())))
	}
	same(t, "metrics", names, []string{"batch_transactions×1", "lag_commits×2", "ready×2", "sequence×2", "transactions_total×1", "write_seconds×1"})
}

// Faults of all kinds at random moments, then peace: everything converges.
func TestConvergesAfterFaults(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := newRandom(newHistory(t), seed)
	r.commit()
	url := embeddedtest.Database(t)
	pool := open(t, url)
	broken := brokenPool(t, url)
	_, stop := project(t, r.history, broken.pool)
	for range 60 {
		for range 10 {
			r.step()
		}
		switch r.IntN(4) {
		case 0:
			broken.commits.Store(int32(beforeCommit))
		case 1:
			broken.commits.Store(int32(afterCommit))
		case 2:
			stop()
			_, stop = project(t, r.history, broken.pool)
		case 3:
			caughtUp(t, r.history, pool)
		}
	}
	r.history.do(domain.DefineAsset{Project: r.projects[0], Asset: money.Asset{Code: "LAST"}})
	r.commit()
	caughtUp(t, r.history, pool)
	equal(t, r.history, pool)
}

var _ projections.Log = (*events.Stream)(nil)
