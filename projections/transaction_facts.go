package projections

import (
	"tallystick/domain"
	"tallystick/domain/ids"
)

// Rows of transactions and entries are copied: they are what most facts come to.
// What happens to a transaction later is a statement each.

func (b *batch) completed(f *domain.TransactionCompleted, at *moment) error {
	if f.Origin.Kind == domain.ScheduleOrigin {
		b.scheduledCompleted(f, at)
	} else {
		row := b.beginTransaction(f.Transaction, f.Project, f.Reference, Completed, f.Operations)
		row.null() // failure
		b.endTransaction(f.Description, f.Metadata, at)
		row.origin(f.Origin)
		row.optionalTime(f.EffectiveAt)
		row.optional(f.Date)
		row.null() // scheduled_for
		row.endRow()
	}
	for i := range f.Entries {
		if err := b.entry(f, i, at); err != nil {
			return err
		}
	}
	return nil
}

func (b *batch) entry(f *domain.TransactionCompleted, position int, at *moment) error {
	e := &f.Entries[position]
	if err := b.balances.move(e, at); err != nil {
		return err
	}
	row := &b.entries
	row.uint(e.Version)
	row.plain(at.text)
	row.int(e.Operation)
	row.int(position)
	row.bool(e.Fee)
	row.text(string(e.Wallet))
	row.optional(string(f.Counterparty(position)))
	row.plain(string(e.Kind))
	row.money(e.Amount)
	row.money(e.BalanceAfter)
	row.plain(string(f.Transaction))
	row.endRow()
	if len(e.Lots) > 0 {
		b.entryLots(f, e, at)
	}
	return nil
}

func (b *batch) transactionFailed(f *domain.TransactionFailed, at *moment) {
	if f.Origin.Kind == domain.ScheduleOrigin {
		b.scheduledFailed(f, at)
		return
	}
	row := b.beginTransaction(f.Transaction, f.Project, f.Reference, Failed, f.Operations)
	encodeFailure(&b.scratch, &f.Failure)
	row.json(&b.scratch)
	b.endTransaction(f.Description, f.Metadata, at)
	row.origin(f.Origin)
	row.optionalTime(f.EffectiveAt)
	row.null() // counted_on
	row.null() // scheduled_for
	row.endRow()
	b.names(f.Transaction, f.Operations)
}

func (b *batch) transactionScheduled(f *domain.TransactionScheduled, at *moment) {
	row := b.beginTransaction(f.Transaction, f.Project, f.Reference, Scheduled, f.Operations)
	row.null() // failure
	b.endTransaction(f.Description, f.Metadata, at)
	row.origin(domain.Origin{})
	row.null() // effective_at
	row.null() // counted_on
	row.optionalTime(f.ScheduledFor)
	row.endRow()
	b.names(f.Transaction, f.Operations)
}

func (b *batch) beginTransaction(id ids.Transaction, project ids.Project, reference ids.Reference, status string, operations []domain.PostedOperation) *copyRows {
	row := &b.transactions
	row.plain(string(id))
	row.text(string(project))
	row.text(string(reference))
	row.plain(status)
	encodeOperations(&b.scratch, operations)
	row.json(&b.scratch)
	return row
}

func (b *batch) endTransaction(description string, metadata domain.Metadata, at *moment) {
	row := &b.transactions
	row.text(description)
	b.metadata(row, metadata)
	row.uint(at.sequence)
	row.plain(at.text)
	b.count++
}

// names notes the wallets that a transaction names.
func (b *batch) names(id ids.Transaction, operations []domain.PostedOperation) {
	named := map[ids.Wallet]bool{"": true}
	for i := range operations {
		for _, wallet := range [...]ids.Wallet{operations[i].Sender, operations[i].Recipient} {
			if named[wallet] {
				continue
			}
			named[wallet] = true
			b.named.text(string(wallet))
			b.named.plain(string(id))
			b.named.endRow()
		}
	}
}

// endScheduled changes the row that TransactionScheduled made.
const endScheduled = `
UPDATE ledger.transactions
   SET status = $2, operations = $3::text::jsonb, failure = $4::text::jsonb, origin_kind = 'schedule', origin_id = $5,
       effective_at = $6, counted_on = $7::text::date, ended_at = $8, sequence = $9
 WHERE id = $1 AND status = 'scheduled'`

// Its entries go to wallets that it did not name, too: those of fees.
const nameWallets = `
INSERT INTO ledger.transaction_wallets (wallet_id, transaction_id)
SELECT DISTINCT wallet, $1::text FROM unnest($2::text[]) AS wallet
ON CONFLICT DO NOTHING`

func (b *batch) scheduledCompleted(f *domain.TransactionCompleted, at *moment) {
	encodeOperations(&b.scratch, f.Operations)
	b.change("scheduled transaction "+string(f.Transaction), endScheduled, string(f.Transaction), Completed, b.scratch.String(), nil,
		f.Origin.ID, orNull(f.EffectiveAt), textOrNull(f.Date), at.time, int64(at.sequence))
	wallets := make([]string, len(f.Entries))
	for i := range f.Entries {
		wallets[i] = string(f.Entries[i].Wallet)
	}
	b.rare.Queue(nameWallets, string(f.Transaction), wallets)
}

func (b *batch) scheduledFailed(f *domain.TransactionFailed, at *moment) {
	encodeOperations(&b.scratch, f.Operations)
	operations := b.scratch.String()
	encodeFailure(&b.scratch, &f.Failure)
	b.change("scheduled transaction "+string(f.Transaction), endScheduled, string(f.Transaction), Failed, operations, b.scratch.String(),
		f.Origin.ID, orNull(f.EffectiveAt), nil, at.time, int64(at.sequence))
}

const cancelScheduled = `
UPDATE ledger.transactions SET status = 'cancelled', ended_at = $2, cancel_actor = $3, cancel_reason = $4
 WHERE id = $1 AND status = 'scheduled'`

func (b *batch) transactionCancelled(f *domain.TransactionCancelled, at *moment) {
	b.change("scheduled transaction "+string(f.Transaction), cancelScheduled, string(f.Transaction), at.time, f.Actor, f.Reason)
}

const reverseTransaction = `
UPDATE ledger.transactions SET reversal_ids = array_append(reversal_ids, $2::text), reversal_whole = $3 WHERE id = $1`

func (b *batch) transactionReversed(f *domain.TransactionReversed) {
	b.change("transaction "+string(f.Transaction), reverseTransaction, string(f.Transaction), string(f.Reversal), f.Whole)
}
