package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// balanceChanges are the wallets that the entries of a batch change. Each wallet is
// changed once, by one statement for all: it gets the version and the balance that its
// last entry left. They are kept as columns, the form that the statement takes.
type balanceChanges struct {
	index    map[ids.Wallet]int
	ids      []string
	first    []int64 // version that the first entry of the batch made
	last     []int64
	balances []money.Amount
	received []money.Amount // sum of what came in, since the last settlement of the batch
	times    []time.Time
	sequence []int64
}

func newBalanceChanges() balanceChanges { return balanceChanges{index: map[ids.Wallet]int{}} }

func (c *balanceChanges) reset() {
	clear(c.index)
	c.ids, c.first, c.last = c.ids[:0], c.first[:0], c.last[:0]
	c.balances, c.received, c.times, c.sequence = c.balances[:0], c.received[:0], c.times[:0], c.sequence[:0]
}

// entry applies an entry. If versions have no gap, the balance is the sum of the
// entries; every reader of the log checks that.
func (c *balanceChanges) entry(e *domain.Entry, at *moment) error {
	version := int64(e.Version)
	i, known := c.index[e.Wallet]
	if !known {
		c.index[e.Wallet] = len(c.ids)
		c.ids = append(c.ids, string(e.Wallet))
		c.first = append(c.first, version)
		c.last = append(c.last, version)
		c.balances = append(c.balances, e.BalanceAfter)
		c.received = append(c.received, positive(e.Amount))
		c.times = append(c.times, at.time)
		c.sequence = append(c.sequence, int64(at.sequence))
		return nil
	}
	if version != c.last[i]+1 {
		return fmt.Errorf("%w: commit %d brings wallet %s from version %d to %d",
			ErrDiverged, at.sequence, e.Wallet, c.last[i], version)
	}
	c.last[i], c.balances[i] = version, e.BalanceAfter
	if e.Amount.Sign() > 0 {
		c.received[i] = c.received[i].Add(e.Amount)
	}
	c.times[i], c.sequence[i] = at.time, int64(at.sequence)
	return nil
}

func positive(m money.Amount) money.Amount {
	if m.Sign() > 0 {
		return m
	}
	return m.Sub(m)
}

// settled forgets what came in before a settlement: only what comes in afterwards
// pays for it. The statement of the settlement is executed before that of the balances.
func (c *balanceChanges) settled(wallet ids.Wallet, due money.Amount) {
	if i, known := c.index[wallet]; known {
		c.received[i] = due.Sub(due)
	}
}

// updateBalances changes only wallets that are at the version before the first entry:
// each wallet that it misses has a gap.
const updateBalances = `
UPDATE ledger.wallets AS w
   SET version = change.last, balance = change.balance, amount_due = greatest(w.amount_due - change.received, 0),
       updated_at = greatest(w.updated_at, change.at), sequence = greatest(w.sequence, change.sequence)
  FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]::numeric[], $5::timestamptz[], $6::bigint[], $7::text[]::numeric[])
       AS change (id, first, last, balance, at, sequence, received)
 WHERE w.id = change.id AND w.version = change.first - 1`

func (c *balanceChanges) write(ctx context.Context, tx pgx.Tx) error {
	if len(c.ids) == 0 {
		return nil
	}
	tag, err := tx.Exec(ctx, updateBalances, c.ids, c.first, c.last, texts(c.balances), c.times, c.sequence, texts(c.received))
	if err != nil {
		return err
	}
	return affected("wallets at the version before the batch", int64(len(c.ids)), tag.RowsAffected())
}

// texts are amounts as NUMERIC reads them.
func texts(amounts []money.Amount) []string {
	texts := make([]string, len(amounts))
	for i, amount := range amounts {
		texts[i] = amount.String()
	}
	return texts
}
