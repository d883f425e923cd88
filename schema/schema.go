// Package schema brings a schema of the database up to date. Each package that
// keeps tables has a schema of its own, with its own versions: one can be dropped
// and made anew without the others.
package schema

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

// lock keeps two processes from making a schema at once: CREATE SCHEMA IF NOT
// EXISTS is no protection from that. It ends with the connection.
const lock = `SELECT pg_advisory_lock(hashtextextended('tallystick/' || $1, 0))`

// Migrate brings the schema of that name, in the database at url, to the newest
// of the migrations (files 001_what.sql, …). Several processes may call it at
// once, and again: each migration happens once, in a transaction of its own, so
// that a crash leaves whole migrations only. A database of a newer tallystick is
// an error.
func Migrate(ctx context.Context, url, name string, migrations fs.FS) error {
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all that was done is committed
		err = migrateOn(ctx, conn, name, migrations)
	}
	if err != nil {
		return fmt.Errorf("schema: bring %s up to date: %w", name, err)
	}
	return nil
}

func migrateOn(ctx context.Context, conn *pgx.Conn, name string, migrations fs.FS) error {
	if _, err := conn.Exec(ctx, lock, name); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, `CREATE SCHEMA IF NOT EXISTS `+pgx.Identifier{name}.Sanitize()); err != nil {
		return err
	}
	migrator, err := migrate.NewMigrator(ctx, conn, name+".schema_version")
	if err != nil {
		return err
	}
	if err := migrator.LoadMigrations(migrations); err != nil {
		return err
	}
	return migrator.Migrate(ctx)
}
