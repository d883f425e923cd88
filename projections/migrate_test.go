package projections_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"testing/fstest"

	"tallystick/domain"
	"tallystick/embedded/embeddedtest"
	"tallystick/projections"
	"tallystick/schema"

	"github.com/jackc/pgx/v5"
)

// Processes that start together migrate together, and again at their next start.
func TestMigrateAtOnceAndAgain(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	for range 2 {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if err := projections.Migrate(context.Background(), url); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}

// What was projected before the second migration is read after it as it was.
func TestMigrateKeepsWhatWasProjected(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	first, err := os.ReadFile("migrations/0001_read_model.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Migrate(t.Context(), url, "ledger", fstest.MapFS{"0001_read_model.sql": {Data: first}}); err != nil {
		t.Fatal(err)
	}
	old, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close(context.Background())
	for _, statement := range []string{
		`INSERT INTO ledger.projects VALUES ('proj_1', 'old', 'GHS', '', 1.50, false, now(), now(), 1), ('proj_2', 'free', 'GHS', '', 0, false, now(), now(), 1)`,
		`INSERT INTO ledger.assets VALUES ('proj_1', 'GHS', 2, '', '', 936)`,
		`INSERT INTO ledger.wallets VALUES ('wall_1', 'proj_1', NULL, 'system', 'PREPAID', 'GHS', 2, 1, '', '{}', 'active', 1, 5.00, now(), now(), 1)`,
		`INSERT INTO ledger.transactions VALUES ('tx_1', 'proj_1', 'one', 'failed', '[]', '{"code": "SAME_WALLET"}', '', '{}', 1, now())`,
		`INSERT INTO ledger.failed_transaction_wallets VALUES ('wall_1', 'tx_1')`,
	} {
		if _, err := old.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	pool := open(t, url)
	queries := projections.NewQueries(pool)
	wallets, err := queries.Wallets(t.Context(), projections.WalletFilter{Project: "proj_1"})
	if err != nil || len(wallets.Rows) != 1 {
		t.Fatal(wallets, err)
	}
	w := wallets.Rows[0]
	same(t, "wallet", []any{w.Balance, w.Held, w.Available, w.Due, *w.Terms}, []any{"5.00", "0.00", "5.00", "0.00", domain.Terms{}})
	transactions, err := queries.Transactions(t.Context(), projections.TransactionFilter{Project: "proj_1", Wallet: "wall_1", Status: projections.Failed})
	if err != nil || len(transactions.Rows) != 1 {
		t.Error(transactions, err)
	}
	var fees string
	if err := pool.QueryRow(t.Context(), `SELECT string_agg(fees::text, ' ' ORDER BY id) FROM ledger.projects`).Scan(&fees); err != nil {
		t.Fatal(err)
	}
	same(t, "fees", fees, `[{"operation": "transfer", "percentage": "1.50"}] []`)
}

func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	rows, err := database(t).Query(t.Context(), `
		SELECT c.relname || '.' || a.attname
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		 WHERE c.relnamespace = 'ledger'::regnamespace AND c.relkind = 'r' AND c.relname <> 'schema_version'
		   AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		t.Errorf("%s, or its table, has no comment", column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}
