package projections

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"tallystick/events"
)

const insertCheckpoint = `
INSERT INTO ledger.checkpoint (shard, sequence, hash, updated_at) VALUES ($1, 0, $2, now())
ON CONFLICT (shard) DO NOTHING`

const selectCheckpoint = `SELECT sequence, hash FROM ledger.checkpoint WHERE shard = $1`

// moveCheckpoint is a compare-and-swap.
const moveCheckpoint = `
UPDATE ledger.checkpoint SET sequence = $2, hash = $3, updated_at = now()
 WHERE shard = $1 AND sequence = $4 AND hash = $5`

// start returns the checkpoint and where the log ends. It checks that the log still
// has the commit at the checkpoint: the chain of hashes only protects what follows it,
// and perhaps nothing does.
func (p *Projector) start(ctx context.Context) (cursor events.Cursor, last uint64, err error) {
	if cursor, err = p.checkpoint(ctx); err != nil {
		return cursor, 0, err
	}
	last, err = cursor.VerifyIn(ctx, p.log, "the read model")
	return cursor, last, err
}

// checkpoint reads the shard's checkpoint, and inserts it where there is none.
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

// moveCheckpoint moves the checkpoint, and returns errOvertaken if it is not where
// the batch begins. It is the first statement of a transaction, so that a second
// projector waits here for the row, and then has written nothing.
func (p *Projector) moveCheckpoint(ctx context.Context, tx pgx.Tx, from, to events.Cursor) error {
	tag, err := tx.Exec(ctx, moveCheckpoint, p.shard, int64(to.Sequence), to.Hash[:], int64(from.Sequence), from.Hash[:])
	if err == nil && tag.RowsAffected() == 0 {
		err = errOvertaken
	}
	return err
}
