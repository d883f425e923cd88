package projections

import (
	"context"
	"fmt"

	"tallystick/events"

	"github.com/jackc/pgx/v5"
)

// Seen returns the newest commit of each shard that was projected; none of a shard,
// or of a database without tables, that has nothing.
func (q *Queries) Seen(ctx context.Context) (map[int]events.Cursor, error) {
	seen := map[int]events.Cursor{}
	var there bool
	err := q.pool.QueryRow(ctx, `SELECT to_regclass('ledger.checkpoint') IS NOT NULL`).Scan(&there)
	if err == nil && there {
		var rows pgx.Rows
		rows, err = q.pool.Query(ctx, `SELECT shard, sequence, hash FROM ledger.checkpoint WHERE sequence > 0`)
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
		return nil, fmt.Errorf("projections: checkpoint: %w", err)
	}
	return seen, nil
}
