package embeddedtest_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"

	"tallystick/embedded/embeddedtest"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

func TestDatabasesAreApart(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"one", "two", "three"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := pgx.Connect(t.Context(), embeddedtest.Database(t))
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close(t.Context())
			// Would fail in a database that has the table already.
			if _, err := conn.Exec(t.Context(), "CREATE TABLE account (id int)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDatabaseIsDropped(t *testing.T) {
	t.Parallel()
	var target string
	t.Run("use", func(t *testing.T) {
		target = embeddedtest.Database(t)
		// Left open on purpose: the drop must not wait for it.
		if _, err := pgx.Connect(t.Context(), target); err != nil {
			t.Fatal(err)
		}
	})
	if conn, err := pgx.Connect(t.Context(), target); err == nil {
		conn.Close(t.Context())
		t.Fatal("the database outlived its test")
	}
}

func TestNATSListens(t *testing.T) {
	t.Parallel()
	n := embeddedtest.NATS(t)
	conn, err := nats.Connect(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
}
