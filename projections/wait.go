package projections

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// ErrBehind is returned by WaitFor, wrapped with the numbers, when its context
// ends before the sequence is projected.
var ErrBehind = errors.New("projections: the read model is behind")

// WaitFor waits until a shard's log is projected up to sequence. If ctx ends before, the
// error is ErrBehind. Any other error is PostgreSQL's.
func (q *Queries) WaitFor(ctx context.Context, shard int, sequence uint64) error {
	projected, err := q.Checkpoint(ctx, shard)
	if err == nil && projected < sequence {
		leave := q.poll.join()
		defer leave()
		for err == nil && projected < sequence && ctx.Err() == nil {
			var next uint64
			next, err = q.poll.next(ctx, shard)
			projected = max(projected, next)
		}
	}
	switch {
	case err == nil && projected >= sequence:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%w: shard %d is projected to %d, %d was asked for: %w", ErrBehind, shard, projected, sequence, ctx.Err())
	}
	return err
}

const (
	pollInterval = 5 * time.Millisecond
	pollTimeout  = 5 * time.Second
)

// poller reads the checkpoints for all callers that wait, with one query for all of them.
// It stops while nobody waits.
type poller struct {
	pool *pgxpool.Pool

	mu      sync.Mutex
	waiting int
	running bool
	coming  *look // the next one
}

// look is one reading of the checkpoints. Its fields are valid once done is closed.
type look struct {
	done      chan struct{}
	sequences map[int]uint64
	err       error
}

func newLook() *look { return &look{done: make(chan struct{})} }

func newPoller(pool *pgxpool.Pool) *poller { return &poller{pool: pool, coming: newLook()} }

// join makes the poller run until every caller of join has called leave.
func (p *poller) join() (leave func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.waiting++
	if !p.running {
		p.running = true
		go p.run()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.waiting--
	}
}

// next waits for the next look, and returns how far the shard is. It returns 0 if ctx
// ends before.
func (p *poller) next(ctx context.Context, shard int) (uint64, error) {
	p.mu.Lock()
	coming := p.coming
	p.mu.Unlock()
	select {
	case <-coming.done:
		return coming.sequences[shard], coming.err
	case <-ctx.Done():
		return 0, nil
	}
}

func (p *poller) run() {
	for {
		p.mu.Lock()
		if p.waiting == 0 {
			p.running = false
			p.mu.Unlock()
			return
		}
		look := p.coming
		p.coming = newLook()
		p.mu.Unlock()
		look.sequences, look.err = p.look()
		close(look.done)
		time.Sleep(pollInterval)
	}
}

func (p *poller) look() (map[int]uint64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), pollTimeout)
	defer cancel()
	sequences := map[int]uint64{}
	rows, err := p.pool.Query(ctx, `SELECT shard, sequence FROM ledger.checkpoint`)
	if err == nil {
		var shard int
		var sequence int64
		_, err = pgx.ForEachRow(rows, []any{&shard, &sequence}, func() error {
			sequences[shard] = uint64(sequence)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("projections: checkpoint: %w", err)
	}
	return sequences, nil
}
