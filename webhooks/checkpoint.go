package webhooks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain/ids"
	"tallystick/events"
)

// load reads the checkpoint and then the endpoints. When an endpoint joins between the
// two, it raises the revision, and the next write of this dispatcher is refused.
func (g *ingester) load(ctx context.Context) error {
	var hash []byte
	_, err := g.pool.Exec(ctx, `
		INSERT INTO webhooks.checkpoint (shard, sequence, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING`,
		g.shard, make([]byte, len(events.Hash{})))
	if err == nil {
		err = g.pool.QueryRow(ctx, `SELECT sequence, hash, revision FROM webhooks.checkpoint WHERE shard = $1`, g.shard).
			Scan(&g.saved, &hash, &g.revision)
	}
	if err != nil {
		return fmt.Errorf("webhooks: read the checkpoint of shard %d: %w", g.shard, err)
	}
	g.position = events.Cursor{Sequence: g.saved, Hash: events.Hash(hash)}
	if _, err := g.position.VerifyIn(ctx, g.log, "the webhook dispatcher"); err != nil {
		return fmt.Errorf("webhooks: read shard %d: %w", g.shard, err)
	}
	g.reached.Store(g.saved)
	g.refreshAt = time.Now().Add(refreshEvery)
	return g.findSubscribers(ctx)
}

// findSubscribers reads all endpoints of the shard.
func (g *ingester) findSubscribers(ctx context.Context) error {
	g.reloadAt = time.Now().Add(reloadEvery)
	subscribers := subscribers{}
	err := g.eachSubscriber(ctx, `joined`, func(l subscriber) { subscribers.add(l) })
	if err == nil {
		g.subscribers = subscribers
		err = g.findJoining(ctx)
	}
	return err
}

// findJoining reads the new endpoints.
func (g *ingester) findJoining(ctx context.Context) error {
	g.joining = nil
	return g.eachSubscriber(ctx, `NOT joined`, func(l subscriber) { g.joining = append(g.joining, l) })
}

func (g *ingester) eachSubscriber(ctx context.Context, condition string, fn func(subscriber)) error {
	rows, err := g.pool.Query(ctx, `
		SELECT id, project_id, event_types, after_sequence FROM webhooks.endpoint WHERE shard = $1 AND `+condition+` ORDER BY number`, g.shard)
	if err == nil {
		var l subscriber
		_, err = pgx.ForEachRow(rows, []any{&l.id, &l.project, &l.patterns, &l.from}, func() error {
			fn(l)
			l.patterns = nil
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("webhooks: read the endpoints of shard %d: %w", g.shard, err)
	}
	return nil
}

// findWallets reads the wallets that the events of a run of commits show, as they were
// before it.
func (g *ingester) findWallets(ctx context.Context, h *output, commits []*events.Commit) error {
	ids := h.unknown(commits)
	if len(ids) == 0 {
		return nil
	}
	var w wallet
	rows, err := g.pool.Query(ctx, `
		SELECT id, project_id, customer_id, role, currency, type, number, name, status FROM webhooks.wallet WHERE id = ANY ($1)`, ids)
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&w.ID, &w.project, &w.Customer, &w.Role, &w.Currency, &w.Type, &w.Number, &w.Name, &w.Status}, func() error {
			found := w
			h.wallets[found.ID] = &found
			return nil
		})
	}
	if first := commits[0].Sequence; err == nil && first <= g.position.Sequence {
		err = g.findPasts(ctx, h, ids, first)
	}
	if err != nil {
		return fmt.Errorf("webhooks: read wallets: %w", err)
	}
	return nil
}

// findPasts sets wallets to what they were before a commit that is read again.
func (g *ingester) findPasts(ctx context.Context, h *output, ids []ids.Wallet, first uint64) error {
	rows, err := g.pool.Query(ctx, `
		SELECT DISTINCT ON (wallet_id) wallet_id, name, status FROM webhooks.wallet_past
		WHERE wallet_id = ANY ($1) AND until_sequence >= $2 ORDER BY wallet_id, until_sequence`, ids, first)
	if err != nil {
		return err
	}
	var past wallet
	_, err = pgx.ForEachRow(rows, []any{&past.ID, &past.Name, &past.Status}, func() error {
		if of := h.wallets[past.ID]; of != nil {
			of.Name, of.Status = past.Name, past.Status
		}
		return nil
	})
	return err
}

// joinStep is the progress of an endpoint that joins.
type joinStep struct {
	endpoint string
	from     uint64
	joined   bool
}

// write writes an output, the progress of an endpoint that joins (or nil) and the
// checkpoint in one transaction, unless another dispatcher has written meanwhile.
func (g *ingester) write(ctx context.Context, h *output, to events.Cursor, step *joinStep) error {
	batch := &pgx.Batch{}
	batch.Queue(`UPDATE webhooks.checkpoint SET sequence = $3, hash = $4, revision = revision + 1 WHERE shard = $1 AND revision = $2`,
		g.shard, g.revision, to.Sequence, to.Hash[:])
	h.queueWallets(batch)
	h.queueMessages(batch)
	if step != nil {
		batch.Queue(`UPDATE webhooks.endpoint SET after_sequence = $2, joined = $3 WHERE id = $1`, step.endpoint, step.from, step.joined)
	}
	err := pgx.BeginFunc(ctx, g.pool, func(tx pgx.Tx) error {
		results := tx.SendBatch(ctx, batch)
		tag, err := results.Exec()
		if err == nil && tag.RowsAffected() == 0 {
			err = errOvertaken
		}
		return errors.Join(err, results.Close())
	})
	if err != nil {
		return fmt.Errorf("webhooks: write messages of shard %d: %w", g.shard, err)
	}
	// After a crash here the deliveries have no wake. The poll finds them.
	g.saved, g.revision = to.Sequence, g.revision+1
	woken := map[string]bool{}
	for _, id := range h.endpointIDs {
		if !woken[id] {
			woken[id] = true
			g.wake(id)
		}
	}
	return nil
}

// queueWallets writes new wallets, then changes in order, each with the wallet's former
// name and status.
func (h *output) queueWallets(batch *pgx.Batch) {
	if len(h.created) > 0 {
		columns := newColumns[string](8, len(h.created))
		numbers := make([]uint64, len(h.created))
		for i := range h.created {
			w := &h.created[i]
			columns.set(i, string(w.ID), string(w.project), string(w.Customer), string(w.Role), string(w.Currency), string(w.Type), w.Name, string(w.Status))
			numbers[i] = w.Number
		}
		batch.Queue(`
			INSERT INTO webhooks.wallet (id, project_id, customer_id, role, currency, type, name, status, number)
			SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
			ON CONFLICT DO NOTHING`,
			columns[0], columns[1], columns[2], columns[3], columns[4], columns[5], columns[6], columns[7], numbers)
	}
	for _, c := range h.changes {
		batch.Queue(`
			WITH past AS (
				INSERT INTO webhooks.wallet_past (wallet_id, until_sequence, name, status)
				SELECT id, $2, name, status FROM webhooks.wallet WHERE id = $1
				ON CONFLICT DO NOTHING)
			UPDATE webhooks.wallet SET name = coalesce($3, name), status = coalesce($4, status) WHERE id = $1`,
			c.wallet, c.sequence, c.name, c.status)
	}
}

// queueMessages writes the messages that are not stored yet, and the deliveries to
// endpoints that still exist.
func (h *output) queueMessages(batch *pgx.Batch) {
	if len(h.messages) == 0 {
		return
	}
	columns := newColumns[string](3, len(h.messages))
	bodies := make([][]byte, len(h.messages))
	times := make([]time.Time, len(h.messages))
	for i := range h.messages {
		m := &h.messages[i]
		columns.set(i, m.id, string(m.project), m.kind)
		bodies[i], times[i] = m.body, m.occurredAt
	}
	batch.Queue(`
		INSERT INTO webhooks.message (id, project_id, type, body, created_at)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::timestamptz[])
		ON CONFLICT DO NOTHING`, columns[0], columns[1], columns[2], bodies, times)
	batch.Queue(`
		INSERT INTO webhooks.delivery (endpoint_id, message_id, next_at)
		SELECT d.endpoint_id, d.message_id, now() FROM unnest($1::text[], $2::text[]) AS d (endpoint_id, message_id)
		WHERE EXISTS (SELECT FROM webhooks.endpoint e WHERE e.id = d.endpoint_id)
		ON CONFLICT DO NOTHING`, h.endpointIDs, h.messageIDs)
}

// columns has the values of rows by column, for unnest.
type columns[T any] [][]T

func newColumns[T any](count, rows int) columns[T] {
	all := make(columns[T], count)
	for i := range all {
		all[i] = make([]T, rows)
	}
	return all
}

func (c columns[T]) set(row int, values ...T) {
	for i, value := range values {
		c[i][row] = value
	}
}
