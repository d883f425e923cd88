package webhooks

import (
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func (w writer) transactionScheduled(f *domain.TransactionScheduled, at ids.Place, cut int) {
	w.object("transaction", func() {
		w.transaction(string(f.Transaction), f.Reference, "scheduled", f.Description)
		if cut < operationsCut {
			w.array("operations", len(f.Operations), func(i int) { w.operation(&f.Operations[i]) })
		}
		w.metadata(f.Metadata, cut == metadataCut)
		w.time("created_at", at.Time)
		w.time("scheduled_for", f.ScheduledFor)
	})
	w.truncated(cut > nothingCut)
}

func (w writer) transactionCancelled(f *domain.TransactionCancelled) {
	w.object("transaction", func() {
		w.text("id", string(f.Transaction))
		w.text("status", "cancelled")
	})
	w.text("actor", f.Actor)
	w.text("reason", f.Reason)
}

func (w writer) transactionReversed(f *domain.TransactionReversed, cut int) {
	w.object("transaction", func() { w.text("id", string(f.Transaction)) })
	w.object("reversal", func() {
		w.text("transaction_id", string(f.Reversal))
		w.boolean("whole", f.Whole)
		if cut < operationsCut {
			w.array("operations", len(f.Operations), func(i int) { w.reversed(&f.Operations[i]) })
		}
	})
	w.truncated(cut > nothingCut)
}

func (w writer) reversed(o *domain.ReversedOperation) {
	w.ObjStart()
	w.integer("operation", uint64(o.Operation))
	w.text("currency", string(o.Amount.Asset()))
	w.money("amount", o.Amount)
	w.money("fee_returned", o.Fee)
	if o.Received.Asset() != "" {
		w.text("received_currency", string(o.Received.Asset()))
		w.money("received", o.Received)
	}
	w.ObjEnd()
}

func (w writer) holdPlaced(of *wallet, f *domain.HoldPlaced, cut int) {
	w.object("wallet", func() { w.wallet(of) })
	w.object("hold", func() {
		w.hold(f.Hold, "", f.Amount)
		w.text("reference", string(f.Reference))
		w.timeOrNull("expires_at", f.ExpiresAt)
		w.text("description", f.Description)
		w.metadata(f.Metadata, cut == metadataCut)
	})
	w.money("amount", f.Amount)
	w.truncated(cut == metadataCut)
}

func (w writer) holdCaptured(of *wallet, f *domain.HoldCaptured) {
	w.object("wallet", func() { w.wallet(of) })
	w.object("hold", func() { w.hold(f.Hold, "captured", f.Remaining) })
	w.money("amount", f.Amount)
	w.object("transaction", func() { w.text("id", string(f.Transaction)) })
}

func (w writer) holdReleased(of *wallet, f *domain.HoldReleased) {
	end := "released"
	if f.Expired {
		end = "expired"
	}
	w.object("wallet", func() { w.wallet(of) })
	w.object("hold", func() { w.hold(f.Hold, end, f.Remaining) })
	w.money("amount", f.Amount)
}

// hold: one of which nothing remains has ended.
func (w writer) hold(id ids.Hold, end string, remaining money.Amount) {
	status := "active"
	if remaining.IsZero() {
		status = end
	}
	w.text("id", string(id))
	w.text("status", status)
	w.text("currency", string(remaining.Asset()))
	w.money("remaining", remaining)
}

func (w writer) escrowCreated(f *domain.EscrowCreated) {
	w.object("escrow", func() {
		w.escrow(f.Escrow, "", f.Amount)
		w.text("sender_wallet_id", string(f.Sender))
		w.text("recipient_wallet_id", string(f.Recipient))
		w.timeOrNull("deadline", f.Deadline)
		w.textOrNull("at_deadline", string(f.AtDeadline))
		w.boolean("approval", f.Approval)
	})
	w.money("amount", f.Amount)
	w.object("transaction", func() { w.text("id", string(f.Transaction)) })
}

func (w writer) escrowApproved(f *domain.EscrowApproved) {
	w.object("escrow", func() { w.text("id", string(f.Escrow)) })
	w.text("party", string(f.Party))
	w.text("actor", f.Actor)
}

// escrowPart is what one transaction paid out of an escrow.
type escrowPart struct {
	escrow      ids.Escrow
	transaction ids.Transaction
	amount      money.Amount
	remaining   money.Amount
	atDeadline  bool
}

func (w writer) escrowEnded(part *escrowPart, kind string) {
	end := "released"
	if kind == escrowRefunded {
		end = "refunded"
	}
	w.object("escrow", func() { w.escrow(part.escrow, end, part.remaining) })
	w.money("amount", part.amount)
	w.object("transaction", func() { w.text("id", string(part.transaction)) })
	w.boolean("at_deadline", part.atDeadline)
}

// escrow: one of which nothing remains has ended.
func (w writer) escrow(id ids.Escrow, end string, remaining money.Amount) {
	status := "open"
	if remaining.IsZero() {
		status = end
	}
	w.text("id", string(id))
	w.text("status", status)
	w.text("currency", string(remaining.Asset()))
	w.money("remaining", remaining)
}
