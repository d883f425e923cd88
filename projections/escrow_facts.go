package projections

import (
	"tallystick/domain"
)

// The transaction before it, in the same commit, has the reference.
const insertEscrow = `
INSERT INTO ledger.escrows (id, project_id, transaction_id, reference, sender_wallet_id, recipient_wallet_id, currency, amount, released, refunded,
                            deadline, at_deadline, approval, created_at, updated_at, sequence)
SELECT $1, t.project_id, t.id, t.reference, $3, $4, $5, $6::text::numeric, $7::text::numeric, $7::text::numeric,
       $8::timestamptz, $9, $10::boolean, $11::timestamptz, $11::timestamptz, $12::bigint
  FROM ledger.transactions t WHERE t.id = $2`

func (b *batch) escrowCreated(f *domain.EscrowCreated, at *moment) {
	none := f.Amount.Sub(f.Amount)
	b.change("transaction "+string(f.Transaction), insertEscrow, string(f.Escrow), string(f.Transaction), string(f.Sender), string(f.Recipient),
		string(f.Amount.Asset()), f.Amount.String(), none.String(), orNull(f.Deadline), textOrNull(string(f.AtDeadline)), f.Approval,
		at.time, int64(at.sequence))
}

const approveEscrow = `
UPDATE ledger.escrows SET approved = array_append(approved, $2::text), updated_at = $3, sequence = $4 WHERE id = $1 AND status = 'open'`

func (b *batch) escrowApproved(f *domain.EscrowApproved, at *moment) {
	b.change("escrow "+string(f.Escrow), approveEscrow, string(f.Escrow), string(f.Party), at.time, int64(at.sequence))
}

// A change of an escrow goes on from what the fact says that it had.
const payFromEscrow = `
UPDATE ledger.escrows
   SET released = released + $2::text::numeric, refunded = refunded + $3::text::numeric, status = $5, expired = $6,
       transaction_ids = array_append(transaction_ids, $7::text), updated_at = $8, sequence = $9
 WHERE id = $1 AND status = 'open' AND remaining = $2::text::numeric + $3::text::numeric + $4::text::numeric`

func (b *batch) escrowReleased(f *domain.EscrowReleased, at *moment) {
	status := "open"
	if f.Remaining.IsZero() {
		status = "released"
	}
	b.change("escrow "+string(f.Escrow), payFromEscrow, string(f.Escrow), f.Amount.String(), "0", f.Remaining.String(), status,
		f.AtDeadline, string(f.Transaction), at.time, int64(at.sequence))
}

func (b *batch) escrowRefunded(f *domain.EscrowRefunded, at *moment) {
	status := "open"
	if f.Remaining.IsZero() {
		status = "refunded"
	}
	b.change("escrow "+string(f.Escrow), payFromEscrow, string(f.Escrow), "0", f.Amount.String(), f.Remaining.String(), status,
		f.AtDeadline, string(f.Transaction), at.time, int64(at.sequence))
}
