package projections

import (
	"context"
	"errors"
	"fmt"

	"tallystick/events"

	"github.com/jackc/pgx/v5"
)

const insertCheckpoint = `
INSERT INTO ledger.checkpoint (shard, sequence, hash, updated_at) VALUES ($1, 0, $2, now())
ON CONFLICT (shard) DO NOTHING`

const selectCheckpoint = `SELECT sequence, hash FROM ledger.checkpoint WHERE shard = $1`

// start answers where the read model stands and where the log ends, having
// checked that the one comes from the other.
func (p *Projector) start(ctx context.Context) (cursor events.Cursor, last uint64, err error) {
	if cursor, err = p.checkpoint(ctx); err != nil {
		return cursor, 0, err
	}
	if last, err = p.log.Last(ctx); err != nil {
		return cursor, 0, err
	}
	if last < cursor.Sequence {
		return cursor, last, fmt.Errorf("%w: %d commits of shard %d are projected, the log has %d",
			ErrDiverged, cursor.Sequence, p.shard, last)
	}
	return cursor, last, p.verify(ctx, cursor)
}

// checkpoint reads the shard's checkpoint, and makes it where there is none.
func (p *Projector) checkpoint(ctx context.Context) (events.Cursor, error) {
	var cursor events.Cursor
	var sequence int64
	var hash []byte
	err := p.pool.QueryRow(ctx, selectCheckpoint, p.shard).Scan(&sequence, &hash)
	if errors.Is(err, pgx.ErrNoRows) {
		_, err = p.pool.Exec(ctx, insertCheckpoint, p.shard, cursor.Hash[:])
		if err == nil {
			err = p.pool.QueryRow(ctx, selectCheckpoint, p.shard).Scan(&sequence, &hash)
		}
	}
	if err != nil {
		return cursor, err
	}
	cursor.Sequence = uint64(sequence)
	copy(cursor.Hash[:], hash)
	return cursor, nil
}

// verify reads the last projected commit from the log and compares its hash:
// the chain checks only what comes after it, and perhaps nothing does.
func (p *Projector) verify(ctx context.Context, cursor events.Cursor) error {
	if cursor.Sequence == 0 {
		return nil
	}
	return p.log.Read(ctx, cursor.Sequence, cursor.Sequence, func(message events.Message) error {
		if hash := events.HashOf(message.Data); hash != cursor.Hash {
			return fmt.Errorf("%w: commit %d of shard %d has the hash %x, the one that was projected had %x",
				ErrDiverged, cursor.Sequence, p.shard, hash[:8], cursor.Hash[:8])
		}
		return nil
	})
}
