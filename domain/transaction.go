package domain

import (
	"fmt"
	"strings"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// MaxOperations is how many operations a transaction has at most.
const MaxOperations = 1000

// OperationType is what an operation does (walletapi.cloud, "There are three
// types of operations", and one more).
type OperationType string

const (
	Transfer OperationType = "transfer" // moves value between two wallets of a project
	Issue    OperationType = "issue"    // creates value in a wallet
	Redeem   OperationType = "redeem"   // ends value of a wallet
	Exchange OperationType = "exchange" // turns one asset into another, through the project's liquidity wallets

	// Not operations that can be asked for, but what fees can be charged for.
	Capture    OperationType = "capture"
	FundEscrow OperationType = "escrow"
)

// Operation is one step of a transaction, as asked for.
type Operation struct {
	Type                OperationType
	Sender              ids.Wallet     // of transfer, redeem and exchange
	Recipient           ids.Wallet     // of issue and exchange, and of a transfer that names no identifier
	RecipientIdentifier string         // of a transfer: a username, else a phone, else an e-mail
	Quantity            money.Quantity // more than zero
	Rate                money.Rate     // of exchange: how much of the recipient's asset for one of the sender's
	ExpiresAt           time.Time      // of issue: the credit ends then; zero: never
	Grant               bool           // of issue: credit that nobody paid for
}

// Transact performs 1 to MaxOperations operations in order, all or nothing,
// once for its reference.
type Transact struct {
	Project       ids.Project
	Reference     ids.Reference
	Operations    []Operation
	Preconditions []Precondition
	EffectiveAt   time.Time // the business's time; zero: now
	ScheduledFor  time.Time // decide it then; zero: now
	Description   string
	Metadata      Metadata
}

// Precondition refuses a transaction whose caller decided on an older wallet.
type Precondition struct {
	Wallet  ids.Wallet
	Version uint64
}

// record is what a transaction's fact says beyond its entries.
type record struct {
	id          ids.Transaction // of a scheduled one; "": its place
	reference   ids.Reference
	operations  []PostedOperation
	effectiveAt time.Time
	description string
	metadata    Metadata
}

func (r *record) check() *Rejection {
	return first(
		checkReference(r.reference),
		checkText("description", r.description, MaxDescriptionLength),
		checkMetadata(r.metadata),
	)
}

func checkReference(reference ids.Reference) *Rejection {
	if rejection := checkRequired("reference", string(reference), ids.MaxReferenceLength); rejection != nil {
		return rejection
	}
	if strings.HasPrefix(string(reference), ids.ReservedReferences) {
		return reject(BadRequest, "references that begin with %q are the ledger's own", ids.ReservedReferences)
	}
	return nil
}

// end answers the facts of a posting: that it completed, or, where a recorded
// rule was broken, that it failed. Wallets that it would have made are not made
// then.
func (p *posting) end(r *record, broken *Rejection) []Event {
	if broken != nil {
		p.before = nil
		id := p.identify(r)
		return []Event{&TransactionFailed{
			Project: p.project.ID, Transaction: id, Reference: r.reference, Origin: p.origin, Operations: r.operations,
			Failure: *broken, EffectiveAt: r.effectiveAt, Description: r.description, Metadata: r.metadata,
		}}
	}
	id := p.identify(r)
	completed := &TransactionCompleted{
		Project: p.project.ID, Transaction: id, Reference: r.reference, Origin: p.origin, Operations: r.operations,
		Entries: p.entries, EffectiveAt: r.effectiveAt, Description: r.description, Metadata: r.metadata,
	}
	if p.counted {
		completed.Date = p.date()
	}
	return append(p.before, completed)
}

// identify answers the identifier of the transaction: its place, or that of when
// it was scheduled; then its place is what it came of.
func (p *posting) identify(r *record) ids.Transaction {
	if r.id == "" {
		return p.id()
	}
	p.origin.ID = string(p.id())
	return r.id
}

func (c *Transact) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := checkTransact(c); rejection != nil {
		return nil, rejection
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	for i := range c.Operations {
		if rejection := s.checkWallets(project, &c.Operations[i]); rejection != nil {
			return nil, rejection.at(i)
		}
	}
	for _, condition := range c.Preconditions {
		if _, rejection := s.walletOf(project, condition.Wallet); rejection != nil {
			return nil, rejection
		}
	}
	if rejection := first(checkTimes(c, project, at.Time), checkPreconditions(s, c.Preconditions)); rejection != nil {
		return nil, rejection
	}
	r := record{
		reference: c.Reference, operations: make([]PostedOperation, len(c.Operations)),
		effectiveAt: moment(c.EffectiveAt), description: c.Description, metadata: c.Metadata,
	}
	for i := range c.Operations {
		if r.operations[i], rejection = settle(s, &c.Operations[i], at.Time); rejection != nil {
			return nil, rejection.at(i)
		}
	}
	if !c.ScheduledFor.IsZero() {
		return decideSchedule(s, project, c, &r, at)
	}
	p := newPosting(s, project, at, Origin{})
	for i := range r.operations {
		if rejection := p.find(&c.Operations[i], &r.operations[i]); rejection != nil {
			return p.end(&r, rejection.at(i)), nil
		}
		if rejection := p.post(i, &r.operations[i]); rejection != nil {
			return p.end(&r, rejection), nil
		}
	}
	return p.end(&r, nil), nil
}

// unused answers a project in which the reference is free.
func (s *State) unused(id ids.Project, reference ids.Reference) (*Project, *Rejection) {
	project, ok := s.Project(id)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if existing, used := s.Reference(id, reference); used {
		return nil, reject(DuplicateReference, "a transaction with this reference exists").with("transaction_id", string(existing))
	}
	return project, nil
}

func checkTransact(c *Transact) *Rejection {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := r.check(); rejection != nil {
		return rejection
	}
	if len(c.Operations) < 1 || len(c.Operations) > MaxOperations {
		return reject(BadRequest, "a transaction has 1 to %d operations, not %d", MaxOperations, len(c.Operations))
	}
	if len(c.Preconditions) > MaxOperations {
		return reject(BadRequest, "a transaction has at most %d preconditions, not %d", MaxOperations, len(c.Preconditions))
	}
	if !c.ScheduledFor.IsZero() && (len(c.Preconditions) > 0 || !c.EffectiveAt.IsZero()) {
		return reject(BadRequest, "a scheduled transaction has neither preconditions nor effective_at: they are about now")
	}
	for i := range c.Operations {
		o := &c.Operations[i]
		if rejection := checkOperation(o); rejection != nil {
			return rejection.at(i)
		}
		if !o.ExpiresAt.IsZero() && !moment(o.ExpiresAt).After(moment(c.ScheduledFor)) {
			return reject(BadRequest, "expires_at must be after scheduled_for").at(i)
		}
	}
	return nil
}

func checkTimes(c *Transact, project *Project, now time.Time) *Rejection {
	if rejection := checkFuture("scheduled_for", c.ScheduledFor, now); rejection != nil || c.EffectiveAt.IsZero() {
		return rejection
	}
	earliest := now.Add(-project.Settings.Backdating)
	if c.EffectiveAt.After(now) || c.EffectiveAt.Before(earliest) {
		message := "effective_at cannot be given: the project's backdating_seconds are 0, so that it is always now"
		if project.Settings.Backdating > 0 {
			message = fmt.Sprintf("effective_at must be at most %d seconds in the past (the project's backdating_seconds) and not in the future",
				project.Settings.Backdating/time.Second)
		}
		return reject(EffectiveAtRefused, "%s", message).
			with("effective_at", timestamp(c.EffectiveAt)).with("earliest", timestamp(earliest)).with("latest", timestamp(now))
	}
	return nil
}

// endOfTime is the first moment that cannot be written everywhere.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// moment is a time as the ledger keeps it: UTC, in whole microseconds.
func moment(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Microsecond)
}

// checkFuture refuses a moment that is over, or further away than can be written.
func checkFuture(name string, at, now time.Time) *Rejection {
	switch {
	case at.IsZero():
		return nil
	case !moment(at).After(now):
		return reject(BadRequest, "%s must be in the future", name)
	case !at.Before(endOfTime):
		return reject(BadRequest, "%s must be before the year 10000", name)
	}
	return nil
}

func timestamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// checkPreconditions holds wallets that exist to their versions.
func checkPreconditions(s *State, all []Precondition) *Rejection {
	for _, c := range all {
		wallet, _ := s.Wallet(c.Wallet)
		if wallet.Version != c.Version {
			return reject(VersionConflict, "Wallet %s is at version %d, not %d", c.Wallet, wallet.Version, c.Version).
				with("wallet_id", string(c.Wallet)).with("version", number(c.Version)).with("current_version", number(wallet.Version))
		}
	}
	return nil
}
