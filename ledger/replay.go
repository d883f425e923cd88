package ledger

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"tallystick/domain"
	"tallystick/events"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// start folds the log and checks with the witnesses that it has lost no commits. It waits
// until the log can be reached. The error is events.ErrDamaged or that of ctx.
func (s *shard) start(ctx context.Context) error {
	for wait := firstPause; ; {
		err := s.replay(ctx)
		if err == nil {
			err = s.askWitnesses(ctx, s.cursor.Sequence)
		}
		if err == nil || errors.Is(err, events.ErrDamaged) {
			s.warnUnasked()
			return err
		}
		s.refuse("the log cannot be read yet: " + err.Error())
		s.logger.Warn("the log cannot be read; trying again", "error", err)
		var more bool
		if wait, more = pause(ctx, wait); !more {
			return ctx.Err()
		}
	}
}

// warnUnasked logs the witnesses that could not be asked.
func (s *shard) warnUnasked() {
	for _, w := range s.unasked {
		s.logger.Warn("commands are taken before it is known whether the log has lost commits: " + w.Name + " cannot be asked now")
	}
}

// Pauses between attempts to reach the log.
const (
	firstPause = 20 * time.Millisecond
	longPause  = time.Second
)

// pause waits and returns the next, longer pause, or false when ctx ends first.
func pause(ctx context.Context, d time.Duration) (time.Duration, bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return min(2*d, longPause), true
	case <-ctx.Done():
		return d, false
	}
}

// replay folds the whole log into an empty state, before there are readers.
func (s *shard) replay(ctx context.Context) error {
	last, err := s.log.Last(ctx)
	if err != nil {
		return err
	}
	start := time.Now()
	report := start
	facts := 0
	err = s.fold(ctx, last, func(commit *events.Commit) error {
		facts += len(commit.Facts)
		if now := time.Now(); now.Sub(report) > 2*time.Second {
			report = now
			s.logger.Info("reading the log", "commit", commit.Sequence, "of", last, "facts", facts)
		}
		return evolve(s.state, commit) // in place: there are no readers yet
	})
	if err != nil {
		return err
	}
	s.logger.Info("the log is read", "commits", s.cursor.Sequence, "facts", facts, "seconds", time.Since(start).Seconds())
	return nil
}

// catchUp folds the commits that other writers have appended, one at a time, while
// others read. It waits out failures that may pass. The error is events.ErrDamaged or
// that of ctx.
func (s *shard) catchUp(ctx context.Context) error {
	for wait := firstPause; ; {
		last, err := s.log.Last(ctx)
		if err == nil && last < s.cursor.Sequence {
			_, err = s.cursor.VerifyIn(ctx, s.log, "this process")
		}
		if err == nil {
			err = s.fold(ctx, last, func(commit *events.Commit) error {
				// Through a fork: a reader of an earlier state may still use its rows.
				fork := s.state.Fork()
				if err := evolve(fork, commit); err != nil {
					return err
				}
				fork.Merge()
				return nil
			})
		}
		if err == nil || errors.Is(err, events.ErrDamaged) {
			return err
		}
		s.logger.Warn("the log cannot be read; trying again", "error", err)
		var more bool
		if wait, more = pause(ctx, wait); !more {
			return ctx.Err()
		}
	}
}

func evolve(state *domain.State, commit *events.Commit) error {
	for i, fact := range commit.Facts {
		if err := state.Evolve(fact); err != nil {
			return fmt.Errorf("%w: fact %d of commit %d cannot be: %w", events.ErrDamaged, i, commit.Sequence, err)
		}
	}
	return nil
}

// readAhead bounds the commits that are read and decoded before they are applied, in
// bytes of JSON. The decoded facts take several times as many bytes.
const readAhead = 4 << 20

// job is a message that is being decoded.
type job struct {
	message events.Message
	size    int64 // its part of readAhead
	commit  *events.Commit
	err     error
	decoded chan struct{}
}

// fold reads the log up to a sequence, decodes on all processors, and applies in order.
// After an error the cursor is at the last commit that was applied.
func (s *shard) fold(ctx context.Context, to uint64, apply func(*events.Commit) error) error {
	if to <= s.cursor.Sequence {
		return nil
	}
	decoders := runtime.GOMAXPROCS(0)
	jobs, ordered := make(chan *job, 4*decoders), make(chan *job, 8*decoders)
	room := semaphore.NewWeighted(readAhead)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer close(jobs)
		defer close(ordered)
		return s.log.Read(ctx, s.cursor.Sequence+1, to, func(m events.Message) error {
			j := &job{message: m, size: min(int64(events.DecodedSize(m.Data)), readAhead), decoded: make(chan struct{})}
			if err := room.Acquire(ctx, j.size); err != nil {
				return err
			}
			for _, queue := range [...]chan *job{jobs, ordered} {
				select {
				case queue <- j:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	})
	for range decoders {
		group.Go(func() error {
			for j := range jobs {
				j.commit, j.err = s.codec.Decode(j.message.Data)
				close(j.decoded)
			}
			return nil
		})
	}
	group.Go(func() error {
		return s.applyInOrder(ctx, ordered, func(j *job) error {
			defer room.Release(j.size)
			return apply(j.commit)
		})
	})
	return group.Wait()
}

func (s *shard) applyInOrder(ctx context.Context, ordered <-chan *job, apply func(*job) error) error {
	for j := range ordered {
		select {
		case <-j.decoded:
		case <-ctx.Done():
			return ctx.Err()
		}
		if j.err != nil {
			return j.err
		}
		cursor := s.cursor
		if err := cursor.Next(j.commit, j.message.Data); err != nil {
			return err
		}
		var err error
		s.publish(cursor, func() {
			err = apply(j)
			s.progress.fold(j.commit)
		})
		if err != nil {
			return err
		}
		s.lastTime = j.commit.Time
		s.metrics.replayed.Inc()
	}
	return nil
}
