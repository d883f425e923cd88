package ledger

import "time"

// longestRest bounds a rest.
const longestRest = 100 * time.Millisecond

// rest keeps the writer free for small commands beside large ones. A group cannot be
// interrupted: a small command that comes while a large one is decided and appended
// waits for all of it, and on a busy machine that is long. So a group that took more
// than groupTime, and in which a heavy flow had a turn (more than a quantum waited in
// it), is followed by a rest of the same length, in which only light flows have turns.
// A heavy flow then has the writer for at most half of the time. It is so only while
// a light flow has turns beside it: heavy flows among themselves never rest.
type rest struct {
	now   bool      // heavy flows have no turns now
	until time.Time // when they have turns again
	began time.Time // the beginning of the group
}

// begin starts the clock of a group.
func (r *rest) begin() {
	r.began = time.Now()
	r.now = r.began.Before(r.until)
}

// end ends the group, in which a heavy flow had a turn beside a light one, or not.
func (r *rest) end(heavyBesideLight bool) {
	now := time.Now()
	if took := now.Sub(r.began); heavyBesideLight && took > groupTime {
		r.until = now.Add(min(took, longestRest))
	}
	r.now = now.Before(r.until)
}

// left is how long the writer may sleep although something waits in heavy flows.
func (r *rest) left() time.Duration {
	if !r.now {
		return longestSleep
	}
	return max(time.Until(r.until), 0)
}
