package projections

import (
	"context"
	"errors"

	"tallystick/events"

	"github.com/jackc/pgx/v5"
)

const insertCheckpoint = `
INSERT INTO ledger.checkpoint (shard, sequence, hash, updated_at) VALUES ($1, 0, $2, now())
ON CONFLICT (shard) DO NOTHING`

const selectCheckpoint = `SELECT sequence, hash FROM ledger.checkpoint WHERE shard = $1`

// start returns where the read model stands and where the log ends, having checked
// that the log still has the last commit that was projected: the chain checks only
// what comes after it, and perhaps nothing does.
func (p *Projector) start(ctx context.Context) (cursor events.Cursor, last uint64, err error) {
	if cursor, err = p.checkpoint(ctx); err != nil {
		return cursor, 0, err
	}
	last, err = cursor.VerifyIn(ctx, p.log, "the read model")
	return cursor, last, err
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
