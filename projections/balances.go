package projections

import (
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// balances are the wallets that a batch moves, a row for each: the version that
// its first entry of the batch makes, what its last one leaves, and what came in
// (since the wallet was last asked to settle). Columns, as the statement takes them.
type balances struct {
	index    map[ids.Wallet]int
	ids      []string
	first    []int64
	last     []int64
	amounts  []money.Amount
	received []money.Amount
	times    []time.Time
	sequence []int64
}

func (b *balances) reset() {
	clear(b.index)
	b.ids, b.first, b.last = b.ids[:0], b.first[:0], b.last[:0]
	b.amounts, b.received, b.times, b.sequence = b.amounts[:0], b.received[:0], b.times[:0], b.sequence[:0]
}

// move applies an entry. Versions without a gap are what makes the sum of the
// entries and the balance the same thing, so every reader checks them.
func (b *balances) move(e *domain.Entry, at *moment) error {
	version := int64(e.Version)
	row, moved := b.index[e.Wallet]
	if !moved {
		b.index[e.Wallet] = len(b.ids)
		b.ids = append(b.ids, string(e.Wallet))
		b.first = append(b.first, version)
		b.last = append(b.last, version)
		b.amounts = append(b.amounts, e.BalanceAfter)
		b.received = append(b.received, positive(e.Amount))
		b.times = append(b.times, at.time)
		b.sequence = append(b.sequence, int64(at.sequence))
		return nil
	}
	if version != b.last[row]+1 {
		return fmt.Errorf("%w: commit %d brings wallet %s from version %d to %d",
			ErrDiverged, at.sequence, e.Wallet, b.last[row], version)
	}
	b.last[row], b.amounts[row] = version, e.BalanceAfter
	if e.Amount.Sign() > 0 {
		b.received[row] = b.received[row].Add(e.Amount)
	}
	b.times[row], b.sequence[row] = at.time, int64(at.sequence)
	return nil
}

func positive(m money.Amount) money.Amount {
	if m.Sign() > 0 {
		return m
	}
	return m.Sub(m)
}

// demand forgets what came in before a wallet was asked to settle: only what
// comes in afterwards pays for that. The statement that sets what is due goes
// before the one of the balances.
func (b *balances) demand(wallet ids.Wallet, due *money.Amount) {
	if row, moved := b.index[wallet]; moved {
		b.received[row] = due.Sub(*due)
	}
}
