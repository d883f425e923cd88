package events

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// lookEvery is the interval at which a reader that waits for a commit asks the stream's
// leader for the last sequence. A server does not deliver a message that it cannot read
// from its disk, and reports no error. Without this request a reader would wait for
// ever.
const lookEvery = 2 * time.Second

// follower takes messages one by one, and asks for the end of the log while none
// arrives.
type follower struct {
	stream   *Stream
	messages jetstream.MessagesContext

	window  context.Context // ends when it is time to call look
	cancel  context.CancelFunc
	overdue uint64 // the log had this commit at the last look, but it was not delivered
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

// next waits for the commit due, and returns the next message, whatever its sequence.
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

// look finds out why the commit due was not delivered. It returns nil if the commit
// does not exist yet, or may still be on its way.
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

// gap asks the stream's leader for the commit due, which was not delivered although
// the log has the commit last. It returns ErrDamaged if the leader does not have it,
// and otherwise ErrGap.
func (s *Stream) gap(ctx context.Context, due, last uint64) error {
	if _, err := s.Get(ctx, due); errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: stream %s has commits up to %d, but commit %d is missing or cannot be read", ErrDamaged, s.name, last, due)
	}
	return fmt.Errorf("%w: commit %d of %s is not delivered", ErrGap, due, s.name)
}
