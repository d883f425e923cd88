package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// target makes the transfers of one worker, over one connection.
type target interface {
	// perform makes the transfers, adds their outcomes to the tally, and returns how
	// long the worker is to pause.
	perform(transfers []transfer, tally *tally) time.Duration
}

// transfer goes from one wallet to another, by their index. The amount is
// always 0.01.
type transfer struct {
	reference         reference
	sender, recipient int
}

// load has the parameters of a load.
type load struct {
	wallets  int
	hot      bool
	batch    int // transfers in a request
	duration time.Duration
	rate     int // transfers a second over all workers; 0: closed loop
}

// measurement is the result of a load.
type measurement struct {
	elapsed      time.Duration // until the last response
	cpu          time.Duration // of this process, user and system
	acknowledged int64         // transfers
	failed       int64         // transfers
	unsent       int64         // transfers that were due and not sent
	requests     int64
	latency      *hdrhistogram.Histogram // microseconds
	errors       map[string]int64        // transfers by kind of error
	newest       uint64                  // the newest commit of all responses
}

// totals is the progress of a load.
type totals struct {
	elapsed              time.Duration
	acknowledged, failed int64
}

// run drives the load over the targets, one worker for each. It calls progress
// at the start, every second and at the end.
func (l load) run(ctx context.Context, targets []target, progress func(totals)) *measurement {
	workers := make([]*worker, len(targets))
	run := newRunPrefix()
	for i, to := range targets {
		workers[i] = newWorker(l, to, run, i)
	}
	cpu := processTime()
	pace := newPacer(l, time.Now())
	var working sync.WaitGroup
	for _, w := range workers {
		working.Go(func() { w.work(ctx, pace) })
	}
	progress(totals{})
	showProgress(&working, func() { progress(sum(workers, time.Since(pace.start))) })
	return merge(workers, pace, processTime()-cpu)
}

func sum(workers []*worker, elapsed time.Duration) totals {
	t := totals{elapsed: elapsed}
	for _, w := range workers {
		t.acknowledged += w.tally.acknowledged.Load()
		t.failed += w.tally.failed.Load()
	}
	return t
}

func merge(workers []*worker, pace *pacer, cpu time.Duration) *measurement {
	m := &measurement{cpu: cpu, latency: newHistogram(), errors: map[string]int64{}}
	last := pace.start
	for _, w := range workers {
		m.acknowledged += w.tally.acknowledged.Load()
		m.failed += w.tally.failed.Load()
		m.requests += w.requests
		m.latency.Merge(w.tally.latency)
		m.newest = max(m.newest, w.tally.newest)
		for kind, count := range w.tally.errors {
			m.errors[kind] += count
		}
		if w.last.After(last) {
			last = w.last
		}
	}
	m.elapsed = last.Sub(pace.start)
	if due := pace.due(); due > m.requests {
		m.unsent = (due - m.requests) * int64(len(workers[0].transfers))
	}
	return m
}

// worker has one connection and at most one request in flight.
type worker struct {
	target    target
	load      load
	random    *rand.Rand
	reference reference // the last one; its end counts
	count     uint64    // of transfers
	transfers []transfer
	requests  int64
	last      time.Time // of the last response
	tally     *tally
}

// tally counts the outcomes of a worker's transfers.
type tally struct {
	acknowledged, failed atomic.Int64 // Read by progress; the rest is the worker's.

	latency *hdrhistogram.Histogram
	errors  map[string]int64
	newest  uint64
}

func (t *tally) fail(kind string, transfers int) {
	t.failed.Add(int64(transfers))
	t.errors[kind] += int64(transfers)
}

func newWorker(l load, to target, run reference, n int) *worker {
	return &worker{
		target:    to,
		load:      l,
		random:    rand.New(rand.NewPCG(rand.Uint64(), uint64(n))),
		reference: run,
		// The high half is the worker's number, so that references are unique. The
		// hot wallet sends first for every other worker.
		count:     uint64(n)<<32 + uint64(n)%2,
		transfers: make([]transfer, l.batch),
		tally:     &tally{latency: newHistogram(), errors: map[string]int64{}},
	}
}

func (w *worker) work(ctx context.Context, pace *pacer) {
	for ctx.Err() == nil {
		due, ok := pace.next(ctx)
		if !ok {
			return
		}
		w.pick()
		before := w.tally.acknowledged.Load()
		pause := w.target.perform(w.transfers, w.tally)
		w.requests++
		w.last = time.Now()
		if w.tally.acknowledged.Load() > before {
			record(w.tally.latency, w.last.Sub(due))
		}
		if pause > 0 && !sleep(ctx, pause) {
			return
		}
	}
}

// pick chooses the transfers of the next request.
func (w *worker) pick() {
	for i := range w.transfers {
		w.count++
		w.reference.number(w.count)
		sender, recipient := w.pair()
		w.transfers[i] = transfer{w.reference, sender, recipient}
	}
}

// pair returns two different wallets. The hot wallet, number 0, sends and receives by
// turns.
func (w *worker) pair() (sender, recipient int) {
	if !w.load.hot {
		sender = w.random.IntN(w.load.wallets)
		recipient = w.random.IntN(w.load.wallets - 1)
		if recipient >= sender {
			recipient++
		}
		return sender, recipient
	}
	other := 1 + w.random.IntN(w.load.wallets-1)
	if w.count%2 == 0 {
		return 0, other
	}
	return other, 0
}

// pacer determines when requests are due.
type pacer struct {
	start, end time.Time
	interval   float64 // nanoseconds between requests; 0: closed loop
	tickets    atomic.Int64
}

func newPacer(l load, start time.Time) *pacer {
	p := &pacer{start: start, end: start.Add(l.duration)}
	if l.rate > 0 {
		p.interval = float64(time.Second) * float64(l.batch) / float64(l.rate)
	}
	return p
}

// next waits until the next request is due and returns that time, which is in the past
// when the caller comes late. It returns false at the end.
func (p *pacer) next(ctx context.Context) (time.Time, bool) {
	now := time.Now()
	if p.interval == 0 || !now.Before(p.end) {
		return now, now.Before(p.end)
	}
	ticket := p.tickets.Add(1) - 1
	due := p.start.Add(time.Duration(float64(ticket) * p.interval))
	if !due.Before(p.end) {
		return due, false
	}
	if wait := due.Sub(now); wait > 0 && !sleep(ctx, wait) {
		return due, false
	}
	return due, true
}

// due returns the number of requests that an open loop should have sent.
func (p *pacer) due() int64 {
	if p.interval == 0 {
		return 0
	}
	// The last request is due before the end.
	return int64((float64(p.end.Sub(p.start))-1)/p.interval) + 1
}

// longest is the largest latency that is recorded exactly.
const longest = 10 * time.Minute

// newHistogram returns a histogram of microseconds with three significant digits.
func newHistogram() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, longest.Microseconds(), 3)
}

func record(h *hdrhistogram.Histogram, latency time.Duration) {
	// It fails only for a value out of range.
	_ = h.RecordValue(max(1, min(latency, longest).Microseconds()))
}

// processTime returns the processor time that this process has used.
func processTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		return 0 // cannot happen with these arguments
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
