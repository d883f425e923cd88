package webhooks

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
)

// network is the way to PostgreSQL, which fails when told to.
type network struct {
	mu    sync.Mutex
	down  bool
	conns map[*cable]bool
	fault fault
}

// fault is how the next commit of a checkpoint goes wrong.
type fault int

const (
	none        fault = iota
	lost              // it never arrives
	unconfirmed       // it is carried out, and nobody is told
)

var errCut = errors.New("the network is down")

func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.down {
		return nil, errCut
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c := &cable{Conn: conn, n: n}
	if n.conns == nil {
		n.conns = map[*cable]bool{}
	}
	n.conns[c] = true
	return c, nil
}

// cut takes the network down, with all that is on it.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = true
	for c := range n.conns {
		_ = c.Conn.Close()
	}
	n.conns = nil
}

func (n *network) mend() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down = false
}

// fail makes the next commit go wrong that follows a write of the checkpoint.
func (n *network) fail(f fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fault = f
}

func (n *network) failed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.fault == none
}

func (n *network) takeFault() fault {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.fault
	n.fault = none
	return f
}

// cable is one connection.
type cable struct {
	net.Conn
	n    *network
	deaf bool
}

func (c *cable) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte("commit")) && !bytes.Contains(b, []byte("pg_")) {
		switch c.n.takeFault() {
		case lost:
			_ = c.Close()
			return 0, errCut
		case unconfirmed:
			c.deaf = true
		}
	}
	return c.Conn.Write(b)
}

func (c *cable) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b) // waits until PostgreSQL is done
	if c.deaf && n > 0 {
		_ = c.Close()
		return 0, errCut
	}
	return n, err
}
