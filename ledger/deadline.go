package ledger

import (
	"errors"
	"time"

	"tallystick/domain"
)

// longestSleep bounds how long the writer sleeps, so that a clock which was set
// is noticed.
const longestSleep = time.Minute

// takeDue puts what time asks for now into the queue, as much as a group takes,
// once all that was put there before has been decided. A start folds the agenda
// from the log and finds what came due while no process was up.
func (s *shard) takeDue() {
	now := s.time()
	if s.due > 0 || now.Before(s.respite) {
		return
	}
	budget := groupCost
	for budget > groupCost/2 { // the rest is for what was not tried yet
		again, ok := s.takeAside(now)
		if !ok {
			break
		}
		budget -= s.putDue(again.deadline, again.pause)
	}
	if budget <= 0 {
		return
	}
	for _, d := range s.state.Due(now, budget) {
		s.putDue(d, 0)
	}
}

func (s *shard) putDue(d domain.Deadline, pause time.Duration) (cost int) {
	p := &pending{command: d.Command, cost: s.state.Cost(d.Command), deadline: &deadline{d, pause}}
	s.queue.putDue(domain.ProjectOf(d.Command), p)
	s.due++
	return p.cost
}

// settleDue keeps what time asked for of those that were decided and are not in
// the log. What the log did not take goes back on the agenda, and the log rests
// for as long as a caller would be told to, from the time of the decision: callers
// of the same group have their answers already. What is there although nobody
// could tell (the process stops then) is found by the next start.
func (s *shard) settleDue(b *batch) {
	for _, p := range b.decided {
		if p.deadline == nil {
			continue
		}
		s.due--
		s.metrics.deadlines.Inc()
		if away := new(Unavailable); errors.As(p.outcome.Err, &away) {
			s.state.Postpone(p.deadline.domain)
			s.respite = b.place.Time.Add(retryAfter)
		} else if p.outcome.Err != nil {
			s.setAside(p, b.place.Time)
		}
	}
}

// untilDeadline is how long the writer may sleep.
func (s *shard) untilDeadline() time.Duration {
	next, ok := s.state.NextDeadline()
	if len(s.asides) > 0 && (!ok || s.asides[0].again.Before(next)) {
		next, ok = s.asides[0].again, true
	}
	if !ok {
		return longestSleep
	}
	if next.Before(s.respite) {
		next = s.respite
	}
	return min(max(next.Sub(s.now()), 0), longestSleep)
}
