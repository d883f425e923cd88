package bench

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

//go:embed baseline.sql
var baselineSQL string

// scratch is the schema of the baseline. It is dropped afterwards, and before in case a
// killed run has left it.
const scratch = "tallystick_bench"

// measurePostgres runs the baseline: the same number of wallets and connections, for the
// same time, as fast as possible. Every worker has a connection, calls one prepared statement
// in its own transaction for each transfer, and nothing is pooled or queued in
// front of the database.
func (c *Config) measurePostgres(ctx context.Context, progress io.Writer) (figures *Figures, err error) {
	url, err := c.postgresURL()
	if err != nil {
		return nil, err
	}
	admin, err := newScratch(ctx, url, c.Wallets)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, admin.drop()) }()

	targets := make([]target, c.Connections)
	for i := range targets {
		conn, err := connectPostgres(ctx, url)
		if err != nil {
			return nil, fmt.Errorf("connection %d: %w; the server needs max_connections above --connections", i+1, err)
		}
		defer conn.Close(context.WithoutCancel(ctx))
		if targets[i], err = newPostgresTarget(ctx, conn); err != nil {
			return nil, err
		}
	}
	l := load{wallets: c.Wallets, hot: c.Hot, batch: 1, duration: c.Duration}
	m := l.run(ctx, targets, progressLines(progress, func(totals) string { return "postgres" }))
	return m.figures(), ctx.Err()
}

// scratchSchema is the connection that made the schema and drops it.
type scratchSchema struct{ conn *pgx.Conn }

// newScratch makes the tables and the wallets. A lock that ends with the
// connection keeps a second run from dropping the tables of the first.
func newScratch(ctx context.Context, url string, wallets int) (*scratchSchema, error) {
	conn, err := connectPostgres(ctx, url)
	if err != nil {
		return nil, fmt.Errorf("%w; give another --postgres URL", err)
	}
	s := &scratchSchema{conn}
	var free bool
	if err := conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtext($1))", scratch).Scan(&free); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	if !free {
		return nil, errors.Join(errors.New("another bench is running in this database; wait for it"), conn.Close(ctx))
	}
	if err := s.fill(ctx, wallets); err != nil {
		return nil, errors.Join(err, s.drop())
	}
	return s, nil
}

func (s *scratchSchema) fill(ctx context.Context, wallets int) error {
	if err := assertDurable(ctx, s.conn); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+scratch+" CASCADE; CREATE SCHEMA "+scratch+";"+baselineSQL); err != nil {
		return fmt.Errorf("making the schema %s: %w", scratch, err)
	}
	_, err := s.conn.Exec(ctx, `INSERT INTO wallet (id, balance) SELECT n, CASE n WHEN 0 THEN $1::numeric ELSE $2::numeric END FROM generate_series(0, $3 - 1) n`,
		hotFunds, funds, wallets)
	if err != nil {
		return fmt.Errorf("making the wallets: %w", err)
	}
	// Make statistics, as tables in use have them, so that the plans are right.
	if _, err = s.conn.Exec(ctx, "VACUUM ANALYZE wallet"); err != nil {
		return err
	}
	return s.settle(ctx)
}

// settle forces a checkpoint, so that each side is measured on a server that has no
// work left over. A role without the privilege continues without one.
func (s *scratchSchema) settle(ctx context.Context) error {
	_, err := s.conn.Exec(ctx, "CHECKPOINT")
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == "42501" { // insufficient_privilege
		return nil
	}
	return err
}

// assertDurable returns an error for settings with which an acknowledged transfer may be
// lost at a power failure: the comparison with Tallystick would not be fair.
func assertDurable(ctx context.Context, conn *pgx.Conn) error {
	for _, setting := range []string{"synchronous_commit", "fsync", "full_page_writes"} {
		var value string
		if err := conn.QueryRow(ctx, "SHOW "+setting).Scan(&value); err != nil {
			return err
		}
		if value != "on" {
			return fmt.Errorf("%s is %s in this PostgreSQL; a durable ledger needs on", setting, value)
		}
	}
	return nil
}

// drop drops the schema, also after the run was cancelled.
func (s *scratchSchema) drop() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := s.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+scratch+" CASCADE")
	if err != nil {
		err = fmt.Errorf("%w; run: DROP SCHEMA %s CASCADE", err, scratch)
	} else {
		err = s.settle(ctx)
	}
	return errors.Join(err, s.conn.Close(ctx))
}

func connectPostgres(ctx context.Context, url string) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	config.RuntimeParams["search_path"] = scratch
	config.RuntimeParams["application_name"] = "tallystick bench"
	// Discard notices that the schema to be dropped does not exist.
	config.RuntimeParams["client_min_messages"] = "warning"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		// pgx reports every address that it tried, each on a line.
		return nil, fmt.Errorf("cannot connect to PostgreSQL: %s", postgresKind(err))
	}
	return conn, nil
}

// postgresTarget makes transfers with the function.
type postgresTarget struct {
	conn *pgconn.PgConn
	args [4][]byte
}

const callTransfer = "transfer"

func newPostgresTarget(ctx context.Context, conn *pgx.Conn) (*postgresTarget, error) {
	if _, err := conn.Prepare(ctx, callTransfer, "SELECT transfer($1, $2, $3, $4)"); err != nil {
		return nil, err
	}
	return &postgresTarget{conn: conn.PgConn(), args: [4][]byte{3: []byte("0.01")}}, nil
}

// perform calls the prepared statement below pgx's conversions, with arguments as text:
// the cheapest way for a client that shares the machine. The context cannot be
// cancelled, because each call would start to watch it; the worker checks its own
// context between calls.
func (t *postgresTarget) perform(transfers []transfer, tally *tally) time.Duration {
	for _, x := range transfers {
		t.args[0] = append(t.args[0][:0], x.reference[:]...)
		t.args[1] = strconv.AppendInt(t.args[1][:0], int64(x.sender), 10)
		t.args[2] = strconv.AppendInt(t.args[2][:0], int64(x.recipient), 10)
		if _, err := t.conn.ExecPrepared(context.Background(), callTransfer, t.args[:], nil, nil).Close(); err != nil {
			tally.fail(postgresKind(err), 1)
			if t.conn.IsClosed() {
				return time.Second // the figures will show it
			}
			continue
		}
		tally.acknowledged.Add(1)
	}
	return 0
}

// postgresKind returns the kind of an error of a call or a connection.
func postgresKind(err error) string {
	if refused, ok := errors.AsType[*pgconn.PgError](err); ok {
		return refused.Message + " (" + refused.Code + ")"
	}
	return brief(err)
}
