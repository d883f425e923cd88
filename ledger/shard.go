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

// shard is one log, the state it adds up to, and the one writer of it in this process.
type shard struct {
	index     int
	log       Log
	codec     *events.Codec
	maxCommit int
	patience  time.Duration
	every     time.Duration // between looks of watch
	now       func() time.Time
	logger    *slog.Logger
	metrics   *metrics
	sequence  prometheus.Gauge
	readiness prometheus.Gauge
	aside     prometheus.Gauge
	queue     *queue

	// Guarded by mu; changed by the writer alone, who therefore reads without it.
	mu       sync.RWMutex
	state    *domain.State
	dealings dealings
	cursor   events.Cursor
	folded   uint64
	advanced chan struct{} // closed and replaced whenever folded grows

	// Of the writer.
	lastTime time.Time
	crowd    int             // callers at once, lately
	builder  *events.Builder // its memory serves commit after commit
	trial    *events.Builder // of dry runs
	rest     rest            // of flows in which much waits
	respite  time.Time       // deadlines wait until then: the log takes nothing
	asides   asides          // deadlines that could not be decided
	due      int             // deadlines in the queue and in group
	group    []*pending      // taken from the queue and not answered, in order

	// What keeps the shard from being ready besides refusing; see ready.
	damage  atomic.Pointer[error]   // of the log: the shard has stopped
	silence atomic.Pointer[error]   // the log does not answer
	refused atomic.Pointer[refusal] // the last commit was
	halt    context.CancelFunc      // ends run and watch
	unheard []Witness               // of start, then of watch

	// behind is a sequence that a confirmation found in the log.
	behind atomic.Uint64
	// refusing says why commands are not taken; nil when they are.
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
		sequence: m.sequence.WithLabelValues(label), readiness: m.ready.WithLabelValues(label), aside: m.aside.WithLabelValues(label),
		unheard: cfg.Witnesses, queue: newQueue(cfg.Capacity, cfg.Now, m.waiting.WithLabelValues(label)), state: domain.NewState(len(cfg.Logs)), dealings: dealings{}, advanced: make(chan struct{}),
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

// notReady says why commands and reads are refused; "" when they are not.
func (s *shard) notReady() string {
	if damage := s.damage.Load(); damage != nil {
		return "the log is damaged, and must be restored by an operator"
	}
	if reason := s.refusing.Load(); reason != nil {
		return *reason
	}
	return ""
}

// retryAfter is how soon a refused caller may well be served.
const retryAfter = time.Second

func (s *shard) unavailable(reason string) *Unavailable {
	return &Unavailable{Reason: reason, RetryAfter: retryAfter}
}

// do has commands decided; dry: what came of them is dropped.
func (s *shard) do(ctx context.Context, commands []domain.Command, dry bool) []Outcome {
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
	call := &call{done: make(chan struct{})}
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
	if !s.queue.put(domain.ProjectOf(commands[0]), all) {
		return fail("too many commands of this project are waiting")
	}
	if s.await(ctx, call) {
		for i := range own {
			outcomes[i] = own[i].outcome
		}
		return outcomes
	}
	for i, p := range all {
		outcomes[i].Err = s.tired(p)
	}
	return outcomes
}

// await answers whether everything was answered while the caller was patient.
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

// tired ends the wait for a command. Withdrawn from the queue it was certainly
// not carried out; once the writer has it, nobody here knows.
func (s *shard) tired(p *pending) *Unavailable {
	s.metrics.commands.WithLabelValues("unavailable").Inc()
	if p.withdraw() {
		return s.unavailable("the ledger did not come to this in time; nothing was done")
	}
	return s.unknown()
}

func (s *shard) unknown() *Unavailable {
	return &Unavailable{
		Reason:     "the log has not answered; repeat with the same reference to learn the outcome",
		RetryAfter: retryAfter, OutcomeUnknown: true,
	}
}

func (s *shard) peek(fn func(*domain.State)) uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	fn(s.state)
	return s.folded
}

// publish makes a change of the state visible: everything in it is durable.
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
