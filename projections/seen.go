package projections

import (
	"context"

	"tallystick/events"
	"tallystick/schema"
)

// Seen returns the newest commit of each shard that was projected. A shard of which
// nothing was projected has none.
func (q *Queries) Seen(ctx context.Context) (map[int]events.Cursor, error) {
	seen := map[int]events.Cursor{}
	return seen, schema.Checkpoints(ctx, q.pool, "ledger", func(shard int, sequence uint64, hash []byte) {
		seen[shard] = events.Cursor{Sequence: sequence, Hash: events.Hash(hash)}
	})
}
