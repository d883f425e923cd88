package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// Transaction is a transaction as its fact says it: Event is a
// *domain.TransactionCompleted, *domain.TransactionFailed, or, of one that waits
// or was cancelled, *domain.TransactionScheduled.
type Transaction struct {
	Event         domain.Event
	Time          time.Time // of Event, UTC
	Sequence      uint64    // place of Event in its shard's log
	Cancelled     bool
	ReversedBy    []ids.Transaction // in order
	ReversedWhole bool              // nothing is left to reverse
}

// Values of TransactionFilter.Status.
const (
	Completed = "completed"
	Failed    = "failed"
	Scheduled = "scheduled"
	Cancelled = "cancelled"
)

// TransactionFilter says which transactions of a project. Zero fields do not filter.
type TransactionFilter struct {
	Project ids.Project
	Wallet  ids.Wallet // that has an entry of it, or that its operations name
	Status  string     // Completed, Failed, Scheduled or Cancelled
	Cursor  string
	Limit   int
}

const selectTransactions = `
SELECT t.id, t.project_id, t.reference, t.status, t.operations, t.failure, t.description, t.metadata, t.sequence, t.created_at, t.by,
       coalesce(t.origin_kind, ''), coalesce(t.origin_id, ''), t.effective_at, coalesce(to_char(t.counted_on, 'YYYY-MM-DD'), ''),
       t.scheduled_for, t.ended_at, t.reversal_ids, coalesce(t.reversal_whole, false)
  FROM ledger.transactions t`

// The transactions of a wallet ($1), newest first, before one of them ($2; an empty text
// for none), at most so many ($3).
//
// Most are found by their first entry in the wallet: the order of entries and that of
// identifiers are both the order of the log. Scheduled transactions have entries that
// are younger than their identifiers, and failed ones have none; table
// transaction_wallets has both.
const (
	movedWallet = `(SELECT e.transaction_id FROM ledger.entry_rows e
		WHERE e.wallet_id = $1
		  AND e.created_at <= coalesce((SELECT created_at FROM ledger.transactions WHERE id = $2), 'infinity')
		  AND ($2 = '' OR e.transaction_id < $2)
		  AND NOT EXISTS (SELECT FROM ledger.entry_rows b
		                   WHERE b.wallet_id = $1 AND b.created_at = e.created_at AND b.version = e.version - 1
		                     AND b.transaction_id = e.transaction_id)
		  AND NOT EXISTS (SELECT FROM ledger.transaction_wallets s WHERE s.wallet_id = $1 AND s.transaction_id = e.transaction_id)
		ORDER BY e.created_at DESC, e.version DESC LIMIT $3)`
	namedWallet = `(SELECT n.transaction_id FROM ledger.transaction_wallets n
		WHERE n.wallet_id = $1 AND ($2 = '' OR n.transaction_id < $2)
		ORDER BY n.transaction_id DESC LIMIT $3)`
	namedWalletOfStatus = `(SELECT n.transaction_id FROM ledger.transaction_wallets n JOIN ledger.transactions s ON s.id = n.transaction_id
		WHERE n.wallet_id = $1 AND ($2 = '' OR n.transaction_id < $2) AND s.status = $4
		ORDER BY n.transaction_id DESC LIMIT $3)`
)

// ofWallet returns the condition for the status. Each part is cut to the limit, so it
// must contain only transactions of that status.
func (f *TransactionFilter) ofWallet() string {
	switch f.Status {
	case "":
		return "t.id IN (" + movedWallet + " UNION ALL " + namedWallet + ")"
	case Completed:
		return "t.id IN (" + movedWallet + " UNION ALL " + namedWalletOfStatus + ")"
	}
	return "t.id IN (" + namedWalletOfStatus + ")"
}

// Transactions lists transactions, newest first. Error: ErrBadCursor.
func (q *Queries) Transactions(ctx context.Context, f TransactionFilter) (Page[Transaction], error) {
	var before string
	if f.Cursor != "" {
		var err error
		if before, err = decodeCursor(transactionCursor, f.Cursor); err != nil {
			return Page[Transaction]{}, err
		}
	}
	limit := limitOf(f.Limit, MaxLimit)
	page, err := list(ctx, q, f.selection(before, limit), "t.id DESC", limit, scanTransaction, func(t Transaction) string {
		return encodeCursor(transactionCursor, string(transactionID(t.Event)))
	})
	if err == nil {
		err = q.addEntries(ctx, page.Rows)
	}
	if err != nil {
		return page, fmt.Errorf("projections: transactions: %w", err)
	}
	return page, nil
}

func (f *TransactionFilter) selection(before string, limit int) *selection {
	s := selectFrom(selectTransactions)
	if f.Wallet != "" {
		s.args = append(s.args, f.Wallet, before, limit+1)
		if f.Status != "" {
			s.args = append(s.args, f.Status)
		}
		s.and("AND " + f.ofWallet())
	} else if before != "" {
		s.where("t.id < ?", before)
	}
	s.where("t.project_id = ?", f.Project)
	if f.Status != "" {
		s.where("t.status = ?", f.Status)
		if f.Status != Completed {
			s.and("AND t.status <> 'completed'") // as a constant, so that the partial index is used
		}
	}
	return s
}

func transactionID(event domain.Event) ids.Transaction {
	switch f := event.(type) {
	case *domain.TransactionFailed:
		return f.Transaction
	case *domain.TransactionScheduled:
		return f.Transaction
	}
	return event.(*domain.TransactionCompleted).Transaction
}

func scanTransaction(row pgx.CollectableRow) (Transaction, error) {
	var t Transaction
	var f domain.TransactionCompleted
	var status string
	var operations, failure, metadata []byte
	var effective, scheduled, ended *time.Time
	err := row.Scan(&f.Transaction, &f.Project, &f.Reference, &status, &operations, &failure, &f.Description, &metadata, &t.Sequence, &t.Time, &f.By,
		&f.Origin.Kind, &f.Origin.ID, &effective, &f.Date, &scheduled, &ended, &t.ReversedBy, &t.ReversedWhole)
	if err != nil {
		return t, err
	}
	f.EffectiveAt = timeOrZero(effective)
	t.Time, t.Cancelled = t.Time.UTC(), status == Cancelled
	if f.Operations, err = decodeOperations(operations); err != nil {
		return t, err
	}
	if f.Metadata, err = decodeMetadata(metadata); err != nil {
		return t, err
	}
	if (status == Completed || status == Failed) && ended != nil {
		t.Time = ended.UTC() // created_at is when it was scheduled
	}
	t.Event, err = eventOf(status, &f, failure, timeOrZero(scheduled))
	return t, err
}

// eventOf returns the fact of a transaction, given what it has in common with a
// completed one.
func eventOf(status string, f *domain.TransactionCompleted, failure []byte, scheduled time.Time) (domain.Event, error) {
	switch status {
	case Failed:
		rejection, err := decodeFailure(failure)
		return &domain.TransactionFailed{
			Asked:   f.Asked,
			Project: f.Project, Transaction: f.Transaction, Reference: f.Reference, Origin: f.Origin, Operations: f.Operations,
			Failure: rejection, EffectiveAt: f.EffectiveAt, Description: f.Description, Metadata: f.Metadata,
		}, err
	case Scheduled, Cancelled:
		return &domain.TransactionScheduled{
			Asked:   f.Asked,
			Project: f.Project, Transaction: f.Transaction, Reference: f.Reference, Operations: f.Operations,
			ScheduledFor: scheduled, Description: f.Description, Metadata: f.Metadata,
		}, nil
	}
	return f, nil
}

// transactionRow is a row of ledger.transactions when it is inserted.
type transactionRow struct {
	id           ids.Transaction
	by           domain.Principal
	project      ids.Project
	reference    ids.Reference
	status       string
	operations   []domain.PostedOperation
	failure      *domain.Rejection // nil: none
	description  string
	metadata     domain.Metadata
	origin       domain.Origin
	effectiveAt  time.Time
	countedOn    string
	scheduledFor time.Time
}

func (b *batch) insertTransaction(t transactionRow, at *moment) {
	row := &b.rows.transactions
	row.plain("id", string(t.id))
	row.text("project_id", string(t.project))
	row.text("reference", string(t.reference))
	row.plain("status", t.status)
	encodeOperations(&b.scratch, t.operations)
	row.json("operations", &b.scratch)
	if t.failure == nil {
		row.null("failure")
	} else {
		encodeFailure(&b.scratch, t.failure)
		row.json("failure", &b.scratch)
	}
	row.text("description", t.description)
	b.metadata(row, t.metadata)
	row.uint("sequence", at.sequence)
	row.plain("created_at", at.text)
	row.text("by", string(t.by))
	row.optionalText("origin_kind", string(t.origin.Kind))
	row.optionalText("origin_id", t.origin.ID)
	row.optionalTime("effective_at", t.effectiveAt)
	row.optionalText("counted_on", t.countedOn)
	row.optionalTime("scheduled_for", t.scheduledFor)
	row.endRow()
	b.transactions++
}

func (b *batch) transactionCompleted(f *domain.TransactionCompleted, at *moment) error {
	if f.Origin.Kind == domain.ScheduleOrigin {
		b.scheduledCompleted(f, at)
	} else {
		b.insertTransaction(transactionRow{
			id: f.Transaction, by: f.By, project: f.Project, reference: f.Reference, status: Completed, operations: f.Operations,
			description: f.Description, metadata: f.Metadata, origin: f.Origin, effectiveAt: f.EffectiveAt, countedOn: f.Date,
		}, at)
	}
	return b.insertEntries(f, at)
}

func (b *batch) transactionFailed(f *domain.TransactionFailed, at *moment) {
	if f.Origin.Kind == domain.ScheduleOrigin {
		b.scheduledFailed(f, at)
		return
	}
	b.insertTransaction(transactionRow{
		id: f.Transaction, by: f.By, project: f.Project, reference: f.Reference, status: Failed, operations: f.Operations, failure: &f.Failure,
		description: f.Description, metadata: f.Metadata, origin: f.Origin, effectiveAt: f.EffectiveAt,
	}, at)
	b.insertWalletsOf(f.Transaction, f.Operations)
}

func (b *batch) transactionScheduled(f *domain.TransactionScheduled, at *moment) {
	b.insertTransaction(transactionRow{
		id: f.Transaction, by: f.By, project: f.Project, reference: f.Reference, status: Scheduled, operations: f.Operations,
		description: f.Description, metadata: f.Metadata, scheduledFor: f.ScheduledFor,
	}, at)
	b.insertWalletsOf(f.Transaction, f.Operations)
}

// insertWalletsOf inserts the wallets that the operations of a transaction name.
func (b *batch) insertWalletsOf(id ids.Transaction, operations []domain.PostedOperation) {
	known := map[ids.Wallet]bool{"": true}
	for i := range operations {
		for _, wallet := range [...]ids.Wallet{operations[i].Sender, operations[i].Recipient} {
			if known[wallet] {
				continue
			}
			known[wallet] = true
			row := &b.rows.transactionWallets
			row.text("wallet_id", string(wallet))
			row.plain("transaction_id", string(id))
			row.endRow()
		}
	}
}

// endScheduled changes the row that TransactionScheduled inserted.
const endScheduled = `
UPDATE ledger.transactions
   SET status = @status, operations = @operations::text::jsonb, failure = @failure::text::jsonb, origin_kind = 'schedule', origin_id = @origin_id,
       effective_at = @effective_at, counted_on = @counted_on::text::date, ended_at = @at, by = @by, sequence = @sequence
 WHERE id = @id AND status = 'scheduled'`

// Entries can be in wallets that the operations do not name: those of fees.
const insertWalletsOfEntries = `
INSERT INTO ledger.transaction_wallets (wallet_id, transaction_id)
SELECT DISTINCT wallet, $1::text FROM unnest($2::text[]) AS wallet
ON CONFLICT DO NOTHING`

func (b *batch) scheduledCompleted(f *domain.TransactionCompleted, at *moment) {
	encodeOperations(&b.scratch, f.Operations)
	b.change("scheduled transaction "+string(f.Transaction), endScheduled, pgx.StrictNamedArgs{
		"id": string(f.Transaction), "status": Completed, "operations": b.scratch.String(), "failure": nil, "origin_id": f.Origin.ID,
		"effective_at": timeOrNull(f.EffectiveAt), "counted_on": orNull(f.Date), "at": at.time, "by": string(f.By), "sequence": int64(at.sequence),
	})
	wallets := make([]string, len(f.Entries))
	for i := range f.Entries {
		wallets[i] = string(f.Entries[i].Wallet)
	}
	b.statements.Queue(insertWalletsOfEntries, string(f.Transaction), wallets)
}

func (b *batch) scheduledFailed(f *domain.TransactionFailed, at *moment) {
	encodeOperations(&b.scratch, f.Operations)
	operations := b.scratch.String()
	encodeFailure(&b.scratch, &f.Failure)
	b.change("scheduled transaction "+string(f.Transaction), endScheduled, pgx.StrictNamedArgs{
		"id": string(f.Transaction), "status": Failed, "operations": operations, "failure": b.scratch.String(), "origin_id": f.Origin.ID,
		"effective_at": timeOrNull(f.EffectiveAt), "counted_on": nil, "at": at.time, "by": string(f.By), "sequence": int64(at.sequence),
	})
}

const cancelScheduled = `
UPDATE ledger.transactions SET status = 'cancelled', ended_at = $2, cancel_actor = $3, cancel_reason = $4
 WHERE id = $1 AND status = 'scheduled'`

func (b *batch) transactionCancelled(f *domain.TransactionCancelled, at *moment) {
	b.change("scheduled transaction "+string(f.Transaction), cancelScheduled, string(f.Transaction), at.time, f.Actor, f.Reason)
}

const reverseTransaction = `
UPDATE ledger.transactions SET reversal_ids = array_append(reversal_ids, $2::text), reversal_whole = $3 WHERE id = $1`

func (b *batch) transactionReversed(f *domain.TransactionReversed, _ *moment) {
	b.change("transaction "+string(f.Transaction), reverseTransaction, string(f.Transaction), string(f.Reversal), f.Whole)
}
