package events

import (
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func (w writer) completed(f *domain.TransactionCompleted) {
	w.transaction(f.Transaction, f.Reference, f.Operations)
	w.FieldStart("entries")
	w.ArrStart()
	for i := range f.Entries {
		e := &f.Entries[i]
		w.entry(e, f.Operations[e.Operation].Amount.Asset())
	}
	w.ArrEnd()
	w.origin(f.Origin)
	w.moment("effective_at", f.EffectiveAt)
	w.optional("date", f.Date)
	w.optional("description", f.Description)
	w.metadata(f.Metadata)
}

func (w writer) failed(f *domain.TransactionFailed) {
	w.transaction(f.Transaction, f.Reference, f.Operations)
	w.FieldStart("failure")
	w.ObjStart()
	w.text("code", string(f.Failure.Code))
	w.text("message", f.Failure.Message)
	w.FieldStart("operation")
	w.Int(f.Failure.Operation)
	w.FieldStart("details")
	w.ObjStart()
	for _, detail := range f.Failure.Details {
		w.text(detail.Name, detail.Value)
	}
	w.ObjEnd()
	w.ObjEnd()
	w.origin(f.Origin)
	w.moment("effective_at", f.EffectiveAt)
	w.optional("description", f.Description)
	w.metadata(f.Metadata)
}

func (w writer) transaction(id ids.Transaction, reference ids.Reference, operations []domain.PostedOperation) {
	w.text("transaction", string(id))
	w.text("reference", string(reference))
	w.FieldStart("operations")
	w.ArrStart()
	for i := range operations {
		w.operation(&operations[i])
	}
	w.ArrEnd()
}

func (w writer) operation(o *domain.PostedOperation) {
	w.ObjStart()
	w.text("op", string(o.Type))
	w.optional("from", string(o.Sender))
	w.optional("to", string(o.Recipient))
	w.text("asset", string(o.Amount.Asset()))
	w.money("amount", o.Amount)
	if !o.Fee.IsZero() {
		w.money("fee", o.Fee)
	}
	w.moneyOf("received", o.Received)
	w.moneyOf("fee_returned", o.FeeReturned)
	w.optional("rate", o.Rate.String())
	w.moment("expires", o.ExpiresAt)
	w.flag("grant", o.Grant)
	w.ObjEnd()
}

func (w writer) origin(o domain.Origin) {
	if o.Kind == "" {
		return
	}
	w.FieldStart("origin")
	w.ObjStart()
	w.text("kind", string(o.Kind))
	w.optional("id", o.ID)
	w.ObjEnd()
}

// entry leaves its operation out when it is the first, which most are, and its
// asset when it is that of the operation, which it is but in exchanges.
func (w writer) entry(e *domain.Entry, asset money.AssetCode) {
	w.ObjStart()
	w.text("wallet", string(e.Wallet))
	w.FieldStart("version")
	w.UInt64(e.Version)
	w.text("kind", string(e.Kind))
	if e.Operation != 0 {
		w.FieldStart("op")
		w.Int(e.Operation)
	}
	w.flag("fee", e.Fee)
	if e.Amount.Asset() != asset {
		w.assetOf(e.Amount)
	}
	w.money("amount", e.Amount)
	w.money("balance", e.BalanceAfter)
	w.lots("lots", e.Lots)
	w.ObjEnd()
}

func (w writer) scheduled(f *domain.TransactionScheduled) {
	w.transaction(f.Transaction, f.Reference, f.Operations)
	w.moment("scheduled_for", f.ScheduledFor)
	w.optional("description", f.Description)
	w.metadata(f.Metadata)
}

func (w writer) cancelled(f *domain.TransactionCancelled) {
	w.text("transaction", string(f.Transaction))
	w.optional("actor", f.Actor)
	w.optional("reason", f.Reason)
}

func (w writer) reversed(f *domain.TransactionReversed) {
	w.text("transaction", string(f.Transaction))
	w.text("reversal", string(f.Reversal))
	w.FieldStart("operations")
	w.ArrStart()
	for i := range f.Operations {
		o := &f.Operations[i]
		w.ObjStart()
		w.FieldStart("op")
		w.Int(o.Operation)
		w.assetOf(o.Amount)
		w.money("amount", o.Amount)
		if !o.Fee.IsZero() {
			w.money("fee", o.Fee)
		}
		w.moneyOf("received", o.Received)
		w.ObjEnd()
	}
	w.ArrEnd()
	w.flag("whole", f.Whole)
}
