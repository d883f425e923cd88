package domain

import (
	"fmt"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Transact performs 1 to MaxOperations operations in order: all or none, once
// for its reference.
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

func (c *Transact) ProjectID() ids.Project { return c.Project }

// Precondition refuses a transaction if a wallet is no longer at the version
// that the caller saw.
type Precondition struct {
	Wallet  ids.Wallet
	Version uint64
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

// checkPreconditions compares the versions of wallets, which exist.
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

// unused returns a project in which the reference is not used.
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

// record is what the fact of a transaction says beyond its entries.
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

// end returns the facts of a posting: that it completed, or, where a recorded
// rule was broken, that it failed. A failed transaction creates no accounts.
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

// identify returns the identifier of the transaction: its place, or for a
// scheduled one the place where it was scheduled. Then its place becomes the
// origin.
func (p *posting) identify(r *record) ids.Transaction {
	if r.id == "" {
		return p.id()
	}
	p.origin.ID = string(p.id())
	return r.id
}

// TransactionCompleted moved money. It has all entries, in order.
type TransactionCompleted struct {
	Asked
	Project     ids.Project
	Transaction ids.Transaction
	Reference   ids.Reference
	Origin      Origin // zero: the operations were asked for as they are
	Operations  []PostedOperation
	Entries     []Entry
	EffectiveAt time.Time // the business's time for it; zero: when it was committed
	Date        string    // "2006-01-02" in the project's zone where a sum of a day or month counts it, else ""
	Description string
	Metadata    Metadata
}

func (e *TransactionCompleted) ProjectID() ids.Project { return e.Project }

func (e *TransactionCompleted) WalletIDs() []ids.Wallet {
	all := make([]ids.Wallet, len(e.Entries))
	for i := range e.Entries {
		all[i] = e.Entries[i].Wallet
	}
	return all
}

func (e *TransactionCompleted) evolve(s *State) error {
	for i := range e.Entries {
		entry := &e.Entries[i]
		wallet, ok := edit(&s.walletTable, entry.Wallet)
		if !ok {
			return fmt.Errorf("domain: %s has an entry of wallet %s, which was never created", e.Transaction, entry.Wallet)
		}
		if entry.Version != wallet.Version+1 {
			return fmt.Errorf("domain: %s brings wallet %s from version %d to %d", e.Transaction, entry.Wallet, wallet.Version, entry.Version)
		}
		wallet.Version, wallet.Balance = entry.Version, entry.BalanceAfter
		if wallet.activity != nil && entry.Amount.Sign() > 0 && !wallet.activity.due.IsZero() {
			wallet.change(func(d *activity) { d.due = less(d.due, entry.Amount) })
		}
		if len(entry.Lots) > 0 {
			if err := s.changeLots(wallet, entry); err != nil {
				return err
			}
		}
	}
	if e.Date != "" {
		e.count(s)
	}
	s.endScheduled(e.Origin, e.Transaction, true)
	return s.remember(e.Project, e.Reference, e.Transaction)
}

func (s *State) remember(project ids.Project, reference ids.Reference, id ids.Transaction) error {
	location, ok := id.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", id)
	}
	s.references.put(reference.Key(project), location.Bits())
	return nil
}

// TransactionFailed moved nothing. It says why, and keeps the reference.
type TransactionFailed struct {
	Asked
	Project     ids.Project
	Transaction ids.Transaction
	Reference   ids.Reference
	Origin      Origin
	Operations  []PostedOperation
	Failure     Rejection
	EffectiveAt time.Time
	Description string
	Metadata    Metadata
}

func (e *TransactionFailed) ProjectID() ids.Project { return e.Project }
func (*TransactionFailed) WalletIDs() []ids.Wallet  { return nil }

func (e *TransactionFailed) evolve(s *State) error {
	s.endScheduled(e.Origin, e.Transaction, true)
	return s.remember(e.Project, e.Reference, e.Transaction)
}

// Origin says what a transaction came of. In the zero Origin, somebody asked
// for the operations as they are.
type Origin struct {
	Kind OriginKind
	ID   string
}

// OriginKind names what Origin.ID is an identifier of.
type OriginKind string

const (
	CaptureOrigin    OriginKind = "capture"    // of the hold
	EscrowOrigin     OriginKind = "escrow"     // funds the escrow
	ReleaseOrigin    OriginKind = "release"    // of the escrow, to its recipient
	RefundOrigin     OriginKind = "refund"     // of the escrow, to its sender
	ExpiryOrigin     OriginKind = "expiry"     // of the lot
	ReversalOrigin   OriginKind = "reversal"   // of the transaction
	ClosingOrigin    OriginKind = "closing"    // of the wallet
	SettlementOrigin OriginKind = "settlement" // of the postpaid wallet
	ScheduleOrigin   OriginKind = "schedule"   // decided at its time: a transaction's identifier of the place where that fact stands
)

// Entry is one change of one wallet's balance.
type Entry struct {
	Wallet       ids.Wallet
	Version      uint64 // of the wallet after the entry: the one before, plus one
	Kind         EntryKind
	Operation    int  // index of the operation that made it
	Fee          bool // part of the operation's fee, not of its amount
	Amount       money.Amount
	BalanceAfter money.Amount // after the entry
	// Lots are the parts of expiring credit that the entry took (Amount below
	// zero) or brought: a new lot bears the entry's own version.
	Lots []LotPart
}

// EntryKind says what an entry records, in the words of walletapi.cloud.
type EntryKind string

const (
	IssueEntry  EntryKind = "issue"
	RedeemEntry EntryKind = "redeem"
	DebitEntry  EntryKind = "debit"
	CreditEntry EntryKind = "credit"
)

// Counterparty returns the wallet on the other side of an entry, by its index:
//
//   - Of the amount of an operation: for its sender the recipient and for its
//     recipient the sender. "" means money from outside (issue) or that goes there
//     (redeem).
//   - Of a fee, and for an account that the operation does not name (issuance,
//     liquidity): the wallet that the money came from or went to.
func (e *TransactionCompleted) Counterparty(entry int) ids.Wallet {
	one := &e.Entries[entry]
	operation := &e.Operations[one.Operation]
	switch {
	case one.Fee:
	case one.Wallet == operation.Sender:
		return operation.Recipient
	case one.Wallet == operation.Recipient:
		return operation.Sender
	}
	return e.Entries[entry^1].Wallet // entries are made in pairs: what leaves one wallet comes into another
}
