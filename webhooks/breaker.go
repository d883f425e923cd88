package webhooks

import (
	"context"
	"slices"
	"sync"
	"time"
)

// openAfter is how many different messages must fail, with no success between,
// before their endpoint waits as a whole. One message that its receiver never
// takes does not come to that, however often it is tried.
const openAfter = 5

// breaker decides when an endpoint is sent to, and how much at a time. It has
// three states:
//
//   - closed (step 0): deliveries are made. A success forgets all failures. The
//     fifth different message that fails since the last success opens it.
//   - open: nothing is sent for as long as the schedule of retries says for the
//     step. The lease ends; table endpoint keeps the step and the end of the wait.
//   - half-open (a lease taken with a step above 0): one delivery is sent, the one
//     that was tried least. Success closes the breaker; failure opens it at the
//     next step. The last step repeats.
//
// The window is how many requests may be in flight. It begins with 1, doubles
// with each success up to the endpoint's limit, and halves with each failure: an
// endpoint that hangs from the beginning holds one connection.
//
// A breaker belongs to one lease. The completer writes what it knows with the
// attempts that it learned it from; a crash before that forgets both.
type breaker struct {
	schedule []time.Duration
	spread   func(time.Duration) time.Duration
	limit    int // of the window

	mu       sync.Mutex
	health   health
	opened   bool // under this lease: what is still in flight decides nothing
	pause    time.Duration
	changes  int // of health and pause
	saved    int // of them
	window   int
	inFlight int
	left     chan struct{} // a request ended
}

// health is what table endpoint keeps of a breaker.
type health struct {
	failed []string // different messages that failed since the last success
	step   int      // of the schedule, from 1; 0: closed
}

// failing tells whether there was a failure since the last success.
func (h health) failing() bool { return len(h.failed) > 0 || h.step > 0 }

func newBreaker(h health, config *DispatcherConfig) *breaker {
	return &breaker{
		schedule: config.Retries, spread: config.Spread, limit: config.Connections.PerEndpoint,
		health: h, window: 1, left: make(chan struct{}, 1),
	}
}

// enter waits for a place in the window. One goroutine calls it.
func (b *breaker) enter(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		b.mu.Lock()
		free := b.inFlight < b.window
		if free {
			b.inFlight++
		}
		b.mu.Unlock()
		if free {
			return nil
		}
		select {
		case <-b.left:
		case <-ctx.Done():
		}
	}
}

// leave gives the place back.
func (b *breaker) leave() {
	b.mu.Lock()
	b.inFlight--
	b.mu.Unlock()
	select {
	case b.left <- struct{}{}:
	default:
	}
}

// halfOpen tells whether the next delivery decides.
func (b *breaker) halfOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.health.step > 0 && !b.opened
}

// isOpen tells whether the endpoint began to wait under this lease.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

// succeeded: the receiver took a message, or declined it for good.
func (b *breaker) succeeded() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.window = min(2*b.window, b.limit)
	if b.opened || !b.health.failing() {
		return
	}
	b.health = health{}
	b.changes++
}

// failed: an attempt at a message failed, and the receiver asked for a pause, or
// not (0). Nothing more may be sent under this lease once it returns true.
func (b *breaker) failed(message string, pause time.Duration) (stop bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.window = max(b.window/2, 1)
	if pause > b.pause {
		b.pause = pause
		b.changes++
	}
	switch {
	case b.opened:
	case b.health.step > 0:
		b.open(b.health.step + 1)
	case !slices.Contains(b.health.failed, message):
		b.health.failed = append(slices.Clip(b.health.failed), message) // others hold what it was
		b.changes++
		if len(b.health.failed) >= openAfter {
			b.open(1)
		}
	}
	return b.opened || b.pause > 0
}

func (b *breaker) open(step int) {
	step = min(step, len(b.schedule))
	b.opened = true
	b.health = health{step: step}
	b.pause = max(b.pause, b.spread(b.schedule[step-1]))
	b.changes++
}

// finding is what is to be written of a breaker.
type finding struct {
	health
	pause  time.Duration // of the endpoint, from when it is written; 0: none
	change int
}

// unsaved returns what is to be written; false when it was.
func (b *breaker) unsaved() (finding, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return finding{b.health, b.pause, b.changes}, b.changes != b.saved
}

// wrote: a finding was written.
func (b *breaker) wrote(f finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = f.change
}
