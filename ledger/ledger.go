package ledger

import (
	"context"
	"fmt"
	"hash/fnv"
	"log/slog"
	"sync"
	"time"

	"tallystick/domain"
	"tallystick/events"

	"github.com/prometheus/client_golang/prometheus"
)

// Log is a shard's log; events.Stream and events.Memory are.
type Log interface {
	Append(ctx context.Context, expected uint64, id string, data []byte) error
	Last(ctx context.Context) (uint64, error)
	Get(ctx context.Context, sequence uint64) (events.Message, error)
	Read(ctx context.Context, from, to uint64, fn func(events.Message) error) error
}

// Config of a ledger.
type Config struct {
	Logs      []Log // of shard 0, 1, …; their number never changes in an installation
	Codec     *events.Codec
	Witnesses []Witness             // asked at the start whether a log has lost commits
	MaxCommit int                   // bytes of a commit before compression, below the server's max_payload; 0 is 900 KiB
	Capacity  int                   // operations that may wait in each shard; 0 is 131,072. One project alone may fill half
	Patience  time.Duration         // how long a caller waits for an outcome; 0 is 5 s
	Watch     time.Duration         // between looks at the log that nobody asks for; 0 is 1 s
	Now       func() time.Time      // nil is time.Now
	Logger    *slog.Logger          // nil is slog.Default
	Registry  prometheus.Registerer // nil registers nothing
}

func (c Config) withDefaults() Config {
	if c.MaxCommit == 0 {
		c.MaxCommit = 900 << 10
	}
	if c.Capacity == 0 {
		c.Capacity = 128 << 10
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Watch == 0 {
		c.Watch = time.Second
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// Ledger is every shard of an installation.
type Ledger struct {
	codec  *events.Codec
	shards []*shard
}

// New makes a ledger that answers once Run has folded its logs.
func New(cfg Config) *Ledger {
	cfg = cfg.withDefaults()
	metrics := newMetrics(cfg.Registry)
	l := &Ledger{codec: cfg.Codec}
	for i, log := range cfg.Logs {
		l.shards = append(l.shards, newShard(i, log, cfg, metrics))
	}
	return l
}

// Run folds the logs and decides commands until ctx ends; then it lets the
// append in flight finish, refuses what waits, and returns nil. A shard whose log
// is damaged stops alone, and Ready says so.
func (l *Ledger) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, s := range l.shards {
		group.Go(func() { s.serve(ctx) })
	}
	group.Wait()
	return nil
}

// Shards is how many there are.
func (l *Ledger) Shards() int { return len(l.shards) }

// ShardFor answers the shard for a new project.
func (l *Ledger) ShardFor(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // never fails
	return int(h.Sum32() % uint32(len(l.shards)))
}

// Receipt is what came of a command.
type Receipt struct {
	Shard    int
	Sequence uint64 // the answer holds as of this commit; Events are in it
	Time     time.Time
	Events   []domain.Event // none: what was asked for was already so
	// Standings are the numbers of the wallets that Events touched, right after them.
	Standings []domain.Standing
}

// Outcome is a Receipt, or the error instead.
type Outcome struct {
	Receipt Receipt
	Err     error
}

// Unavailable says that a command was not carried out, or that nobody knows yet.
type Unavailable struct {
	Reason     string
	RetryAfter time.Duration
	// OutcomeUnknown: the command may have been carried out, or may be yet.
	// Repeating it with the same reference is safe, and tells.
	OutcomeUnknown bool
}

// Error is the reason.
func (u *Unavailable) Error() string { return u.Reason }

// Do decides a command in its shard and returns once the outcome is durable; one
// that made no events, or was rejected, is confirmed to be that of the newest
// state. The error is a *domain.Rejection, an *Unavailable or a *Defect, or says
// that the facts could not be encoded.
func (l *Ledger) Do(ctx context.Context, shard int, command domain.Command) (Receipt, error) {
	out := l.DoAll(ctx, shard, []domain.Command{command})
	return out[0].Receipt, out[0].Err
}

// DoAll submits commands of one project together, to be decided in order; outcome
// i is that of command i.
func (l *Ledger) DoAll(ctx context.Context, shard int, commands []domain.Command) []Outcome {
	return l.shards[shard].do(ctx, commands, false)
}

// View calls fn with a shard's state, durable and confirmed to be the newest,
// and answers the sequence that it is of. fn must neither change nor keep the
// state. The error is an *Unavailable.
func (l *Ledger) View(ctx context.Context, shard int, fn func(*domain.State)) (uint64, error) {
	s := l.shards[shard]
	if err := s.confirm(ctx); err != nil {
		return 0, err
	}
	return s.peek(fn), nil
}

// Peek is View without the confirmation: durable, but behind where another
// process wrote.
func (l *Ledger) Peek(shard int, fn func(*domain.State)) uint64 { return l.shards[shard].peek(fn) }

// Try returns what Do would, as things are, and writes nothing: the identifiers
// in its events are of a place where others will stand. The error is that of Do.
func (l *Ledger) Try(ctx context.Context, shard int, command domain.Command) (Receipt, error) {
	out := l.shards[shard].do(ctx, []domain.Command{command}, true)
	return out[0].Receipt, out[0].Err
}

// Ready returns nil when every shard is caught up, takes commands, and has a log
// that answers. The error wraps events.ErrDamaged when a shard has stopped until
// its log is restored.
func (l *Ledger) Ready() error {
	for _, s := range l.shards {
		if err := s.ready(); err != nil {
			return fmt.Errorf("shard %d: %w", s.index, err)
		}
	}
	return nil
}
