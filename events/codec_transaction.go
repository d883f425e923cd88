package events

import (
	"errors"
	"math"
	"time"

	"tallystick/domain"

	"github.com/go-faster/jx"
)

type transactionV1 struct {
	failed    bool
	second    bool // operations and entries are of version 2
	completed domain.TransactionCompleted
	failure   *domain.Rejection
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
		if f.Operations != nil {
			return true, errors.New("operations twice")
		}
		f.Operations, err = r.operations(t.second)
	case "entries":
		if t.failed {
			return false, nil
		}
		err = t.entries(r)
	case "failure":
		if !t.failed {
			return false, nil
		}
		t.failure, err = r.failure()
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
	if !t.failed {
		return f, complete && len(f.Entries) > 0
	}
	if t.failure == nil {
		return nil, false
	}
	return &domain.TransactionFailed{
		Project: f.Project, Transaction: f.Transaction, Reference: f.Reference, Origin: f.Origin, Operations: f.Operations,
		Failure: *t.failure, EffectiveAt: f.EffectiveAt, Description: f.Description, Metadata: f.Metadata,
	}, complete
}

// transactionV2 has an origin, times, exchanges and lots.
type transactionV2 struct{ transactionV1 }

func (t *transactionV2) field(r *reader, key []byte) (known bool, err error) {
	f := &t.completed
	switch string(key) {
	case "origin":
		f.Origin, err = r.origin()
	case "effective_at":
		f.EffectiveAt, err = r.moment()
	case "date":
		if t.failed {
			return false, nil
		}
		f.Date, err = r.date()
	default:
		return t.transactionV1.field(r, key)
	}
	return true, err
}

// fact: what an escrow that failed came of has no identifier, since it never
// came to be.
func (t *transactionV2) fact() (domain.Event, bool) {
	fact, complete := t.transactionV1.fact()
	identified := t.failed || t.completed.Origin.Kind == "" || t.completed.Origin.ID != ""
	return fact, complete && identified
}

var originKinds = []domain.OriginKind{
	domain.CaptureOrigin, domain.EscrowOrigin, domain.ReleaseOrigin, domain.RefundOrigin, domain.ExpiryOrigin,
	domain.ReversalOrigin, domain.ClosingOrigin, domain.SettlementOrigin, domain.ScheduleOrigin,
}

func (r *reader) origin() (o domain.Origin, err error) {
	err = r.object("an origin", map[string]func(*reader) error{"kind": wordInto(&o.Kind, originKinds), "id": into(&o.ID)})
	if err == nil && o.Kind == "" {
		err = errors.New("an origin without a kind")
	}
	return o, err
}

// date is a day as it is written in the project's zone.
func (r *reader) date() (string, error) {
	text, err := r.d.Str()
	if err == nil {
		_, err = time.Parse(time.DateOnly, text)
	}
	return text, err
}

func (r *reader) failure() (*domain.Rejection, error) {
	const missing = math.MinInt
	failure := &domain.Rejection{Operation: missing}
	err := r.object("a failure", map[string]func(*reader) error{
		"code": into(&failure.Code), "message": into(&failure.Message),
		"operation": func(r *reader) (err error) { failure.Operation, err = r.d.Int(); return err },
		"details": func(r *reader) error {
			return r.d.Obj(func(d *jx.Decoder, name string) error {
				value, err := d.Str()
				failure.Details = append(failure.Details, domain.Detail{Name: name, Value: value})
				return err
			})
		},
	})
	if err == nil && (failure.Code == "" || failure.Operation == missing) {
		err = errors.New("a field of a failure is missing")
	}
	return failure, err
}
