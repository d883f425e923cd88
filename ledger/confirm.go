package ledger

import (
	"context"
)

// confirmation is one request to the log for its last sequence. It serves every reader
// that came before the request was sent.
type confirmation struct {
	done chan struct{}
	err  *Unavailable
}

// confirm returns nil when the state is at least as new as the log was at the time of
// the call. A reader joins the next request, never one that was sent already: the
// result of that could be older than the call.
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
		return s.unavailable("the log did not respond in time")
	}
}

// ask sends requests until no reader waits.
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
			current.err = s.unavailable("the log cannot be reached")
		}
		close(current.done)
	}
}

// catchUpWith waits until the state has folded every commit that the log has now.
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
		// The commits may be the writer's own, which it will publish, or those of
		// another process, of which it has to be informed. Wake it in both cases.
		s.behind.Store(last)
		s.queue.wake()
		select {
		case <-advanced:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
