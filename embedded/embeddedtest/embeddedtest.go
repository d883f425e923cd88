// Package embeddedtest gives tests real servers: a NATS of their own, and
// databases in one PostgreSQL cluster that all tests of a process share.
//
// A package that uses Postgres or Database has
//
//	func TestMain(m *testing.M) { embeddedtest.Main(m) }
//
// which stops the cluster and removes its directory after the last test. A
// test process that has no such function, panics or times out leaves the
// directory to be removed by the next one; on Linux the kernel stops the
// server even then.
package embeddedtest

import (
	"context"
	"crypto/rand"
	"log"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tallystick/embedded"
)

// patience bounds each step, for machines on which many packages are tested at
// the same time.
const patience = time.Minute

// NATS returns a running server with an empty store that listens on a loopback
// port. It is stopped when t ends.
func NATS(t testing.TB) *embedded.NATS {
	t.Helper()
	n, err := embedded.StartNATS(embedded.NATSConfig{Dir: Dir(t), Addr: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Stop)
	return n
}

// JetStream returns a connection to a server, and JetStream over it. It is closed when
// t ends.
func JetStream(t testing.TB, n *embedded.NATS) (*nats.Conn, jetstream.JetStream) {
	t.Helper()
	conn, err := n.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return conn, js
}

// Postgres returns the cluster that all tests of this process share; the first
// call starts it. A test that stops or restarts a server takes one of its own,
// from embedded.StartPostgres in Dir.
func Postgres(t testing.TB) *embedded.Postgres {
	t.Helper()
	s, err := shared.start()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Database returns the URL of a new, empty database in the shared cluster. It
// is dropped when t ends, together with the connections to it.
func Database(t testing.TB) string {
	t.Helper()
	admin := Postgres(t).URL()
	name := "test_" + strings.ToLower(rand.Text())
	execute(t, admin, "CREATE DATABASE "+name)
	t.Cleanup(func() { execute(t, admin, "DROP DATABASE "+name+" WITH (FORCE)") })

	u, err := url.Parse(admin)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// execute runs one statement on a connection of its own.
func execute(t testing.TB, target, statement string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, target)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Main runs the tests. Then it stops the shared cluster, if one was started, and
// removes its directory. A process that NATSReplicas started serves as a replica
// instead. TestMain calls Main and returns.
func Main(m *testing.M) {
	ServeReplica()
	defer shared.stop()
	m.Run()
}

// shared is the cluster of this process.
var shared cluster

type cluster struct {
	once   sync.Once
	dir    string
	server *embedded.Postgres
	err    error
}

// start starts the cluster at the first call, and returns the same result at
// every later one.
func (c *cluster) start() (*embedded.Postgres, error) {
	c.once.Do(func() {
		if c.dir, c.err = newDir(); c.err != nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c.server, c.err = embedded.StartPostgres(ctx, embedded.PostgresConfig{Dir: c.dir})
	})
	return c.server, c.err
}

// stop ends the cluster, if it was started, and removes its directory.
func (c *cluster) stop() {
	if c.server != nil {
		if err := c.server.Stop(); err != nil {
			log.Print(err)
		}
	}
	if c.dir != "" {
		if err := os.RemoveAll(c.dir); err != nil {
			log.Print(err)
		}
	}
}
