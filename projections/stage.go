package projections

import (
	"context"
	"sync"
	"time"

	"tallystick/events"
)

// When a batch that is not full is taken. A transaction that comes alone waits
// for quietGap; under load, when a batch has come to worthwhile transactions,
// it grows for longestWait, because one large batch costs far less than many
// small ones: at 10,000 transfers/s a third of the CPU of batches of 30 ms.
const (
	quietGap    = 2 * time.Millisecond
	longestWait = 150 * time.Millisecond
	worthwhile  = 100 // transactions
)

// stage is where commits become a batch. There are two batches: one takes in
// commits while the other is written, and when it is full its reader waits.
type stage struct {
	arrived chan struct{} // holds a token after a commit came
	room    chan struct{} // holds a token after the open batch was taken

	mu   sync.Mutex
	open *batch
}

func newStage(cursor events.Cursor, open *batch) *stage {
	open.reset(cursor)
	return &stage{arrived: make(chan struct{}, 1), room: make(chan struct{}, 1), open: open}
}

// add puts a commit into the open batch, and waits for one with room. cursor
// stands after the commit. Errors are ctx's, and those of batch.add.
func (s *stage) add(ctx context.Context, commit *events.Commit, cursor events.Cursor) error {
	for {
		s.mu.Lock()
		full := s.open.full()
		var err error
		if !full {
			err = s.open.add(commit, cursor)
		}
		s.mu.Unlock()
		if !full {
			signal(s.arrived)
			return err
		}
		select {
		case <-s.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take waits for a batch that is worth writing and answers it; spare, which is
// emptied, takes its place.
func (s *stage) take(ctx context.Context, spare *batch) (*batch, error) {
	for {
		select {
		case <-s.arrived:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		s.gather()
		s.mu.Lock()
		taken := s.open
		if taken.empty() { // the token was of a commit that the batch before took with it
			s.mu.Unlock()
			continue
		}
		spare.reset(taken.to)
		s.open = spare
		s.mu.Unlock()
		signal(s.room)
		return taken, nil
	}
}

// gather lets the open batch grow until it is full, longestWait is over, or it
// is small and none came for quietGap.
func (s *stage) gather() {
	longest, quiet := time.NewTimer(longestWait), time.NewTimer(quietGap)
	defer longest.Stop()
	defer quiet.Stop()
	for !s.full() {
		select {
		case <-s.arrived:
			quiet.Reset(quietGap)
		case <-quiet.C:
			if s.transactions() < worthwhile {
				return
			}
		case <-longest.C:
			return
		}
	}
}

func (s *stage) transactions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open.count
}

func (s *stage) full() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open.full()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
