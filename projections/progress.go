package projections

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// progress is how far a projector is, and what keeps it. Safe for concurrent use.
type progress struct {
	shard  int
	logger *slog.Logger

	mu      sync.Mutex
	started bool
	target  uint64 // the end of the log at the start
	reached bool   // the target is projected
	done    uint64 // projected, as far as we know
	end     uint64 // of the log, as far as we know
	trouble error  // what keeps Run from going on, nil when nothing does
}

// Ready returns nil once everything that the log had at the start is projected, and
// as long as nothing is in the way of projecting the rest. A projector that stands
// by for another is ready.
func (p *progress) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case final(p.trouble):
		return p.trouble
	case p.reached && (p.trouble == nil || errors.Is(p.trouble, errOvertaken)):
		return nil
	case p.trouble != nil:
		return fmt.Errorf("projections: shard %d is interrupted: %w", p.shard, p.trouble)
	case !p.started:
		return fmt.Errorf("projections: shard %d is not caught up: starting", p.shard)
	}
	return fmt.Errorf("projections: shard %d is not caught up: %d of %d commits", p.shard, p.done, p.target)
}

// begun notes where the checkpoint stands and the log ends. Where there is
// nothing to do, all is well; else the first batch will tell.
func (p *progress) begun(done, last uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.started {
		p.started, p.target = true, last
	}
	p.move(done)
	if done == last {
		p.recover()
	}
}

// advanced notes that a batch was written.
func (p *progress) advanced(done uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.move(done)
	p.recover()
}

func (p *progress) move(done uint64) {
	p.done = done
	p.reached = p.reached || done >= p.target
}

func (p *progress) recover() {
	if p.trouble != nil {
		p.trouble = nil
		p.logger.Info("projector goes on", "sequence", p.done)
	}
}

// troubled notes what went wrong, and logs it once for as long as it stays the same.
func (p *progress) troubled(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.trouble != nil && p.trouble.Error() == err.Error()
	p.trouble = err
	switch {
	case final(err):
		p.logger.Error("projector stopped", "err", err)
	case known:
	case errors.Is(err, errOvertaken):
		p.logger.Info("projector stands by", "err", err)
	default:
		p.logger.Warn("projector interrupted, trying again", "err", err)
	}
}

func (p *progress) projected() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.done
}

// seen notes that the log has at least last commits, and answers what is done
// of how many.
func (p *progress) seen(last uint64) (done, end uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end = max(p.end, last, p.done)
	return p.done, p.end
}
