package projections

import (
	"fmt"
	"time"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain"
	"tallystick/events"
)

// A batch is full at either of these, and takes no more commits.
const (
	batchFacts = 4000
	batchBytes = 8 << 20
)

// batch collects what some consecutive commits do to the read model, to be written
// in one transaction, in this order: rows to insert, statements, and the sums of what
// happened to lots and balances. Statements are in the order of the log: they may
// change rows that the same batch inserts.
type batch struct {
	from, to events.Cursor // before the first commit, after the last

	facts        int
	transactions int // among them, new ones

	rows       rows
	statements pgx.Batch
	lots       lotChanges
	balances   balanceChanges

	assets  map[assetKey]bool // whose rows were inserted
	scratch jx.Encoder
}

// rows are inserted by COPY. Most facts come to nothing else.
type rows struct {
	wallets, statusChanges, settlements, monitors, monitorCrossings copyRows
	transactions, transactionWallets, entries                       copyRows
	lots, entryLots, holds                                          copyRows
}

func (r *rows) all() [11]*copyRows {
	return [...]*copyRows{
		&r.wallets, &r.statusChanges, &r.settlements, &r.monitors, &r.monitorCrossings,
		&r.transactions, &r.transactionWallets, &r.entries,
		&r.lots, &r.entryLots, &r.holds,
	}
}

func newBatch() *batch {
	return &batch{
		rows: rows{
			wallets:            copyRows{table: "ledger.wallets"},
			statusChanges:      copyRows{table: "ledger.wallet_status_changes"},
			settlements:        copyRows{table: "ledger.settlements"},
			monitors:           copyRows{table: "ledger.monitors"},
			monitorCrossings:   copyRows{table: "ledger.monitor_crossings"},
			transactions:       copyRows{table: "ledger.transactions"},
			transactionWallets: copyRows{table: "ledger.transaction_wallets"},
			entries:            copyRows{table: "ledger.entry_rows"},
			lots:               copyRows{table: "ledger.credit_lots"},
			entryLots:          copyRows{table: "ledger.entry_lots"},
			holds:              copyRows{table: "ledger.holds"},
		},
		lots: newLotChanges(), balances: newBalanceChanges(), assets: map[assetKey]bool{},
	}
}

// reset empties the batch, which will begin after the commit at cursor.
func (b *batch) reset(cursor events.Cursor) {
	b.from, b.to, b.facts, b.transactions = cursor, cursor, 0, 0
	for _, rows := range b.rows.all() {
		rows.reset()
	}
	b.statements = pgx.Batch{}
	b.lots.reset()
	b.balances.reset()
	clear(b.assets)
}

func (b *batch) empty() bool { return b.to == b.from }

func (b *batch) full() bool {
	size := 0
	for _, rows := range b.rows.all() {
		size += len(rows.buf)
	}
	return b.facts >= batchFacts || size >= batchBytes
}

// moment is when and where a fact happened, in the forms that rows need.
type moment struct {
	time     time.Time
	text     string // as PostgreSQL reads it
	sequence uint64
	position int // of the fact in its commit
}

// add takes a commit in. An error means that the log is not the history of a ledger.
func (b *batch) add(commit *events.Commit, after events.Cursor) error {
	at := moment{time: commit.Time.UTC(), text: timestamp(commit.Time), sequence: commit.Sequence}
	for i, fact := range commit.Facts {
		at.position = i
		if err := b.project(fact, &at); err != nil {
			return err
		}
	}
	b.facts += len(commit.Facts)
	b.to = after
	return nil
}

// change queues a statement that changes one row. If the row is not there, the read
// model was not made from this log.
func (b *batch) change(what, statement string, args ...any) {
	b.statements.Queue(statement, args...).Exec(func(tag pgconn.CommandTag) error {
		return affected(what, 1, tag.RowsAffected())
	})
}

// affected returns ErrDiverged unless a statement changed as many rows as it had to.
func affected(what string, want, got int64) error {
	if want == got {
		return nil
	}
	return fmt.Errorf("%w: %d of %d rows are not there, or not as they should be: %s", ErrDiverged, want-got, want, what)
}

// metadata appends the column of that name.
func (b *batch) metadata(row *copyRows, metadata domain.Metadata) {
	if len(metadata) == 0 {
		row.plain("metadata", "{}")
		return
	}
	encodeMetadata(&b.scratch, metadata)
	row.json("metadata", &b.scratch)
}

// orNull is an argument of a statement: NULL for 0 and the empty text.
func orNull[T int | string](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

// timeOrNull is an argument of a statement: NULL for the zero time.
func timeOrNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
