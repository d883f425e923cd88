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

// ErrDiverged is returned by Run when the read model cannot have come from the
// log. It has to be rebuilt.
var ErrDiverged = errors.New("projections: the read model and the log have diverged: rebuild it")

// Waits between attempts: the first, doubled up to the longest.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = 2 * time.Second
	lagInterval  = time.Second // between looks at the end of the log
)

// Log is one shard's log, as events.Stream and events.Memory have it.
type Log interface {
	// Read calls fn with the commits from..to in order, waiting for those to come.
	Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error
	// Last answers the sequence of the newest commit, 0 for none.
	Last(ctx context.Context) (uint64, error)
}

// ProjectorConfig is what a projector of one shard needs. Logger and Registry
// may be nil; the registry may be shared with other shards' projectors.
type ProjectorConfig struct {
	Shard    int
	Log      Log
	Codec    *events.Codec
	Pool     *pgxpool.Pool // two connections at a time at most
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

// Run projects until ctx ends, and answers nil then. It waits out every failure
// of PostgreSQL and of the log; it returns an error, ErrDiverged, only when
// going on would be wrong. To be called once.
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
		if errors.Is(err, ErrDiverged) {
			p.troubled(err)
			return err
		}
		if ctx.Err() != nil {
			return nil
		}
		p.troubled(err)
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

// follow projects from the checkpoint on, until something fails. Everything
// that is known of the read model begins anew with each call.
func (p *Projector) follow(ctx context.Context) error {
	cursor, last, err := p.start(ctx)
	if err != nil {
		return err
	}
	p.begun(cursor.Sequence, last)
	p.observe(last)
	stage := newStage(cursor, newBatch())
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return p.read(ctx, cursor, stage) })
	group.Go(func() error { return p.writeAll(ctx, stage) })
	return group.Wait()
}

// read decodes the log into the stage, and checks that it is whole.
func (p *Projector) read(ctx context.Context, cursor events.Cursor, stage *stage) error {
	return p.log.Read(ctx, cursor.Sequence+1, events.Forever, func(message events.Message) error {
		commit, err := p.codec.Decode(message.Data)
		if err != nil {
			return err
		}
		if int(commit.Shard) != p.shard {
			return fmt.Errorf("%w: commit %d is of shard %d, not %d", ErrDiverged, commit.Sequence, commit.Shard, p.shard)
		}
		err = cursor.Next(commit, message.Data)
		if err != nil && !errors.Is(err, events.ErrGap) { // a gap is the reader's; it starts again
			return fmt.Errorf("%w: %w", ErrDiverged, err)
		}
		if err != nil {
			return err
		}
		return stage.add(ctx, commit, cursor)
	})
}

// writeAll writes what the stage has, batch after batch.
func (p *Projector) writeAll(ctx context.Context, stage *stage) error {
	spare := newBatch()
	for {
		b, err := stage.take(ctx, spare)
		if err != nil {
			return err
		}
		begin := time.Now()
		if err := p.write(ctx, b); err != nil {
			return err
		}
		p.metrics.write.Observe(time.Since(begin).Seconds())
		p.metrics.batch.Observe(float64(b.count))
		p.metrics.transactions.Add(float64(b.count))
		p.advanced(b.to.Sequence)
		p.observe(b.to.Sequence)
		spare = b
	}
}

// watchLag keeps the lag known, in trouble most of all. A log that does not
// answer is read's to notice.
func (p *Projector) watchLag(ctx context.Context) {
	tick := time.NewTicker(lagInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if last, err := p.log.Last(ctx); err == nil {
			p.observe(last)
		}
	}
}

// observe sets the gauges; the log has at least last commits.
func (p *Projector) observe(last uint64) {
	done, end := p.seen(last)
	shard := strconv.Itoa(p.shard)
	p.metrics.sequence.WithLabelValues(shard).Set(float64(done))
	p.metrics.lag.WithLabelValues(shard).Set(float64(end - done))
}
