package webhooks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/semaphore"

	"tallystick/domain/ids"
	"tallystick/events"
)

// Log is one shard's log (events.Stream; events.Memory).
type Log interface {
	// Read calls fn with the commits from..to in order, and waits for those that
	// are not there yet. It returns after to, or with an error: start again.
	Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error
	// Last returns the sequence of the newest commit, 0 for none.
	Last(ctx context.Context) (uint64, error)
	// Get returns one commit, or events.ErrNotFound.
	Get(ctx context.Context, sequence uint64) (events.Message, error)
}

const (
	readAhead     = 64               // commits decoded while a batch is written
	heldBytes     = 4 << 20          // bytes of JSON that are decoded and not written yet
	batchCommits  = 256              // commits of a batch at most
	batchFacts    = 2000             // a batch ends with the commit that reaches this
	refreshEvery  = time.Second      // between looking for new endpoints and saving the position
	reloadEvery   = 30 * time.Second // between looking for deleted endpoints
	standbyPeriod = time.Second      // after another dispatcher wrote
)

// errOvertaken is returned when another dispatcher has written for the shard. Nothing was
// written, and the checkpoint has to be read again.
var errOvertaken = errors.New("webhooks: another dispatcher reads this shard")

// ingester reads the log of one shard in order and writes messages and deliveries.
//
// Everything it writes is one transaction with a compare-and-swap of the
// checkpoint's revision. A crash leaves all of it or nothing. After an error the outcome
// may be unknown, so the checkpoint is read again (load).
type ingester struct {
	shard  int
	log    Log
	codec  *events.Codec
	pool   *pgxpool.Pool
	wake   func(endpoint string)
	outage *outage

	loaded  atomic.Bool   // the checkpoint has been read
	reached atomic.Uint64 // position.Sequence, for others to read

	// Used by the goroutine of run only.
	position    events.Cursor // facts up to here are processed
	saved       uint64        // the checkpoint's sequence: at or before position
	revision    int64         // the checkpoint's, as last read or written
	subscribers subscribers
	joining     []subscriber // new endpoints that still get earlier facts
	held        int64        // part of heldBytes of the commits that next returned last
	refreshAt   time.Time
	reloadAt    time.Time
}

// arrival is a commit that was read, or the error of reading it.
type arrival struct {
	commit *events.Commit
	size   int64         // its part of heldBytes
	end    events.Cursor // after the commit
	err    error
}

// run reads until ctx ends or the log is damaged. After damage no more messages are made
// for the shard until the process is started again, and Ready returns the reason.
// Messages that exist are delivered.
func (g *ingester) run(ctx context.Context) {
	for ctx.Err() == nil {
		err := g.follow(ctx)
		if errors.Is(err, errOvertaken) {
			pause(ctx, standbyPeriod)
			continue
		}
		if errors.Is(err, events.ErrDamaged) {
			g.outage.stopped(fmt.Errorf("%w. %s", err, events.Remedy(g.shard)))
			return
		}
		g.outage.wait(ctx, err)
	}
}

// follow reads on from the checkpoint until the first error.
func (g *ingester) follow(ctx context.Context) error {
	if err := g.load(ctx); err != nil {
		return err
	}
	g.loaded.Store(true)
	ctx, cancel := context.WithCancel(ctx)
	arrivals := make(chan arrival, readAhead)
	room := semaphore.NewWeighted(heldBytes)
	g.held = 0
	var reader sync.WaitGroup
	reader.Go(func() { g.read(ctx, g.position, room, arrivals) })
	defer reader.Wait()
	defer cancel()
	for {
		commits, end, failed := g.next(ctx, arrivals)
		if err := g.take(ctx, commits, end); err != nil {
			return err
		}
		room.Release(g.held)
		g.held = 0
		if failed != nil {
			return failed
		}
		if err := g.refresh(ctx); err != nil {
			return err
		}
		if err := g.join(ctx); err != nil {
			return err
		}
		g.outage.ended()
	}
}

// read decodes the log after start, until ctx ends or an error. It sends the error after
// the commits that were read, so that these are processed.
func (g *ingester) read(ctx context.Context, start events.Cursor, room *semaphore.Weighted, arrivals chan<- arrival) {
	send := func(a arrival) error {
		select {
		case arrivals <- a:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := g.log.Read(ctx, start.Sequence+1, events.Forever, func(m events.Message) error {
		size := min(int64(events.DecodedSize(m.Data)), heldBytes)
		if err := room.Acquire(ctx, size); err != nil {
			return err
		}
		commit, err := g.codec.Decode(m.Data)
		if err == nil {
			err = start.Next(commit, m.Data)
		}
		if err != nil {
			return err
		}
		return send(arrival{commit: commit, size: size, end: start})
	})
	_ = send(arrival{err: fmt.Errorf("webhooks: read shard %d: %w", g.shard, err)})
}

// next waits for a commit or for the time to refresh. It returns the commits that have
// arrived, up to a batch. While an endpoint is joining it does not wait.
func (g *ingester) next(ctx context.Context, arrivals <-chan arrival) (commits []*events.Commit, end events.Cursor, failed error) {
	wait := time.Until(g.refreshAt)
	if len(g.joining) > 0 {
		wait = 0
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	facts := 0
	for len(commits) < batchCommits && facts < batchFacts {
		var a arrival
		if len(commits) == 0 {
			select {
			case a = <-arrivals:
			case <-timer.C:
				return nil, end, nil
			case <-ctx.Done():
				return nil, end, ctx.Err()
			}
		} else {
			select {
			case a = <-arrivals:
			default:
				return commits, end, nil
			}
		}
		if a.err != nil {
			return commits, end, a.err
		}
		commits, end, facts = append(commits, a.commit), a.end, facts+len(a.commit.Facts)
		g.held += a.size
	}
	return commits, end, nil
}

// take writes the rows of a run of commits. Commits without rows only advance the
// position, which the next refresh saves. After a crash before that they are read again.
func (g *ingester) take(ctx context.Context, commits []*events.Commit, end events.Cursor) error {
	if len(commits) == 0 {
		return nil
	}
	h, err := g.outputOf(ctx, g.subscribers, commits)
	if err != nil {
		return err
	}
	if !h.empty() {
		if err := g.write(ctx, h, end, nil); err != nil {
			return err
		}
	}
	g.position = end
	g.reached.Store(end.Sequence)
	return nil
}

func (g *ingester) outputOf(ctx context.Context, subscribers subscribers, commits []*events.Commit) (*output, error) {
	h := &output{subscribers: subscribers, wallets: map[ids.Wallet]*wallet{}}
	if err := g.findWallets(ctx, h, commits); err != nil {
		return nil, err
	}
	for _, commit := range commits {
		if err := h.add(commit); err != nil {
			return nil, fmt.Errorf("webhooks: commit %d: %w", commit.Sequence, err)
		}
	}
	return h, nil
}

// refresh looks for new endpoints and saves the position, at most once a second.
func (g *ingester) refresh(ctx context.Context) error {
	now := time.Now()
	if now.Before(g.refreshAt) {
		return nil
	}
	g.refreshAt = now.Add(refreshEvery)
	if g.position.Sequence != g.saved {
		if err := g.write(ctx, &output{}, g.position, nil); err != nil {
			return err
		}
	}
	if now.Before(g.reloadAt) {
		return g.findJoining(ctx)
	}
	return g.findSubscribers(ctx)
}

// join gives the first of the joining endpoints a batch of earlier events. The endpoint
// has joined when it has all events up to the position.
//
// It does not matter how late an endpoint is noticed. Whether it has joined is
// written in the same transaction as the revision: a dispatcher that did not count
// with it has been overtaken, and its batch is not written.
func (g *ingester) join(ctx context.Context) error {
	if len(g.joining) == 0 {
		return nil
	}
	l := &g.joining[0]
	commits, err := g.reread(ctx, l.from+1, g.position.Sequence)
	if err != nil {
		return err
	}
	only := subscribers{}
	only.add(*l)
	h, err := g.outputOf(ctx, only, commits)
	if err != nil {
		return err
	}
	// The wallets were written when the position passed these commits.
	h.created, h.changes = nil, nil
	from := l.from
	if len(commits) > 0 {
		from = commits[len(commits)-1].Sequence
	}
	joined := from >= g.position.Sequence
	if err := g.write(ctx, h, g.position, &joinStep{endpoint: l.id, from: from, joined: joined}); err != nil {
		return err
	}
	l.from = from
	if joined {
		g.subscribers.add(*l)
		g.joining = g.joining[1:]
	}
	return nil
}

var errEnough = errors.New("webhooks: enough for a batch")

// reread returns a batch of the commits from..to, none when from is after to.
func (g *ingester) reread(ctx context.Context, from, to uint64) (commits []*events.Commit, err error) {
	facts := 0
	err = g.log.Read(ctx, from, to, func(m events.Message) error {
		commit, err := g.codec.Decode(m.Data)
		if err != nil {
			return err
		}
		commits, facts = append(commits, commit), facts+len(commit.Facts)
		if len(commits) == batchCommits || facts >= batchFacts {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, fmt.Errorf("webhooks: read shard %d again: %w", g.shard, err)
	}
	return commits, nil
}
