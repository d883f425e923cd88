package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lookEvery is how often a reader that waits for a commit asks the stream's leader
// where the log ends. What a server cannot read from its disk it does not deliver,
// and says nothing: without the question a reader would wait for ever.
const lookEvery = 2 * time.Second

// follower takes messages one by one, and looks at the log while none comes.
type follower struct {
	stream   *Stream
	messages jetstream.MessagesContext

	window  context.Context // ends when it is time to look
	cancel  context.CancelFunc
	overdue uint64 // was in the log at the last look, but did not come
}

func (s *Stream) newFollower(ctx context.Context, messages jetstream.MessagesContext) *follower {
	f := &follower{stream: s, messages: messages}
	f.window, f.cancel = context.WithTimeout(ctx, lookEvery)
	return f
}

func (f *follower) stop() {
	f.cancel()
	f.messages.Stop()
}

// next waits for the commit that is due, and returns whichever comes.
func (f *follower) next(ctx context.Context, due uint64) (jetstream.Msg, error) {
	for {
		msg, err := f.messages.Next(jetstream.NextContext(f.window))
		if err == nil {
			return msg, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if f.window.Err() == nil {
			return nil, fmt.Errorf("events: read %s: %w", f.stream.name, err)
		}
		if err := f.look(ctx, due); err != nil {
			return nil, err
		}
		f.cancel()
		f.window, f.cancel = context.WithTimeout(ctx, lookEvery)
	}
}

// look finds out why the commit that is due does not come. Nil: it is not there
// yet, or may be on its way.
func (f *follower) look(ctx context.Context, due uint64) error {
	last, err := surelyLast(ctx, f.stream, due-1)
	switch {
	case err != nil:
		return err
	case last+1 < due:
		return fmt.Errorf("%w: stream %s ends with commit %d, but commit %d was read from it", ErrLostCommits, f.stream.name, last, due-1)
	case last < due:
		return nil
	case f.overdue != due:
		f.overdue = due
		return nil
	}
	return f.stream.gap(ctx, due, last)
}

// gap tells whether a commit at or before `last` that did not come is missing: the
// stream's leader is asked for it. The error is ErrDamaged or ErrGap.
func (s *Stream) gap(ctx context.Context, due, last uint64) error {
	if _, err := s.Get(ctx, due); errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: stream %s has commits up to %d, but commit %d is missing or cannot be read", ErrDamaged, s.name, last, due)
	}
	return fmt.Errorf("%w: commit %d of %s does not come", ErrGap, due, s.name)
}
