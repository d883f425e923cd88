package domain

import (
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

// PlaceHold reserves, once for its reference. References of holds are apart
// from those of transactions. A hold that is refused leaves nothing behind.
type PlaceHold struct {
	Project     ids.Project
	Wallet      ids.Wallet
	Reference   ids.Reference
	Quantity    money.Quantity
	ExpiresAt   time.Time // zero: never
	Description string
	Metadata    Metadata
}

// CaptureHold spends a part of a hold, or all of it: to a wallet, or out.
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

// ReleaseHold frees a part of a hold, or all of it. Releasing a hold that was
// released or has expired does nothing.
type ReleaseHold struct {
	Project  ids.Project
	Hold     ids.Hold
	Quantity money.Quantity // not set: all that is left
}

// ExpireHold ends a hold whose time is over. Time gives this command.
type ExpireHold struct {
	Project ids.Project
	Hold    ids.Hold
}

// ended says of which project a hold or escrow was that the state no longer
// holds, and how it ended.
type ended struct {
	project ids.Project
	how     ending
}

type ending uint8

const (
	endedCaptured ending = iota
	endedReleased
	endedExpired
	endedRefunded
)

func (e ending) String() string {
	return [...]string{endedCaptured: "captured", endedReleased: "released", endedExpired: "expired", endedRefunded: "refunded"}[e]
}

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

// holdOf answers a hold that is active, or why there is none.
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

func (s *State) endOf(at ids.Location, ok bool) (ended, bool) {
	if !ok {
		return ended{}, false
	}
	return s.ends.get(at.Bits())
}

// checkPart refuses a part of nothing.
func checkPart(q money.Quantity) *Rejection {
	if q.Set() && !q.Positive() {
		return reject(BadRequest, "amount must be more than zero")
	}
	return nil
}

// part is a part of something that is left, or all of it where none is given.
func part(q money.Quantity, remaining money.Amount, of string) (money.Amount, *Rejection) {
	if !q.Set() {
		return remaining, nil
	}
	amount, rejection := fit(q, money.Asset{Code: remaining.Asset(), Scale: remaining.Scale()})
	if rejection == nil && amount.Cmp(remaining) > 0 {
		rejection = reject(AmountTooLarge, "The amount is %s, and %s %s is left of the %s", amount, remaining, remaining.Asset(), of).
			with("amount", amount.String()).with("remaining", remaining.String())
	}
	return amount, rejection
}

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

// capture spends what a hold had reserved: its lots, also those that would have
// expired meanwhile, and no others. It ends the hold, or leaves some of it.
func (p *posting) capture(o *PostedOperation, lots []LotPart, ends bool) *Rejection {
	if o.Sender == o.Recipient {
		return reject(SameWallet, "sender and recipient are the same wallet").with("wallet_id", string(o.Sender)).at(0)
	}
	m := p.movement(0, o)
	m.reserved, m.take, m.limits.further = true, append([]LotPart{}, lots...), !ends
	if rejection := p.move(m); rejection != nil {
		return rejection.at(0)
	}
	return nil
}

// release is the fact of a part that goes back to its wallet, which has that
// balance then.
func (h *Hold) release(a *account, balance, amount money.Amount, expired bool) *HoldReleased {
	lots, kept := takeLast(h.Lots, h.Remaining, amount)
	own := a.own()
	own.held = own.held.Sub(amount)
	return &HoldReleased{
		Project: h.Project, Hold: h.ID, Wallet: h.Wallet, Amount: amount, Lots: capped(lots, room(balance, own)), Kept: kept,
		Remaining: h.Remaining.Sub(amount), Expired: expired,
	}
}

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
