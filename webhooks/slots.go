package webhooks

import (
	"container/heap"
	"context"
	"slices"
	"sync"

	"tallystick/domain/ids"
)

// Connections bounds the requests in flight of a dispatcher. Each uses one connection.
// Idle connections that are kept open are not counted: at most a quarter of InAll.
type Connections struct {
	PerEndpoint int // 0: 8
	PerProject  int // 0: 64, more than a project has endpoints: an endpoint that hangs uses one connection
	InAll       int // 0: 512
}

func (c Connections) orDefaults() Connections {
	for value, standard := range map[*int]int{&c.PerEndpoint: 8, &c.PerProject: 64, &c.InAll: 512} {
		if *value <= 0 {
			*value = standard
		}
	}
	return c
}

// slots gives out the right to have a request in flight. A project gets another slot while
// it has fewer than PerProject and fewer than are free of InAll. So any number of projects
// whose endpoints hang leave some slots for the next project. Of the projects that wait,
// the one with the fewest slots is served first.
type slots struct {
	limits Connections

	mu       sync.Mutex
	used     int
	projects map[ids.Project]*share // that have some, or wait
	waiting  queueOfShares
	turn     uint64
}

// share is the slots of one project.
type share struct {
	project ids.Project
	used    int
	waiting []chan struct{} // each is closed when it has its slot; oldest first
	since   uint64          // the turn in which it was last served, or began to wait
	place   int             // index in the queue; -1: not in it
}

func newSlots(limits Connections) *slots {
	return &slots{limits: limits, projects: map[ids.Project]*share{}}
}

// take waits for a slot. After an error, which is that of ctx, there is none.
func (s *slots) take(ctx context.Context, project ids.Project) error {
	granted := make(chan struct{})
	s.mu.Lock()
	of := s.projects[project]
	if of == nil {
		of = &share{project: project, place: -1}
		s.projects[project] = of
	}
	of.waiting = append(of.waiting, granted)
	if of.place < 0 {
		s.turn++
		of.since = s.turn
		heap.Push(&s.waiting, of)
	}
	s.serve()
	s.mu.Unlock()
	select {
	case <-granted:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if i := slices.Index(of.waiting, granted); i >= 0 {
		of.waiting = slices.Delete(of.waiting, i, i+1)
		s.settle(of)
	} else { // it was granted meanwhile
		s.back(of)
	}
	return ctx.Err()
}

// give gives a slot of the project back.
func (s *slots) give(project ids.Project) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.back(s.projects[project])
}

func (s *slots) back(of *share) {
	of.used--
	s.used--
	s.settle(of)
	s.serve()
}

// settle moves a share that has changed to its place in the queue.
func (s *slots) settle(of *share) {
	switch {
	case of.place >= 0 && len(of.waiting) == 0:
		heap.Remove(&s.waiting, of.place)
	case of.place >= 0:
		heap.Fix(&s.waiting, of.place)
	}
	if of.used == 0 && len(of.waiting) == 0 {
		delete(s.projects, of.project)
	}
}

// serve grants slots. When the project with the fewest may have no more, no project may.
func (s *slots) serve() {
	for len(s.waiting) > 0 {
		of := s.waiting[0]
		if of.used >= min(s.limits.PerProject, s.limits.InAll-s.used) {
			return
		}
		close(of.waiting[0])
		of.waiting = of.waiting[1:]
		of.used++
		s.used++
		s.turn++
		of.since = s.turn
		s.settle(of)
	}
}

// queueOfShares is a heap: the fewest slots first, then the longest wait.
type queueOfShares []*share

func (q queueOfShares) Len() int { return len(q) }
func (q queueOfShares) Less(i, j int) bool {
	return q[i].used < q[j].used || q[i].used == q[j].used && q[i].since < q[j].since
}
func (q queueOfShares) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push adds a share; it is for package heap.
func (q *queueOfShares) Push(x any) {
	of := x.(*share)
	of.place = len(*q)
	*q = append(*q, of)
}

// Pop removes the last share; it is for package heap.
func (q *queueOfShares) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	last.place = -1
	return last
}
