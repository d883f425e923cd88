package resource

import (
	"slices"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// Transaction is a transaction, and what became of it.
type Transaction struct {
	Fact      domain.Event // *domain.TransactionCompleted, *domain.TransactionFailed or *domain.TransactionScheduled
	At        time.Time    // when Fact happened
	Cancelled bool         // Fact is a TransactionScheduled, and was cancelled
	Reversal  *Reversal    // nil: nothing was taken back

	// Of the answer to the request that made the transaction:
	Made    bool              // Wallets are shown
	Wallets []domain.Standing // that were touched, right after it
	DryRun  bool              // it was not made: it has no identifier
}

// Reversal is what was taken back of a transaction.
type Reversal struct {
	Whole      bool // nothing is left to reverse
	IDs        []ids.Transaction
	Operations []domain.ReversedOperation // sums over all reversals; nil: not known here
}

// parts are what the three facts of a transaction have in common; what one does
// not have is zero.
type parts struct {
	project      ids.Project
	id           ids.Transaction
	reference    ids.Reference
	status       string
	origin       domain.Origin
	operations   []domain.PostedOperation
	entries      []domain.Entry
	failure      *domain.Rejection
	effectiveAt  time.Time
	scheduledFor time.Time
	description  string
	metadata     domain.Metadata
}

func (t *Transaction) parts() parts {
	switch f := t.Fact.(type) {
	case *domain.TransactionCompleted:
		return parts{
			project: f.Project, id: f.Transaction, reference: f.Reference, status: "completed", origin: f.Origin, operations: f.Operations,
			entries: f.Entries, effectiveAt: f.EffectiveAt, description: f.Description, metadata: f.Metadata,
		}
	case *domain.TransactionFailed:
		return parts{
			project: f.Project, id: f.Transaction, reference: f.Reference, status: "failed", origin: f.Origin, operations: f.Operations,
			failure: &f.Failure, effectiveAt: f.EffectiveAt, description: f.Description, metadata: f.Metadata,
		}
	case *domain.TransactionScheduled:
		status := "scheduled"
		if t.Cancelled {
			status = "cancelled"
		}
		return parts{
			project: f.Project, id: f.Transaction, reference: f.Reference, status: status, operations: f.Operations,
			scheduledFor: f.ScheduledFor, description: f.Description, metadata: f.Metadata,
		}
	}
	panic("resource: not a fact of a transaction")
}

// Project returns whose transaction it is.
func (t *Transaction) Project() ids.Project {
	p := t.parts()
	return p.project
}

// Size returns how many operations and entries there are to write.
func (t *Transaction) Size() int {
	p := t.parts()
	return len(p.operations) + len(p.entries)
}

// Write writes the transaction: schema Transaction, or DryRun.
func (t *Transaction) Write(w *Writer) {
	p := t.parts()
	w.Begin()
	shown := p.id // in entries
	if t.DryRun {
		w.Bool("dry_run", true)
		shown = ""
	} else {
		w.Word("id", string(p.id))
	}
	w.Text("reference", string(p.reference))
	w.Word("status", p.status)
	p.writeOrigin(w)
	if w.leavesOut(CutOperations) {
		w.Null("operations")
		w.Null("entries")
	} else {
		w.Array("operations", len(p.operations), func(i int) { writeOperation(w, &p.operations[i]) })
		writeEntries(w, p.entries, shown, t.At)
	}
	writeFailure(w, p.failure)
	t.Reversal.write(w)
	w.TimeOrNull("effective_at", p.effectiveAt)
	w.TimeOrNull("scheduled_for", p.scheduledFor)
	w.Text("description", p.description)
	w.Metadata(p.metadata)
	w.Time("created_at", t.At)
	if t.Made {
		w.Name("wallets")
		WriteStandings(w, t.Wallets, p.entries)
	}
	w.End()
}

// writeOrigin writes what the transaction came of. Of one that was scheduled that
// is the transaction itself: the origin in the log is a place, which callers do
// not know.
func (p *parts) writeOrigin(w *Writer) {
	origin := p.origin
	switch origin.Kind {
	case "":
		w.Null("origin")
		return
	case domain.ScheduleOrigin:
		origin.ID = string(p.id)
	}
	w.Object("origin", func() {
		w.Word("kind", string(origin.Kind))
		w.Word("id", origin.ID)
	})
}

func (r *Reversal) write(w *Writer) {
	if r == nil {
		w.Null("reversal")
		return
	}
	w.Object("reversal", func() {
		w.Bool("whole", r.Whole)
		words(w, "reversal_ids", r.IDs)
		if r.Operations != nil {
			WriteReversed(w, r.Operations)
		}
	})
}

// WriteReversed writes the field operations of a reversal: schema ReversedOperation.
func WriteReversed(w *Writer, operations []domain.ReversedOperation) {
	if w.leavesOut(CutOperations) {
		return
	}
	w.Array("operations", len(operations), func(i int) {
		o := &operations[i]
		w.Begin()
		w.Int("operation", o.Operation)
		w.Word("currency", string(o.Amount.Asset()))
		w.Money("amount", o.Amount)
		if !o.Received.IsZero() {
			w.Word("received_currency", string(o.Received.Asset()))
			w.Money("received", o.Received)
		}
		if !o.Fee.IsZero() {
			w.Money("fee_returned", o.Fee)
		}
		w.End()
	})
}

// WriteTransfer writes a transfer of a completed transaction: schema Transfer. It
// leaves out the metadata of a transaction of many operations, each of whose
// transfers would repeat it.
func WriteTransfer(w *Writer, f *domain.TransactionCompleted, operation int) {
	const many = 100
	p := (&Transaction{Fact: f}).parts()
	w.Begin()
	w.Word("transaction_id", string(f.Transaction))
	w.Int("operation", operation)
	w.Text("reference", string(f.Reference))
	operationFields(w, &f.Operations[operation])
	p.writeOrigin(w)
	w.Text("description", f.Description)
	if len(f.Operations) > many && len(f.Metadata) > 0 {
		w.Null("metadata")
		w.cutAny = true
	} else {
		w.Metadata(f.Metadata)
	}
	w.End()
}

func writeOperation(w *Writer, o *domain.PostedOperation) {
	w.Begin()
	operationFields(w, o)
	w.End()
}

// operationFields writes the fields of an operation: schema Operation.
func operationFields(w *Writer, o *domain.PostedOperation) {
	w.Word("type", string(o.Type))
	w.WordOrNull("sender_wallet_id", string(o.Sender))
	w.WordOrNull("recipient_wallet_id", string(o.Recipient))
	w.Word("currency", string(o.Amount.Asset()))
	w.Money("amount", o.Amount)
	w.Money("fee", o.Fee)
	if o.Type == domain.Exchange {
		w.Word("received_currency", string(o.Received.Asset()))
		w.Money("received", o.Received)
	}
	if !o.Rate.IsZero() {
		w.Word("rate", o.Rate.String())
	}
	if !o.FeeReturned.IsZero() {
		w.Money("fee_returned", o.FeeReturned)
	}
	if !o.ExpiresAt.IsZero() {
		w.Time("expires_at", o.ExpiresAt)
	}
	if o.Grant {
		w.Bool("grant", true)
	}
}

func writeFailure(w *Writer, failure *domain.Rejection) {
	if failure == nil {
		w.Null("failure")
		return
	}
	w.Object("failure", func() {
		w.Word("code", string(failure.Code))
		w.Text("message", failure.Message)
		if failure.Operation == domain.NoOperation {
			w.Null("failed_operation")
		} else {
			w.Int("failed_operation", failure.Operation)
		}
		w.Object("details", func() {
			for _, d := range failure.Details {
				w.Name(d.Name)
				WriteValue(w, d)
			}
		})
	})
}

// WriteValue writes the value of a rejection's detail. Counts are numbers; all else
// is text, amounts in major units.
func WriteValue(w *Writer, d domain.Detail) {
	if slices.Contains([]string{"holds", "escrows", "version", "current_version"}, d.Name) {
		w.Raw([]byte(d.Value))
		return
	}
	w.String(d.Value)
}
