// Package schema creates and upgrades one schema of the database. Each package that
// keeps tables has a schema of its own, with its own migrations: one can be dropped
// and made again without the others.
package schema

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/tern/v2/migrate"
)

// ErrOtherVersion is returned by Migrate when the tables that are there were not
// made by the migrations that it was given. Trying again does not help.
var ErrOtherVersion = errors.New("it was made by another version of tallystick: run that version, or begin with an empty log and database " +
	"(nothing has been released, so there are no upgrades yet)")

// lock keeps two processes from migrating a schema at the same time; CREATE SCHEMA
// IF NOT EXISTS does not. It ends with the connection.
const lock = `SELECT pg_advisory_lock(hashtextextended('tallystick/' || $1, 0))`

// Migrate brings the schema of that name, in the database at url, to the newest of
// the migrations (files 001_what.sql, …). Several processes may call it at once and
// again. Each migration happens once, in a transaction of its own, so that a crash
// leaves whole migrations only. A migration must not be edited once it is released:
// a schema that the old text made is an error. Errors: ErrOtherVersion, or what the
// connection or the server says.
func Migrate(ctx context.Context, url, name string, migrations fs.FS) error {
	conn, err := pgx.Connect(ctx, url)
	if err == nil {
		defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // all that was done is committed
		err = migrateOn(ctx, conn, name, migrations)
	}
	if err != nil {
		return fmt.Errorf("schema %q: %w", name, err)
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
	marks := mark(migrator.Migrations, name)
	version, err := migrator.GetCurrentVersion(ctx)
	if err != nil {
		return err
	}
	var found string
	err = conn.QueryRow(ctx, `SELECT coalesce(obj_description(to_regnamespace($1), 'pg_namespace'), '')`, name).Scan(&found)
	if err != nil {
		return err
	}
	if int(version) >= len(marks) || found != marks[version] {
		return ErrOtherVersion
	}
	return migrator.Migrate(ctx)
}

// mark makes each migration leave a mark, in its transaction: the comment of the
// schema names the text of all migrations so far. It returns the mark that a schema
// has at each version; at version 0 it has none.
func mark(migrations []*migrate.Migration, name string) []string {
	marks := []string{""}
	hash := sha256.New()
	for _, m := range migrations {
		hash.Write([]byte(m.UpSQL)) //nolint:errcheck // it never fails
		mark := fmt.Sprintf("Tallystick, migrations %x", hash.Sum(nil))
		m.UpSQL += fmt.Sprintf("\n;COMMENT ON SCHEMA %s IS '%s';", pgx.Identifier{name}.Sanitize(), mark)
		marks = append(marks, mark)
	}
	return marks
}
