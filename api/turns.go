package api

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"golang.org/x/sync/semaphore"

	"tallystick/domain/ids"
)

const (
	largeBody      = 16 << 10  // bytes; what is more waits for its turn
	largeAnswer    = 100       // operations and entries
	bodiesOfOne    = 32 << 20  // bytes of large bodies that are here, of one project
	bodiesOfAll    = 128 << 20 // and of all
	bodyPatience   = 10 * time.Second
	bodyRetryAfter = time.Second
)

// turns bounds what large bodies and large answers cost the others. A body of more
// than largeBody bytes is read when there is room for it, and decoded when it is
// its turn; an answer of more than largeAnswer parts is encoded in a turn as well.
// Half of the processors work on such at once, each for another project, and the
// projects that wait come one after the other, however much each has waiting. What
// is small never waits.
//
// A turn is taken when the bytes are there, and given back before the ledger is
// asked and before the answer is sent, so that none is held by a slow caller or by
// a transaction that waits.
type turns struct {
	room, work *semaphore.Weighted // bytes; turns

	mu       sync.Mutex
	projects map[ids.Project]*share // that have a large request now
}

// share is what one project may have of turns.
type share struct {
	room, work *semaphore.Weighted
	users      int
}

func newTurns() *turns {
	return &turns{
		room: semaphore.NewWeighted(bodiesOfAll), work: semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2))),
		projects: map[ids.Project]*share{},
	}
}

// of is a project's share, and what gives it back.
func (t *turns) of(project ids.Project) (own *share, leave func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	own, ok := t.projects[project]
	if !ok {
		own = &share{room: semaphore.NewWeighted(bodiesOfOne), work: semaphore.NewWeighted(1)}
		t.projects[project] = own
	}
	own.users++
	return own, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if own.users--; own.users == 0 {
			delete(t.projects, project)
		}
	}
}

// admit waits until there is room for a body, of the project and of all. What it
// answers is to be called in any case.
func (t *turns) admit(ctx context.Context, project ids.Project, size int64) (func(), error) {
	own, leave := t.of(project)
	release, err := both(ctx, own.room, t.room, size)
	return func() { release(); leave() }, err
}

// take waits for a turn. A project has one at a time, and so waits once among the
// projects, which the semaphore serves in order.
func (t *turns) take(ctx context.Context, project ids.Project) (func(), error) {
	own, leave := t.of(project)
	release, err := both(ctx, own.work, t.work, 1)
	return func() { release(); leave() }, err
}

// both acquires of a project's share, and then of all. What is released goes to
// those who wait among all first: the project's own next is behind them.
func both(ctx context.Context, own, all *semaphore.Weighted, n int64) (release func(), err error) {
	if err := own.Acquire(ctx, n); err != nil {
		return func() {}, err
	}
	if err := all.Acquire(ctx, n); err != nil {
		own.Release(n)
		return func() {}, err
	}
	return func() {
		all.Release(n)
		own.Release(n)
	}, nil
}

// encode runs what encodes an answer of a project, in a turn if it has many
// parts. It waits as long as the caller does: what is answered has happened.
func (t *turns) encode(ctx context.Context, project ids.Project, parts int, encode func()) error {
	if parts > largeAnswer {
		leave, err := t.take(ctx, project)
		defer leave()
		if err != nil {
			return err
		}
	}
	encode()
	return nil
}

// turnKey is where admitBody leaves the way to a turn, for a request with a large
// body.
const turnKey = "turn"

// admitBody makes room for a request's body if it is large.
func (s *server) admitBody(c echo.Context, project ids.Project) (leave func(), err error) {
	request := c.Request()
	size := request.ContentLength
	if size < 0 { // it is not known
		size, err = startOf(request)
	}
	if err != nil || size <= largeBody || request.Method == http.MethodGet {
		return func() {}, err
	}
	ctx, cancel := context.WithTimeout(request.Context(), bodyPatience)
	defer cancel()
	leave, err = s.turns.admit(ctx, project, min(size, maxBatchBody))
	if err != nil {
		leave()
		return func() {}, errBusy
	}
	c.Set(turnKey, func() (func(), error) {
		ctx, cancel := context.WithTimeout(request.Context(), bodyPatience)
		defer cancel()
		return s.turns.take(ctx, project)
	})
	return leave, nil
}

// startOf reads as much of a body of unknown length as a small one has, and
// answers how long it may be.
func startOf(request *http.Request) (size int64, err error) {
	start, err := io.ReadAll(io.LimitReader(request.Body, largeBody+1))
	if err != nil {
		return 0, errUnreadable
	}
	request.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(start), request.Body), request.Body}
	if len(start) <= largeBody {
		return int64(len(start)), nil
	}
	return maxBatchBody, nil
}

// turnFor waits for the turn of a body that was read. One that is small needs none.
func turnFor(c echo.Context) (leave func(), err error) {
	take, ok := c.Get(turnKey).(func() (func(), error))
	if !ok {
		return func() {}, nil
	}
	leave, err = take()
	if err != nil {
		leave()
		return func() {}, errBusy
	}
	return leave, nil
}

var errBusy = &problem{code: unavailable, retryAfter: bodyRetryAfter, message: "Too many large requests are under way; nothing was done"}
