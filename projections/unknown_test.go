package projections_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
)

// A moment at which a connection breaks, once.
type moment int32

const (
	never moment = iota
	beforeCommit
	afterCommit // it is done, but the answer is lost
)

// faulty is a pool whose connections break at a COMMIT when told to.
type faulty struct {
	pool    *pgxpool.Pool
	commits atomic.Int32 // a moment
	broken  atomic.Int32 // how often it happened
}

func brokenPool(t *testing.T, url string) *faulty {
	t.Helper()
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{}
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		return &faultyConn{conn, f}, err
	}
	if f.pool, err = pgxpool.NewWithConfig(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.pool.Close)
	return f
}

type faultyConn struct {
	net.Conn
	faulty *faulty
}

var errBroken = errors.New("connection broken by the test")

func (c *faultyConn) Write(b []byte) (int, error) {
	if !bytes.Contains(b, []byte("commit\x00")) {
		return c.Conn.Write(b)
	}
	at := moment(c.faulty.commits.Swap(int32(never)))
	if at == never {
		return c.Conn.Write(b)
	}
	c.faulty.broken.Add(1) // before the server is done: the test may see that first
	if at == afterCommit {
		if _, err := c.Conn.Write(b); err != nil {
			return 0, err
		}
		var answer [64]byte
		if _, err := c.Conn.Read(answer[:]); err != nil {
			return 0, err
		}
	}
	c.Conn.Close()
	return 0, errBroken
}

// The outcome of a COMMIT that got no answer is found in the checkpoint.
func TestCommitOfUnknownOutcome(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]moment{"done": afterCommit, "not done": beforeCommit} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPair(t)
			f := brokenPool(t, database(t).Config().ConnString())
			project(t, p.history, f.pool)
			for range 5 {
				f.commits.Store(int32(at))
				p.transfers(3)
				caughtUp(t, p.history, f.pool)
			}
			if f.broken.Load() != 5 {
				t.Errorf("%d commits were broken", f.broken.Load())
			}
			equal(t, p.history, f.pool)
		})
	}
}
