package domain

import (
	"fmt"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Hold reserves money of a wallet: it stays in the balance and is no longer
// available until it is captured, released, or expires.
type Hold struct {
	ID        ids.Hold
	Project   ids.Project
	Wallet    ids.Wallet
	Remaining money.Amount
	Lots      []LotPart // expiring credit that it reserves: it does not expire meanwhile
	ExpiresAt time.Time // zero: never
}

// holdOf returns an active hold of a project, or a rejection that says why
// there is none.
func (s *State) holdOf(project ids.Project, id ids.Hold) (*Hold, *Rejection) {
	if hold, ok := s.holds.get(id); ok && hold != nil && hold.Project == project {
		return hold, nil
	}
	if end, ok := s.endOf(id.Location()); ok && end.project == project {
		return nil, holdEnded(id, end.how)
	}
	return nil, reject(NotFound, "Hold not found")
}

func holdEnded(id ids.Hold, how ending) *Rejection {
	return reject(HoldEnded, "Hold %s is %s", id, how).with("hold_id", string(id)).with("status", how.String())
}

// PlaceHold reserves money, once for its reference. Holds and transactions have
// separate references. A hold that is refused leaves nothing behind.
type PlaceHold struct {
	Project     ids.Project
	Wallet      ids.Wallet
	Reference   ids.Reference
	Quantity    money.Quantity
	ExpiresAt   time.Time // zero: never
	Description string
	Metadata    Metadata
}

func (c PlaceHold) ProjectID() ids.Project { return c.Project }

func (c PlaceHold) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := r.check(); rejection != nil {
		return nil, rejection
	}
	if !c.Quantity.Positive() {
		return nil, reject(BadRequest, "amount must be more than zero")
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if bits, used := s.references.get(c.Reference.HoldKey(c.Project)); used {
		return nil, reject(DuplicateReference, "a hold with this reference exists").with("hold_id", string(ids.LocationOf(bits).Hold()))
	}
	if rejection := s.checkNamed(project, c.Wallet); rejection != nil {
		return nil, rejection
	}
	wallet, _ := s.Wallet(c.Wallet)
	amount, rejection := fit(c.Quantity, wallet.Asset)
	if rejection != nil {
		return nil, rejection
	}
	if rejection := checkFuture("expires_at", c.ExpiresAt, at.Time); rejection != nil {
		return nil, rejection
	}
	p := newPosting(s, project, at, Origin{})
	a := p.account(c.Wallet)
	if wallet.Status != Active {
		return nil, statusRejection(wallet)
	}
	if project.limited(wallet) {
		if rejection := p.checkOutgoing(a, project.LimitsOf(wallet), amount); rejection != nil {
			return nil, rejection
		}
	}
	if available := a.available(at.Time); available.Cmp(amount) < 0 {
		return nil, insufficient(wallet, amount, wallet.Asset.Zero(), available)
	}
	placed := &HoldPlaced{
		Project: c.Project, Hold: at.Hold(), Wallet: c.Wallet, Reference: c.Reference, Amount: amount,
		ExpiresAt: moment(c.ExpiresAt), Description: c.Description, Metadata: c.Metadata,
	}
	if placed.Lots = wallet.lots().first(amount, at.Time); len(placed.Lots) > MaxLots {
		return nil, tooManyLots(wallet)
	}
	return []Event{placed}, nil
}

// HoldPlaced reserves money: it stays in the balance and is no longer
// available.
type HoldPlaced struct {
	Asked
	Project     ids.Project
	Hold        ids.Hold
	Wallet      ids.Wallet
	Reference   ids.Reference
	Amount      money.Amount
	Lots        []LotPart // expiring credit that is reserved with it
	ExpiresAt   time.Time // zero: never
	Description string
	Metadata    Metadata
}

func (e *HoldPlaced) ProjectID() ids.Project  { return e.Project }
func (e *HoldPlaced) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *HoldPlaced) evolve(s *State) error {
	at, ok := e.Hold.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a hold", e.Hold)
	}
	wallet, ok := s.Wallet(e.Wallet)
	if !ok {
		return fmt.Errorf("domain: hold %s of wallet %s, which was never created", e.Hold, e.Wallet)
	}
	lots, ok := wallet.lots().without(e.Lots)
	if !ok {
		return fmt.Errorf("domain: hold %s takes lots that are not there", e.Hold)
	}
	s.holds.put(e.Hold, &Hold{ID: e.Hold, Project: e.Project, Wallet: e.Wallet, Remaining: e.Amount, Lots: e.Lots, ExpiresAt: e.ExpiresAt})
	s.references.put(e.Reference.HoldKey(e.Project), at.Bits())
	s.appoint(e.Project, e.ExpiresAt, holdExpires, at)
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.change(func(d *activity) { d.held, d.holds, d.lots = d.held.Add(e.Amount), d.holds+1, lots })
		s.cancelLots(w, e.Lots)
	})
}

// CaptureHold spends a hold or a part of it: to a wallet, or out of the ledger.
type CaptureHold struct {
	Project     ids.Project
	Hold        ids.Hold
	Recipient   ids.Wallet // "": out, as a redeem
	Reference   ids.Reference
	Quantity    money.Quantity // not set: all that is left
	ReleaseRest bool           // and end the hold
	Description string
	Metadata    Metadata
}

func (c CaptureHold) ProjectID() ids.Project { return c.Project }

func (c CaptureHold) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := first(r.check(), checkPart(c.Quantity)); rejection != nil {
		return nil, rejection
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	if c.Recipient != "" {
		if rejection := s.checkNamed(project, c.Recipient); rejection != nil {
			return nil, rejection
		}
	}
	hold, rejection := s.holdOf(c.Project, c.Hold)
	if rejection == nil && !hold.ExpiresAt.IsZero() && !at.Time.Before(hold.ExpiresAt) {
		rejection = holdEnded(c.Hold, endedExpired) // time has not come to it yet
	}
	if rejection != nil {
		return nil, rejection
	}
	amount, rejection := part(c.Quantity, hold.Remaining, "hold")
	if rejection != nil {
		return nil, rejection
	}
	p := newPosting(s, project, at, Origin{CaptureOrigin, string(c.Hold)})
	lots, kept := takeFirst(hold.Lots, amount)
	left := Hold{ID: hold.ID, Project: hold.Project, Wallet: hold.Wallet, Remaining: hold.Remaining.Sub(amount), Lots: kept}
	a := p.account(hold.Wallet)
	a.own().held = a.own().held.Sub(amount)
	promised := []Event{&HoldCaptured{
		Project: c.Project, Hold: c.Hold, Wallet: hold.Wallet, Amount: amount, Lots: lots, Kept: kept, Remaining: left.Remaining,
	}}
	if c.ReleaseRest && !left.Remaining.IsZero() { // first, since it may pay the fee
		released := left.release(a, a.balance.Sub(amount), left.Remaining, false)
		a.own().lots = a.own().lots.with(released.Lots)
		promised = append(promised, released)
	}
	r.operations = []PostedOperation{{Type: Transfer, Sender: hold.Wallet, Recipient: c.Recipient, Amount: amount, Fee: amount.Sub(amount)}}
	if c.Recipient == "" {
		r.operations[0].Type = Redeem
	}
	ends := left.Remaining.IsZero() || c.ReleaseRest
	if rejection := p.capture(&r.operations[0], lots, ends); rejection != nil {
		return p.end(&r, rejection), nil
	}
	p.before = append(p.before, promised...)
	promised[0].(*HoldCaptured).Transaction = p.id()
	return p.end(&r, nil), nil
}

// capture spends what a hold reserved. It takes the lots of the hold and no
// others, also those that would have expired meanwhile. A capture that does not
// end the hold is bound by the counts of the sender's limits.
func (p *posting) capture(o *PostedOperation, lots []LotPart, ends bool) *Rejection {
	if o.Sender == o.Recipient {
		return reject(SameWallet, "sender and recipient are the same wallet").with("wallet_id", string(o.Sender)).at(0)
	}
	m := p.movement(0, o)
	m.kind, m.take, p.policy.further = capturing, append([]LotPart{}, lots...), !ends
	if rejection := p.move(m); rejection != nil {
		return rejection.at(0)
	}
	return nil
}

// HoldCaptured takes an amount out of a hold. The transaction that follows in
// the same commit spends it.
type HoldCaptured struct {
	Asked
	Project     ids.Project
	Hold        ids.Hold
	Wallet      ids.Wallet
	Transaction ids.Transaction
	Amount      money.Amount
	Lots        []LotPart    // of it
	Kept        []LotPart    // that the hold still has
	Remaining   money.Amount // zero: the hold has ended
}

func (e *HoldCaptured) ProjectID() ids.Project  { return e.Project }
func (e *HoldCaptured) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *HoldCaptured) evolve(s *State) error {
	return s.takeFromHold(e.Hold, e.Amount, e.Lots, e.Kept, e.Remaining, endedCaptured)
}

// ReleaseHold returns a hold, or a part of it, to its wallet. If the hold was
// released or has expired, nothing happens.
type ReleaseHold struct {
	Project  ids.Project
	Hold     ids.Hold
	Quantity money.Quantity // not set: all that is left
}

func (c ReleaseHold) ProjectID() ids.Project { return c.Project }

func (c ReleaseHold) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := checkPart(c.Quantity); rejection != nil {
		return nil, rejection
	}
	if end, ok := s.endOf(c.Hold.Location()); ok && end.project == c.Project && (end.how == endedReleased || end.how == endedExpired) {
		return nil, nil
	}
	hold, rejection := s.holdOf(c.Project, c.Hold)
	if rejection != nil {
		return nil, rejection
	}
	amount, rejection := part(c.Quantity, hold.Remaining, "hold")
	if rejection != nil {
		return nil, rejection
	}
	project, _ := s.Project(c.Project)
	p := newPosting(s, project, at, Origin{})
	a := p.account(hold.Wallet)
	return []Event{hold.release(a, a.balance, amount, false)}, nil
}

// release returns the fact that an amount of the hold goes back to its wallet,
// which then has that balance.
func (h *Hold) release(a *account, balance, amount money.Amount, expired bool) *HoldReleased {
	lots, kept := takeLast(h.Lots, h.Remaining, amount)
	own := a.own()
	own.held = own.held.Sub(amount)
	return &HoldReleased{
		Project: h.Project, Hold: h.ID, Wallet: h.Wallet, Amount: amount, Lots: capped(lots, room(balance, own)), Kept: kept,
		Remaining: h.Remaining.Sub(amount), Expired: expired,
	}
}

// ExpireHold ends a hold whose time is over. Time gives this command.
type ExpireHold struct {
	Project ids.Project
	Hold    ids.Hold
}

func (c ExpireHold) ProjectID() ids.Project { return c.Project }

func (c ExpireHold) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	hold, rejection := s.holdOf(c.Project, c.Hold)
	if rejection != nil || hold.ExpiresAt.IsZero() || at.Time.Before(hold.ExpiresAt) {
		return nil, nil
	}
	project, _ := s.Project(c.Project)
	p := newPosting(s, project, at, Origin{})
	a := p.account(hold.Wallet)
	return []Event{hold.release(a, a.balance, hold.Remaining, true)}, nil
}

// HoldReleased returns a part of a hold to its wallet, or all that is left.
type HoldReleased struct {
	Asked
	Project   ids.Project
	Hold      ids.Hold
	Wallet    ids.Wallet
	Amount    money.Amount
	Lots      []LotPart    // that are back in the wallet
	Kept      []LotPart    // that the hold still has
	Remaining money.Amount // zero: the hold has ended
	Expired   bool         // time did it
}

func (e *HoldReleased) ProjectID() ids.Project  { return e.Project }
func (e *HoldReleased) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *HoldReleased) evolve(s *State) error {
	how := endedReleased
	if e.Expired {
		how = endedExpired
	}
	return s.takeFromHold(e.Hold, e.Amount, e.Lots, e.Kept, e.Remaining, how)
}

// takeFromHold takes an amount out of a hold and puts lots back into its
// wallet.
func (s *State) takeFromHold(id ids.Hold, amount money.Amount, lots, kept []LotPart, remaining money.Amount, how ending) error {
	hold, ok := edit(&s.holds, id)
	at, known := id.Location()
	if !ok || !known {
		return fmt.Errorf("domain: a change of hold %s, which is not active", id)
	}
	hold.Remaining, hold.Lots = remaining, kept
	if remaining.IsZero() {
		drop(&s.holds, id)
		s.ends.put(at.Bits(), ended{hold.Project, how})
		s.cancel(hold.Project, hold.ExpiresAt, holdExpires, at)
	}
	return s.changeWallet(hold.Wallet, func(w *Wallet) {
		w.change(func(d *activity) {
			d.held, d.lots = d.held.Sub(amount), d.lots.with(lots)
			if remaining.IsZero() {
				d.holds--
			}
		})
		s.appointLots(w, lots)
	})
}
