package events

import (
	"errors"
	"fmt"

	"tallystick/domain"

	"github.com/go-faster/jx"
)

func (w writer) completed(f *domain.TransactionCompleted) {
	w.transaction(f.Transaction, f.Reference, f.Operations)
	w.FieldStart("entries")
	w.ArrStart()
	for i := range f.Entries {
		w.entry(&f.Entries[i])
	}
	w.ArrEnd()
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
	w.optional("description", f.Description)
	w.metadata(f.Metadata)
}

func (w writer) transaction(id domain.TransactionID, reference domain.Reference, operations []domain.PostedOperation) {
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
	w.optional("from", string(o.From))
	w.optional("to", string(o.To))
	w.text("asset", string(o.Amount.Asset()))
	w.money("amount", o.Amount)
	if !o.Fee.IsZero() {
		w.money("fee", o.Fee)
	}
	w.ObjEnd()
}

// entry leaves its operation out when it is the first, which most are.
func (w writer) entry(e *domain.Entry) {
	w.ObjStart()
	w.text("wallet", string(e.Wallet))
	w.FieldStart("version")
	w.UInt64(e.Version)
	w.text("kind", string(e.Kind))
	if e.Operation != 0 {
		w.FieldStart("op")
		w.Int(e.Operation)
	}
	if e.Fee {
		w.FieldStart("fee")
		w.Bool(true)
	}
	w.money("amount", e.Amount)
	w.money("balance", e.Balance)
	w.ObjEnd()
}

type transactionV1 struct {
	failed    bool
	completed domain.TransactionCompleted
	failure   domain.Rejection
}

func (t *transactionV1) field(r *reader, key []byte) (known bool, err error) {
	f := &t.completed
	switch string(key) {
	case "project":
		f.Project, err = r.projectID()
	case "transaction":
		err = str(r, &f.Transaction)
	case "reference":
		err = str(r, &f.Reference)
	case "operations":
		err = t.operations(r)
	case "entries":
		if t.failed {
			return false, nil
		}
		err = t.entries(r)
	case "failure":
		if !t.failed {
			return false, nil
		}
		err = t.readFailure(r)
	case "description":
		f.Description, err = r.d.Str()
	case "metadata":
		f.Metadata, err = r.metadata()
	default:
		return false, nil
	}
	return true, err
}

func (t *transactionV1) fact() (domain.Event, bool) {
	f := &t.completed
	complete := f.Project != "" && f.Transaction != "" && f.Reference != "" && len(f.Operations) > 0
	if t.failed {
		return &domain.TransactionFailed{
			Project: f.Project, Transaction: f.Transaction, Reference: f.Reference, Operations: f.Operations,
			Failure: t.failure, Description: f.Description, Metadata: f.Metadata,
		}, complete && t.failure.Code != ""
	}
	return f, complete && len(f.Entries) > 0
}

func (t *transactionV1) operations(r *reader) error {
	t.completed.Operations = make([]domain.PostedOperation, 0, 1)
	return r.d.Arr(func(*jx.Decoder) error {
		operation, err := r.operation()
		t.completed.Operations = append(t.completed.Operations, operation)
		return err
	})
}

func (r *reader) operation() (o domain.PostedOperation, err error) {
	var asset domain.AssetCode
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "op":
			o.Type, err = r.operationType()
		case "from":
			err = str(r, &o.From)
		case "to":
			err = str(r, &o.To)
		case "asset":
			asset, err = r.assetCode()
		case "amount":
			o.Amount, err = r.money(asset)
		case "fee":
			o.Fee, err = r.money(asset)
		default:
			err = fmt.Errorf("unknown field %q of an operation", key)
		}
		return err
	})
	if o.Fee.Asset() == "" {
		o.Fee = domain.NewMoney(asset, 0, o.Amount.Scale())
	}
	return o, err
}

// entries come after operations, which name their assets.
func (t *transactionV1) entries(r *reader) error {
	t.completed.Entries = make([]domain.Entry, 0, 2*len(t.completed.Operations)+2)
	return r.d.Arr(func(*jx.Decoder) error {
		entry, err := t.entry(r)
		t.completed.Entries = append(t.completed.Entries, entry)
		return err
	})
}

func (t *transactionV1) entry(r *reader) (e domain.Entry, err error) {
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "wallet":
			e.Wallet, err = t.wallet(r)
		case "version":
			e.Version, err = d.UInt64()
		case "kind":
			e.Kind, err = r.entryKind()
		case "op":
			e.Operation, err = d.Int()
		case "fee":
			e.Fee, err = d.Bool()
		case "amount":
			e.Amount, err = t.entryMoney(r, e.Operation)
		case "balance":
			e.Balance, err = t.entryMoney(r, e.Operation)
		default:
			err = fmt.Errorf("unknown field %q of an entry", key)
		}
		return err
	})
	if err == nil && (e.Amount.Asset() == "" || e.Balance.Asset() == "") {
		err = errors.New("an entry without amount, balance, or an operation that has an asset")
	}
	return e, err
}

// wallet of an entry is mostly one that an operation named: then its bytes serve again.
func (t *transactionV1) wallet(r *reader) (domain.WalletID, error) {
	text, err := r.d.StrBytes()
	for i := range min(len(t.completed.Operations), 4) {
		o := &t.completed.Operations[i]
		if string(text) == string(o.From) {
			return o.From, err
		}
		if string(text) == string(o.To) {
			return o.To, err
		}
	}
	return domain.WalletID(text), err
}

func (t *transactionV1) entryMoney(r *reader, operation int) (domain.Money, error) {
	if operation < 0 || operation >= len(t.completed.Operations) {
		return domain.Money{}, fmt.Errorf("an entry of operation %d, which is not there", operation)
	}
	return r.money(t.completed.Operations[operation].Amount.Asset())
}

func (t *transactionV1) readFailure(r *reader) error {
	return r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "code":
			err = str(r, &t.failure.Code)
		case "message":
			t.failure.Message, err = d.Str()
		case "operation":
			t.failure.Operation, err = d.Int()
		case "details":
			err = d.Obj(func(d *jx.Decoder, name string) error {
				value, err := d.Str()
				t.failure.Details = append(t.failure.Details, domain.Detail{Name: name, Value: value})
				return err
			})
		default:
			err = fmt.Errorf("unknown field %q of a failure", key)
		}
		return err
	})
}

func (r *reader) operationType() (domain.OperationType, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return "", err
	}
	for _, known := range [...]domain.OperationType{domain.Transfer, domain.Issue, domain.Redeem} {
		if string(text) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown operation %q", text)
}

func (r *reader) entryKind() (domain.EntryKind, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return "", err
	}
	for _, known := range [...]domain.EntryKind{domain.DebitEntry, domain.CreditEntry, domain.IssueEntry, domain.RedeemEntry} {
		if string(text) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown kind of entry %q", text)
}
