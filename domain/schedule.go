package domain

import (
	"fmt"
	"time"

	"tallystick/domain/ids"
)

// decideSchedule keeps a transaction for later. Its recipients are found now:
// so the log holds no identifier of a person, and the money goes to whom the
// caller meant.
func decideSchedule(s *State, project *Project, c *Transact, r *record, at ids.Place) ([]Event, *Rejection) {
	for i := range c.Operations {
		if o := &c.Operations[i]; o.RecipientIdentifier != "" {
			to, rejection := s.recipient(project, o.RecipientIdentifier, o.Sender)
			if rejection != nil {
				return nil, rejection.at(i)
			}
			r.operations[i].Recipient = to
		}
	}
	return []Event{&TransactionScheduled{
		Project: c.Project, Transaction: at.Transaction(), Reference: c.Reference, Operations: r.operations,
		ScheduledFor: moment(c.ScheduledFor), Description: c.Description, Metadata: c.Metadata,
	}}, nil
}

// TransactionScheduled reserves a reference for a transaction that is decided
// later. Its outcome is a TransactionCompleted or TransactionFailed with the
// same identifier and the origin ScheduleOrigin. Its operations have no fees
// yet.
type TransactionScheduled struct {
	Asked
	Project      ids.Project
	Transaction  ids.Transaction
	Reference    ids.Reference
	Operations   []PostedOperation
	ScheduledFor time.Time
	Description  string
	Metadata     Metadata
}

func (e *TransactionScheduled) ProjectID() ids.Project { return e.Project }
func (*TransactionScheduled) WalletIDs() []ids.Wallet  { return nil }

func (e *TransactionScheduled) evolve(s *State) error {
	at, ok := e.Transaction.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", e.Transaction)
	}
	s.schedule.put(e.Transaction, scheduled{project: e.Project, pending: e})
	s.appoint(e.Project, e.ScheduledFor, transactionIsDue, at)
	return s.remember(e.Project, e.Reference, e.Transaction)
}

// PerformScheduled decides a transaction whose time has come. Time gives this
// command.
type PerformScheduled struct {
	Project     ids.Project
	Transaction ids.Transaction
	Refused     *Rejection // nil: perform it; else record that it failed with this, which is no rule's
}

func (c PerformScheduled) ProjectID() ids.Project { return c.Project }

func (c PerformScheduled) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	of, _ := s.schedule.get(c.Transaction)
	project, ok := s.Project(c.Project)
	if of.pending == nil || !ok || of.pending.Project != c.Project || at.Time.Before(of.pending.ScheduledFor) {
		return nil, nil
	}
	asked := of.pending
	r := record{
		id: asked.Transaction, reference: asked.Reference, operations: append([]PostedOperation(nil), asked.Operations...),
		description: asked.Description, metadata: asked.Metadata,
	}
	p := newPosting(s, project, at, Origin{Kind: ScheduleOrigin})
	if c.Refused != nil {
		return p.end(&r, c.Refused), nil
	}
	for i := range r.operations {
		if rejection := p.post(i, &r.operations[i]); rejection != nil {
			return p.end(&r, rejection), nil
		}
	}
	return p.end(&r, nil), nil
}

// CancelScheduled ends a scheduled transaction before its time. Repeating it
// does nothing.
type CancelScheduled struct {
	Project     ids.Project
	Transaction ids.Transaction
	Actor       string
	Reason      string
}

func (c CancelScheduled) ProjectID() ids.Project { return c.Project }

func (c CancelScheduled) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkActor(c.Actor, c.Reason); rejection != nil {
		return nil, rejection
	}
	of, ok := s.schedule.get(c.Transaction)
	switch {
	case !ok || of.project != c.Project:
		return nil, reject(NotFound, "Scheduled transaction not found")
	case of.pending == nil && of.done:
		return nil, reject(AlreadyPerformed, "The transaction was performed: it can be reversed, no longer cancelled").
			with("transaction_id", string(c.Transaction))
	case of.pending == nil:
		return nil, nil
	}
	return []Event{&TransactionCancelled{Project: c.Project, Transaction: c.Transaction, Actor: c.Actor, Reason: c.Reason}}, nil
}

// TransactionCancelled ends a scheduled transaction before its time.
type TransactionCancelled struct {
	Asked
	Project     ids.Project
	Transaction ids.Transaction
	Actor       string
	Reason      string
}

func (e *TransactionCancelled) ProjectID() ids.Project { return e.Project }
func (*TransactionCancelled) WalletIDs() []ids.Wallet  { return nil }

func (e *TransactionCancelled) evolve(s *State) error {
	if of, ok := s.schedule.get(e.Transaction); !ok || of.pending == nil {
		return fmt.Errorf("domain: %s cancelled, which does not wait", e.Transaction)
	}
	s.endScheduled(Origin{Kind: ScheduleOrigin}, e.Transaction, false)
	return nil
}

// scheduled is what became of a transaction that was scheduled.
type scheduled struct {
	project ids.Project
	pending *TransactionScheduled // nil: it was performed or cancelled
	done    bool                  // performed, not cancelled
	outcome uint64                // place of the fact that it made; 0 for none
}

// endScheduled ends a scheduled transaction.
func (s *State) endScheduled(origin Origin, id ids.Transaction, done bool) {
	if origin.Kind != ScheduleOrigin {
		return
	}
	of, _ := s.schedule.get(id)
	if at, ok := id.Location(); ok && of.pending != nil {
		s.cancel(of.project, of.pending.ScheduledFor, transactionIsDue, at)
	}
	of.pending, of.done = nil, done
	if at, ok := ids.Transaction(origin.ID).Location(); ok {
		of.outcome = at.Bits()
	}
	s.schedule.put(id, of)
}

// ScheduleStatus is what became of a transaction that was scheduled.
type ScheduleStatus string

const (
	SchedulePending   ScheduleStatus = "scheduled"
	SchedulePerformed ScheduleStatus = "performed" // completed or failed
	ScheduleCancelled ScheduleStatus = "cancelled"
)

// Scheduled returns what became of a scheduled transaction; if it was
// performed, also the place of the outcome. False if it was never scheduled.
func (s *State) Scheduled(id ids.Transaction) (status ScheduleStatus, outcome ids.Location, ok bool) {
	of, ok := s.schedule.get(id)
	switch {
	case of.pending != nil:
		status = SchedulePending
	case of.done:
		status = SchedulePerformed
	default:
		status = ScheduleCancelled
	}
	return status, ids.LocationOf(of.outcome), ok
}
