package projections

import (
	"context"
	"sync"
	"time"

	"tallystick/events"
)

// When a batch that is not full is taken. A fact that comes alone waits for quietGap.
// Under load, when a batch has worthwhile facts, it grows for longestWait, because one
// large batch costs far less than many small ones: at 10,000 transfers/s a third of
// the CPU of batches of 30 ms.
const (
	quietGap    = 2 * time.Millisecond
	longestWait = 150 * time.Millisecond
	worthwhile  = 100 // facts
)

// doubleBuffer is between the goroutine that reads the log and the one that writes
// batches. One batch collects commits while the other is written. When the first is
// full, the reader waits.
type doubleBuffer struct {
	added chan struct{} // has a token after a commit was added
	room  chan struct{} // has a token after the open batch was taken

	mu   sync.Mutex
	open *batch
}

func newDoubleBuffer(cursor events.Cursor, open *batch) *doubleBuffer {
	open.reset(cursor)
	return &doubleBuffer{added: make(chan struct{}, 1), room: make(chan struct{}, 1), open: open}
}

// add puts a commit into the open batch, and waits while that is full. cursor is the
// place after the commit. Errors: ctx's, and those of batch.add.
func (d *doubleBuffer) add(ctx context.Context, commit *events.Commit, cursor events.Cursor) error {
	for {
		d.mu.Lock()
		full := d.open.full()
		var err error
		if !full {
			err = d.open.add(commit, cursor)
		}
		d.mu.Unlock()
		if !full {
			signal(d.added)
			return err
		}
		select {
		case <-d.room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// take waits for a batch that is worth writing and returns it. spare is emptied and
// takes its place.
func (d *doubleBuffer) take(ctx context.Context, spare *batch) (*batch, error) {
	for {
		select {
		case <-d.added:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		d.gather()
		d.mu.Lock()
		taken := d.open
		if taken.empty() { // the token was of a commit that the batch before took with it
			d.mu.Unlock()
			continue
		}
		spare.reset(taken.to)
		d.open = spare
		d.mu.Unlock()
		signal(d.room)
		return taken, nil
	}
}

// gather lets the open batch grow until it is full, until longestWait is over, or
// until it is small and nothing came for quietGap.
func (d *doubleBuffer) gather() {
	longest, quiet := time.NewTimer(longestWait), time.NewTimer(quietGap)
	defer longest.Stop()
	defer quiet.Stop()
	for !d.full() {
		select {
		case <-d.added:
			quiet.Reset(quietGap)
		case <-quiet.C:
			if d.facts() < worthwhile {
				return
			}
		case <-longest.C:
			return
		}
	}
}

func (d *doubleBuffer) facts() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open.facts
}

func (d *doubleBuffer) full() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open.full()
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
