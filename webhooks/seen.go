package webhooks

import (
	"context"
	"fmt"

	"tallystick/events"

	"github.com/jackc/pgx/v5"
)

// Seen returns the cursor of the newest commit of each shard that ingest has read. Shards of
// which it has read nothing are missing, as they all are without the tables.
func (s *Store) Seen(ctx context.Context) (map[int]events.Cursor, error) {
	seen := map[int]events.Cursor{}
	var there bool
	err := s.pool.QueryRow(ctx, `SELECT to_regclass('webhooks.checkpoint') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		var rows pgx.Rows
		rows, err = s.pool.Query(ctx, `SELECT shard, sequence, hash FROM webhooks.checkpoint WHERE sequence > 0`)
		if err == nil {
			var shard int
			var sequence int64
			var hash []byte
			_, err = pgx.ForEachRow(rows, []any{&shard, &sequence, &hash}, func() error {
				seen[shard] = events.Cursor{Sequence: uint64(sequence), Hash: events.Hash(hash)}
				return nil
			})
		}
	}
	if err != nil {
		return nil, fmt.Errorf("webhooks: checkpoint: %w", err)
	}
	return seen, nil
}
