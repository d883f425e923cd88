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

// run is the writer: it folds the log, then decides and appends until ctx ends, or
// the shard has stopped. The error is events.ErrDamaged.
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
		// First gather, then look whether a read found more in the log: gather may
		// take the token that such a read left.
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

// gather waits for three quarters of the crowd: of as many callers as the last
// group had and as came while it was being appended, since those who were
// answered with it are about to come back. A large group shares one fsync, and
// is appended while few compete for the processor; two half groups in turn make
// each other slow. The last quarter is not waited for: it gathers during the
// append. A caller alone never waits (docs/decisions/0004), and nobody does when
// as much waits as a group takes.
func (s *shard) gather(ctx context.Context) {
	defer s.queue.expect(1)
	if s.queue.expect(s.crowd * 3 / 4) {
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

// stop refuses what waits and all that comes.
func (s *shard) stop() {
	if s.notReady() == "" {
		s.refuse("the ledger is stopping")
	}
	refuseAll(append(s.group, s.queue.takeAll()...), s.unavailable("the ledger is stopping; nothing was done"))
}

// decideGroup takes a group from the queue and brings it to an outcome, in one
// commit. What did not fit stays in the group and is the first of the next. An
// error means that the log cannot be trusted; then nothing more is decided.
func (s *shard) decideGroup(ctx context.Context) error {
	s.rest.begin()
	b := s.decide(len(s.group), true)
	newest := false // the state was the log's newest at some moment since the group was taken
	for {
		result := acknowledged
		var err error
		switch {
		case b.builder.Len() > 0:
			result, err = s.append(ctx, b)
		case newest || callers(b.decided) == 0:
			s.answerAll(b)
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
	clear(s.group[left:]) // who was answered is not kept until the next group
	s.group = s.group[:left]
	s.rest.end(s.queue.heavyBesideLight())
	if left > 0 || s.queue.ready(s.rest.now) {
		s.queue.wake()
	}
	return nil
}

// confirmNothing answers a batch that made no facts. That there is nothing to do,
// or nothing there, is true only of the newest state, and no append proves that
// this is it. So the log is asked, and when it has more, that is folded and the
// batch is a conflict.
func (s *shard) confirmNothing(ctx context.Context, b *batch) (result, error) {
	last, err := s.log.Last(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		s.logger.Warn("what made nothing could not be confirmed", "error", err)
		refuseAll(b.decided, s.unavailable("the log does not answer; nothing was done"))
		return refused, nil
	case last > s.cursor.Sequence:
		return s.decideAgain(ctx, b)
	}
	s.meetCrowd(b)
	s.answerAll(b)
	return acknowledged, nil
}

// append makes a batch durable and answers it. The result is conflict when the
// batch is to be decided again on a newer state.
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
			s.dealings.fold(&events.Commit{Shard: b.place.Shard, Sequence: b.place.Sequence, Time: b.place.Time, Facts: b.facts})
		})
		s.lastTime = b.place.Time
		s.metrics.commits.Inc()
		s.metrics.group.Observe(float64(len(b.decided)))
		s.meetCrowd(b)
		s.answerAll(b)
	case conflict:
		return s.decideAgain(ctx, b)
	case refused:
		refuseAll(b.decided, s.unavailable(s.refused.Load().err.Error()+"; nothing was done"))
	case unresolved:
		refuseAll(b.decided, s.unknown())
	}
	return result, nil
}

// decideAgain folds what is new in the log, so that a batch can be decided again.
func (s *shard) decideAgain(ctx context.Context, b *batch) (result, error) {
	err := s.catchUp(ctx)
	if err != nil && ctx.Err() != nil {
		refuseAll(b.decided, s.unavailable("the ledger is stopping; nothing was done"))
		return refused, nil
	}
	return conflict, err
}

// meetCrowd notes how many callers are about to come back, or wait already.
func (s *shard) meetCrowd(b *batch) {
	s.crowd = callers(b.decided) + s.queue.callers()
}

// result of an append, once everything that can be known is known.
type result string

const (
	acknowledged result = "acknowledged"
	conflict     result = "conflict"
	refused      result = "refused"
	unresolved   result = "unknown" // only when the process stops before the log answers
)

// persist appends data at the next place, whatever it takes to learn the outcome.
func (s *shard) persist(ctx context.Context, data []byte) result {
	hash := events.HashOf(data)
	id := hex.EncodeToString(hash[:16])
	// An append under way is not cut short when the process stops.
	err := s.log.Append(context.WithoutCancel(ctx), s.cursor.Sequence, id, data)
	switch {
	case err == nil:
		return acknowledged
	case errors.Is(err, events.ErrConflict):
		s.logger.Info("another writer was first; reading on", "error", err)
		return conflict
	case errors.Is(err, events.ErrRefused):
		s.logger.Error("the log refused a commit", "error", err)
		s.refused.Store(&refusal{fmt.Errorf("the log takes no commits: %w", err), time.Now()})
		s.report()
		return refused
	}
	s.logger.Warn("an append got no answer; finding out", "sequence", s.cursor.Sequence+1, "error", err)
	s.refuse("the log does not answer")
	outcome := s.resolve(ctx, id, data)
	if outcome != unresolved {
		s.logger.Info("the append is resolved", "sequence", s.cursor.Sequence+1, "outcome", outcome)
		s.accept()
	}
	return outcome
}

// resolve finds out what became of an append without an answer. The commit may
// still be on its way, so "not there" is no outcome: appending the same bytes
// again makes it one, since only one commit can stand at a place.
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
			// A refusal now says nothing of the first one: only nil ends it here.
			if err = s.log.Append(context.WithoutCancel(ctx), s.cursor.Sequence, id, data); err == nil {
				return acknowledged
			}
			s.refuse("the log answers, but stores nothing: its replicas or its disk may be gone, or the disk is full")
		}
		s.logger.Debug("the append is not resolved yet", "error", err)
		var more bool
		if wait, more = pause(ctx, wait); !more {
			return unresolved
		}
	}
}

func (s *shard) answerAll(b *batch) {
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
		p.answer(outcome)
	}
	s.metrics.commands.WithLabelValues("done").Add(float64(done))
	s.metrics.commands.WithLabelValues("rejected").Add(float64(rejected))
}

func refuseAll(group []*pending, why *Unavailable) {
	for _, p := range group {
		p.answer(Outcome{Err: why})
	}
}
