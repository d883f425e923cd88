package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tallystick/events"
)

// refusedFor is how long the log counts as full after it refused a commit. Nothing
// tells that there is room again but a commit that is taken, and nobody sends one to
// a process that is not ready.
const refusedFor = 5 * time.Second

// Witness has seen commits of the logs, and outlives a log that lost them: the read
// model is one, and so is what the dispatcher keeps of its reading.
type Witness struct {
	Name string // as in "<name> has seen commit 12"
	// Seen returns the newest commit of a shard that the witness has seen, the zero
	// Cursor for none.
	Seen func(ctx context.Context, shard int) (events.Cursor, error)
}

// refusal is a commit that the log would not take.
type refusal struct {
	err error
	at  time.Time // by the clock of the machine
}

// ready returns what keeps the shard from being ready; nil for nothing. It wraps
// events.ErrDamaged when the shard has stopped for good.
func (s *shard) ready() error {
	if damage := s.damage.Load(); damage != nil {
		return *damage
	}
	if reason := s.notReady(); reason != "" {
		return errors.New(reason)
	}
	if silence := s.silence.Load(); silence != nil {
		return *silence
	}
	if refused := s.refused.Load(); refused != nil && time.Since(refused.at) < refusedFor {
		return refused.err
	}
	return nil
}

// report brings the metric in line with ready.
func (s *shard) report() {
	value := 0.0
	if s.ready() == nil {
		value = 1
	}
	s.readiness.Set(value)
}

// stopFor ends the shard's work, commands and reads, until the process is started
// again. Other shards go on. The first reason stays.
func (s *shard) stopFor(damage error) {
	err := fmt.Errorf("%w. %s", damage, events.Remedy(s.index))
	if s.damage.CompareAndSwap(nil, &err) {
		s.logger.Error("the shard has stopped", "error", damage, "remedy", events.Remedy(s.index))
	}
	s.report()
	s.halt()
}

// serve runs the shard until ctx ends. A shard that has stopped waits for that: the
// process goes on with the others, and says that it is not ready.
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

// watch asks the log whether it is there, and as long as it was, until ctx ends or
// the shard has stopped: readiness is what is true now, whether or not anybody
// writes.
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
			if s.silence.Swap(&err) == nil {
				s.logger.Warn("the shard is not ready", "error", err)
			}
		default:
			if s.silence.Swap(nil) != nil {
				s.logger.Info("the log answers again")
			}
		}
		s.report()
	}
}

// look checks that the log answers, and has what was folded of it and what the
// witnesses have seen. An error other than ErrDamaged may pass.
func (s *shard) look(ctx context.Context) error {
	s.mu.RLock()
	cursor := s.cursor
	s.mu.RUnlock()
	last, err := s.log.Last(ctx)
	if err == nil && last < cursor.Sequence {
		_, err = cursor.VerifyIn(ctx, s.log, "this process")
	}
	if err == nil && s.notReady() == "" { // before, start asks them
		err = s.hear(ctx, cursor.Sequence)
	}
	if err != nil && !errors.Is(err, events.ErrDamaged) {
		return fmt.Errorf("the log does not answer: %w", err)
	}
	return err
}

// hear asks the witnesses that were not heard yet whether they have seen more than
// the log has. Commands do not wait for one that cannot be asked now (the database
// may be down, and is asked again) unless the log is empty: that is what a log
// looks like that was lost. An error other than ErrDamaged may pass.
func (s *shard) hear(ctx context.Context, folded uint64) error {
	var unheard []Witness
	for _, w := range s.unheard {
		seen, err := s.askWitness(ctx, w)
		switch {
		case err == nil:
			if _, err := seen.VerifyIn(ctx, s.log, w.Name); err != nil {
				return err
			}
		case folded == 0:
			return fmt.Errorf("the log is empty, and %s cannot be asked whether it always was: %w", w.Name, err)
		default:
			s.logger.Debug("a witness cannot be asked", "name", w.Name, "error", err)
			unheard = append(unheard, w)
		}
	}
	if len(s.unheard) > 0 && len(unheard) == 0 {
		s.logger.Info("the log has every commit that is known to have been in it")
	}
	s.unheard = unheard
	return nil
}

// witnessPatience bounds a question to a witness.
const witnessPatience = 3 * time.Second

func (s *shard) askWitness(ctx context.Context, w Witness) (events.Cursor, error) {
	ctx, cancel := context.WithTimeout(ctx, witnessPatience)
	defer cancel()
	return w.Seen(ctx, s.index)
}
