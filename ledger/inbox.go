package ledger

import (
	"sync"
	"sync/atomic"

	"tallystick/domain"
)

// pending is a command on its way: it waits in the inbox, then the writer takes
// it, then it is answered. A caller who is tired of waiting can take it back as
// long as the writer has not, and then knows that it was not carried out.
type pending struct {
	command domain.Command
	call    *call   // nil: time gave it, and nobody waits
	dry     bool    // what comes of it is told, and dropped
	defect  *Defect // that it met
	state   atomic.Int32
	outcome Outcome
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

// call is what one caller waits for: all of its commands.
type call struct {
	left atomic.Int32
	done chan struct{}
}

func (p *pending) take() bool     { return p.state.CompareAndSwap(waiting, taken) }
func (p *pending) withdraw() bool { return p.state.CompareAndSwap(waiting, withdrawn) }

func (p *pending) answer(outcome Outcome) {
	p.outcome = outcome
	if p.call != nil && p.call.left.Add(-1) == 0 {
		close(p.call.done)
	}
}

// inbox holds what waits for the writer, up to its capacity.
type inbox struct {
	mu       sync.Mutex
	waiting  []*pending
	want     int // how many make the writer look
	capacity int
	filled   chan struct{} // holds a token while there is something to look at
}

func newInbox(capacity int) *inbox {
	return &inbox{capacity: capacity, want: 1, filled: make(chan struct{}, 1)}
}

// put adds all of them in order, or answers false when there is no room for all.
func (b *inbox) put(all []*pending) bool {
	b.mu.Lock()
	fits := len(b.waiting)+len(all) <= b.capacity
	if fits {
		b.waiting = append(b.waiting, all...)
	}
	enough := len(b.waiting) >= b.want
	b.mu.Unlock()
	if enough {
		b.wake()
	}
	return fits
}

// wake has the writer look, if only to find nothing.
func (b *inbox) wake() {
	select {
	case b.filled <- struct{}{}:
	default:
	}
}

// expect sets how many make the writer look, and answers whether they are there.
func (b *inbox) expect(want int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.want = want
	return len(b.waiting) >= want
}

// takeAll empties the inbox into the writer's hands.
func (b *inbox) takeAll(into []*pending) []*pending {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, p := range b.waiting {
		if p.take() {
			into = append(into, p)
		}
	}
	clear(b.waiting)
	b.waiting = b.waiting[:0]
	return into
}

func (b *inbox) len() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.waiting)
}
