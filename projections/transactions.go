package projections

import (
	"context"
	"fmt"
	"time"

	"tallystick/domain"

	"github.com/jackc/pgx/v5"
)

// Transaction is a transaction as its fact says it: Event is a
// *domain.TransactionCompleted or a *domain.TransactionFailed.
type Transaction struct {
	Event    domain.Event
	Time     time.Time // UTC
	Sequence uint64    // place in its shard's log
}

// Values of TransactionFilter.Status.
const (
	Completed = "completed"
	Failed    = "failed"
)

// TransactionFilter says which transactions of a project. Zero fields do not filter.
type TransactionFilter struct {
	Project domain.ProjectID
	Wallet  domain.WalletID // that it moved, or named in vain
	Status  string          // Completed or Failed
	Cursor  string
	Limit   int
}

const selectTransactions = `
SELECT t.id, t.project_id, t.reference, t.status, t.operations, t.failure, t.description, t.metadata, t.sequence, t.created_at
  FROM ledger.transactions t`

// The transactions of a wallet ($1), newest first, before one ($2, or an empty
// text), so many ($3): the completed ones through the entries, each by its first
// entry in the wallet, the failed ones through a table of their own. The order of
// the entries and that of the ids are both the order of the log.
const (
	completedOfWallet = `(SELECT e.transaction_id FROM ledger.entries e
		WHERE e.wallet_id = $1
		  AND e.created_at <= coalesce((SELECT created_at FROM ledger.transactions WHERE id = $2), 'infinity')
		  AND ($2 = '' OR e.transaction_id < $2)
		  AND NOT EXISTS (SELECT FROM ledger.entries b
		                   WHERE b.wallet_id = $1 AND b.created_at = e.created_at AND b.version = e.version - 1
		                     AND b.transaction_id = e.transaction_id)
		ORDER BY e.created_at DESC, e.version DESC LIMIT $3)`
	failedOfWallet = `(SELECT f.transaction_id FROM ledger.failed_transaction_wallets f
		WHERE f.wallet_id = $1 AND ($2 = '' OR f.transaction_id < $2)
		ORDER BY f.transaction_id DESC LIMIT $3)`
)

// ofWallet picks those of the status: each part is cut to the limit, so there
// must be nothing left to sort out afterwards.
func (f *TransactionFilter) ofWallet() string {
	switch f.Status {
	case Completed:
		return "t.id IN (" + completedOfWallet + ")"
	case Failed:
		return "t.id IN (" + failedOfWallet + ")"
	}
	return "t.id IN (" + completedOfWallet + " UNION ALL " + failedOfWallet + ")"
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
		s.and("AND " + f.ofWallet())
	} else if before != "" {
		s.where("t.id < ?", before)
	}
	s.where("t.project_id = ?", f.Project)
	switch f.Status {
	case "":
	case Failed: // spelled out, as the index has it
		s.and("AND t.status = 'failed'")
	default:
		s.where("t.status = ?", f.Status)
	}
	return s
}

func transactionID(event domain.Event) domain.TransactionID {
	if failed, ok := event.(*domain.TransactionFailed); ok {
		return failed.Transaction
	}
	return event.(*domain.TransactionCompleted).Transaction
}

func scanTransaction(row pgx.CollectableRow) (Transaction, error) {
	var t Transaction
	var f domain.TransactionCompleted
	var status string
	var operations, failure, metadata []byte
	err := row.Scan(&f.Transaction, &f.Project, &f.Reference, &status, &operations, &failure, &f.Description, &metadata, &t.Sequence, &t.Time)
	if err != nil {
		return t, err
	}
	t.Time = t.Time.UTC()
	if f.Operations, err = decodeOperations(operations); err != nil {
		return t, err
	}
	if f.Metadata, err = decodeMetadata(metadata); err != nil {
		return t, err
	}
	t.Event = &f
	if status == Failed {
		rejection, err := decodeFailure(failure)
		t.Event = &domain.TransactionFailed{
			Project: f.Project, Transaction: f.Transaction, Reference: f.Reference, Operations: f.Operations,
			Failure: rejection, Description: f.Description, Metadata: f.Metadata,
		}
		return t, err
	}
	return t, nil
}

const selectEntriesOf = `
SELECT e.transaction_id, e.wallet_id, e.version, e.kind, e.operation, e.fee, e.amount::text, e.balance_after::text
  FROM ledger.entries e WHERE e.transaction_id = ANY ($1) ORDER BY e.transaction_id, e.position`

// addEntries reads the entries of completed transactions. They were written with
// their transactions and never change, so that two statements see the same.
func (q *Queries) addEntries(ctx context.Context, transactions []Transaction) error {
	completed := map[domain.TransactionID]*domain.TransactionCompleted{}
	var ids []string
	for _, t := range transactions {
		if f, ok := t.Event.(*domain.TransactionCompleted); ok {
			completed[f.Transaction] = f
			ids = append(ids, string(f.Transaction))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.pool.Query(ctx, selectEntriesOf, ids)
	if err != nil {
		return err
	}
	var id domain.TransactionID
	var e domain.Entry
	var amount, balance string
	_, err = pgx.ForEachRow(rows, []any{&id, &e.Wallet, &e.Version, &e.Kind, &e.Operation, &e.Fee, &amount, &balance}, func() (err error) {
		f := completed[id]
		if e.Operation < 0 || e.Operation >= len(f.Operations) {
			return fmt.Errorf("%s has an entry of operation %d, which is not there", id, e.Operation)
		}
		asset := f.Operations[e.Operation].Amount.Asset()
		if e.Amount, err = parseMoney(asset, amount); err != nil {
			return err
		}
		if e.Balance, err = parseMoney(asset, balance); err != nil {
			return err
		}
		f.Entries = append(f.Entries, e)
		return nil
	})
	return err
}
