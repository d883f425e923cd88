package ledger

import (
	"context"
)

// confirmation is one question to the log, "what is your newest commit?", asked
// on behalf of every reader who came before it was asked.
type confirmation struct {
	done chan struct{}
	err  *Unavailable
}

// confirm returns nil once the state is at least as new as the log was when
// confirm was called. A reader joins the next question, never one that is
// already under way: its answer could be older than the reader's arrival.
func (s *shard) confirm(ctx context.Context) error {
	if reason := s.notReady(); reason != "" {
		return s.unavailable(reason)
	}
	s.confirmMu.Lock()
	if s.next == nil {
		s.next = &confirmation{done: make(chan struct{})}
	}
	joined := s.next
	if !s.confirming {
		s.confirming = true
		go s.ask()
	}
	s.confirmMu.Unlock()
	select {
	case <-joined.done:
		if joined.err != nil {
			return joined.err
		}
		return nil
	case <-ctx.Done():
		return s.unavailable("the log did not answer in time")
	}
}

// ask puts questions until nobody waits for one.
func (s *shard) ask() {
	for {
		s.confirmMu.Lock()
		current := s.next
		s.next = nil
		s.confirming = current != nil
		s.confirmMu.Unlock()
		if current == nil {
			return
		}
		if err := s.catchUpWith(); err != nil {
			s.logger.Warn("a read could not be confirmed", "error", err)
			current.err = s.unavailable("the log does not answer")
		}
		close(current.done)
	}
}

// catchUpWith waits until the state holds what the log has now.
func (s *shard) catchUpWith() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.patience)
	defer cancel()
	last, err := s.log.Last(ctx)
	if err != nil {
		return err
	}
	for {
		s.mu.RLock()
		folded, advanced := s.folded, s.advanced
		s.mu.RUnlock()
		if folded >= last {
			return nil
		}
		// The writer's own append, which it is about to publish, or another
		// process's, which it does not know of: it is told either way.
		s.behind.Store(last)
		s.queue.wake()
		select {
		case <-advanced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
