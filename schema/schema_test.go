package schema_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"tallystick/embedded/embeddedtest"
	"tallystick/projections"
	"tallystick/schema"
	"tallystick/webhooks"

	"github.com/jackc/pgx/v5"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// files makes migrations 001.sql, 002.sql and so on of statements.
func files(statements ...string) fstest.MapFS {
	all := fstest.MapFS{}
	for i, statement := range statements {
		all["00"+string(rune('1'+i))+"_step.sql"] = &fstest.MapFile{Data: []byte(statement)}
	}
	return all
}

const (
	first  = `CREATE TABLE s.t (a int)`
	second = `ALTER TABLE s.t ADD COLUMN b int; -- the last line may be a comment`
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	for i, step := range []struct {
		migrations fstest.MapFS
		want       error
	}{
		{files(first), nil},
		{files(first), nil},
		{files(strings.ReplaceAll(first, "int", "text")), schema.ErrOtherVersion},
		{files(first, second), nil},
		{files(first, second), nil},
		{files(first), schema.ErrOtherVersion},
		{files(second, first), schema.ErrOtherVersion},
	} {
		if err := schema.Migrate(t.Context(), url, "s", step.migrations); !errors.Is(err, step.want) || (err == nil) != (step.want == nil) {
			t.Errorf("step %d: %v, not %v", i, err, step.want)
		}
	}
}

// A migration that fails leaves the ones before it, and no mark of its own.
func TestMigrateFailsHalfWay(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	if err := schema.Migrate(t.Context(), url, "s", files(first, `CREATE TABLE s.u (a int); SELECT 1 / 0`)); err == nil || errors.Is(err, schema.ErrOtherVersion) {
		t.Fatal(err)
	}
	if err := schema.Migrate(t.Context(), url, "s", files(first, second)); err != nil {
		t.Error(err)
	}
}

// Processes that start together migrate together.
func TestMigrateAtOnce(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := errors.Join(projections.Migrate(context.Background(), url), webhooks.Migrate(context.Background(), url)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	url := embeddedtest.Database(t)
	if err := errors.Join(projections.Migrate(t.Context(), url), webhooks.Migrate(t.Context(), url)); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // it only reads
	rows, err := conn.Query(t.Context(), `
		SELECT format('%I.%I.%I', n.nspname, c.relname, a.attname), col_description(c.oid, a.attnum) IS NOT NULL AND obj_description(c.oid) IS NOT NULL
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		  JOIN pg_namespace n ON n.oid = c.relnamespace
		 WHERE n.nspname IN ('ledger', 'webhooks') AND c.relkind IN ('r', 'v') AND c.relname <> 'schema_version'`)
	if err != nil {
		t.Fatal(err)
	}
	var column string
	var commented bool
	seen := 0
	if _, err := pgx.ForEachRow(rows, []any{&column, &commented}, func() error {
		seen++
		if !commented {
			t.Errorf("%s, or its table, has no comment", column)
		}
		return nil
	}); err != nil || seen < 100 {
		t.Errorf("%d columns: %v", seen, err)
	}
}
