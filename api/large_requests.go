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

// turns bounds what large requests of one project cost all others.
//
// A body of more than largeBody bytes is read when there is room for it in memory,
// and decoded in a turn. An answer of more than largeAnswer parts is encoded in a
// turn. There are half as many turns at once as processors. A project has one turn
// at a time, and projects get turns in order, however many requests each has
// waiting. Small requests never wait.
//
// A turn begins when all bytes have been read, and ends before the ledger decides and
// before the answer is sent. So neither a slow caller nor a transaction that waits
// holds one.
type turns struct {
	room, work *semaphore.Weighted // bytes; turns

	mu       sync.Mutex
	projects map[ids.Project]*share // that have a large request now
}

// share is the part of the room and the turns that one project may use.
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

// of returns a project's share, and a function that gives it back.
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

// admit waits until there is room for a body, of the project and of all projects. The
// function that it returns must be called, also after an error.
func (t *turns) admit(ctx context.Context, project ids.Project, size int64) (func(), error) {
	own, leave := t.of(project)
	release, err := both(ctx, own.room, t.room, size)
	return func() { release(); leave() }, err
}

// take waits for a turn. A project has one at a time: so it stands in the queue of the
// semaphore, which is served in order, only once.
func (t *turns) take(ctx context.Context, project ids.Project) (func(), error) {
	own, leave := t.of(project)
	release, err := both(ctx, own.work, t.work, 1)
	return func() { release(); leave() }, err
}

// both acquires n of a project's share, and then n of what all have. On release the
// other projects that wait come first, before the next request of the same project.
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

// encode calls a function that encodes an answer of a project, in a turn if the
// answer has many parts. It waits as long as the caller does: what the answer
// reports has happened.
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

// turnKey is the key of the echo.Context under which admitBody stores the function
// that waits for a turn, for a request with a large body.
const turnKey = "turn"

// admitBody waits until there is room for a request's body, if it is large.
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

// startOf reads the beginning of a body of unknown length, and returns how long the
// body can be.
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

// turnFor waits for the turn in which a body is decoded. A small body needs none.
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
