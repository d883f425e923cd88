package resource

import (
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The states of an escrow: open while anything remains of it, and then how the
// last of it ended.
const (
	EscrowOpen     = "open"
	EscrowReleased = "released"
	EscrowRefunded = "refunded"
)

// Escrow is an escrow, and what became of it.
type Escrow struct {
	EscrowState
	Transaction                ids.Transaction // that funded it
	Reference                  ids.Reference   // of that transaction
	Sender, Recipient          ids.Wallet
	Amount, Released, Refunded money.Amount
	Deadline                   time.Time // zero: none
	AtDeadline                 domain.EscrowEnd
	Approval                   bool                 // both sides must approve before a release
	Approved                   []domain.EscrowParty // in order
	Expired                    bool                 // its deadline ended it
	Transactions               []ids.Transaction    // that paid out of it, in order
	CreatedAt, UpdatedAt       time.Time
}

// EscrowState is what a change of an escrow leaves.
type EscrowState struct {
	ID        ids.Escrow
	Status    string
	Remaining money.Amount
}

// NewEscrow returns an escrow as it begins. The reference is its transaction's.
func NewEscrow(f *domain.EscrowCreated, reference ids.Reference, at time.Time) Escrow {
	return Escrow{
		EscrowState: EscrowState{f.Escrow, EscrowOpen, f.Amount}, Transaction: f.Transaction, Reference: reference, Sender: f.Sender, Recipient: f.Recipient,
		Amount: f.Amount, Released: zeroOf(f.Amount), Refunded: zeroOf(f.Amount), Deadline: f.Deadline, AtDeadline: f.AtDeadline,
		Approval: f.Approval, CreatedAt: at, UpdatedAt: at,
	}
}

// AfterEscrowRelease returns what a release leaves of an escrow.
func AfterEscrowRelease(f *domain.EscrowReleased) EscrowState {
	return EscrowState{f.Escrow, unless(f.Remaining, EscrowOpen, EscrowReleased), f.Remaining}
}

// AfterEscrowRefund returns what a refund leaves of an escrow.
func AfterEscrowRefund(f *domain.EscrowRefunded) EscrowState {
	return EscrowState{f.Escrow, unless(f.Remaining, EscrowOpen, EscrowRefunded), f.Remaining}
}

// Write writes the escrow: schema Escrow.
func (e *Escrow) Write(w *Writer) {
	w.Begin()
	e.fields(w)
	w.Word("transaction_id", string(e.Transaction))
	w.Text("reference", string(e.Reference))
	w.Word("sender_wallet_id", string(e.Sender))
	w.Word("recipient_wallet_id", string(e.Recipient))
	w.Money("amount", e.Amount)
	w.Money("released", e.Released)
	w.Money("refunded", e.Refunded)
	w.TimeOrNull("deadline", e.Deadline)
	w.WordOrNull("at_deadline", string(e.AtDeadline))
	w.Bool("approval", e.Approval)
	words(w, "approved", e.Approved)
	w.Bool("expired", e.Expired)
	words(w, "transaction_ids", e.Transactions)
	w.Time("created_at", e.CreatedAt)
	w.Time("updated_at", e.UpdatedAt)
	w.End()
}

// Write writes what is left of the escrow: schema EscrowState.
func (e *EscrowState) Write(w *Writer) {
	w.Begin()
	e.fields(w)
	w.End()
}

func (e *EscrowState) fields(w *Writer) {
	w.Word("id", string(e.ID))
	w.Word("status", e.Status)
	w.Word("currency", string(e.Remaining.Asset()))
	w.Money("remaining", e.Remaining)
}
