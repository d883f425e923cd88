package webhooks

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

// Migrate brings the schema `webhooks` of the database at url up to date, and
// makes it where there is none. Several processes may do so at once: they take
// turns. Each migration is one transaction; a crash leaves the ones before it.
func Migrate(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return fmt.Errorf("webhooks: migrate: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to lose
	if err := run(ctx, conn); err != nil {
		return fmt.Errorf("webhooks: migrate: %w", err)
	}
	return nil
}

// schemaLock keeps two processes from making the schema at once, which
// IF NOT EXISTS does not. Any number will do that nobody else uses.
const schemaLock = 7304189266

func run(ctx context.Context, conn *pgx.Conn) error {
	err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(schemaLock)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS webhooks`)
		return err
	})
	if err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, "webhooks.schema_version")
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
