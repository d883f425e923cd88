package webhooks

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	gatherFor       = 5 * time.Millisecond // how long a completion waits for others
	completionBatch = 500
	completionQueue = 1024
)

// completion is an attempt that is to be recorded.
type completion struct {
	lease    *lease
	delivery *delivery
	answer   *answer
	verdict  verdict
	done     func() // called when it is recorded, or given up
}

// completer records the attempts of all endpoints, many in one transaction: the attempt,
// the next state of its delivery, and the state of its endpoint.
//
// A row is written only when the delivery is still in flight under the epoch of the
// attempt. It is therefore safe to repeat a write whose outcome is unknown, and a late
// write does nothing when another dispatcher has claimed the delivery. After a crash
// before the write, the POST is made again with the same id.
type completer struct {
	pool    *pgxpool.Pool
	metrics *metrics
	outage  *outage
	in      chan completion
}

// run records completions until in is closed. After ctx has ended it only drains them.
func (c *completer) run(ctx context.Context) {
	for first := range c.in {
		batch := c.gather(first)
		c.record(ctx, batch)
		for i := range batch {
			batch[i].done()
		}
	}
}

func (c *completer) gather(first completion) []completion {
	batch := []completion{first}
	timer := time.NewTimer(gatherFor)
	defer timer.Stop()
	for len(batch) < completionBatch {
		select {
		case next, ok := <-c.in:
			if !ok {
				return batch
			}
			batch = append(batch, next)
		case <-timer.C:
			return batch
		}
	}
	return batch
}

func (c *completer) record(ctx context.Context, batch []completion) {
	for ctx.Err() == nil {
		err := c.write(ctx, batch)
		if err == nil {
			c.outage.ended()
			for i := range batch {
				c.metrics.attempts.WithLabelValues(batch[i].verdict.outcome).Inc()
			}
			return
		}
		c.outage.wait(ctx, err)
	}
}

// write writes completions in one transaction, which a batch without BEGIN is. It writes
// endpoints in the order of their ids, so that two dispatchers cannot deadlock.
func (c *completer) write(ctx context.Context, batch []completion) error {
	queries := &pgx.Batch{}
	queries.Queue(byIndex)
	queueAttempts(queries, batch)
	found := map[*lease]finding{}
	for _, each := range slices.SortedFunc(slices.Values(batch), byEndpoint) {
		l, v := each.lease, &each.verdict
		if v.disable != "" {
			queries.Queue(`UPDATE webhooks.endpoint SET status = 'disabled', disabled_reason = $3 WHERE id = $1 AND lease_epoch = $2 AND status = 'enabled'`,
				l.endpoint, l.epoch, v.disable)
		}
		if _, done := found[l]; done {
			continue
		}
		if f, ok := l.breaker.unsaved(); ok {
			found[l] = f
			queries.Queue(recordHealth, l.endpoint, l.epoch, append([]string{}, f.failed...), f.step, f.failing(), f.pause)
		}
	}
	if err := c.pool.SendBatch(ctx, queries).Close(); err != nil {
		return err
	}
	for l, f := range found {
		l.breaker.wrote(f)
	}
	return nil
}

func byEndpoint(a, b completion) int { return strings.Compare(a.lease.endpoint, b.lease.endpoint) }

const recordHealth = `
	UPDATE webhooks.endpoint SET failed_messages = $3, wait_step = $4,
		failing_since = CASE WHEN $5::boolean THEN coalesce(failing_since, now()) END,
		paused_until = greatest(paused_until, now() + $6::interval)
	WHERE id = $1 AND lease_epoch = $2`

const recordAttempts = `
	WITH result AS (
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[], $8::bigint[],
			$9::int[], $10::int[], $11::timestamptz[], $12::bytea[])
		AS r (endpoint_id, message_id, outcome, error_class, error, lease_epoch, wait_us, duration_us, attempt, status_code, started_at, response_body)
	), waiting AS (
		UPDATE webhooks.delivery d SET attempts = r.attempt, lease_epoch = 0, next_at = now() + r.wait_us * interval '1 microsecond'
		FROM result r
		WHERE r.outcome = 'retry' AND d.endpoint_id = r.endpoint_id AND d.message_id = r.message_id AND d.lease_epoch = r.lease_epoch
		RETURNING d.endpoint_id, d.message_id, d.next_at
	), finished AS (
		DELETE FROM webhooks.delivery d USING result r
		WHERE r.outcome <> 'retry' AND d.endpoint_id = r.endpoint_id AND d.message_id = r.message_id AND d.lease_epoch = r.lease_epoch
		RETURNING d.endpoint_id, d.message_id, d.created_at
	), logged AS (
		INSERT INTO webhooks.delivery_log (endpoint_id, message_id, outcome, attempts, created_at)
		SELECT f.endpoint_id, f.message_id, r.outcome, r.attempt, f.created_at FROM finished f JOIN result r USING (endpoint_id, message_id)
		ON CONFLICT (endpoint_id, message_id) DO UPDATE
			SET outcome = excluded.outcome, attempts = excluded.attempts, finished_at = excluded.finished_at
	), fenced AS (
		SELECT endpoint_id, message_id, next_at FROM waiting
		UNION ALL SELECT endpoint_id, message_id, NULL FROM finished
	)
	INSERT INTO webhooks.attempt (endpoint_id, message_id, attempt, outcome, started_at, duration_us, status_code, error_class, error, response_body, next_at)
	SELECT r.endpoint_id, r.message_id, r.attempt, r.outcome, r.started_at, r.duration_us, nullif(r.status_code, 0), r.error_class, r.error, r.response_body, f.next_at
	FROM result r JOIN fenced f USING (endpoint_id, message_id)`

func queueAttempts(queries *pgx.Batch, batch []completion) {
	texts := newColumns[string](5, len(batch))
	longs := newColumns[int64](3, len(batch))
	ints := newColumns[int](2, len(batch))
	started := make([]time.Time, len(batch))
	bodies := make([][]byte, len(batch))
	for i := range batch {
		l, d, a, v := batch[i].lease, batch[i].delivery, batch[i].answer, &batch[i].verdict
		texts.set(i, l.endpoint, d.messageID, v.outcome, a.errorClass, a.err)
		longs.set(i, l.epoch, v.wait.Microseconds(), a.duration.Microseconds())
		ints.set(i, d.attempts+1, a.status)
		started[i], bodies[i] = a.started, append([]byte{}, a.body...) // not nil, which would be NULL
	}
	queries.Queue(recordAttempts, texts[0], texts[1], texts[2], texts[3], texts[4], longs[0], longs[1], longs[2], ints[0], ints[1], started, bodies)
}
