package webhooks

import (
	"context"
	"testing"
	"testing/fstest"

	"tallystick/domain"
	"tallystick/embedded/embeddedtest"
	"tallystick/schema"

	"github.com/jackc/pgx/v5"
)

// A wallet that was written before wallets had types is PREPAID: there was no other.
func TestOldWalletsArePrepaid(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	first, err := migrations.ReadFile("migrations/001_webhooks.sql")
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Migrate(t.Context(), url, "webhooks", fstest.MapFS{"001_webhooks.sql": {Data: first}}); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO webhooks.wallet (id, project_id, customer_id, role, currency, number, name) VALUES ('wall_1', 'proj_1', 'ama', 'customer', 'GHS', 1, '')`); err != nil {
		t.Fatal(err)
	}
	if err := Migrate(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	var paid domain.WalletType
	if err := conn.QueryRow(t.Context(), `SELECT type FROM webhooks.wallet`).Scan(&paid); err != nil || paid != domain.Prepaid {
		t.Error(paid, err)
	}
}
