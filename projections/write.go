package projections

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain/money"
)

// errOvertaken: another projector of the shard was there first. Nothing is
// wrong, and nothing was written twice.
var errOvertaken = errors.New("another projector is at work on this shard")

// beginBatch does not wait for the disk at commit. Rows and checkpoint are of
// one transaction: a crash of the server that loses one loses the other, and
// the commits are projected again from the log.
const beginBatch = `BEGIN; SET LOCAL synchronous_commit = off`

// moveCheckpoint is a compare-and-swap. It comes first, so that a second
// projector waits at the row and then finds no row, before it writes anything.
const moveCheckpoint = `
UPDATE ledger.checkpoint SET sequence = $2, hash = $3, updated_at = now()
 WHERE shard = $1 AND sequence = $4 AND hash = $5`

const (
	copyWallets = `COPY ledger.wallets (id, project_id, customer_id, role, type, currency, scale, number, name, metadata,
		status, version, balance, created_at, updated_at, sequence, held, amount_due, credit_limit, fees, limits,
		settlement_period, settlement_day, settlement_next_at) FROM STDIN`
	copyTransactions = `COPY ledger.transactions (id, project_id, reference, status, operations, failure, description, metadata,
		sequence, created_at, origin_kind, origin_id, effective_at, counted_on, scheduled_for) FROM STDIN`
	copyEntries = `COPY ledger.entry_rows (version, created_at, operation, position, fee, wallet_id, counterparty_wallet_id, kind, amount,
		balance_after, transaction_id) FROM STDIN`
	copyNamed  = `COPY ledger.transaction_wallets (wallet_id, transaction_id) FROM STDIN`
	copyGrants = `COPY ledger.credit_lots (id, project_id, wallet_id, version, transaction_id, original, remaining, held, expired,
		expires_at, created_at, updated_at) FROM STDIN`
	copyParts = `COPY ledger.entry_lots (wallet_id, version, position, lot_id, amount) FROM STDIN`
)

// moveBalances changes only wallets whose version is the one before the batch's
// first entry: each wallet missed is a gap.
const moveBalances = `
UPDATE ledger.wallets AS w
   SET version = moved.last, balance = moved.balance, amount_due = greatest(w.amount_due - moved.received, 0),
       updated_at = greatest(w.updated_at, moved.at), sequence = greatest(w.sequence, moved.sequence)
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]::numeric[], $5::timestamptz[], $6::bigint[], $7::text[]::numeric[])
       AS moved (id, first, last, balance, at, sequence, received)
 WHERE w.id = moved.id AND w.version = moved.first - 1`

// write writes a batch in one transaction. A crash, or an error, leaves either
// all of it or none, and the checkpoint tells which: whoever goes on reads it.
// Errors: errOvertaken, ErrDiverged, or what the connection or the server says.
func (p *Projector) write(ctx context.Context, b *batch) error {
	tx, err := p.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: beginBatch})
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx) //nolint:errcheck // after an error there is nothing else to do, after Commit nothing at all
	tag, err := tx.Exec(ctx, moveCheckpoint, p.shard, int64(b.to.Sequence), b.to.Hash[:], int64(b.from.Sequence), b.from.Hash[:])
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return errOvertaken
	}
	if err := b.writeRows(ctx, tx); err != nil {
		return dataError(err)
	}
	// An outcome that stays unknown here does no harm: the checkpoint is read again.
	return tx.Commit(ctx)
}

func (b *batch) writeRows(ctx context.Context, tx pgx.Tx) error {
	for _, c := range b.copies() {
		if c.rows.n == 0 {
			continue
		}
		if _, err := tx.Conn().PgConn().CopyFrom(ctx, bytes.NewReader(c.rows.buf), c.statement); err != nil {
			return err
		}
	}
	if b.rare.Len() > 0 {
		if err := tx.SendBatch(ctx, &b.rare).Close(); err != nil {
			return err
		}
	}
	if err := b.lots.write(ctx, tx); err != nil {
		return err
	}
	return b.balances.write(ctx, tx)
}

func (b *balances) write(ctx context.Context, tx pgx.Tx) error {
	if len(b.ids) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, moveBalances, b.ids, b.first, b.last, texts(b.amounts), b.times, b.sequence, texts(b.received))
	if err != nil {
		return err
	}
	if missed := int64(len(b.ids)) - tag.RowsAffected(); missed != 0 {
		return fmt.Errorf("%w: %d of %d wallets are not at the version before", ErrDiverged, missed, len(b.ids))
	}
	return nil
}

const changeLots = `
UPDATE ledger.credit_lots AS l
   SET remaining = l.remaining + change.remaining, expired = l.expired + change.expired, updated_at = greatest(l.updated_at, change.at)
  FROM unnest($1::text[], $2::text[]::numeric[], $3::text[]::numeric[], $4::timestamptz[]) AS change (id, remaining, expired, at)
 WHERE l.id = change.id`

func (l *lots) write(ctx context.Context, tx pgx.Tx) error {
	if len(l.ids) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, changeLots, l.ids, texts(l.remaining), texts(l.expired), l.times)
	if err != nil {
		return err
	}
	return diverged("lots", int64(len(l.ids)), tag.RowsAffected())
}

// texts are amounts as NUMERIC reads them.
func texts(amounts []money.Amount) []string {
	texts := make([]string, len(amounts))
	for i, amount := range amounts {
		texts[i] = amount.String()
	}
	return texts
}

// dataError tells an error that the rows themselves cause, and would cause for
// ever, from one of circumstances. Classes of SQLSTATE: 22 data exception, 23
// integrity constraint violation.
func dataError(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) && (pg.Code[:2] == "22" || pg.Code[:2] == "23") {
		return fmt.Errorf("%w: table %s, constraint %q: %w", ErrDiverged, pg.TableName, pg.ConstraintName, err)
	}
	return err
}

// explain says in plain words what an operator can mend.
func explain(err error) error {
	const diskFull = "53100"
	if pg := new(pgconn.PgError); errors.As(err, &pg) && pg.Code == diskFull {
		return fmt.Errorf("the disk of PostgreSQL is full: %w", err)
	}
	return err
}
