package ledger

import (
	"errors"
	"fmt"
	"runtime/debug"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// Defect is a fault of the ledger itself that a command ran into: deciding it
// panicked, or made facts that the state refuses. Nothing was done, and the same
// command will most likely meet the same defect again.
type Defect struct {
	Command string // its type
	Cause   error
}

// Error says what happened.
func (d *Defect) Error() string {
	return fmt.Sprintf("ledger: a defect in deciding %s, nothing was done: %v", d.Command, d.Cause)
}

// Unwrap is the cause.
func (d *Defect) Unwrap() error { return d.Cause }

// errFull: the facts of a command do not fit into what is left of the commit.
var errFull = errors.New("ledger: the commit is full")

// A group ends at a budget, so that whoever comes meanwhile waits for a few
// milliseconds. One command is taken however much it costs.
const (
	groupCost = 500 // operations
	// groupTime ends a group of at least a quantum: where processors are short, or
	// deciding is dear, groups still share an append.
	groupTime = 10 * time.Millisecond
)

// batch is a group decided but not yet durable.
type batch struct {
	place   ids.Place
	fork    *domain.State
	builder *events.Builder
	facts   []domain.Event // in the builder
	decided []*pending
	results []Outcome
}

func (s *shard) newBatch(builder *events.Builder) *batch {
	b := &batch{
		place:   ids.Place{Location: ids.Location{Shard: uint8(s.index), Sequence: s.cursor.Sequence + 1}, Time: s.time()},
		fork:    s.state.Fork(),
		builder: builder,
	}
	b.builder.Reset(b.place, s.cursor.Hash)
	return b
}

// decide decides, in order and on a fork of the state, the first n commands that
// were taken, and after these, with more, as many as it takes from the queue,
// until the commit is full or the budget of a group is spent.
//
// A command that meets a defect may have changed the fork in part. Then the fork
// is dropped, the commands before it are decided again, and the commit ends
// there: each command is decided at most twice, however many meet defects.
func (s *shard) decide(n int, more bool) *batch {
	b := s.newBatch(s.builder)
	until, left := time.Now().Add(groupTime), groupCost
	for i := 0; i < n || more && s.takeNext(left, until); i++ {
		p := s.group[i]
		left -= p.cost
		outcome := Outcome{}
		var err error
		if p.defect == nil {
			outcome, err = s.decideOne(b, p)
		} else {
			outcome.Err = p.defect
		}
		switch {
		case errors.Is(err, errFull):
			return b
		case errors.As(err, &p.defect):
			return s.decide(i+1, false)
		}
		b.decided, b.results = s.group[:i+1], append(b.results, outcome)
	}
	return b
}

// takeNext takes one more command into the group, unless that is over its budget.
func (s *shard) takeNext(left int, until time.Time) bool {
	if len(s.group) == 0 {
		left = unbounded
	} else if left <= 0 || groupCost-left >= quantum && time.Now().After(until) {
		return false
	}
	p := s.queue.next(left, s.rest.now)
	if p != nil {
		s.group = append(s.group, p)
	}
	return p != nil
}

// decideOne adds the facts of a command to a batch; those of a dry run to a batch
// of its own, which is dropped. The error is errFull or a *Defect.
func (s *shard) decideOne(b *batch, p *pending) (outcome Outcome, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = s.defect(p, fmt.Errorf("panic: %v", cause), debug.Stack())
		}
	}()
	if p.dry {
		b = s.newBatch(s.trial)
	}
	place := b.place
	place.Index = b.builder.Len()
	facts, rejection := domain.Decide(b.fork, p.command, place)
	outcome.Receipt = Receipt{Shard: s.index, Time: b.place.Time, Events: facts}
	if rejection != nil {
		outcome.Err = rejection
	}
	if len(facts) == 0 {
		return outcome, nil
	}
	added, err := b.builder.Add(facts, s.maxCommit)
	switch {
	case err != nil:
		return Outcome{Err: fmt.Errorf("ledger: encode: %w", err)}, nil
	case !added && place.Index > 0:
		return Outcome{}, errFull
	case !added:
		return s.decideTooLarge(b, p)
	}
	for _, fact := range facts {
		if err := b.fork.Evolve(fact); err != nil {
			return Outcome{}, s.defect(p, err, nil)
		}
	}
	b.facts = append(b.facts, facts...)
	if p.call != nil {
		outcome.Receipt.Standings = b.fork.Standings(facts, b.place.Time)
	}
	return outcome, nil
}

// decideTooLarge ends a command whose facts fit into no commit. A caller is told.
// Nobody waits for a scheduled transaction: it is recorded as failed.
func (s *shard) decideTooLarge(b *batch, p *pending) (Outcome, error) {
	tooLarge := &domain.Rejection{Code: domain.BadRequest, Operation: domain.NoOperation,
		Message: fmt.Sprintf("the transaction is too large: its facts must fit into %d bytes", s.maxCommit)}
	if c, ok := p.command.(domain.PerformScheduled); ok && c.Refused == nil {
		c.Refused = tooLarge
		p.command = c
		return s.decideOne(b, p)
	}
	return Outcome{Err: tooLarge}, nil
}

// defect logs and counts a fault of ours.
func (s *shard) defect(p *pending, cause error, stack []byte) *Defect {
	d := &Defect{Command: fmt.Sprintf("%T", p.command), Cause: cause}
	s.metrics.defects.WithLabelValues(d.Command).Inc()
	s.logger.Error("a command met a defect of the ledger and was not carried out", "command", d.Command, "error", cause, "stack", string(stack))
	return d
}

// time is now, in whole microseconds (PostgreSQL's), and never before the last commit.
func (s *shard) time() time.Time {
	now := s.now().UTC().Truncate(time.Microsecond)
	if now.Before(s.lastTime) {
		return s.lastTime
	}
	return now
}
