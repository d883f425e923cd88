package webhooks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	claimAhead = 64 // deliveries claimed and not yet begun
	pollEvery  = time.Second
	// brokenWait is how long an endpoint is left alone whose secret does not open.
	brokenWait = time.Minute
)

// runner delivers to one endpoint while there is work. It shares with other
// runners the pool of connections to PostgreSQL and the completer, neither of
// which waits for a receiver, and the slots, of which an endpoint that hangs has
// one: it holds up nobody else.
type runner struct {
	d        *Dispatcher
	endpoint string
	wake     chan struct{} // there is new work
	room     chan struct{} // the queue is half empty

	held   atomic.Pointer[lease] // nil between leases
	inHand atomic.Int64          // deliveries claimed whose completion is not written
	open   sync.WaitGroup        // the same
}

// serve takes the lease and delivers until there is nothing to do. It answers
// false when the endpoint is better left to the poll: it is not to be had, was
// stopped, or something failed.
func (r *runner) serve(ctx context.Context) (idle bool) {
	select {
	case <-r.wake:
	default:
	}
	l, err := r.d.leases.acquire(ctx, r.endpoint)
	if l != nil {
		defer r.release(l)
	}
	if err != nil {
		r.unable(l, err)
		return false
	}
	if l == nil {
		r.d.ignoreUntilDue(r.endpoint)
		return false
	}
	claiming, stop := context.WithCancel(ctx)
	defer stop()
	l.stop = stop
	r.held.Store(l)
	defer r.held.Store(nil)
	queue := make(chan *delivery, claimAhead)
	var sending sync.WaitGroup
	sending.Go(func() { r.send(claiming, l, queue) })
	err = r.feed(claiming, l, queue)
	close(queue)
	sending.Wait()
	// Only now: given back earlier, what is being recorded would be claimed by
	// the next dispatcher and sent again.
	r.open.Wait()
	if l.breaker.isOpen() {
		if err := r.d.leases.giveUp(ctx, l, r.d.config.MaxAge); err != nil && ctx.Err() == nil {
			r.d.delivering.report(err)
		}
	}
	if err != nil && claiming.Err() == nil {
		r.d.delivering.report(err)
	}
	return err == nil
}

// unable handles a lease that was not to be had for an error.
func (r *runner) unable(l *lease, err error) {
	if r.d.ctx.Err() != nil {
		return
	}
	if l == nil {
		r.d.delivering.report(err)
		return
	}
	r.d.config.Logger.Error("webhooks: an endpoint cannot be delivered to", "endpoint", r.endpoint, "error", err)
	if err := r.d.leases.hold(r.d.writing, l, brokenWait); err != nil {
		r.d.delivering.report(err)
	}
}

func (r *runner) release(l *lease) {
	if err := r.d.leases.release(r.d.writing, l); err != nil && r.d.writing.Err() == nil {
		r.d.delivering.report(err)
	}
}

// feed claims what is due and queues it. It returns nil when a second brought
// nothing, and an error when the lease is to be given up.
func (r *runner) feed(ctx context.Context, l *lease, queue chan<- *delivery) error {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	if l.breaker.halfOpen() {
		found, err := r.d.leases.claimOne(ctx, l)
		if err != nil {
			return err
		}
		r.enqueue(found, queue)
	}
	for ticked := false; ; {
		more := true // there may be more than we have claimed
		if free := cap(queue) - len(queue); free >= claimAhead/2 {
			found, err := r.d.leases.claim(ctx, l, free)
			if err != nil {
				return err
			}
			r.enqueue(found, queue)
			more = len(found) == free
			if ticked && len(found) == 0 && r.inHand.Load() == 0 {
				return nil
			}
		}
		room := r.room
		if !more {
			room = nil
		}
		ticked = false
		select {
		case <-r.wake:
		case <-room:
		case <-tick.C:
			ticked = true
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (r *runner) enqueue(claimed []*delivery, queue chan<- *delivery) {
	for _, d := range claimed {
		r.inHand.Add(1)
		r.open.Add(1)
		queue <- d
	}
}

// send posts what is queued, as much at a time as the breaker and the slots
// allow, and returns when all of it is done. Once ctx ends it begins nothing
// more; what it has begun goes on.
func (r *runner) send(ctx context.Context, l *lease, queue <-chan *delivery) {
	var requests sync.WaitGroup
	defer requests.Wait()
	for d := range queue {
		if len(queue) <= claimAhead/2 {
			select {
			case r.room <- struct{}{}:
			default:
			}
		}
		if !r.begin(ctx, l) {
			r.done()
			continue
		}
		requests.Go(func() {
			r.deliver(l, d)
			r.d.slots.give(l.project)
			l.breaker.leave()
		})
	}
}

// begin waits until a request may be made; false when the lease has ended.
func (r *runner) begin(ctx context.Context, l *lease) bool {
	if l.breaker.enter(ctx) != nil {
		return false
	}
	if r.d.slots.take(ctx, l.project) != nil {
		l.breaker.leave()
		return false
	}
	if !l.covers(r.d.config.Timeout) {
		l.stop()
		r.d.slots.give(l.project)
		l.breaker.leave()
		return false
	}
	return true
}

// deliver makes one attempt and hands it on to be recorded.
func (r *runner) deliver(l *lease, d *delivery) {
	config := &r.d.config
	a, err := post(r.d.sending, r.d.client, &l.target, d, config.Timeout)
	if err != nil {
		// Whether the receiver has it is not known; it will be sent again.
		l.stop()
		r.done()
		if !errors.Is(err, context.Canceled) {
			r.d.delivering.report(err)
		}
		return
	}
	v := judge(a, d.attempts+1, config.Retries, config.Spread)
	if v.outcome == delivered || v.outcome == aborted {
		l.breaker.succeeded()
	} else if l.breaker.failed(d.messageID, v.pause) {
		l.stop()
	}
	if v.disable != "" {
		l.stop()
	}
	r.d.metrics.attemptSeconds.Observe(a.duration.Seconds())
	if v.outcome == delivered {
		r.d.metrics.endToEnd.Observe(time.Since(d.occurredAt).Seconds())
	}
	r.d.completer.in <- completion{lease: l, delivery: d, answer: a, verdict: v, done: r.done}
}

// done: a delivery in hand is recorded, or left to a later epoch.
func (r *runner) done() {
	r.inHand.Add(-1)
	r.open.Done()
}
