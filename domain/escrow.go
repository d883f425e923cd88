package domain

import (
	"fmt"
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Escrow keeps a sender's money in the project's escrow account until it is
// released to the recipient or refunded.
type Escrow struct {
	ID                ids.Escrow
	Project           ids.Project
	Sender, Recipient ids.Wallet
	Remaining         money.Amount
	Lots              []LotPart // expiring credit that a refund brings back
	Deadline          time.Time // zero: none
	AtDeadline        EscrowEnd
	Approval          bool // both sides must approve before a release
	Approved          []EscrowParty
}

// EscrowEnd is what becomes of an escrow at its deadline.
type EscrowEnd string

const (
	ReleaseAtDeadline EscrowEnd = "release"
	RefundAtDeadline  EscrowEnd = "refund"
)

// EscrowParty is one side of an escrow.
type EscrowParty string

const (
	EscrowSender    EscrowParty = "sender"
	EscrowRecipient EscrowParty = "recipient"
)

// escrowOf returns an open escrow of a project, or a rejection that says why
// there is none.
func (s *State) escrowOf(project ids.Project, id ids.Escrow) (*Escrow, *Rejection) {
	if escrow, ok := s.escrows.get(id); ok && escrow != nil && escrow.Project == project {
		return escrow, nil
	}
	if end, ok := s.endOf(id.Location()); ok && end.project == project {
		return nil, reject(EscrowEnded, "Escrow %s is %s", id, end.how).with("escrow_id", string(id)).with("status", end.how.String())
	}
	return nil, reject(NotFound, "Escrow not found")
}

func (s *State) changeEscrow(id ids.Escrow, change func(*Escrow)) error {
	escrow, ok := edit(&s.escrows, id)
	if !ok {
		return fmt.Errorf("domain: a change of escrow %s, which is not open", id)
	}
	change(escrow)
	return nil
}

// CreateEscrow moves money from a sender into escrow for a recipient.
type CreateEscrow struct {
	Project             ids.Project
	Sender              ids.Wallet
	Recipient           ids.Wallet // or RecipientIdentifier
	RecipientIdentifier string     // a username, else a phone, else an e-mail
	Reference           ids.Reference
	Quantity            money.Quantity
	Deadline            time.Time // zero: none
	AtDeadline          EscrowEnd // "": refund
	Approval            bool
	Description         string
	Metadata            Metadata
}

func (c CreateEscrow) ProjectID() ids.Project { return c.Project }

func (c CreateEscrow) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	operation := Operation{Type: Transfer, Sender: c.Sender, Recipient: c.Recipient, RecipientIdentifier: c.RecipientIdentifier, Quantity: c.Quantity}
	if rejection := first(r.check(), checkOperation(&operation), checkDeadline(&c)); rejection != nil {
		return nil, rejection
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	if rejection := s.checkWallets(project, &operation); rejection != nil {
		return nil, rejection
	}
	if rejection := checkFuture("deadline", c.Deadline, at.Time); rejection != nil {
		return nil, rejection
	}
	posted, rejection := settle(s, &operation, at.Time)
	if rejection != nil {
		return nil, rejection
	}
	p := newPosting(s, project, at, Origin{Kind: EscrowOrigin})
	r.operations = []PostedOperation{posted}
	if rejection := p.fund(&operation, &r.operations[0]); rejection != nil {
		return p.end(&r, rejection.at(0)), nil
	}
	created := &EscrowCreated{
		Project: c.Project, Escrow: at.Later(len(p.before) + 1).Escrow(), Transaction: p.id(), Sender: c.Sender, Recipient: r.operations[0].Recipient,
		Amount: posted.Amount, Lots: p.lotsTaken(c.Sender), Deadline: moment(c.Deadline), AtDeadline: c.AtDeadline, Approval: c.Approval,
	}
	if !c.Deadline.IsZero() && c.AtDeadline == "" {
		created.AtDeadline = RefundAtDeadline
	}
	p.origin.ID = string(created.Escrow)
	r.operations[0].Recipient = p.system(EscrowWallet, p.account(c.Sender).wallet.Asset).wallet.ID
	return append(p.end(&r, nil), created), nil
}

func checkDeadline(c *CreateEscrow) *Rejection {
	switch {
	case c.AtDeadline != "" && c.AtDeadline != ReleaseAtDeadline && c.AtDeadline != RefundAtDeadline:
		return reject(BadRequest, "at_deadline %q must be %s or %s", c.AtDeadline, ReleaseAtDeadline, RefundAtDeadline)
	case c.AtDeadline != "" && c.Deadline.IsZero():
		return reject(BadRequest, "at_deadline says what happens at the deadline, and there is none")
	}
	return nil
}

// fund moves the sender's money to the escrow account, if the recipient could
// receive it now.
func (p *posting) fund(asked *Operation, o *PostedOperation) *Rejection {
	if rejection := p.find(asked, o); rejection != nil {
		return rejection
	}
	if o.Sender == o.Recipient {
		return reject(SameWallet, "sender and recipient are the same wallet").with("wallet_id", string(o.Sender))
	}
	m := p.movement(0, o)
	from, recipient := m.from, m.to
	fees := p.feeAccount(from, m.fee)
	if rejection := checkStatus([]*account{from, recipient, fees}, from); rejection != nil {
		return rejection
	}
	if rejection := checkAssets(from.wallet, recipient.wallet); rejection != nil {
		return rejection
	}
	m.to = p.system(EscrowWallet, from.wallet.Asset)
	return p.move(m)
}

// lotsTaken returns the parts of lots that the posting took from a wallet,
// without those that paid fees.
func (p *posting) lotsTaken(id ids.Wallet) []LotPart {
	var all []LotPart
	for i := range p.entries {
		if e := &p.entries[i]; e.Wallet == id && !e.Fee {
			all = append(all, e.Lots...)
		}
	}
	return all
}

// EscrowCreated follows the transaction that moved the sender's money to the
// project's escrow account.
type EscrowCreated struct {
	Asked
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Sender      ids.Wallet
	Recipient   ids.Wallet
	Amount      money.Amount
	Lots        []LotPart // of the sender's, for a refund
	Deadline    time.Time // zero: none
	AtDeadline  EscrowEnd // "" where there is no deadline
	Approval    bool      // both sides must approve before a release
}

func (e *EscrowCreated) ProjectID() ids.Project { return e.Project }
func (*EscrowCreated) WalletIDs() []ids.Wallet  { return nil }

func (e *EscrowCreated) evolve(s *State) error {
	escrow := &Escrow{
		ID: e.Escrow, Project: e.Project, Sender: e.Sender, Recipient: e.Recipient, Remaining: e.Amount, Lots: e.Lots,
		Deadline: e.Deadline, AtDeadline: e.AtDeadline, Approval: e.Approval,
	}
	s.escrows.put(e.Escrow, escrow)
	s.appointEscrow(escrow)
	for _, id := range [...]ids.Wallet{e.Sender, e.Recipient} {
		err := s.changeWallet(id, func(w *Wallet) {
			w.change(func(d *activity) { d.escrows++ })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ApproveEscrow is one side's consent to a release. Repeating it does nothing.
type ApproveEscrow struct {
	Project ids.Project
	Escrow  ids.Escrow
	Party   EscrowParty
	Actor   string
}

func (c ApproveEscrow) ProjectID() ids.Project { return c.Project }

func (c ApproveEscrow) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkText("actor", c.Actor, MaxNameLength); rejection != nil {
		return nil, rejection
	}
	if c.Party != EscrowSender && c.Party != EscrowRecipient {
		return nil, reject(BadRequest, "party %q must be %s or %s", c.Party, EscrowSender, EscrowRecipient)
	}
	escrow, rejection := s.escrowOf(c.Project, c.Escrow)
	if rejection != nil {
		return nil, rejection
	}
	if slices.Contains(escrow.Approved, c.Party) {
		return nil, nil
	}
	return []Event{&EscrowApproved{Project: c.Project, Escrow: c.Escrow, Party: c.Party, Actor: c.Actor}}, nil
}

// EscrowApproved records one side's consent to a release.
type EscrowApproved struct {
	Asked
	Project ids.Project
	Escrow  ids.Escrow
	Party   EscrowParty
	Actor   string
}

func (e *EscrowApproved) ProjectID() ids.Project { return e.Project }
func (*EscrowApproved) WalletIDs() []ids.Wallet  { return nil }

func (e *EscrowApproved) evolve(s *State) error {
	return s.changeEscrow(e.Escrow, func(escrow *Escrow) { escrow.Approved = append(slices.Clone(escrow.Approved), e.Party) })
}

// EndEscrow releases or refunds a part of an escrow, or all that is left. A
// refund needs no approval. The fee of the escrow is not returned.
type EndEscrow struct {
	Project     ids.Project
	Escrow      ids.Escrow
	How         EscrowEnd
	Reference   ids.Reference
	Quantity    money.Quantity // not set: all that is left
	Description string
	Metadata    Metadata
}

func (c EndEscrow) ProjectID() ids.Project { return c.Project }

func (c EndEscrow) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := r.check(); rejection != nil {
		return nil, rejection
	}
	if rejection := checkPart(c.Quantity); rejection != nil {
		return nil, rejection
	}
	if c.How != ReleaseAtDeadline && c.How != RefundAtDeadline {
		return nil, reject(BadRequest, "an escrow ends by %s or %s", ReleaseAtDeadline, RefundAtDeadline)
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	escrow, rejection := s.escrowOf(c.Project, c.Escrow)
	if rejection != nil {
		return nil, rejection
	}
	if c.How == ReleaseAtDeadline && escrow.Approval && len(escrow.Approved) < 2 {
		return nil, reject(ApprovalMissing, "Escrow %s is released only when both sides have approved", c.Escrow).
			with("escrow_id", string(c.Escrow)).
			with("sender_approved", truth(slices.Contains(escrow.Approved, EscrowSender))).
			with("recipient_approved", truth(slices.Contains(escrow.Approved, EscrowRecipient)))
	}
	amount, rejection := part(c.Quantity, escrow.Remaining, "escrow")
	if rejection != nil {
		return nil, rejection
	}
	events, _ := endEscrow(s, project, escrow, c.How, amount, &r, at, false)
	return events, nil
}

// MeetDeadline ends an escrow at its deadline as was agreed, approved or not.
// Time gives this command.
type MeetDeadline struct {
	Project ids.Project
	Escrow  ids.Escrow
}

func (c MeetDeadline) ProjectID() ids.Project { return c.Project }

func (c MeetDeadline) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	escrow, rejection := s.escrowOf(c.Project, c.Escrow)
	project, ok := s.Project(c.Project)
	if rejection != nil || !ok || escrow.Deadline.IsZero() || at.Time.Before(escrow.Deadline) || s.blocked(escrow) {
		return nil, nil
	}
	r := record{reference: ids.OwnReference(string(c.Escrow), at)}
	events, failure := endEscrow(s, project, escrow, escrow.AtDeadline, escrow.Remaining, &r, at, true)
	if failure != nil {
		return nil, nil // a balance would be out of range: the escrow stays open, and a command can end it
	}
	return events, nil
}

func endEscrow(s *State, project *Project, e *Escrow, how EscrowEnd, amount money.Amount, r *record, at ids.Place, deadline bool) ([]Event, *Rejection) {
	origin, to := Origin{ReleaseOrigin, string(e.ID)}, e.Recipient
	_, kept := takeFirst(e.Lots, amount)
	var give []LotPart
	if how == RefundAtDeadline {
		origin.Kind, to = RefundOrigin, e.Sender
		give, kept = takeLast(e.Lots, e.Remaining, amount)
	}
	p := newPosting(s, project, at, origin)
	from := p.system(EscrowWallet, p.account(to).wallet.Asset)
	r.operations = []PostedOperation{{Type: Transfer, Sender: from.wallet.ID, Recipient: to, Amount: amount, Fee: amount.Sub(amount)}}
	m := p.movement(0, &r.operations[0])
	m.give, p.policy.in = give, p.policy.in && !deadline
	if rejection := p.move(m); rejection != nil {
		return p.end(r, rejection.at(0)), rejection
	}
	events := p.end(r, nil)
	remaining := e.Remaining.Sub(amount)
	if how == RefundAtDeadline {
		return append(events, &EscrowRefunded{
			Project: e.Project, Escrow: e.ID, Transaction: p.id(), Amount: amount, Kept: kept, Remaining: remaining, AtDeadline: deadline,
		}), nil
	}
	return append(events, &EscrowReleased{
		Project: e.Project, Escrow: e.ID, Transaction: p.id(), Amount: amount, Kept: kept, Remaining: remaining, AtDeadline: deadline,
	}), nil
}

// EscrowReleased follows the transaction that paid the recipient.
type EscrowReleased struct {
	Asked
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Amount      money.Amount
	Kept        []LotPart    // expiring credit that is still there for a refund
	Remaining   money.Amount // zero: the escrow has ended
	AtDeadline  bool         // time did it
}

func (e *EscrowReleased) ProjectID() ids.Project { return e.Project }
func (*EscrowReleased) WalletIDs() []ids.Wallet  { return nil }

func (e *EscrowReleased) evolve(s *State) error {
	return s.takeFromEscrow(e.Escrow, e.Kept, e.Remaining, endedReleased)
}

// EscrowRefunded follows the transaction that paid the sender back.
type EscrowRefunded struct {
	Asked
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Amount      money.Amount
	Kept        []LotPart    // expiring credit that is still there for a refund
	Remaining   money.Amount // zero: the escrow has ended
	AtDeadline  bool         // time did it
}

func (e *EscrowRefunded) ProjectID() ids.Project { return e.Project }
func (*EscrowRefunded) WalletIDs() []ids.Wallet  { return nil }

func (e *EscrowRefunded) evolve(s *State) error {
	return s.takeFromEscrow(e.Escrow, e.Kept, e.Remaining, endedRefunded)
}

func (s *State) takeFromEscrow(id ids.Escrow, kept []LotPart, remaining money.Amount, how ending) error {
	escrow, ok := s.escrows.get(id)
	at, known := id.Location()
	if !ok || escrow == nil || !known {
		return fmt.Errorf("domain: a change of escrow %s, which is not open", id)
	}
	if !remaining.IsZero() {
		return s.changeEscrow(id, func(e *Escrow) { e.Remaining, e.Lots = remaining, kept })
	}
	drop(&s.escrows, id)
	s.ends.put(at.Bits(), ended{escrow.Project, how})
	s.cancelEscrow(escrow)
	for _, wallet := range [...]ids.Wallet{escrow.Sender, escrow.Recipient} {
		err := s.changeWallet(wallet, func(w *Wallet) {
			w.change(func(d *activity) { d.escrows-- })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// blocked tells whether an escrow cannot end at its deadline because the wallet
// that receives the money is disabled. It ends once the wallet no longer is.
func (s *State) blocked(e *Escrow) bool { return s.stuck(e.beneficiary()) }

// stuck tells whether nothing can move to a wallet.
func (s *State) stuck(id ids.Wallet) bool {
	wallet, ok := s.Wallet(id)
	return !ok || wallet.Status == Disabled || wallet.Status == Closed
}

// beneficiary returns the wallet that receives the money at the deadline.
func (e *Escrow) beneficiary() ids.Wallet {
	if e.AtDeadline == RefundAtDeadline {
		return e.Sender
	}
	return e.Recipient
}

// appointment returns the appointment of the deadline; false if there is none.
func (e *Escrow) appointment() (appointment, bool) {
	to, known := e.beneficiary().Location()
	of, ok := e.ID.Location()
	return appointment{at: e.Deadline.UnixMicro(), of: of.Bits(), with: to.Bits(), kind: escrowEnds}, known && ok && !e.Deadline.IsZero()
}

// appointEscrow plans the deadline of an escrow that has one.
func (s *State) appointEscrow(e *Escrow) {
	if a, ok := e.appointment(); ok {
		s.replan(e.Project, func(base *State, p *plan) {
			base.regroup(p, a.with, func() { p.escrows.Set(a) })
		})
	}
}

func (s *State) cancelEscrow(e *Escrow) {
	if a, ok := e.appointment(); ok {
		s.replan(e.Project, func(base *State, p *plan) {
			base.agenda.taken.Delete(a)
			base.regroup(p, a.with, func() { p.escrows.Delete(a) })
		})
	}
}

// reappointEscrows plans the escrows that pay a wallet, after the status of the
// wallet changed: none while the wallet is disabled, and otherwise also those
// that Due took off the agenda and that did not end.
func (s *State) reappointEscrows(w *Wallet) {
	of, ok := w.ID.Location()
	if !ok {
		return
	}
	wallet := of.Bits()
	s.replan(w.Project, func(base *State, p *plan) {
		base.regroup(p, wallet, func() {
			taken := base.agenda.taken
			for a, ok := firstOf(taken, wallet); ok; a, ok = firstOf(taken, wallet) {
				taken.Delete(a)
				p.escrows.Set(a)
			}
		})
	})
}
