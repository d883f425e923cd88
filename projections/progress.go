package projections

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// progress is how far a projector has come, and what stops it. Safe for concurrent use.
type progress struct {
	shard  int
	logger *slog.Logger

	mu      sync.Mutex
	started bool
	target  uint64 // the end of the log at the start
	reached bool   // the target is projected
	done    uint64 // projected, as far as we know
	end     uint64 // of the log, as far as we know
	failure error  // why Run does not go on; nil: it does
}

// Ready returns nil once everything that the log had at the start is projected and while
// nothing stops the projector. A projector that stands by for another is ready.
func (p *progress) Ready() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case final(p.failure):
		return p.failure
	case p.reached && (p.failure == nil || errors.Is(p.failure, errOvertaken)):
		return nil
	case p.failure != nil:
		return fmt.Errorf("projections: shard %d is interrupted: %w", p.shard, p.failure)
	case !p.started:
		return fmt.Errorf("projections: shard %d is not caught up: starting", p.shard)
	}
	return fmt.Errorf("projections: shard %d is not caught up: %d of %d commits", p.shard, p.done, p.target)
}

// begun records where the checkpoint is and where the log ends. If there is nothing to
// project, the projector has recovered; otherwise the first batch shows it.
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

// advanced records that a batch was written.
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
	if p.failure != nil {
		p.failure = nil
		p.logger.Info("projector goes on", "sequence", p.done)
	}
}

// failed records an error, and logs it unless it is the same as before.
func (p *progress) failed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.failure != nil && p.failure.Error() == err.Error()
	p.failure = err
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

// seen records that the log has at least last commits. It returns how many of how many
// are projected.
func (p *progress) seen(last uint64) (done, end uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.end = max(p.end, last, p.done)
	return p.done, p.end
}
