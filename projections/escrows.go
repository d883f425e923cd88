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

// Escrow is a sender's money that the project keeps or kept for a recipient.
type Escrow struct {
	ID                                    ids.Escrow
	Project                               ids.Project
	Transaction                           ids.Transaction // that took the sender's money
	Reference                             ids.Reference   // of that transaction
	Sender, Recipient                     ids.Wallet
	Status                                string // open, or where the last of it went: released, refunded
	Amount, Released, Refunded, Remaining money.Amount
	Deadline                              time.Time        // UTC; zero: none
	AtDeadline                            domain.EscrowEnd // "" where there is no deadline
	Approval                              bool             // both sides must approve before a release
	Approved                              []domain.EscrowParty
	Expired                               bool              // time ended it
	Transactions                          []ids.Transaction // that paid out of it, in order
	CreatedAt, UpdatedAt                  time.Time         // UTC
}

// EscrowFilter says which escrows of a project. Zero fields do not filter.
type EscrowFilter struct {
	Project ids.Project
	Wallet  ids.Wallet // the sender's or the recipient's
	Status  string
	Cursor  string
	Limit   int
}

const selectEscrows = `
SELECT e.id, e.project_id, e.transaction_id, e.reference, e.sender_wallet_id, e.recipient_wallet_id, e.status, e.currency,
       e.amount::text, e.released::text, e.refunded::text, e.remaining::text, e.deadline, coalesce(e.at_deadline, ''),
       e.approval, e.approved, e.expired, e.transaction_ids, e.created_at, e.updated_at
  FROM ledger.escrows e`

// Escrows lists escrows, newest first. Error: ErrBadCursor.
func (q *Queries) Escrows(ctx context.Context, f EscrowFilter) (Page[Escrow], error) {
	s := selectFrom(selectEscrows)
	s.where("e.project_id = ?", f.Project)
	if f.Wallet != "" {
		s.where("(e.sender_wallet_id = ? OR e.recipient_wallet_id = ?)", f.Wallet)
	}
	switch f.Status {
	case "":
	case "open": // as a constant, so that the partial index is used
		s.and("AND e.status = 'open'")
	default:
		s.where("e.status = ?", f.Status)
	}
	if f.Cursor != "" {
		id, err := decodeCursor(escrowCursor, f.Cursor)
		if err != nil {
			return Page[Escrow]{}, err
		}
		s.where("e.id < ?", id)
	}
	page, err := list(ctx, q, s, "e.id DESC", limitOf(f.Limit, MaxLimit), scanEscrow,
		func(e Escrow) string { return encodeCursor(escrowCursor, string(e.ID)) })
	if err != nil {
		return page, fmt.Errorf("projections: escrows: %w", err)
	}
	return page, nil
}

func scanEscrow(row pgx.CollectableRow) (Escrow, error) {
	var e Escrow
	var currency money.AssetCode
	var amounts [4]string
	var deadline *time.Time
	err := row.Scan(&e.ID, &e.Project, &e.Transaction, &e.Reference, &e.Sender, &e.Recipient, &e.Status, &currency,
		&amounts[0], &amounts[1], &amounts[2], &amounts[3], &deadline, &e.AtDeadline,
		&e.Approval, &e.Approved, &e.Expired, &e.Transactions, &e.CreatedAt, &e.UpdatedAt)
	if err != nil {
		return e, err
	}
	e.Deadline, e.CreatedAt, e.UpdatedAt = timeOrZero(deadline), e.CreatedAt.UTC(), e.UpdatedAt.UTC()
	return e, parseAmounts(currency,
		amount{&e.Amount, amounts[0]}, amount{&e.Released, amounts[1]}, amount{&e.Refunded, amounts[2]}, amount{&e.Remaining, amounts[3]})
}

// The transaction that funds the escrow comes before it in the same commit. It has the
// reference.
const insertEscrow = `
INSERT INTO ledger.escrows (id, project_id, transaction_id, reference, sender_wallet_id, recipient_wallet_id, currency,
                            amount, released, refunded, deadline, at_deadline, approval, created_at, updated_at, sequence)
SELECT @id, t.project_id, t.id, t.reference, @sender_wallet_id, @recipient_wallet_id, @currency,
       @amount::text::numeric, @none::text::numeric, @none::text::numeric, @deadline::timestamptz, @at_deadline, @approval::boolean,
       @at::timestamptz, @at::timestamptz, @sequence::bigint
  FROM ledger.transactions t WHERE t.id = @transaction_id`

func (b *batch) escrowCreated(f *domain.EscrowCreated, at *moment) {
	b.change("transaction "+string(f.Transaction), insertEscrow, pgx.StrictNamedArgs{
		"id": string(f.Escrow), "transaction_id": string(f.Transaction), "sender_wallet_id": string(f.Sender),
		"recipient_wallet_id": string(f.Recipient), "currency": string(f.Amount.Asset()), "amount": f.Amount.String(),
		"none": f.Amount.Sub(f.Amount).String(), "deadline": timeOrNull(f.Deadline), "at_deadline": orNull(string(f.AtDeadline)),
		"approval": f.Approval, "at": at.time, "sequence": int64(at.sequence),
	})
}

const approveEscrow = `
UPDATE ledger.escrows SET approved = array_append(approved, $2::text), updated_at = $3, sequence = $4 WHERE id = $1 AND status = 'open'`

func (b *batch) escrowApproved(f *domain.EscrowApproved, at *moment) {
	b.change("escrow "+string(f.Escrow), approveEscrow, string(f.Escrow), string(f.Party), at.time, int64(at.sequence))
}

// The statement changes an escrow only if it has as much left as the fact says it had.
const payFromEscrow = `
UPDATE ledger.escrows
   SET released = released + @released::text::numeric, refunded = refunded + @refunded::text::numeric, status = @status,
       expired = @expired, transaction_ids = array_append(transaction_ids, @transaction_id::text), updated_at = @at, sequence = @sequence
 WHERE id = @id AND status = 'open'
   AND remaining = @released::text::numeric + @refunded::text::numeric + @remaining::text::numeric`

func (b *batch) escrowReleased(f *domain.EscrowReleased, at *moment) {
	b.change("escrow "+string(f.Escrow), payFromEscrow, pgx.StrictNamedArgs{
		"id": string(f.Escrow), "released": f.Amount.String(), "refunded": "0", "remaining": f.Remaining.String(),
		"status": statusOf(f.Remaining, "open", "released"), "expired": f.AtDeadline, "transaction_id": string(f.Transaction),
		"at": at.time, "sequence": int64(at.sequence),
	})
}

func (b *batch) escrowRefunded(f *domain.EscrowRefunded, at *moment) {
	b.change("escrow "+string(f.Escrow), payFromEscrow, pgx.StrictNamedArgs{
		"id": string(f.Escrow), "released": "0", "refunded": f.Amount.String(), "remaining": f.Remaining.String(),
		"status": statusOf(f.Remaining, "open", "refunded"), "expired": f.AtDeadline, "transaction_id": string(f.Transaction),
		"at": at.time, "sequence": int64(at.sequence),
	})
}
