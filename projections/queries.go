package projections

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain/money"
)

// Queries reads the read model. Safe for concurrent use. Errors that are not named are
// PostgreSQL's.
type Queries struct {
	pool *pgxpool.Pool
	poll *poller
}

// NewQueries returns queries that use the connections of pool.
func NewQueries(pool *pgxpool.Pool) *Queries {
	return &Queries{pool: pool, poll: newPoller(pool)}
}

// Page is some rows of a list. Next is the cursor of the next page, "" at the end.
type Page[T any] struct {
	Rows []T
	Next string
}

// Limits of a page, in rows.
const (
	DefaultLimit    = 50     // of a filter whose limit is 0
	MaxLimit        = 1000   // a larger limit is this one
	MaxNumberedSize = 10_000 // of NumberedWallets
)

func limitOf(asked, most int) int {
	if asked <= 0 {
		return DefaultLimit
	}
	return min(asked, most)
}

// Checkpoint returns how many commits of a shard are projected.
func (q *Queries) Checkpoint(ctx context.Context, shard int) (uint64, error) {
	var sequence int64
	err := q.pool.QueryRow(ctx, `SELECT sequence FROM ledger.checkpoint WHERE shard = $1`, shard).Scan(&sequence)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) { // no row: no projector was there yet
		return 0, fmt.Errorf("projections: checkpoint: %w", err)
	}
	return uint64(sequence), nil
}

// selection is a SELECT to which a filter adds its conditions.
type selection struct {
	sql  strings.Builder
	args []any
}

func selectFrom(text string) *selection {
	s := &selection{}
	s.sql.WriteString(text)
	s.sql.WriteString(" WHERE true")
	return s
}

// where adds a condition. Each ? in it stands for the argument.
func (s *selection) where(condition string, arg any) {
	s.args = append(s.args, arg)
	s.sql.WriteString(" AND " + strings.ReplaceAll(condition, "?", "$"+strconv.Itoa(len(s.args))))
}

// before adds the condition that a row is before another one in the order of two columns.
func (s *selection) before(columns string, first, second any) {
	s.args = append(s.args, first)
	s.where("("+columns+") < ($"+strconv.Itoa(len(s.args))+", ?)", second)
}

// and adds a condition or clause that has no argument.
func (s *selection) and(text string) { s.sql.WriteString(" " + text) }

// list reads a page in the given order. It reads one row more than the limit, to know
// whether there is a next page.
func list[T any](ctx context.Context, q *Queries, s *selection, order string, limit int, scan pgx.RowToFunc[T], cursor func(T) string) (Page[T], error) {
	s.and("ORDER BY " + order + " LIMIT " + strconv.Itoa(limit+1))
	rows, err := collect(ctx, q, s, scan)
	if err != nil {
		return Page[T]{}, err
	}
	if len(rows) <= limit {
		return Page[T]{Rows: rows}, nil
	}
	rows = rows[:limit]
	return Page[T]{Rows: rows, Next: cursor(rows[limit-1])}, nil
}

func collect[T any](ctx context.Context, q *Queries, s *selection, scan pgx.RowToFunc[T]) ([]T, error) {
	rows, err := q.pool.Query(ctx, s.sql.String(), s.args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// amount is a text, and where the amount that it says is put.
type amount struct {
	to   *money.Amount
	text string
}

// parseAmounts reads amounts of one asset.
func parseAmounts(asset money.AssetCode, all ...amount) (err error) {
	for _, a := range all {
		if *a.to, err = parseMoney(asset, a.text); err != nil {
			return err
		}
	}
	return nil
}

// timeOrZero returns a time in UTC, and the zero time for NULL.
func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}
