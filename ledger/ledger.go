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
	Witnesses []Witness             // asked whether a log has lost commits
	MaxCommit int                   // bytes of a commit before compression, below the server's max_payload; 0 is 900 KiB
	Capacity  int                   // operations that may wait in each shard; 0 is 131,072. One project alone may fill half
	Patience  time.Duration         // how long a caller waits for an outcome; 0 is 5 s
	Watch     time.Duration         // between checks of the log; 0 is 1 s
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

// New returns a ledger. It takes commands once Run has folded its logs.
func New(cfg Config) *Ledger {
	cfg = cfg.withDefaults()
	metrics := newMetrics(cfg.Registry)
	l := &Ledger{codec: cfg.Codec}
	for i, log := range cfg.Logs {
		l.shards = append(l.shards, newShard(i, log, cfg, metrics))
	}
	return l
}

// Run folds the logs and decides commands until ctx ends. Then it lets the append
// in flight finish, refuses the commands that wait, and returns nil. A shard whose
// log is damaged stops alone, and Ready reports it.
func (l *Ledger) Run(ctx context.Context) error {
	var group sync.WaitGroup
	for _, s := range l.shards {
		group.Go(func() { s.serve(ctx) })
	}
	group.Wait()
	return nil
}

// Shards returns the number of shards.
func (l *Ledger) Shards() int { return len(l.shards) }

// ShardFor returns the shard in which a project of this name is created.
func (l *Ledger) ShardFor(name string) int {
	h := fnv.New32a()
	h.Write([]byte(name)) //nolint:errcheck // never fails
	return int(h.Sum32() % uint32(len(l.shards)))
}

// Receipt is the result of a command that was carried out.
type Receipt struct {
	Shard    int
	Sequence uint64 // the commit that contains Events; without any, the newest when it was decided
	Time     time.Time
	Events   []domain.Event // empty when nothing had to change
	// Standings are the balances of the wallets that Events changed, right after them.
	Standings []domain.Standing
}

// Outcome is a Receipt, or the error instead.
type Outcome struct {
	Receipt Receipt
	Err     error
}

// Unavailable is returned when a command was not carried out, or when its outcome is
// not known yet.
type Unavailable struct {
	Reason     string
	RetryAfter time.Duration
	// OutcomeUnknown: the command may have been carried out, or may still be.
	// Repeating it with the same reference is safe and returns the outcome.
	OutcomeUnknown bool
}

// Error returns the reason.
func (u *Unavailable) Error() string { return u.Reason }

// Do decides a command in its shard and returns when the outcome is durable. When the
// command produced no events, the outcome is confirmed to be that of the newest
// state. The error is a *domain.Rejection, an *Unavailable, a *Defect, or an error of
// encoding the facts.
func (l *Ledger) Do(ctx context.Context, shard int, by domain.Principal, command domain.Command) (Receipt, error) {
	out := l.DoAll(ctx, shard, by, []domain.Command{command})
	return out[0].Receipt, out[0].Err
}

// DoAll submits commands of one project together. They are decided in order;
// outcome i belongs to command i.
func (l *Ledger) DoAll(ctx context.Context, shard int, by domain.Principal, commands []domain.Command) []Outcome {
	return l.shards[shard].do(ctx, by, commands, false)
}

// View calls fn with the state of a shard, which is durable and confirmed to be the
// newest, and returns the sequence of its last commit. fn runs under the read lock of
// the state and must neither change nor keep it. The error is an *Unavailable.
func (l *Ledger) View(ctx context.Context, shard int, fn func(*domain.State)) (uint64, error) {
	s := l.shards[shard]
	if err := s.confirm(ctx); err != nil {
		return 0, err
	}
	return s.peek(fn), nil
}

// Peek is View without the confirmation: the state is durable, but it may lack
// commits of another process.
func (l *Ledger) Peek(shard int, fn func(*domain.State)) uint64 { return l.shards[shard].peek(fn) }

// Try decides a command like Do and writes nothing. The identifiers in its events
// are not reserved: the next commands that are carried out get the same ones. The
// errors are those of Do.
func (l *Ledger) Try(ctx context.Context, shard int, by domain.Principal, command domain.Command) (Receipt, error) {
	out := l.shards[shard].do(ctx, by, []domain.Command{command}, true)
	return out[0].Receipt, out[0].Err
}

// Ready returns nil when every shard has folded its log, takes commands, and can
// reach its log. The error wraps events.ErrDamaged when a shard has stopped until its
// log is restored.
func (l *Ledger) Ready() error {
	for _, s := range l.shards {
		if err := s.ready(); err != nil {
			return fmt.Errorf("shard %d: %w", s.index, err)
		}
	}
	return nil
}
