package events

import (
	"tallystick/domain"
	"tallystick/domain/money"
)

var (
	escrowEnds    = []domain.EscrowEnd{domain.ReleaseAtDeadline, domain.RefundAtDeadline}
	escrowParties = []domain.EscrowParty{domain.EscrowSender, domain.EscrowRecipient}
)

func (w writer) escrowCreated(f *domain.EscrowCreated) {
	w.text("escrow", string(f.Escrow))
	w.text("transaction", string(f.Transaction))
	w.text("from", string(f.Sender))
	w.text("to", string(f.Recipient))
	w.assetOf(f.Amount)
	w.money("amount", f.Amount)
	w.lots("lots", f.Lots)
	w.moment("deadline", f.Deadline)
	w.optional("at_deadline", string(f.AtDeadline))
	w.flag("approval", f.Approval)
}

func escrowCreatedV1() factReader {
	var f domain.EscrowCreated
	var asset money.AssetCode
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "escrow": into(&f.Escrow), "transaction": into(&f.Transaction),
		"from": into(&f.Sender), "to": into(&f.Recipient), "asset": assetInto(&asset), "amount": moneyInto(&f.Amount, &asset),
		"lots": lotsInto(&f.Lots, &asset), "deadline": timeInto(&f.Deadline), "at_deadline": wordInto(&f.AtDeadline, escrowEnds), "approval": flagInto(&f.Approval),
	}, func() bool { // a deadline says what it brings, and nothing comes without one
		return f.Project != "" && f.Escrow != "" && f.Transaction != "" && f.Sender != "" && f.Recipient != "" && f.Amount.Asset() != "" &&
			f.Deadline.IsZero() == (f.AtDeadline == "")
	}}
}

func escrowApprovedV1() factReader {
	var f domain.EscrowApproved
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "escrow": into(&f.Escrow), "party": wordInto(&f.Party, escrowParties), "actor": into(&f.Actor),
	}, func() bool { return f.Project != "" && f.Escrow != "" && f.Party != "" }}
}

// escrowEnd is what releases and refunds have.
func (w writer) escrowEnd(f *domain.EscrowReleased) {
	w.text("escrow", string(f.Escrow))
	w.text("transaction", string(f.Transaction))
	w.assetOf(f.Amount)
	w.money("amount", f.Amount)
	w.lots("kept", f.Kept)
	w.money("remaining", f.Remaining)
	w.flag("at_deadline", f.AtDeadline)
}

// escrowEndV1 reads both: their fields are the same.
func escrowEndV1(refund bool) factReader {
	var f domain.EscrowReleased
	var event domain.Event = &f
	if refund {
		event = (*domain.EscrowRefunded)(&f)
	}
	var asset money.AssetCode
	return &fields{event, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "escrow": into(&f.Escrow), "transaction": into(&f.Transaction),
		"asset": assetInto(&asset), "amount": moneyInto(&f.Amount, &asset), "remaining": moneyInto(&f.Remaining, &asset),
		"kept": lotsInto(&f.Kept, &asset), "at_deadline": flagInto(&f.AtDeadline),
	}, func() bool {
		return f.Project != "" && f.Escrow != "" && f.Transaction != "" && f.Amount.Asset() != "" && f.Remaining.Asset() != ""
	}}
}
