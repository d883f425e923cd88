package webhooks

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain/ids"
)

// lease is the right to deliver to an endpoint, with the data for it. Its epoch is a
// fencing token: a claim or a completion changes only rows of its own epoch, however
// late it arrives.
type lease struct {
	endpoint string
	epoch    int64
	project  ids.Project
	target   target
	breaker  *breaker

	until atomic.Pointer[time.Time] // by the clock of this process, counted from before the request
	stop  context.CancelFunc        // set by the runner: nothing more begins under this lease
}

// target is the URL of an endpoint and its signing keys, newest first.
type target struct {
	url  string
	keys [][]byte
}

// delivery is one message to be posted to one endpoint.
type delivery struct {
	messageID  string
	attempts   int // so far
	body       []byte
	occurredAt time.Time
}

// covers returns whether the lease lasts for a request of that duration without being
// renewed.
func (l *lease) covers(request time.Duration) bool { return time.Until(*l.until.Load()) > request }

// leases reads and writes the tables of endpoints and deliveries for one dispatcher. All
// times are those of PostgreSQL, so the clocks of dispatchers may differ.
type leases struct {
	pool   *pgxpool.Pool
	seal   sealer
	owner  string
	length time.Duration
	config *DispatcherConfig // of breakers
}

// byIndex precedes a query of table delivery in its transaction and makes the planner use
// indexes. The size of the table changes quickly, from nothing to a million rows, so its
// statistics are often wrong. The planner would then sort the whole backlog of an
// endpoint to find the first 64 deliveries.
const byIndex = `SELECT set_config(name, 'off', true) FROM unnest(ARRAY['enable_seqscan', 'enable_bitmapscan', 'enable_sort']) AS name`

// collect reads the rows of one query by index, in a transaction.
func collect[T any](ctx context.Context, pool *pgxpool.Pool, row pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	batch := &pgx.Batch{}
	batch.Queue(byIndex)
	batch.Queue(sql, args...)
	results := pool.SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		return nil, errors.Join(err, results.Close())
	}
	rows, err := results.Query()
	var found []T
	if err == nil {
		found, err = pgx.CollectRows(rows, row)
	}
	// The rows count only when the transaction was committed.
	return found, errors.Join(err, results.Close())
}

// ready returns the endpoints that have due deliveries and no dispatcher.
func (s *leases) ready(ctx context.Context) ([]string, error) {
	ids, err := collect(ctx, s.pool, pgx.RowTo[string], `
		SELECT e.id FROM webhooks.endpoint e
		CROSS JOIN LATERAL (
			SELECT FROM webhooks.delivery d WHERE d.endpoint_id = e.id AND d.next_at <= now() ORDER BY d.next_at LIMIT 1
		) d
		WHERE e.status = 'enabled' AND (e.paused_until IS NULL OR e.paused_until <= now())
			AND (e.lease_until IS NULL OR e.lease_until <= now())
		LIMIT 1000`)
	if err != nil {
		return nil, fmt.Errorf("webhooks: find due deliveries: %w", err)
	}
	return ids, nil
}

// acquire takes the lease of an endpoint. It returns nil when another dispatcher has it,
// or when the endpoint is disabled, paused or deleted. An error together with a lease
// means that the endpoint's secrets cannot be used. After a crash the lease expires by
// itself.
func (s *leases) acquire(ctx context.Context, endpoint string) (*lease, error) {
	l := &lease{endpoint: endpoint}
	until := time.Now().Add(s.length)
	l.until.Store(&until)
	var sealed [][]byte
	var h health
	err := s.pool.QueryRow(ctx, `
		UPDATE webhooks.endpoint e SET lease_owner = $2, lease_epoch = lease_epoch + 1, lease_until = now() + $3
		WHERE id = $1 AND status = 'enabled' AND (paused_until IS NULL OR paused_until <= now())
			AND (lease_until IS NULL OR lease_until <= now())
		RETURNING lease_epoch, project_id, url, failed_messages, wait_step, ARRAY (
			SELECT sealed FROM webhooks.secret s
			WHERE s.endpoint_id = e.id AND (s.expires_at IS NULL OR s.expires_at > now()) ORDER BY s.number DESC)`,
		endpoint, s.owner, s.length).Scan(&l.epoch, &l.project, &l.target.url, &h.failed, &h.step, &sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("webhooks: lease %s: %w", endpoint, err)
	}
	l.breaker = newBreaker(h, s.config)
	for _, each := range sealed {
		key, err := s.seal.open(endpoint, each)
		if err != nil {
			return l, err
		}
		l.target.keys = append(l.target.keys, key)
	}
	if len(sealed) == 0 {
		return l, errNoSecret
	}
	return l, nil
}

const (
	// dueDeliveries finds the deliveries that may be sent to endpoint $1 under epoch $2.
	dueDeliveries = `SELECT d.message_id, d.attempts, d.next_at FROM webhooks.delivery d
		WHERE d.endpoint_id = $1 AND d.next_at <= now() AND d.lease_epoch < $2
			AND EXISTS (SELECT FROM webhooks.endpoint e WHERE e.id = $1 AND e.lease_epoch = $2
				AND e.status = 'enabled' AND (e.paused_until IS NULL OR e.paused_until <= now()))`
	oldestDue = dueDeliveries + ` ORDER BY d.next_at, d.message_id LIMIT $3 FOR UPDATE SKIP LOCKED`
	// leastTried considers both ends of the due deliveries only: a backlog may be long.
	leastTried = `SELECT message_id FROM (
			(` + dueDeliveries + ` ORDER BY d.next_at, d.message_id LIMIT 100)
			UNION ALL (` + dueDeliveries + ` ORDER BY d.next_at DESC, d.message_id DESC LIMIT 100)
		) either ORDER BY attempts, next_at, message_id LIMIT $3`
	claimDue = `UPDATE webhooks.delivery d SET lease_epoch = $2
		FROM due, webhooks.message m
		WHERE d.endpoint_id = $1 AND d.message_id = due.message_id AND m.id = due.message_id
		RETURNING d.message_id, d.attempts, m.body, m.created_at`
)

// claim marks up to limit due deliveries as in flight and returns them. Deliveries that
// were in flight under an older epoch are due too, because it is not known whether they
// arrived. After an error the lease must be given up: rows may be marked that no runner
// has.
func (s *leases) claim(ctx context.Context, l *lease, limit int) ([]*delivery, error) {
	return s.claimOf(ctx, l, oldestDue, limit)
}

// claimOne claims one delivery for a half-open breaker, the one with the fewest attempts.
// If it took the oldest, a message that the receiver never accepts would keep the breaker
// open although the receiver accepts others.
func (s *leases) claimOne(ctx context.Context, l *lease) ([]*delivery, error) {
	return s.claimOf(ctx, l, leastTried, 1)
}

func (s *leases) claimOf(ctx context.Context, l *lease, due string, limit int) ([]*delivery, error) {
	found, err := collect(ctx, s.pool, func(row pgx.CollectableRow) (*delivery, error) {
		d := &delivery{}
		return d, row.Scan(&d.messageID, &d.attempts, &d.body, &d.occurredAt)
	}, `WITH due AS (`+due+`) `+claimDue, l.endpoint, l.epoch, limit)
	if err != nil {
		return nil, fmt.Errorf("webhooks: claim deliveries of %s: %w", l.endpoint, err)
	}
	return found, nil
}

const giveUpQuery = `
	WITH old AS (
		SELECT d.message_id FROM webhooks.delivery d
		WHERE d.endpoint_id = $1 AND d.created_at < now() - $3::interval
			AND EXISTS (SELECT FROM webhooks.endpoint e WHERE e.id = $1 AND e.lease_epoch = $2 AND e.failing_since < now() - $3::interval)
		LIMIT $4
	), ended AS (
		DELETE FROM webhooks.delivery d USING old WHERE d.endpoint_id = $1 AND d.message_id = old.message_id
		RETURNING d.endpoint_id, d.message_id, d.attempts, d.created_at
	)
	INSERT INTO webhooks.delivery_log (endpoint_id, message_id, outcome, attempts, created_at)
	SELECT endpoint_id, message_id, 'exhausted', attempts, created_at FROM ended
	ON CONFLICT (endpoint_id, message_id) DO UPDATE
		SET outcome = excluded.outcome, attempts = excluded.attempts, finished_at = excluded.finished_at`

// giveUp ends the deliveries older than age of an endpoint that has failed for as long. It
// writes them in parts. After a crash the rest is ended at the next failure.
func (s *leases) giveUp(ctx context.Context, l *lease, age time.Duration) error {
	const part = 1000
	for {
		tag, err := s.pool.Exec(ctx, giveUpQuery, l.endpoint, l.epoch, age, part)
		if err != nil {
			return fmt.Errorf("webhooks: give up old deliveries of %s: %w", l.endpoint, err)
		}
		if tag.RowsAffected() < part {
			return nil
		}
	}
}

const extendQuery = `
	WITH ours AS (
		SELECT e.id, e.lease_epoch FROM webhooks.endpoint e
		JOIN unnest($1::text[], $2::bigint[]) AS l (id, epoch) ON e.id = l.id AND e.lease_epoch = l.epoch
		WHERE e.lease_owner = $3
	), unlocked AS (
		SELECT id FROM webhooks.endpoint WHERE id IN (SELECT id FROM ours) FOR NO KEY UPDATE SKIP LOCKED
	), renewed AS (
		UPDATE webhooks.endpoint e SET lease_until = now() + $4 FROM ours JOIN unlocked USING (id)
		WHERE e.id = ours.id AND e.lease_epoch = ours.lease_epoch AND e.lease_owner = $3
		RETURNING e.id
	)
	SELECT ours.id, renewed.id IS NOT NULL FROM ours LEFT JOIN renewed USING (id)`

// extend renews leases and returns those that this dispatcher still has. It does not
// renew a lease that was given back, that another dispatcher took, or whose endpoint is
// deleted. It skips an endpoint whose row is locked: that lease is kept and ends when it
// did before.
func (s *leases) extend(ctx context.Context, held []*lease) (map[string]bool, error) {
	ids, epochs := make([]string, len(held)), make([]int64, len(held))
	for i, l := range held {
		ids[i], epochs[i] = l.endpoint, l.epoch
	}
	until := time.Now().Add(s.length)
	ours, renewed := map[string]bool{}, map[string]bool{}
	rows, err := s.pool.Query(ctx, extendQuery, ids, epochs, s.owner, s.length)
	if err == nil {
		var id string
		var extended bool
		_, err = pgx.ForEachRow(rows, []any{&id, &extended}, func() error {
			ours[id], renewed[id] = true, extended
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("webhooks: renew leases: %w", err)
	}
	for _, l := range held {
		if renewed[l.endpoint] {
			l.until.Store(&until)
		}
	}
	return ours, nil
}

// release gives the lease back if this dispatcher still has it. Deliveries that were
// claimed and not made are due under the next epoch.
func (s *leases) release(ctx context.Context, l *lease) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE webhooks.endpoint SET lease_owner = NULL, lease_until = NULL WHERE id = $1 AND lease_epoch = $2`, l.endpoint, l.epoch)
	if err != nil {
		return fmt.Errorf("webhooks: give back the lease of %s: %w", l.endpoint, err)
	}
	return nil
}

// pausedFor returns how long nothing is sent to an endpoint: the rest of its pause, a
// minute when it is disabled, else 0.
func (s *leases) pausedFor(ctx context.Context, endpoint string) (wait time.Duration, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT CASE WHEN status = 'enabled' THEN paused_until - now() ELSE interval '1 minute' END FROM webhooks.endpoint
		WHERE id = $1 AND (status <> 'enabled' OR paused_until > now())`, endpoint).Scan(&wait)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, nil
	}
	return wait, err
}

// hold pauses an endpoint to which nothing can be delivered.
func (s *leases) hold(ctx context.Context, l *lease, wait time.Duration) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE webhooks.endpoint SET paused_until = now() + $3 WHERE id = $1 AND lease_epoch = $2`, l.endpoint, l.epoch, wait)
	if err != nil {
		return fmt.Errorf("webhooks: pause %s: %w", l.endpoint, err)
	}
	return nil
}
