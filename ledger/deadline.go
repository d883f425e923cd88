package ledger

import (
	"container/heap"
	"errors"
	"time"

	"tallystick/domain"
)

// longestSleep is how long the writer sleeps at most, so that it notices when the clock
// was set.
const longestSleep = time.Minute

// takeDue puts the deadlines that are due into the queue, as many as a group takes, when
// all earlier ones are decided. At a start the agenda is folded from the log, and
// includes the deadlines that came due while no process ran.
func (s *shard) takeDue() {
	now := s.time()
	if s.due > 0 || now.Before(s.pausedTo) {
		return
	}
	budget := groupCost
	for budget > groupCost/2 { // the other half is for deadlines that were not tried yet
		again, ok := s.takeRetry(now)
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

// putDue puts a deadline into the queue and returns its cost.
func (s *shard) putDue(d domain.Deadline, pause time.Duration) (cost int) {
	p := &pending{command: d.Command, cost: s.state.Cost(d.Command), deadline: &deadline{d, pause}}
	s.queue.putDue(d.Command.ProjectID(), p)
	s.due++
	return p.cost
}

// settleDue keeps the deadlines of a batch that are not in the log. When the log refused
// them, they go back on the agenda and deadlines pause, from the time of the decision,
// as long as a refused caller is asked to wait. When the outcome is unknown, the process
// stops, and the next start finds in the log whether they were carried out.
func (s *shard) settleDue(b *batch) {
	for _, p := range b.decided {
		if p.deadline == nil {
			continue
		}
		s.due--
		s.metrics.deadlines.Inc()
		if refused := new(Unavailable); errors.As(p.outcome.Err, &refused) {
			s.state.Postpone(p.deadline.domain)
			s.pausedTo = b.place.Time.Add(retryAfter)
		} else if p.outcome.Err != nil {
			s.retryLater(p, b.place.Time)
		}
	}
}

// untilDeadline returns how long the writer may sleep.
func (s *shard) untilDeadline() time.Duration {
	next, ok := s.state.NextDeadline()
	if len(s.retries) > 0 && (!ok || s.retries[0].again.Before(next)) {
		next, ok = s.retries[0].again, true
	}
	if !ok {
		return longestSleep
	}
	if next.Before(s.pausedTo) {
		next = s.pausedTo
	}
	return min(max(next.Sub(s.now()), 0), longestSleep)
}

// Pauses before a deadline that could not be decided is tried again.
const (
	firstRetry = time.Second
	lastRetry  = time.Hour
)

// retry is a deadline that could not be decided for a reason that may not pass: its facts
// do not fit into a commit, cannot be encoded, or it met a defect. It is tried again after
// growing pauses. So it is not lost and does not delay other deadlines. A start begins
// with the first pause again.
type retry struct {
	deadline domain.Deadline
	again    time.Time     // when it is tried again
	pause    time.Duration // before that
}

// retries is a heap, by the time of the next attempt.
type retries []retry

// Len, Less, Swap, Push and Pop are for container/heap.
func (r retries) Len() int           { return len(r) }
func (r retries) Less(i, j int) bool { return r[i].again.Before(r[j].again) }
func (r retries) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }

// Push adds at the end.
func (r *retries) Push(x any) { *r = append(*r, x.(retry)) }

// Pop removes the last.
func (r *retries) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

// retryLater keeps a deadline that could not be decided, to be tried again after a pause
// twice as long as the last.
func (s *shard) retryLater(p *pending, decided time.Time) {
	pause := min(max(2*p.deadline.pause, firstRetry), lastRetry)
	s.logger.Error("a deadline could not be carried out; it is tried again", "command", p.command, "in", pause, "error", p.outcome.Err)
	heap.Push(&s.retries, retry{p.deadline.domain, decided.Add(pause), pause})
	s.failed.Set(float64(len(s.retries)))
}

// takeRetry removes and returns the next deadline that is to be tried again now, false for
// none.
func (s *shard) takeRetry(now time.Time) (retry, bool) {
	if len(s.retries) == 0 || s.retries[0].again.After(now) {
		return retry{}, false
	}
	defer func() { s.failed.Set(float64(len(s.retries))) }()
	return heap.Pop(&s.retries).(retry), true
}
