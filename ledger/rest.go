package ledger

import "time"

// longestRest is the longest rest.
const longestRest = 100 * time.Millisecond

// rest keeps the writer available for small commands while large ones wait. A group
// cannot be interrupted: a small command that arrives while a large one is decided and
// appended waits for all of it. A flow is heavy while more than a quantum waits in it,
// else it is light. A group that took longer than groupTime, and in which a heavy flow
// had a turn, is followed by a rest of the same length, during which only light flows
// have turns. A heavy flow therefore uses at most half of the writer's time. Without a
// light flow that had turns lately there is no rest.
type rest struct {
	now   bool      // heavy flows have no turns at present
	until time.Time // when they have turns again
	began time.Time // when the group began
}

// begin starts measuring a group.
func (r *rest) begin() {
	r.began = time.Now()
	r.now = r.began.Before(r.until)
}

// end ends the group. heavyBesideLight tells whether a heavy flow had a turn in it while
// a light flow had turns lately.
func (r *rest) end(heavyBesideLight bool) {
	now := time.Now()
	if took := now.Sub(r.began); heavyBesideLight && took > groupTime {
		r.until = now.Add(min(took, longestRest))
	}
	r.now = now.Before(r.until)
}

// left returns how long the writer may sleep although commands wait in heavy flows.
func (r *rest) left() time.Duration {
	if !r.now {
		return longestSleep
	}
	return max(time.Until(r.until), 0)
}
