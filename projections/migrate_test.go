package projections_test

import (
	"context"
	"sync"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/projections"
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

func TestEveryColumnHasAComment(t *testing.T) {
	t.Parallel()
	rows, err := database(t).Query(t.Context(), `
		SELECT c.relname || '.' || a.attname
		  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
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
