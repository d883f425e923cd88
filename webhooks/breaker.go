package webhooks

import (
	"context"
	"slices"
	"sync"
	"time"
)

// openAfter is the number of different messages that must fail, with no success between
// them, before the endpoint waits as a whole. One message that its receiver never
// accepts is therefore not enough.
const openAfter = 5

// breaker decides when requests are sent to an endpoint, and how many at a time. It is a
// circuit breaker with three states:
//
//   - closed (step 0): deliveries are made. A success resets the failures. The fifth
//     different message that fails since the last success opens the breaker.
//   - open: nothing is sent during the wait that the retry schedule has for the step.
//     The lease ends; table endpoint keeps the step and the end of the wait.
//   - half-open (a lease taken at a step above 0): one delivery is sent, the one with
//     the fewest attempts. Success closes the breaker, failure opens it at the next
//     step. The last step repeats.
//
// The window is the number of requests that may be in flight. It begins with 1, doubles
// with each success up to the endpoint's limit, and halves with each failure. An
// endpoint that hangs from the beginning therefore uses one connection.
//
// A breaker belongs to one lease. The completer writes its state in the transaction of
// the attempts that changed it. A crash before that loses both.
type breaker struct {
	schedule []time.Duration
	spread   func(time.Duration) time.Duration
	limit    int // of the window

	mu       sync.Mutex
	health   health
	opened   bool // under this lease: later results do not change the state
	pause    time.Duration
	changes  int // number of changes of health and pause
	saved    int // number of changes that are written
	window   int
	inFlight int
	left     chan struct{} // has a token after a request ended
}

// health is the part of a breaker that table endpoint keeps.
type health struct {
	failed []string // different messages that failed since the last success
	step   int      // of the schedule, from 1; 0: closed
}

// failing returns whether there was a failure since the last success.
func (h health) failing() bool { return len(h.failed) > 0 || h.step > 0 }

func newBreaker(h health, config *DispatcherConfig) *breaker {
	return &breaker{
		schedule: config.Retries, spread: config.Spread, limit: config.Connections.PerEndpoint,
		health: h, window: 1, left: make(chan struct{}, 1),
	}
}

// enter waits for a place in the window. Only one goroutine calls it.
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

// leave returns the place.
func (b *breaker) leave() {
	b.mu.Lock()
	b.inFlight--
	b.mu.Unlock()
	select {
	case b.left <- struct{}{}:
	default:
	}
}

// halfOpen returns whether the result of the next delivery closes or opens the breaker.
func (b *breaker) halfOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.health.step > 0 && !b.opened
}

// isOpen returns whether the breaker opened under this lease.
func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.opened
}

// succeeded records that the receiver accepted a message, or asked for no more attempts
// at it.
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

// failed records that an attempt at a message failed, and the pause that the receiver
// asked for, if any. When it returns true, nothing more may be sent under this lease.
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
		b.health.failed = append(slices.Clip(b.health.failed), message) // copied: a finding may use the old one
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

// finding is the state of a breaker that is to be written.
type finding struct {
	health
	pause  time.Duration // of the endpoint, from the time of the write; 0: none
	change int
}

// unsaved returns the state to be written, or false when it is written already.
func (b *breaker) unsaved() (finding, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return finding{b.health, b.pause, b.changes}, b.changes != b.saved
}

// wrote records that a finding was written.
func (b *breaker) wrote(f finding) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.saved = f.change
}
