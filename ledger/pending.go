package ledger

import (
	"sync/atomic"
	"time"

	"tallystick/domain"
)

// pending is a command on its way: it waits in the queue, then the writer takes
// it, then it is answered. A caller who is tired of waiting can take it back as
// long as the writer has not, and then knows that it was not carried out.
type pending struct {
	command  domain.Command
	cost     int       // in operations (see domain.State.Cost)
	call     *call     // nil: time gave it, and nobody waits
	deadline *deadline // that it came of; nil: a caller gave it
	dry      bool      // what comes of it is told, and dropped
	defect   *Defect   // that it met
	state    atomic.Int32
	outcome  Outcome
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

// deadline is what time asks for.
type deadline struct {
	domain domain.Deadline
	pause  time.Duration // for which it was set aside; 0: it was not
}

// call is what one caller waits for: all of its commands.
type call struct {
	left   atomic.Int32
	done   chan struct{}
	queued int // commands that still wait; guarded by the queue
}

func (p *pending) take() bool     { return p.state.CompareAndSwap(waiting, taken) }
func (p *pending) withdraw() bool { return p.state.CompareAndSwap(waiting, withdrawn) }

func (p *pending) answer(outcome Outcome) {
	p.outcome = outcome
	if p.call != nil && p.call.left.Add(-1) == 0 {
		close(p.call.done)
	}
}

// callers is how many of a group's callers wait, a call that came in one piece
// counted once.
func callers(group []*pending) int {
	count := 0
	var last *call
	for _, p := range group {
		if p.call != nil && p.call != last {
			count++
		}
		last = p.call
	}
	return count
}
