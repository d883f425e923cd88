package ledger

import (
	"errors"
	"time"

	"tallystick/domain"
)

const (
	// dueAtOnce is how many deadlines one group takes, about as many expiries as
	// fit a commit: callers wait behind them for one, and no commit is half empty.
	dueAtOnce = 1300
	// longestSleep bounds how long the writer sleeps, so that a clock which was
	// set is noticed.
	longestSleep = time.Minute
)

// deadlines are what time asks for now. They are decided like commands: before
// those of callers, so that these see what is over as over. A start folds the
// agenda from the log and finds what came due while no process was up.
type deadlines struct {
	domain  []domain.Deadline
	waiting []pending
}

// due takes what is due off the agenda.
func (s *shard) due() deadlines {
	now := s.time()
	if now.Before(s.respite) {
		return deadlines{}
	}
	all := s.state.Due(now, dueAtOnce)
	d := deadlines{domain: all, waiting: make([]pending, len(all))}
	for i := range all {
		d.waiting[i].command = all[i].Command
	}
	return d
}

// pending appends them to a group.
func (d *deadlines) pending(group []*pending) []*pending {
	for i := range d.waiting {
		group = append(group, &d.waiting[i])
	}
	return group
}

// postpone puts those back that are not in the log, and lets the log rest for as
// long as a caller would be told to. One that is there although nobody could
// tell (the process stops then) is found by the next start.
func (s *shard) postpone(d deadlines) {
	for i := range d.waiting {
		err := d.waiting[i].outcome.Err
		if away := new(Unavailable); errors.As(err, &away) {
			s.state.Postpone(d.domain[i])
			s.respite = s.time().Add(retryAfter)
		} else if err != nil {
			s.logger.Error("what time asks for was refused", "command", d.domain[i].Command, "error", err)
		}
	}
	s.metrics.deadlines.Add(float64(len(d.waiting)))
}

// untilDeadline is how long the writer may sleep.
func (s *shard) untilDeadline() time.Duration {
	next, ok := s.state.NextDeadline()
	if !ok {
		return longestSleep
	}
	if next.Before(s.respite) {
		next = s.respite
	}
	return min(max(next.Sub(s.now()), 0), longestSleep)
}

// callers is how many of a group somebody waits for.
func callers(group []*pending) int {
	count := 0
	for _, p := range group {
		if p.call != nil {
			count++
		}
	}
	return count
}
