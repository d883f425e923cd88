package ledger

import (
	"container/heap"
	"time"

	"tallystick/domain"
)

// Pauses before what could not be decided is tried again.
const (
	firstAside = time.Second
	longAside  = time.Hour
)

// aside is a deadline that could not be decided for a reason which may never
// pass: its facts fit into no commit, cannot be encoded, or it met a defect. It
// is tried again after pauses that grow, so that it is not lost, does not hold
// up others, and is done soon after the reason is gone. A start begins anew.
type aside struct {
	deadline domain.Deadline
	again    time.Time
	pause    time.Duration // before again
}

// asides is a heap, by when they are tried again.
type asides []aside

// Len, Less, Swap, Push and Pop are for container/heap.
func (a asides) Len() int           { return len(a) }
func (a asides) Less(i, j int) bool { return a[i].again.Before(a[j].again) }
func (a asides) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push adds at the end.
func (a *asides) Push(x any) { *a = append(*a, x.(aside)) }

// Pop takes from the end.
func (a *asides) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// setAside keeps a deadline that was decided at a time for later, after a pause
// twice as long as the last.
func (s *shard) setAside(p *pending, decided time.Time) {
	pause := min(max(2*p.deadline.pause, firstAside), longAside)
	s.logger.Error("what time asks for cannot be done; it is tried again", "command", p.command, "in", pause, "error", p.outcome.Err)
	heap.Push(&s.asides, aside{p.deadline.domain, decided.Add(pause), pause})
	s.aside.Set(float64(len(s.asides)))
}

// takeAside returns the next deadline that is to be tried again, false for none.
func (s *shard) takeAside(now time.Time) (aside, bool) {
	if len(s.asides) == 0 || s.asides[0].again.After(now) {
		return aside{}, false
	}
	defer func() { s.aside.Set(float64(len(s.asides))) }()
	return heap.Pop(&s.asides).(aside), true
}
