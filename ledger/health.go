package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tallystick/events"
)

// refusedFor is how long the shard is not ready after its log refused a commit. Only an
// accepted commit shows that the log has room again, and a process that is not ready
// gets no commands. So the shard becomes ready again after this time.
const refusedFor = 5 * time.Second

// Witness is a store that knows how far the logs reached, and that survives the loss of
// commits: the read model, and the dispatcher's checkpoint.
type Witness struct {
	Name string // completes "… has seen commit 12"
	// Seen returns the cursor of the newest commit of a shard that the witness has seen,
	// the zero Cursor for none.
	Seen func(ctx context.Context, shard int) (events.Cursor, error)
}

// refusal is the error of a commit that the log refused.
type refusal struct {
	err error
	at  time.Time // by the clock of the machine
}

// ready returns the reason for which the shard is not ready, nil when it is. The error
// wraps events.ErrDamaged when the shard has stopped.
func (s *shard) ready() error {
	if damage := s.damage.Load(); damage != nil {
		return *damage
	}
	if reason := s.notReady(); reason != "" {
		return errors.New(reason)
	}
	if silence := s.unreachable.Load(); silence != nil {
		return *silence
	}
	if refused := s.refused.Load(); refused != nil && time.Since(refused.at) < refusedFor {
		return refused.err
	}
	return nil
}

// report sets the metric to the result of ready.
func (s *shard) report() {
	value := 0.0
	if s.ready() == nil {
		value = 1
	}
	s.readiness.Set(value)
}

// stopFor stops commands and reads of the shard until the process is started again. Other
// shards continue. The first reason is kept.
func (s *shard) stopFor(damage error) {
	err := fmt.Errorf("%w. %s", damage, events.Remedy(s.index))
	if s.damage.CompareAndSwap(nil, &err) {
		s.logger.Error("the shard has stopped", "error", damage, "remedy", events.Remedy(s.index))
	}
	s.report()
	s.halt()
}

// serve runs the shard until ctx ends, also when the shard has stopped: the process
// continues with the other shards and reports that it is not ready.
func (s *shard) serve(ctx context.Context) {
	running, halt := context.WithCancel(ctx)
	defer halt()
	s.halt = halt
	var watch sync.WaitGroup
	watch.Go(func() { s.watch(running) })
	if err := s.run(running); err != nil {
		s.stopFor(err)
	}
	watch.Wait()
	<-ctx.Done()
}

// watch checks the log at intervals until ctx ends or the shard has stopped, so that
// readiness is current also when no commands come.
func (s *shard) watch(ctx context.Context) {
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for s.damage.Load() == nil {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		err := s.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, events.ErrDamaged):
			s.stopFor(err)
		case err != nil:
			if s.unreachable.Swap(&err) == nil {
				s.logger.Warn("the shard is not ready", "error", err)
			}
		default:
			if s.unreachable.Swap(nil) != nil {
				s.logger.Info("the log can be reached again")
			}
		}
		s.report()
	}
}

// look checks that the log can be reached and has the commits that were folded and that
// the witnesses have seen. An error other than ErrDamaged may pass.
func (s *shard) look(ctx context.Context) error {
	s.mu.RLock()
	cursor := s.cursor
	s.mu.RUnlock()
	last, err := s.log.Last(ctx)
	if err == nil && last < cursor.Sequence {
		_, err = cursor.VerifyIn(ctx, s.log, "this process")
	}
	if err == nil && s.notReady() == "" { // until then start asks the witnesses
		err = s.askWitnesses(ctx, cursor.Sequence)
	}
	if err != nil && !errors.Is(err, events.ErrDamaged) {
		return fmt.Errorf("the log cannot be reached: %w", err)
	}
	return err
}

// askWitnesses asks the witnesses that were not asked yet whether they have seen commits
// that the log does not have. When a witness cannot be asked now, because the database
// may be down, commands do not wait for it and watch asks it again. Only when the log is
// empty they wait, because a lost log is empty too. An error other than ErrDamaged may
// pass.
func (s *shard) askWitnesses(ctx context.Context, folded uint64) error {
	var unasked []Witness
	for _, w := range s.unasked {
		seen, err := s.askWitness(ctx, w)
		switch {
		case err == nil:
			if _, err := seen.VerifyIn(ctx, s.log, w.Name); err != nil {
				return err
			}
		case folded == 0:
			return fmt.Errorf("the log is empty, and %s cannot be asked whether it has always been: %w", w.Name, err)
		default:
			s.logger.Debug("a witness cannot be asked", "name", w.Name, "error", err)
			unasked = append(unasked, w)
		}
	}
	if len(s.unasked) > 0 && len(unasked) == 0 {
		s.logger.Info("the log has all commits that the witnesses have seen")
	}
	s.unasked = unasked
	return nil
}

// witnessPatience is how long a witness may take.
const witnessPatience = 3 * time.Second

func (s *shard) askWitness(ctx context.Context, w Witness) (events.Cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	return w.Seen(ctx, s.index)
}
