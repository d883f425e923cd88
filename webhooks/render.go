package webhooks

import (
	"sort"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

const (
	// maxBody is how many bytes an event has at most.
	maxBody = 20_000
	// manyOperations: the transfers of a larger transaction do not each repeat
	// its metadata.
	manyOperations = 100
	// maxSafeInteger is the largest integer that every JSON reader reads exactly.
	maxSafeInteger = 1<<53 - 1
)

// What an event that would be too large leaves out, step by step; it then says
// "truncated": true. What is left always fits.
const (
	nothingCut    = iota
	operationsCut // operations and entries
	metadataCut   // and metadata
)

// render writes an event: equal input, equal bytes.
func render(id, kind string, at time.Time, data func(w writer, cut int)) []byte {
	var e jx.Encoder
	e.Grow(1 << 10)
	for cut := nothingCut; ; cut++ {
		e.Reset()
		w := writer{&e}
		w.ObjStart()
		w.text("id", id)
		w.text("type", kind)
		w.time("timestamp", at)
		w.object("data", func() { data(w, cut) })
		w.ObjEnd()
		if len(e.Bytes()) < maxBody || cut == metadataCut {
			return e.Bytes()
		}
	}
}

type writer struct{ *jx.Encoder }

func (w writer) walletCreated(f *domain.WalletCreated, cut int) {
	w.object("wallet", func() {
		w.wallet(newWallet(f))
		w.money("balance", money.New(f.Asset.Code, 0, f.Asset.Scale))
		w.integer("version", 0)
		w.metadata(f.Metadata, cut == metadataCut)
		w.terms(&f.Terms, cut)
	})
	w.truncated(cut == metadataCut)
}

func (w writer) statusChanged(of *wallet, f *domain.WalletStatusChanged) {
	after := *of
	after.status = f.Status
	w.object("wallet", func() { w.wallet(&after) })
	w.text("actor", f.Actor)
	w.text("reason", f.Reason)
}

func (w writer) balanceUpdated(of *wallet, entry *domain.Entry, f *domain.TransactionCompleted) {
	w.after(of, entry)
	w.because(f)
}

// because names the transaction that something came of.
func (w writer) because(f *domain.TransactionCompleted) {
	w.object("transaction", func() {
		w.text("id", string(f.Transaction))
		w.text("reference", string(f.Reference))
	})
}

func (w writer) wallet(of *wallet) {
	w.text("id", string(of.id))
	w.integer("number", of.number)
	w.textOrNull("customer_id", string(of.customer))
	w.text("role", string(of.role))
	w.text("currency", string(of.currency))
	w.text("name", of.name)
	w.text("status", string(of.status))
	if of.paid == domain.Postpaid {
		w.text("type", string(of.paid))
	}
}

func (w writer) transactionCompleted(f *domain.TransactionCompleted, at ids.Place, cut int) {
	w.object("transaction", func() {
		w.transaction(string(f.Transaction), f.Reference, "completed", f.Description)
		if cut < operationsCut {
			w.array("operations", len(f.Operations), func(i int) { w.operation(&f.Operations[i]) })
			w.array("entries", len(f.Entries), func(i int) { w.entry(&f.Entries[i]) })
		}
		w.metadata(f.Metadata, cut == metadataCut)
		w.circumstances(f.Origin, f.EffectiveAt, at)
	})
	w.truncated(cut > nothingCut)
}

func (w writer) transactionFailed(f *domain.TransactionFailed, at ids.Place, cut int) {
	w.object("transaction", func() {
		w.transaction(string(f.Transaction), f.Reference, "failed", f.Description)
		if cut < operationsCut {
			w.array("operations", len(f.Operations), func(i int) { w.operation(&f.Operations[i]) })
		}
		w.metadata(f.Metadata, cut == metadataCut)
		w.circumstances(f.Origin, f.EffectiveAt, at)
	})
	w.object("error", func() {
		w.text("code", string(f.Failure.Code))
		w.text("message", f.Failure.Message)
		w.FieldStart("failed_operation")
		if f.Failure.Operation == domain.NoOperation {
			w.Null()
		} else {
			w.Int(f.Failure.Operation)
		}
		w.object("details", func() {
			for _, detail := range f.Failure.Details {
				w.text(detail.Name, detail.Value)
			}
		})
	})
	w.truncated(cut > nothingCut)
}

func (w writer) transaction(id string, reference ids.Reference, status, description string) {
	w.text("id", id)
	w.text("reference", string(reference))
	w.text("status", status)
	w.text("description", description)
}

// circumstances are when a transaction was made, and what it came of. One that
// was scheduled was made before: the event's timestamp is when it was decided.
func (w writer) circumstances(origin domain.Origin, effectiveAt time.Time, at ids.Place) {
	if origin.Kind != domain.ScheduleOrigin {
		w.time("created_at", at.Time)
	}
	w.origin(origin)
	if !effectiveAt.IsZero() {
		w.time("effective_at", effectiveAt)
	}
}

func (w writer) origin(origin domain.Origin) {
	if origin.Kind == "" {
		return
	}
	w.object("origin", func() {
		w.text("kind", string(origin.Kind))
		w.text("id", origin.ID)
	})
}

func (w writer) operation(o *domain.PostedOperation) {
	w.ObjStart()
	w.text("type", string(o.Type))
	w.textOrNull("sender_wallet_id", string(o.Sender))
	w.textOrNull("recipient_wallet_id", string(o.Recipient))
	w.text("currency", string(o.Amount.Asset()))
	w.money("amount", o.Amount)
	w.money("fee", o.Fee)
	w.particulars(o)
	w.ObjEnd()
}

// particulars are what few operations have.
func (w writer) particulars(o *domain.PostedOperation) {
	if o.FeeReturned.Sign() != 0 {
		w.money("fee_returned", o.FeeReturned)
	}
	if o.Type == domain.Exchange {
		w.text("received_currency", string(o.Received.Asset()))
		w.money("received", o.Received)
	}
	if !o.Rate.IsZero() {
		w.text("rate", o.Rate.String())
	}
	if !o.ExpiresAt.IsZero() {
		w.time("expires_at", o.ExpiresAt)
	}
	if o.Grant {
		w.boolean("grant", true)
	}
}

func (w writer) entry(e *domain.Entry) {
	w.ObjStart()
	w.text("wallet_id", string(e.Wallet))
	w.integer("version", e.Version)
	w.text("kind", string(e.Kind))
	w.integer("operation", uint64(e.Operation))
	w.boolean("fee", e.Fee)
	w.text("currency", string(e.Amount.Asset()))
	w.money("amount", e.Amount)
	w.money("balance_after", e.BalanceAfter)
	if len(e.Lots) > 0 {
		w.array("lots", len(e.Lots), func(i int) {
			w.ObjStart()
			w.lot(e.Wallet, &e.Lots[i], "amount")
			w.ObjEnd()
		})
	}
	w.ObjEnd()
}

func (w writer) transfer(f *domain.TransactionCompleted, index, cut int) {
	o := &f.Operations[index]
	withoutMetadata := cut == metadataCut || len(f.Operations) > manyOperations && len(f.Metadata) > 0
	w.object("transfer", func() {
		w.text("transaction_id", string(f.Transaction))
		w.integer("operation", uint64(index))
		w.text("reference", string(f.Reference))
		w.text("sender_wallet_id", string(o.Sender))
		w.text("recipient_wallet_id", string(o.Recipient))
		w.text("currency", string(o.Amount.Asset()))
		w.money("amount", o.Amount)
		w.money("fee", o.Fee)
		w.text("description", f.Description)
		w.metadata(f.Metadata, withoutMetadata)
		w.origin(f.Origin)
		if o.FeeReturned.Sign() != 0 {
			w.money("fee_returned", o.FeeReturned)
		}
	})
	w.truncated(withoutMetadata)
}

func (w writer) object(name string, fields func()) {
	w.FieldStart(name)
	w.ObjStart()
	fields()
	w.ObjEnd()
}

func (w writer) array(name string, count int, element func(i int)) {
	w.FieldStart(name)
	w.ArrStart()
	for i := range count {
		element(i)
	}
	w.ArrEnd()
}

func (w writer) text(name, value string) {
	w.FieldStart(name)
	w.Str(value)
}

func (w writer) textOrNull(name, value string) {
	w.FieldStart(name)
	if value == "" {
		w.Null()
		return
	}
	w.Str(value)
}

// time writes RFC 3339 in UTC, with as many digits of a second as there are.
func (w writer) time(name string, at time.Time) {
	w.text(name, at.UTC().Format(time.RFC3339Nano))
}

// timeOrNull writes the zero time, which is never, as null.
func (w writer) timeOrNull(name string, at time.Time) {
	if at.IsZero() {
		w.textOrNull(name, "")
		return
	}
	w.time(name, at)
}

func (w writer) boolean(name string, value bool) {
	w.FieldStart(name)
	w.Bool(value)
}

// integer writes versions and numbers, which count from 1 and stay small.
func (w writer) integer(name string, value uint64) {
	w.FieldStart(name)
	w.UInt64(value)
}

// money writes both forms: the decimal, and minor units where every reader of
// JSON would read them exactly, else null.
func (w writer) money(name string, m money.Amount) {
	var buf [64]byte
	w.FieldStart(name)
	w.ByteStr(m.AppendText(buf[:0]))
	w.FieldStart(name + "_minor")
	if minor, ok := m.Minor(); ok && minor <= maxSafeInteger && minor >= -maxSafeInteger {
		w.Int64(minor)
		return
	}
	w.Null()
}

// metadata is written with its keys in order, or left out.
func (w writer) metadata(m domain.Metadata, cut bool) {
	if cut {
		return
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	w.object("metadata", func() {
		for _, key := range keys {
			w.text(key, m[key])
		}
	})
}

func (w writer) truncated(cut bool) {
	if cut {
		w.boolean("truncated", true)
	}
}
