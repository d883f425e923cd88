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
	// brokenWait is the pause of an endpoint whose secret cannot be decrypted.
	brokenWait = time.Minute
)

// runner delivers to one endpoint while there is work. Runners share the connections to
// PostgreSQL and the completer, which never wait for a receiver, and the slots, of which
// an endpoint that hangs has one. An endpoint therefore does not delay others.
type runner struct {
	d        *Dispatcher
	endpoint string
	wake     chan struct{} // there is new work
	room     chan struct{} // the queue is half empty

	held   atomic.Pointer[lease] // nil between leases
	inHand atomic.Int64          // claimed deliveries whose completion is not written
	open   sync.WaitGroup        // the same
}

// serve takes the lease and delivers until there is nothing to do. It returns false when
// the endpoint is to be left to the poll: the lease was not available, was stopped, or
// something failed.
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
	// Wait before the lease is given back. Else the next dispatcher would claim
	// deliveries that are being recorded, and send them again.
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

// unable handles the error of a lease.
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

// feed claims due deliveries and queues them. It returns nil when there was none for a
// second, and an error when the lease is to be given up.
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
		more := true // there may be more due deliveries
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

// send posts queued deliveries, as many at a time as the breaker and the slots allow, and
// returns when all are done. After ctx has ended it begins no request; requests in flight
// continue.
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

// begin waits until a request may be made. It returns false when the lease has ended.
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

// deliver makes one attempt and queues its completion.
func (r *runner) deliver(l *lease, d *delivery) {
	config := &r.d.config
	a, err := post(r.d.sending, r.d.client, &l.target, d, config.Timeout)
	if err != nil {
		// It is not known whether the receiver got it. It will be sent again.
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

// done records that a claimed delivery is recorded, or left to a later epoch.
func (r *runner) done() {
	r.inHand.Add(-1)
	r.open.Done()
}
