package webhooks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	firstWait = 50 * time.Millisecond
	longWait  = 2 * time.Second
)

// trouble keeps a loop going while PostgreSQL or the log is away: it logs the
// first error and the recovery, and waits longer each time in between.
type trouble struct {
	logger *slog.Logger
	what   string

	mu   sync.Mutex
	err  error
	wait time.Duration
}

// met records an error and waits; false when ctx ended, which is no trouble.
func (t *trouble) met(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	t.report(err)
	t.mu.Lock()
	t.wait = min(max(2*t.wait, firstWait), longWait)
	wait := t.wait
	t.mu.Unlock()
	return pause(ctx, wait)
}

// report records an error, for a loop that waits elsewhere.
func (t *trouble) report(err error) {
	const diskFull = "53100"
	if pg := new(pgconn.PgError); errors.As(err, &pg) && pg.Code == diskFull {
		err = fmt.Errorf("the disk of PostgreSQL is full: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.logger.Warn("webhooks: "+t.what+" fails; trying again until it works", "error", err)
	}
	t.err = err
}

// stopped records an error that ends the loop.
func (t *trouble) stopped(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.logger.Error("webhooks: "+t.what+" has stopped", "error", err)
	t.err = err
}

// over says that it works.
func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err != nil {
		t.logger.Info("webhooks: " + t.what + " works again")
	}
	t.err, t.wait = nil, 0
}

// current answers the error that there is trouble with now.
func (t *trouble) current() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// pause waits; false when ctx ended.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
