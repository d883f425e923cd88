package projections

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"tallystick/events"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
)

// ErrDiverged is returned by Run when the log is whole and the read model does not follow
// from it: somebody else wrote to the schema. The read model must be made again.
var ErrDiverged = errors.New("projections: the read model does not follow from the log, which is whole: " +
	`keep a copy of schema "ledger" to find out why, drop it, and start the services again`)

// Waits between attempts: the first one, doubled each time up to the longest.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = 2 * time.Second
	lookEvery    = time.Second // at the end of the log, and at the checkpoint
	lookTimeout  = 5 * time.Second
)

// Log is one shard's log. events.Stream and events.Memory implement it.
type Log interface {
	// Read calls fn with the commits from..to in order, and waits for those to come.
	Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error
	// Last returns the sequence of the newest commit, 0 for none.
	Last(ctx context.Context) (uint64, error)
	// Get returns one commit, or events.ErrNotFound.
	Get(ctx context.Context, sequence uint64) (events.Message, error)
}

// ProjectorConfig is what a projector of one shard needs. Logger and Registry
// may be nil; the registry may be shared with other shards' projectors.
type ProjectorConfig struct {
	Shard    int
	Log      Log
	Codec    *events.Codec
	Pool     *pgxpool.Pool // three connections at a time at most
	Logger   *slog.Logger
	Registry prometheus.Registerer
}

// Projector writes one shard's log into the read model.
type Projector struct {
	log     Log
	codec   *events.Codec
	pool    *pgxpool.Pool
	metrics *metrics
	progress
}

// NewProjector makes a projector; Run starts it.
func NewProjector(c ProjectorConfig) *Projector {
	logger := c.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Projector{
		log: c.Log, codec: c.Codec, pool: c.Pool,
		metrics:  newMetrics(c.Registry),
		progress: progress{shard: c.Shard, logger: logger.With("shard", c.Shard)},
	}
}

// Run projects until ctx ends, and returns nil then. It tries again after every failure
// of PostgreSQL and of the log that may pass. It returns an error, events.ErrDamaged or
// ErrDiverged, only when going on would be wrong; Ready returns the same error from then
// on. Run is called once.
func (p *Projector) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { p.watchLag(ctx) })
	defer watch.Wait()
	defer cancel()

	delay := firstRetry
	for {
		before := p.projected()
		err := p.follow(ctx)
		if errors.Is(err, events.ErrDamaged) {
			err = fmt.Errorf("projections: %w. %s", err, events.Remedy(p.shard))
		}
		if final(err) {
			p.failed(err)
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		p.failed(explain(err))
		if p.projected() > before && !errors.Is(err, errOvertaken) {
			delay = firstRetry
		}
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return nil
		}
		delay = min(2*delay, longestRetry)
	}
}

// follow projects from the checkpoint on until something fails. Each call reads the
// checkpoint again and starts with empty batches.
func (p *Projector) follow(ctx context.Context) error {
	cursor, last, err := p.start(ctx)
	if err != nil {
		return err
	}
	p.begun(cursor.Sequence, last)
	p.observe(last)
	batches := newDoubleBuffer(cursor, newBatch())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.read(ctx, cursor, batches) })
	group.Go(func() error { return p.writeAll(ctx, batches) })
	group.Go(func() error { return p.watchCheckpoint(ctx) })
	return group.Wait()
}

// final returns whether an error never passes.
func final(err error) bool { return errors.Is(err, events.ErrDamaged) || errors.Is(err, ErrDiverged) }

// read decodes the log into batches, and checks that it is whole.
func (p *Projector) read(ctx context.Context, cursor events.Cursor, batches *doubleBuffer) error {
	return p.log.Read(ctx, cursor.Sequence+1, events.Forever, func(message events.Message) error {
		commit, err := p.codec.Decode(message.Data)
		if err != nil {
			return err
		}
		if int(commit.Shard) != p.shard {
			return fmt.Errorf("%w: commit %d is of shard %d", events.ErrDamaged, commit.Sequence, commit.Shard)
		}
		if err := cursor.Next(commit, message.Data); err != nil {
			return err
		}
		return batches.add(ctx, commit, cursor)
	})
}

// writeAll writes batch after batch.
func (p *Projector) writeAll(ctx context.Context, batches *doubleBuffer) error {
	spare := newBatch()
	for {
		b, err := batches.take(ctx, spare)
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := p.write(ctx, b); err != nil {
			return err
		}
		p.metrics.write.Observe(time.Since(begin).Seconds())
		p.metrics.batch.Observe(float64(b.transactions))
		p.metrics.transactions.Add(float64(b.transactions))
		p.advanced(b.to.Sequence)
		p.observe(b.to.Sequence)
		spare = b
	}
}

// watchCheckpoint returns an error when the checkpoint cannot be read or went back: the
// database is down, the schema was dropped, or the server lost the newest batches in a
// crash. Nothing else would notice this while there is no commit to project.
func (p *Projector) watchCheckpoint(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		done := p.projected()
		looking, cancel := context.WithTimeout(ctx, lookTimeout)
		cursor, err := p.checkpoint(looking)
		cancel()
		if err != nil {
			return fmt.Errorf("read the checkpoint: %w", err)
		}
		if cursor.Sequence < done {
			return fmt.Errorf("the checkpoint went back from %d to %d; projecting again from there", done, cursor.Sequence)
		}
	}
}

// watchLag updates the metrics every second, also while nothing is projected. It ignores
// a log that does not answer: read returns that error.
func (p *Projector) watchLag(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		last, _ := p.log.Last(ctx) // 0 leaves the lag as it was
		p.observe(last)
	}
}

// observe sets the gauges. The log has at least last commits.
func (p *Projector) observe(last uint64) {
	done, end := p.seen(last)
	shard := strconv.Itoa(p.shard)
	p.metrics.sequence.WithLabelValues(shard).Set(float64(done))
	p.metrics.lag.WithLabelValues(shard).Set(float64(end - done))
	ready := 0.0
	if p.Ready() == nil {
		ready = 1
	}
	p.metrics.ready.WithLabelValues(shard).Set(ready)
}
