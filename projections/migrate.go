package projections

import (
	"context"
	"embed"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrating keeps two processes from making the schema at once: CREATE SCHEMA
// IF NOT EXISTS is no protection from that. The lock ends with the connection.
const migrating = `SELECT pg_advisory_lock(hashtextextended('tallystick/projections', 0))`

// Migrate brings the schema "ledger" of the database at url to the newest
// version. Several processes may call it at once, and again: each migration
// happens once, in a transaction of its own, so that a crash leaves whole
// migrations only. A database of a newer tallystick is an error.
func Migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("projections: migrate: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all that was done is committed
	if err := migrateOn(ctx, conn); err != nil {
		return fmt.Errorf("projections: migrate: %w", err)
	}
	return nil
}

func migrateOn(ctx context.Context, conn *pgx.Conn) error {
	if _, err := conn.Exec(ctx, migrating); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS ledger`); err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, "ledger.schema_version")
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if err := migrator.LoadMigrations(files); err != nil {
		return err
	}
	return migrator.Migrate(ctx)
}
