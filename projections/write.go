package projections

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errOvertaken says that another projector of the shard was first. Nothing is wrong,
// and nothing was written twice.
var errOvertaken = errors.New("another projector is at work on this shard")

// beginBatch does not wait for the disk at COMMIT. Rows and checkpoint are in one
// transaction: a crash of the server that loses one loses the other, and the commits
// are projected again from the log.
const beginBatch = `BEGIN; SET LOCAL synchronous_commit = off`

// write writes a batch in one transaction. A crash or an error leaves all of it or
// nothing, and the checkpoint says which: the next attempt reads it.
// Errors: errOvertaken, ErrDiverged, or what the connection or the server says.
func (p *Projector) write(ctx context.Context, b *batch) error {
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginBatch})
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after an error there is nothing else to do, after Commit nothing at all
	if err := p.moveCheckpoint(ctx, tx, b.from, b.to); err != nil {
		return err
	}
	if err := b.write(ctx, tx); err != nil {
		return dataError(err)
	}
	// If the outcome is unknown, the checkpoint is read again.
	return tx.Commit(ctx)
}

func (b *batch) write(ctx context.Context, tx pgx.Tx) error {
	for _, rows := range b.rows.all() {
		if err := rows.write(ctx, tx.Conn().PgConn()); err != nil {
			return err
		}
	}
	if b.statements.Len() > 0 {
		if err := tx.SendBatch(ctx, &b.statements).Close(); err != nil {
			return err
		}
	}
	if err := b.lots.write(ctx, tx); err != nil {
		return err
	}
	return b.balances.write(ctx, tx)
}

// dataError returns ErrDiverged for an error that the rows themselves cause, and
// would cause again each time. Classes of SQLSTATE: 22 data exception, 23 integrity
// constraint violation.
func dataError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code[:2] == "22" || pg.Code[:2] == "23") {
		return fmt.Errorf("%w: table %s, constraint %q: %w", ErrDiverged, pg.TableName, pg.ConstraintName, err)
	}
	return err
}

// explain puts an error that an operator can mend in plain words.
func explain(err error) error {
	const diskFull = "53100"
	if pg := new(pgconn.PgError); errors.As(err, &pg) && pg.Code == diskFull {
		return fmt.Errorf("the disk of PostgreSQL is full: %w", err)
	}
	return err
}
