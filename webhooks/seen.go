package webhooks

import (
	"context"

	"tallystick/events"
	"tallystick/schema"
)

// Seen returns the cursor of the newest commit of each shard that ingest has read. Shards of
// which it has read nothing are missing, as they all are without the tables.
func (s *Store) Seen(ctx context.Context) (map[int]events.Cursor, error) {
	seen := map[int]events.Cursor{}
	return seen, schema.Checkpoints(ctx, s.pool, "webhooks", func(shard int, sequence uint64, hash []byte) {
		seen[shard] = events.Cursor{Sequence: sequence, Hash: events.Hash(hash)}
	})
}
