package ledger

import (
	"math"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain/ids"
)

// unbounded is a budget that any command is within.
const unbounded = math.MaxInt

// lately is how long a flow counts as one that others share the writer with.
const lately = time.Second

// quantum is how many operations a flow may take before the next has its turn.
const quantum = 100

// queue holds what waits for the writer. It is fair between projects, by what
// their commands cost (deficit round robin, docs/decisions/0007): what one
// project asks for does not make another wait for more than its own turn.
type queue struct {
	mu       sync.Mutex
	flows    map[flowKey]*flow // those in which something waits
	turns    []*flow           // the same, the next turn first
	calls    int               // callers of which something waits
	cost     int               // of all that waits
	asked    int               // the part of it that callers ask for
	capacity int               // of that part, in operations
	now      func() time.Time
	want     int              // how many callers make the writer look
	heavy    bool             // a flow had a turn in which more than a quantum waited; see heavyBesideLight
	heaviest flowKey          // the last such flow
	light    [2]turn          // the last turns of two other flows
	filled   chan struct{}    // holds a token while there is something to look at
	gauge    prometheus.Gauge // of cost
}

// flowKey: what time asks for of a project is a flow beside that of its callers,
// so that neither waits until the other is done.
type flowKey struct {
	project ids.Project
	due     bool
}

// turn says which flow had one, and when.
type turn struct {
	key flowKey
	at  time.Time
}

// flow is what waits in order.
type flow struct {
	key     flowKey
	waiting []*pending
	cost    int // of all of it
	credit  int // operations that it may take in its turn
}

func newQueue(capacity int, now func() time.Time, gauge prometheus.Gauge) *queue {
	return &queue{now: now, flows: map[flowKey]*flow{}, capacity: capacity, want: 1, filled: make(chan struct{}, 1), gauge: gauge}
}

// put adds the commands of a call in order, all to the flow of one project, or
// returns false when there is no room for them: a flow may hold as much as is
// left free, so that there is always room for another. One in which nothing
// waits takes a call of any size.
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

// putDue adds what time asks for of a project.
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

// next takes the command whose turn it is into the writer's hands. It returns nil
// when nothing waits, or when that command costs more than is left of a budget;
// then it is the first to be taken the next time. With light, only flows in which
// at most a quantum waits have turns.
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

// note notes a turn of a flow.
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

// heavyBesideLight returns whether, since it was last asked, a flow had a turn in
// which more than a quantum waited, while another in which less did had one lately.
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

// turnToLight gives the turn to the next flow in which at most a quantum waits, or
// returns false.
func (q *queue) turnToLight() bool {
	for i, f := range q.turns {
		if f.cost <= quantum {
			q.turns = append(q.turns[i:], q.turns[:i]...)
			return true
		}
	}
	return false
}

// remove takes the first command out of the flow whose turn it is.
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

// wake has the writer look, if only to find nothing.
func (q *queue) wake() {
	select {
	case q.filled <- struct{}{}:
	default:
	}
}

// expect sets how many callers make the writer look, and returns whether they
// are there, or as much waits as a group takes.
func (q *queue) expect(want int) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.want = want
	return q.enough()
}

func (q *queue) enough() bool { return q.calls >= q.want || q.cost >= groupCost }

// callers is how many wait.
func (q *queue) callers() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.calls
}

// ready returns whether something waits that next would take.
func (q *queue) ready(light bool) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if light {
		return q.turnToLight()
	}
	return len(q.turns) > 0
}
