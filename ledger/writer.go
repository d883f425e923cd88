package ledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"tallystick/events"
)

// run is the writer: it folds the log, then decides and appends until ctx ends or the
// log is damaged. The error is events.ErrDamaged.
func (s *shard) run(ctx context.Context) error {
	if err := s.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	defer s.stop()
	s.accept()
	alarm := time.NewTimer(0)
	defer alarm.Stop()
	for {
		alarm.Reset(min(s.untilDeadline(), s.rest.left()))
		select {
		case <-ctx.Done():
			return nil
		case <-s.queue.filled:
		case <-alarm.C:
		}
		// gather may take the token with which a read woke the writer, so behind is
		// compared after it.
		s.gather(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if s.behind.Load() > s.cursor.Sequence {
			if err := s.catchUp(ctx); err != nil && ctx.Err() == nil {
				return err
			}
		}
		s.takeDue()
		if err := s.decideGroup(ctx); err != nil {
			return err
		}
	}
}

// maxGather bounds how long a group waits to become larger.
const maxGather = 2 * time.Millisecond

// gather waits until three quarters of the expected callers are in the queue. Expected
// are as many as the last group had, because they are likely to send their next
// command, and as many as came during its append. A large group shares one fsync; two
// halves of it, one after the other, delay each other. The last quarter gathers during
// the append. A single caller never waits (docs/decisions/0004), and gather does not
// wait when the queue has as much as a group takes.
func (s *shard) gather(ctx context.Context) {
	defer s.queue.expect(1)
	if s.queue.expect(s.expected * 3 / 4) {
		return
	}
	timer := time.NewTimer(maxGather)
	defer timer.Stop()
	select {
	case <-s.queue.filled:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// stop refuses the commands that wait and all later ones.
func (s *shard) stop() {
	if s.notReady() == "" {
		s.refuse("the ledger is stopping")
	}
	refuseAll(append(s.group, s.queue.takeAll()...), s.unavailable("the ledger is stopping; nothing was done"))
}

// decideGroup takes a group from the queue and brings it to an outcome, in one
// commit. Commands that did not fit stay and begin the next group. After an error the
// log cannot be trusted and the shard decides nothing more.
func (s *shard) decideGroup(ctx context.Context) error {
	s.rest.begin()
	b := s.decide(len(s.group), true)
	newest := false // the state was the newest of the log at some moment after the group was taken
	for {
		result := acknowledged
		var err error
		switch {
		case b.builder.Len() > 0:
			result, err = s.append(ctx, b)
		case newest || callers(b.decided) == 0:
			s.completeAll(b)
		default:
			result, err = s.confirmNothing(ctx, b)
		}
		if err != nil {
			return err
		}
		if result != conflict {
			break
		}
		b, newest = s.decide(len(s.group), false), true
	}
	s.settleDue(b)
	left := copy(s.group, s.group[len(b.decided):])
	clear(s.group[left:]) // let the memory of completed commands go
	s.group = s.group[:left]
	s.rest.end(s.queue.heavyBesideLight())
	if left > 0 || s.queue.ready(s.rest.now) {
		s.queue.wake()
	}
	return nil
}

// confirmNothing completes a batch that produced no facts. Its outcomes are valid only
// for the newest state, and no append proves that this state is the newest. So the log
// is asked for its last sequence. If it has more commits, they are folded and the
// result is conflict.
func (s *shard) confirmNothing(ctx context.Context, b *batch) (result, error) {
	last, err := s.log.Last(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		s.logger.Warn("commands without facts could not be confirmed", "error", err)
		refuseAll(b.decided, s.unavailable("the log cannot be reached; nothing was done"))
		return refused, nil
	case last > s.cursor.Sequence:
		return s.decideAgain(ctx, b)
	}
	s.expect(b)
	s.completeAll(b)
	return acknowledged, nil
}

// append makes a batch durable and completes its commands. The result is conflict when
// the batch is to be decided again on a newer state.
func (s *shard) append(ctx context.Context, b *batch) (result, error) {
	data := b.builder.Bytes()
	start := time.Now()
	result := s.persist(ctx, data)
	s.metrics.appends.Observe(time.Since(start).Seconds())
	s.metrics.outcomes.WithLabelValues(string(result)).Inc()
	switch result {
	case acknowledged:
		cursor := events.Cursor{Sequence: b.place.Sequence, Hash: events.HashOf(data)}
		s.refused.Store(nil)
		s.publish(cursor, func() {
			b.fork.Merge()
			s.progress.fold(&events.Commit{Shard: b.place.Shard, Sequence: b.place.Sequence, Time: b.place.Time, Facts: b.facts})
		})
		s.lastTime = b.place.Time
		s.metrics.commits.Inc()
		s.metrics.bytes.Add(float64(len(data)))
		s.metrics.group.Observe(float64(len(b.decided)))
		s.expect(b)
		s.completeAll(b)
	case conflict:
		return s.decideAgain(ctx, b)
	case refused:
		refuseAll(b.decided, s.unavailable(s.refused.Load().err.Error()+"; nothing was done"))
	case unresolved:
		refuseAll(b.decided, s.unknown())
	}
	return result, nil
}

// decideAgain folds the new commits of the log, so that a batch can be decided again.
func (s *shard) decideAgain(ctx context.Context, b *batch) (result, error) {
	err := s.catchUp(ctx)
	if err != nil && ctx.Err() != nil {
		refuseAll(b.decided, s.unavailable("the ledger is stopping; nothing was done"))
		return refused, nil
	}
	return conflict, err
}

// expect counts the callers that are expected for the next group: those of the batch,
// who are likely to send their next command, and those who wait already.
func (s *shard) expect(b *batch) {
	s.expected = callers(b.decided) + s.queue.callers()
}

// result is the final result of an append.
type result string

const (
	acknowledged result = "acknowledged"
	conflict     result = "conflict"
	refused      result = "refused"
	unresolved   result = "unknown" // only when the process stops before the outcome is known
)

// persist appends data at the next sequence. It returns only when the outcome is
// known, or when the process stops.
func (s *shard) persist(ctx context.Context, data []byte) result {
	hash := events.HashOf(data)
	id := hex.EncodeToString(hash[:16])
	// An append in flight is not cancelled when the process stops.
	err := s.log.Append(context.WithoutCancel(ctx), s.cursor.Sequence, id, data)
	switch {
	case err == nil:
		return acknowledged
	case errors.Is(err, events.ErrConflict):
		s.logger.Info("another writer appended first; folding its commits", "error", err)
		return conflict
	case errors.Is(err, events.ErrRefused):
		s.logger.Error("the log refused a commit", "error", err)
		s.refused.Store(&refusal{fmt.Errorf("the log refuses commits: %w", err), time.Now()})
		s.report()
		return refused
	}
	s.logger.Warn("an append was not acknowledged; looking for it in the log", "sequence", s.cursor.Sequence+1, "error", err)
	s.refuse("the log cannot be reached")
	outcome := s.resolve(ctx, id, data)
	if outcome != unresolved {
		s.logger.Info("the outcome of the append is known", "sequence", s.cursor.Sequence+1, "outcome", outcome)
		s.accept()
	}
	return outcome
}

// resolve determines the outcome of an append that was not acknowledged. When the log
// has nothing at the sequence, the commit may still arrive. resolve then appends the
// same bytes again: a sequence has only one commit, so one of the two is refused.
func (s *shard) resolve(ctx context.Context, id string, data []byte) result {
	for wait := firstPause; ; {
		message, err := s.log.Get(ctx, s.cursor.Sequence+1)
		if err == nil {
			if bytes.Equal(message.Data, data) {
				return acknowledged
			}
			return conflict
		}
		switch {
		case errors.Is(err, events.ErrDamaged):
			s.stopFor(err)
		case errors.Is(err, events.ErrNotFound):
			// An error here does not tell whether the first append was stored.
			if err = s.log.Append(context.WithoutCancel(ctx), s.cursor.Sequence, id, data); err == nil {
				return acknowledged
			}
			s.refuse("the log can be read but does not store commits: replicas or the disk may be lost, or the disk is full")
		}
		s.logger.Debug("the outcome of the append is not known yet", "error", err)
		var more bool
		if wait, more = pause(ctx, wait); !more {
			return unresolved
		}
	}
}

// completeAll gives the commands of a batch their outcomes.
func (s *shard) completeAll(b *batch) {
	done, rejected := 0, 0
	for i, p := range b.decided {
		outcome := b.results[i]
		outcome.Receipt.Sequence = s.cursor.Sequence
		if p.dry {
			outcome.Receipt.Sequence = b.place.Sequence - 1
		}
		if outcome.Err != nil {
			rejected++
		} else {
			done++
		}
		p.complete(outcome)
	}
	s.metrics.commands.WithLabelValues("done").Add(float64(done))
	s.metrics.commands.WithLabelValues("rejected").Add(float64(rejected))
}

// refuseAll gives commands the outcome that nothing was done, or that it is unknown.
func refuseAll(group []*pending, why *Unavailable) {
	for _, p := range group {
		p.complete(Outcome{Err: why})
	}
}
