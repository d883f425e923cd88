package ledger

import (
	"context"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// shard is one log, the state that is folded from it, and its one writer in this
// process.
type shard struct {
	index     int
	log       Log
	codec     *events.Codec
	maxCommit int
	patience  time.Duration
	every     time.Duration // between checks by watch
	now       func() time.Time
	logger    *slog.Logger
	metrics   *metrics
	sequence  prometheus.Gauge
	readiness prometheus.Gauge
	failed    prometheus.Gauge // deadlines that could not be decided
	queue     *queue

	// Guarded by mu. Only the writer changes them, so the writer reads without it.
	mu       sync.RWMutex
	state    *domain.State
	progress progressTable
	cursor   events.Cursor
	folded   uint64
	advanced chan struct{} // closed and replaced whenever folded grows

	// Used by the writer only.
	lastTime time.Time
	expected int             // callers expected for the next group
	builder  *events.Builder // reused for every commit
	trial    *events.Builder // for dry runs
	rest     rest            // of flows in which much waits
	pausedTo time.Time       // deadlines wait until then: the log refuses commits
	retries  retries         // deadlines that could not be decided
	due      int             // deadlines in the queue and in group
	group    []*pending      // taken from the queue, without an outcome yet, in order

	// Reasons, besides refusing, for which the shard is not ready; see ready.
	damage      atomic.Pointer[error]   // of the log: the shard has stopped
	unreachable atomic.Pointer[error]   // the log cannot be reached
	refused     atomic.Pointer[refusal] // the log refused the last commit
	halt        context.CancelFunc      // ends run and watch
	unasked     []Witness               // used by start, then by watch

	// behind is a sequence of the log that a confirmation waits for.
	behind atomic.Uint64
	// refusing is the reason for which commands are not taken; nil when they are.
	refusing atomic.Pointer[string]

	confirmMu  sync.Mutex
	confirming bool
	next       *confirmation
}

func newShard(index int, log Log, cfg Config, m *metrics) *shard {
	label := strconv.Itoa(index)
	s := &shard{
		index: index, log: log, codec: cfg.Codec, maxCommit: cfg.MaxCommit, patience: cfg.Patience, every: cfg.Watch, now: cfg.Now,
		logger: cfg.Logger.With("shard", index), metrics: m,
		sequence: m.sequence.WithLabelValues(label), readiness: m.ready.WithLabelValues(label), failed: m.failed.WithLabelValues(label),
		unasked: cfg.Witnesses, queue: newQueue(cfg.Capacity, cfg.Now, m.waiting.WithLabelValues(label)), state: domain.NewState(len(cfg.Logs)), progress: progressTable{}, advanced: make(chan struct{}),
	}
	s.builder = cfg.Codec.NewBuilder(ids.Place{}, events.Hash{})
	s.trial = cfg.Codec.NewBuilder(ids.Place{}, events.Hash{})
	s.refuse("the log has not been read yet")
	return s
}

func (s *shard) refuse(reason string) {
	s.refusing.Store(&reason)
	s.report()
}

func (s *shard) accept() {
	s.refusing.Store(nil)
	s.report()
}

// notReady returns the reason for which commands and reads are refused, "" when they
// are not.
func (s *shard) notReady() string {
	if damage := s.damage.Load(); damage != nil {
		return "the log is damaged, and must be restored by an operator"
	}
	if reason := s.refusing.Load(); reason != nil {
		return *reason
	}
	return ""
}

// retryAfter is how long a refused caller is asked to wait.
const retryAfter = time.Second

func (s *shard) unavailable(reason string) *Unavailable {
	return &Unavailable{Reason: reason, RetryAfter: retryAfter}
}

// do has commands decided and waits for their outcomes. The facts of a dry run are
// dropped.
func (s *shard) do(ctx context.Context, by domain.Principal, commands []domain.Command, dry bool) []Outcome {
	outcomes := make([]Outcome, len(commands))
	if len(commands) == 0 {
		return outcomes
	}
	fail := func(reason string) []Outcome {
		s.metrics.commands.WithLabelValues("unavailable").Add(float64(len(commands)))
		for i := range outcomes {
			outcomes[i].Err = s.unavailable(reason)
		}
		return outcomes
	}
	if reason := s.notReady(); reason != "" {
		return fail(reason)
	}
	call := &call{by: by, done: make(chan struct{})}
	call.left.Store(int32(len(commands)))
	own := make([]pending, len(commands))
	all := make([]*pending, len(commands))
	for i, command := range commands {
		own[i].command, own[i].call, own[i].dry = command, call, dry
		all[i] = &own[i]
	}
	s.peek(func(state *domain.State) {
		for _, p := range all {
			p.cost = state.Cost(p.command)
		}
	})
	if !s.queue.put(commands[0].ProjectID(), all) {
		return fail("too many commands of this project are waiting")
	}
	if s.await(ctx, call) {
		for i := range own {
			outcomes[i] = own[i].outcome
		}
		return outcomes
	}
	for i, p := range all {
		outcomes[i].Err = s.giveUp(p)
	}
	return outcomes
}

// await returns whether every command of a call had its outcome before the caller's
// time was over.
func (s *shard) await(ctx context.Context, call *call) bool {
	timer := time.NewTimer(s.patience)
	defer timer.Stop()
	select {
	case <-call.done:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

// giveUp ends the wait for a command. A command that is withdrawn from the queue was
// certainly not carried out. The outcome of one that the writer has taken is unknown.
func (s *shard) giveUp(p *pending) *Unavailable {
	s.metrics.commands.WithLabelValues("unavailable").Inc()
	if p.withdraw() {
		return s.unavailable("the ledger did not decide this in time; nothing was done")
	}
	return s.unknown()
}

func (s *shard) unknown() *Unavailable {
	return &Unavailable{
		Reason:     "the outcome is not known yet; repeat with the same reference to learn it",
		RetryAfter: retryAfter, OutcomeUnknown: true,
	}
}

func (s *shard) peek(fn func(*domain.State)) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(s.state)
	return s.folded
}

// publish applies a change to the state and makes it visible to readers. The change
// must be durable.
func (s *shard) publish(cursor events.Cursor, change func()) {
	s.mu.Lock()
	change()
	s.folded = cursor.Sequence
	close(s.advanced)
	s.advanced = make(chan struct{})
	s.cursor = cursor
	s.mu.Unlock()
	s.sequence.Set(float64(cursor.Sequence))
}
