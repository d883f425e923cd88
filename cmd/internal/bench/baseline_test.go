package bench

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/embedded/embeddedtest"
)

// The sum of all balances is what it was, the entries add up to the transfers,
// and every wallet's last entry is its balance.
const books = `SELECT
	(SELECT sum(balance) FROM wallet),
	(SELECT count(*) FROM transfer),
	(SELECT count(*) FROM entry),
	(SELECT sum(amount) FROM entry),
	(SELECT count(*) FROM wallet w WHERE balance <> (SELECT balance_after FROM entry WHERE wallet_id = w.id ORDER BY id DESC LIMIT 1))`

func TestBaselineKeepsItsBooks(t *testing.T) {
	t.Parallel()
	for name, hot := range map[string]bool{"random": false, "hot": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := embeddedtest.Database(t)
			admin, err := newScratch(t.Context(), url, 10)
			if err != nil {
				t.Fatal(err)
			}
			defer admin.drop() //nolint:errcheck // The database goes as well.
			m := load{wallets: 10, hot: hot, batch: 1, duration: time.Second}.run(t.Context(), postgresTargets(t, url, 8), func(totals) {})
			if m.acknowledged == 0 || m.failed != 0 {
				t.Fatalf("%d acknowledged, errors %v", m.acknowledged, m.errors)
			}
			var sum, moved string
			var transfers, entries, wrong int64
			if err := admin.conn.QueryRow(t.Context(), books).Scan(&sum, &transfers, &entries, &moved, &wrong); err != nil {
				t.Fatal(err)
			}
			if sum != "1009000000.00" || moved != "0" || transfers != m.acknowledged || entries != 2*transfers || wrong != 0 {
				t.Errorf("sum %s, %d transfers of %d, %d entries that add up to %s, %d wallets wrong", sum, transfers, m.acknowledged, entries, moved, wrong)
			}
		})
	}
}

func postgresTargets(t *testing.T, url string, n int) []target {
	t.Helper()
	targets := make([]target, n)
	for i := range targets {
		conn, err := connectPostgres(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close(context.Background()) }) //nolint:errcheck // Of a test.
		if targets[i], err = newPostgresTarget(t.Context(), conn); err != nil {
			t.Fatal(err)
		}
	}
	return targets
}

func TestBaselineRefuses(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	admin, err := newScratch(t.Context(), url, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer admin.drop() //nolint:errcheck // The database goes as well.
	for _, test := range []struct{ call, want string }{
		{"SELECT transfer('a', 1, 2, 0.01)", ""},
		{"SELECT transfer('a', 1, 2, 0.01)", "reference_once"},
		{"SELECT transfer('b', 1, 2, 2000000)", "insufficient funds"},
		{"SELECT transfer('c', 1, 9, 0.01)", "wallet not found"},
		{"SELECT transfer('d', 1, 1, 0.01)", "wallet not found"},
		{"SELECT transfer('e', 1, 2, -1)", "amount_positive"},
	} {
		_, err := admin.conn.Exec(t.Context(), test.call)
		if (err == nil) != (test.want == "") || (err != nil && !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.call, err, test.want)
		}
	}
}

func TestBaselineIsComparedAndDropped(t *testing.T) {
	t.Parallel()
	c := new(fake).start(t)
	c.Baseline, c.Postgres = "postgres", embeddedtest.Database(t)
	r := measure(t, c)
	if r.Baseline == nil || r.Baseline.Throughput <= 0 || r.Baseline.Failed != 0 || r.Baseline.Latency.P50 <= 0 {
		t.Fatalf("baseline %+v", r.Baseline)
	}
	if r.Ratio == nil || *r.Ratio != r.Throughput/r.Baseline.Throughput {
		t.Error("ratio", r.Ratio)
	}
	c.JSON = false
	var out strings.Builder
	if err := c.Run(t.Context(), &out); err != nil || !strings.Contains(out.String(), " × plain PostgreSQL\n") {
		t.Error(out.String(), err)
	}
	if schemas(t, c.Postgres) != 0 {
		t.Error("the scratch schema is still there")
	}
}

func TestBaselineIsDroppedWhenStopped(t *testing.T) {
	t.Parallel()
	c := new(fake).start(t)
	c.Baseline, c.Postgres, c.Duration = "postgres", embeddedtest.Database(t), time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	if err := c.Run(ctx, cancelling{cancel}); err == nil {
		t.Error("no error")
	}
	if schemas(t, c.Postgres) != 0 {
		t.Error("the scratch schema is still there")
	}
}

// cancelling cancels with the first line of progress.
type cancelling struct{ cancel context.CancelFunc }

func (c cancelling) Write(p []byte) (int, error) { c.cancel(); return io.Discard.Write(p) }

func TestTwoBaselinesDoNotMeet(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	admin, err := newScratch(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newScratch(t.Context(), url, 2); err == nil || !strings.Contains(err.Error(), "another bench is running") {
		t.Error(err)
	}
	if err := admin.drop(); err != nil {
		t.Fatal(err)
	}
	again, err := newScratch(t.Context(), url, 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.drop(); err != nil {
		t.Fatal(err)
	}
}

func TestBaselineInsistsOnDurability(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	conn, err := connectPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "SET synchronous_commit = off"); err != nil {
		t.Fatal(err)
	}
	if err := assertDurable(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "synchronous_commit is off") {
		t.Error(err)
	}
}

func schemas(t *testing.T, url string) (count int) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_namespace WHERE nspname = $1", scratch).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count
}
