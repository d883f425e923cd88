package schema

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Checkpoints calls each with the checkpoint of every shard of which something was
// read into the schema of that name: the sequence of the newest commit, and its
// SHA-256. A database without the schema's tables has none.
func Checkpoints(ctx context.Context, pool *pgxpool.Pool, name string, each func(shard int, sequence uint64, hash []byte)) error {
	table := pgx.Identifier{name, "checkpoint"}.Sanitize()
	var there bool
	err := pool.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, table).Scan(&there)
	if err != nil || !there {
		return wrap(name, err)
	}
	rows, err := pool.Query(ctx, `SELECT shard, sequence, hash FROM `+table+` WHERE sequence > 0`)
	if err != nil {
		return wrap(name, err)
	}
	var shard int
	var sequence int64
	var hash []byte
	_, err = pgx.ForEachRow(rows, []any{&shard, &sequence, &hash}, func() error {
		each(shard, uint64(sequence), hash)
		return nil
	})
	return wrap(name, err)
}

func wrap(name string, err error) error {
	if err != nil {
		return fmt.Errorf("schema %q: checkpoints: %w", name, err)
	}
	return nil
}
