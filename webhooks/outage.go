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

// Waits between attempts during an outage.
const (
	firstWait = 50 * time.Millisecond
	longWait  = 2 * time.Second
)

// outage is the state of a loop that needs PostgreSQL or the log. While they cannot be
// reached it waits longer before each attempt. It logs the first error and the recovery.
type outage struct {
	logger *slog.Logger
	what   string // what the loop does

	mu    sync.Mutex
	err   error
	pause time.Duration
}

// wait records an error and waits before the next attempt. It returns false, and records
// nothing, when ctx has ended.
func (o *outage) wait(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	o.report(err)
	o.mu.Lock()
	o.pause = min(max(2*o.pause, firstWait), longWait)
	wait := o.pause
	o.mu.Unlock()
	return pause(ctx, wait)
}

// report records an error. The loop waits elsewhere.
func (o *outage) report(err error) {
	const diskFull = "53100"
	if pg := new(pgconn.PgError); errors.As(err, &pg) && pg.Code == diskFull {
		err = fmt.Errorf("the disk of PostgreSQL is full: %w", err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil {
		o.logger.Warn("webhooks: "+o.what+" failed; trying again", "error", err)
	}
	o.err = err
}

// stopped records an error that ends the loop for good.
func (o *outage) stopped(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.logger.Error("webhooks: "+o.what+" has stopped", "error", err)
	o.err = err
}

// ended records that the loop works.
func (o *outage) ended() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		o.logger.Info("webhooks: " + o.what + " works again")
	}
	o.err, o.pause = nil, 0
}

// current returns the error of the present outage, nil when there is none.
func (o *outage) current() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.err
}

// pause waits. It returns false when ctx ended first.
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
