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

// deadline is something that time asks for now. It is decided like a command:
// before those of callers, so that these see what is over as over. A start folds
// the agenda from the log and finds what came due while no process was up.
type deadline struct {
	domain  domain.Deadline
	pending pending
	pause   time.Duration // for which it was set aside; 0: it was not
}

// due takes off the agenda what is due, and what is to be tried again.
func (s *shard) due() []*deadline {
	now := s.time()
	if now.Before(s.respite) {
		return nil
	}
	var all []*deadline
	add := func(d domain.Deadline, pause time.Duration) {
		all = append(all, &deadline{domain: d, pending: pending{command: d.Command}, pause: pause})
	}
	for len(all) < dueAtOnce {
		again, ok := s.takeAside(now)
		if !ok {
			break
		}
		add(again.deadline, again.pause)
	}
	for _, d := range s.state.Due(now, dueAtOnce-len(all)) {
		add(d, 0)
	}
	return all
}

// postpone keeps those that are not in the log. One that the log did not take
// goes back on the agenda, and the log rests for as long as a caller would be
// told to. One that is there although nobody could tell (the process stops then)
// is found by the next start.
func (s *shard) postpone(all []*deadline) {
	for _, d := range all {
		err := d.pending.outcome.Err
		if away := new(Unavailable); errors.As(err, &away) {
			s.state.Postpone(d.domain)
			s.respite = s.time().Add(retryAfter)
		} else if err != nil {
			s.setAside(d, err)
		}
	}
	s.metrics.deadlines.Add(float64(len(all)))
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
