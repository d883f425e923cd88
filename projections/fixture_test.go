package projections_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/embedded/embeddedtest"
	"tallystick/projections"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// patience is how long something may take that takes milliseconds, on a machine
// that does much else.
const patience = time.Minute

// database is a new database with the schema.
func database(t testing.TB) *pgxpool.Pool {
	t.Helper()
	return open(t, embeddedtest.Database(t))
}

// open migrates the database at url and connects to it.
func open(t testing.TB, url string) *pgxpool.Pool {
	t.Helper()
	if err := projections.Migrate(context.Background(), url); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// project starts a projector of the history's log. stop stops it, which
// the end of the test does as well, and checks that it was still running.
func project(t testing.TB, h *history, pool *pgxpool.Pool) (projector *projections.Projector, stop func()) {
	t.Helper()
	projector = projections.NewProjector(projections.ProjectorConfig{Shard: int(h.shard), Log: h.log, Codec: h.codec, Pool: pool})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the projector ended: %v", err)
		}
	}
	t.Cleanup(stop)
	return projector, stop
}

// caughtUp waits until the whole history is projected.
func caughtUp(t testing.TB, h *history, pool *pgxpool.Pool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := projections.NewQueries(pool).WaitFor(ctx, int(h.shard), h.cursor.Sequence); err != nil {
		t.Fatal(err)
	}
}

// everything reads a list page by page.
func everything[T any](t testing.TB, page func(cursor string) (projections.Page[T], error)) []T {
	t.Helper()
	var all []T
	for cursor := ""; ; {
		p, err := page(cursor)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p.Rows...)
		if p.Next == "" {
			return all
		}
		cursor = p.Next
	}
}

// describe spells a value out, amounts as decimals, for comparison.
func describe(value any) string {
	switch v := value.(type) {
	case *domain.TransactionCompleted:
		return fmt.Sprintf("completed %+v", *v)
	case *domain.TransactionFailed:
		return fmt.Sprintf("failed %+v", *v)
	case *domain.TransactionScheduled:
		return fmt.Sprintf("scheduled %+v", *v)
	case domain.Wallet: // but for what it does not show
		return fmt.Sprintf("%v %+v", []any{
			v.ID, v.Project, v.Customer, v.Role, v.Type, v.Asset, v.Number, v.Name, v.Metadata, v.Status, v.UpdatedBy, v.Version, v.Balance,
		}, *v.Terms)
	}
	return fmt.Sprintf("%+v", value)
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := describe(got), describe(want); g != w {
		t.Errorf("%s\n got %s\nwant %s", what, g, w)
	}
}
