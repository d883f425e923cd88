package ledger

import (
	"math"
	"sync"
	"sync/atomic"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"

	"github.com/prometheus/client_golang/prometheus"
)

// pending is a command without an outcome. It waits in the queue, the writer takes it,
// and it is completed. Until the writer takes it, the caller can withdraw it, and then
// it is certainly not carried out.
type pending struct {
	command  domain.Command
	cost     int       // in operations (see domain.State.Cost)
	call     *call     // that waits for it; nil for a deadline
	deadline *deadline // that it comes from; nil for a caller's command
	dry      bool      // a dry run: its facts are dropped
	defect   *Defect   // that it has met
	state    atomic.Int32
	outcome  Outcome
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

// deadline is a command that the agenda gave.
type deadline struct {
	domain domain.Deadline
	pause  time.Duration // before this attempt; 0 for the first
}

// call is the commands that one caller waits for.
type call struct {
	by     domain.Principal
	left   atomic.Int32
	done   chan struct{}
	queued int // commands that still wait; guarded by the queue
}

// by returns who asks for it.
func (p *pending) by() domain.Principal {
	if p.call == nil {
		return domain.Ledger
	}
	return p.call.by
}

func (p *pending) take() bool     { return p.state.CompareAndSwap(waiting, taken) }
func (p *pending) withdraw() bool { return p.state.CompareAndSwap(waiting, withdrawn) }

func (p *pending) complete(outcome Outcome) {
	p.outcome = outcome
	if p.call != nil && p.call.left.Add(-1) == 0 {
		close(p.call.done)
	}
}

// callers returns the number of calls in a group. Consecutive commands of one call
// count once.
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

// unbounded is a budget for any command.
const unbounded = math.MaxInt

// lately is how long a flow counts as active after its last turn.
const lately = time.Second

// quantum is the number of operations that a flow may take in its turn.
const quantum = 100

// queue has the commands that wait for the writer. It is fair between projects, by the
// cost of their commands (deficit round robin, docs/decisions/0007).
type queue struct {
	mu       sync.Mutex
	flows    map[flowKey]*flow // flows in which something waits
	turns    []*flow           // the same, in the order of their turns
	calls    int               // calls of which something waits
	cost     int               // of everything that waits
	asked    int               // the part of it that callers sent
	capacity int               // of that part, in operations
	now      func() time.Time
	want     int              // the number of calls that wakes the writer
	heavy    bool             // a heavy flow had a turn; see heavyBesideLight
	heaviest flowKey          // the last such flow
	light    [2]turn          // the last turns of two light flows
	filled   chan struct{}    // has a token when the writer is to wake
	gauge    prometheus.Gauge // of cost
}

// flowKey names a flow. The deadlines of a project are a flow of their own beside that
// of its callers, so that neither waits for all of the other.
type flowKey struct {
	project ids.Project
	due     bool
}

// turn is when a flow had its last turn.
type turn struct {
	key flowKey
	at  time.Time
}

// flow is a sequence of commands that wait.
type flow struct {
	key     flowKey
	waiting []*pending
	cost    int // of all of them
	credit  int // operations that it may still take in its turn
}

func newQueue(capacity int, now func() time.Time, gauge prometheus.Gauge) *queue {
	return &queue{now: now, flows: map[flowKey]*flow{}, capacity: capacity, want: 1, filled: make(chan struct{}, 1), gauge: gauge}
}

// put adds the commands of a call, in order, to the flow of one project. It returns
// false when there is no room: a flow may grow to the size of the free capacity, so
// that there is always room for another project. An empty flow takes a call of any size.
func (q *queue) put(project ids.Project, all []*pending) bool {
	cost := costOf(all)
	q.mu.Lock()
	key := flowKey{project: project}
	if f := q.flows[key]; f != nil && f.cost+cost > q.capacity-q.asked {
		q.mu.Unlock()
		return false
	}
	q.add(key, all, cost)
	q.asked += cost
	q.calls++
	all[0].call.queued = len(all)
	enough := q.enough()
	q.mu.Unlock()
	if enough {
		q.wake()
	}
	return true
}

// putDue adds a deadline of a project.
func (q *queue) putDue(project ids.Project, p *pending) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.add(flowKey{project, true}, []*pending{p}, p.cost)
}

func (q *queue) add(key flowKey, all []*pending, cost int) {
	f := q.flows[key]
	if f == nil {
		f = &flow{key: key}
		q.flows[key] = f
		q.turns = append(q.turns, f)
	}
	f.waiting = append(f.waiting, all...)
	f.cost += cost
	q.cost += cost
	q.gauge.Set(float64(q.cost))
}

func costOf(all []*pending) int {
	cost := 0
	for _, p := range all {
		cost += p.cost
	}
	return cost
}

// next removes the command whose turn it is and returns it. It returns nil when nothing
// waits, or when the command costs more than is left of the budget; then it is the
// first to be taken the next time. With light, only light flows have turns.
func (q *queue) next(left int, light bool) *pending {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.turns) > 0 {
		if light && !q.turnToLight() {
			return nil
		}
		f := q.turns[0]
		p := f.waiting[0]
		switch {
		case f.credit < p.cost:
			f.credit += quantum
			q.turns = append(q.turns[1:], f)
			continue
		case p.cost > left:
			return nil
		}
		q.note(f)
		f.credit -= p.cost
		q.remove(f, p)
		if p.take() {
			return p
		}
	}
	return nil
}

// note records a turn of a flow.
func (q *queue) note(f *flow) {
	if f.cost > quantum {
		q.heavy, q.heaviest = true, f.key
		return
	}
	if q.light[0].key != f.key {
		q.light[0], q.light[1] = turn{key: f.key}, q.light[0]
	}
	q.light[0].at = q.now()
}

// heavyBesideLight returns whether a heavy flow had a turn since the last call, while
// another, light flow had a turn lately.
func (q *queue) heavyBesideLight() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	heavy := q.heavy
	q.heavy = false
	for _, light := range q.light {
		if heavy && light.key != q.heaviest && q.now().Sub(light.at) < lately {
			return true
		}
	}
	return false
}

// turnToLight gives the turn to the next light flow, or returns false.
func (q *queue) turnToLight() bool {
	for i, f := range q.turns {
		if f.cost <= quantum {
			q.turns = append(q.turns[i:], q.turns[:i]...)
			return true
		}
	}
	return false
}

// remove removes the first command of the flow whose turn it is.
func (q *queue) remove(f *flow, p *pending) {
	f.waiting[0] = nil
	f.waiting = f.waiting[1:]
	f.cost -= p.cost
	q.cost -= p.cost
	q.gauge.Set(float64(q.cost))
	if p.call != nil {
		q.asked -= p.cost
		if p.call.queued--; p.call.queued == 0 {
			q.calls--
		}
	}
	if len(f.waiting) == 0 {
		q.turns[0] = nil
		q.turns = q.turns[1:]
		delete(q.flows, f.key)
	}
}

// takeAll empties the queue.
func (q *queue) takeAll() (all []*pending) {
	for p := q.next(unbounded, false); p != nil; p = q.next(unbounded, false) {
		all = append(all, p)
	}
	return all
}

// wake wakes the writer.
func (q *queue) wake() {
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// expect sets the number of calls that wakes the writer. It returns whether as many
// wait, or as much as a group takes.
func (q *queue) expect(want int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.want = want
	return q.enough()
}

func (q *queue) enough() bool { return q.calls >= q.want || q.cost >= groupCost }

// callers returns the number of calls that wait.
func (q *queue) callers() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls
}

// ready returns whether next would return a command.
func (q *queue) ready(light bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if light {
		return q.turnToLight()
	}
	return len(q.turns) > 0
}
