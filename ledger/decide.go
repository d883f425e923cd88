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

// Defect is a fault of this program that a command met: deciding it panicked, or
// produced facts that the state refuses. Nothing was done. The same command will
// probably meet the same defect again.
type Defect struct {
	Command string // type of the command
	Cause   error
}

// Error describes the defect.
func (d *Defect) Error() string {
	return fmt.Sprintf("ledger: a defect in deciding %s, nothing was done: %v", d.Command, d.Cause)
}

// Unwrap returns the cause.
func (d *Defect) Unwrap() error { return d.Cause }

// errFull: the facts of a command do not fit into the rest of the commit.
var errFull = errors.New("ledger: the commit is full")

// A group ends at a budget, so that later commands wait for a few milliseconds only.
// The first command of a group is taken whatever it costs.
const (
	groupCost = 500 // operations
	// groupTime ends a group that has at least a quantum. Smaller groups continue, so
	// that commands share an append also on a slow machine.
	groupTime = 10 * time.Millisecond
)

// batch is a group that is decided and not yet durable.
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

// decide decides the first n commands of the group, in order and on a fork of the
// state. With more, it then takes further commands from the queue, until the commit is
// full or the budget of a group is spent.
//
// A command that meets a defect may have changed a part of the fork. Then the fork is
// dropped, the commands before it are decided again, and the commit ends there. Each
// command is therefore decided at most twice.
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

// takeNext takes one more command into the group, if the budget allows it.
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

// decideOne decides a command and adds its facts to a batch. The facts of a dry run are
// added to a batch of its own, which is dropped. The error is errFull or a *Defect.
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
	domain.Ascribe(facts, p.by())
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

// decideTooLarge ends a command whose facts do not fit into a commit. A caller gets a
// rejection. A scheduled transaction has no caller and is recorded as failed.
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

// defect logs and counts a fault of this program.
func (s *shard) defect(p *pending, cause error, stack []byte) *Defect {
	d := &Defect{Command: fmt.Sprintf("%T", p.command), Cause: cause}
	s.metrics.defects.WithLabelValues(d.Command).Inc()
	s.logger.Error("a command met a defect of the ledger and was not carried out", "command", d.Command, "error", cause, "stack", string(stack))
	return d
}

// time returns the present time in whole microseconds, the precision of PostgreSQL. It
// is never before the last commit.
func (s *shard) time() time.Time {
	now := s.now().UTC().Truncate(time.Microsecond)
	if now.Before(s.lastTime) {
		return s.lastTime
	}
	return now
}
