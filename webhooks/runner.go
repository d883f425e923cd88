package webhooks

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

const (
	inFlight   = 8  // requests to one endpoint at a time
	claimAhead = 64 // deliveries claimed and not yet begun
	pollEvery  = time.Second
	// brokenWait is how long an endpoint is left alone whose secret does not open.
	brokenWait = time.Minute
)

// runner delivers to one endpoint while there is work. It shares nothing with
// other runners but the pool of connections and the completer, neither of which
// waits for a receiver: an endpoint that hangs holds up nobody else.
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
		return false
	}
	claiming, stop := context.WithCancel(ctx)
	defer stop()
	l.stop = stop
	r.held.Store(l)
	defer r.held.Store(nil)
	queue := make(chan *delivery, claimAhead)
	var workers sync.WaitGroup
	for range inFlight {
		workers.Go(func() { r.work(claiming, l, queue) })
	}
	err = r.feed(claiming, l, queue)
	close(queue)
	workers.Wait()
	// Only now: given back earlier, what is being recorded would be claimed by
	// the next dispatcher and sent again.
	r.open.Wait()
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
	for ticked := false; ; {
		more := true // there may be more than we have claimed
		if free := cap(queue) - len(queue); free >= claimAhead/2 {
			found, err := r.d.leases.claim(ctx, l, free)
			if err != nil {
				return err
			}
			for _, d := range found {
				r.inHand.Add(1)
				r.open.Add(1)
				queue <- d
			}
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

// work posts what is queued. Once ctx ends it begins nothing more; what it has
// begun goes on.
func (r *runner) work(ctx context.Context, l *lease, queue <-chan *delivery) {
	for d := range queue {
		if len(queue) <= claimAhead/2 {
			select {
			case r.room <- struct{}{}:
			default:
			}
		}
		if ctx.Err() != nil {
			r.done()
			continue
		}
		if !l.covers(r.d.config.Timeout) {
			l.stop()
			r.done()
			continue
		}
		r.deliver(l, d)
	}
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
	if v.pause > 0 || v.disable != "" {
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
