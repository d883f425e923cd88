package domain

import (
	"fmt"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// LotPart is expiring credit or a part of it: what is left in a wallet, what an
// entry took or returned, what a hold reserves. A lot is named by its wallet
// and the version of the entry that granted it.
type LotPart struct {
	Lot       uint64 // version of the entry that granted it
	Amount    money.Amount
	Original  money.Amount // of the whole lot when it was granted
	ExpiresAt time.Time
}

// Lot is expiring credit that a wallet has. Amount is what is left of it.
type Lot struct {
	LotPart
	Noticed bool // its end was announced
}

// MaxLots is how many parts of lots the entries of one transaction take at most,
// and how many a hold reserves. A wallet can have any number of lots, and a fact
// lists each part that is taken.
const MaxLots = 2000

func tooManyLots(w *Wallet) *Rejection {
	return reject(BadRequest, "what wallet %s pays is of more than %d lots of expiring credit: take less at once", w.ID, MaxLots).
		with("wallet_id", string(w.ID))
}

// expired tells whether the lot can no longer be spent at a moment. The instant
// of the expiry counts as expired.
func (l *LotPart) expired(now time.Time) bool { return !now.Before(l.ExpiresAt) }

// sumLots returns the sum of parts of one asset.
func sumLots(parts []LotPart, asset money.Asset) money.Amount {
	sum := asset.Zero()
	for i := range parts {
		sum = sum.Add(parts[i].Amount)
	}
	return sum
}

// takeFirst takes an amount from parts, earliest expiry first. If the parts
// hold less, the rest of the amount is of no lot.
func takeFirst(parts []LotPart, amount money.Amount) (taken, left []LotPart) {
	for i, part := range parts {
		if amount.IsZero() {
			return taken, append(left, parts[i:]...)
		}
		piece := part
		if piece.Amount.Cmp(amount) > 0 {
			piece.Amount = amount
			rest := part
			rest.Amount = part.Amount.Sub(amount)
			left = append(left, rest)
		}
		taken = append(taken, piece)
		amount = amount.Sub(piece.Amount)
	}
	return taken, left
}

// takeLast takes an amount back from a total that was spent. Of the total, the
// parts were spent first and money of no lot last. It comes back in the reverse
// order.
func takeLast(parts []LotPart, total, amount money.Amount) (taken, left []LotPart) {
	if len(parts) == 0 {
		return nil, nil
	}
	keep := total.Sub(total) // of the parts
	for i := range parts {
		keep = keep.Add(parts[i].Amount)
	}
	if plain := total.Sub(keep); amount.Cmp(plain) > 0 {
		keep = keep.Sub(amount.Sub(plain))
	}
	left, taken = takeFirst(parts, keep)
	return taken, left
}

// capped returns as much of parts as fits into room, earliest expiry first.
func capped(parts []LotPart, room money.Amount) []LotPart {
	if len(parts) == 0 || room.Sign() <= 0 {
		return nil
	}
	kept, _ := takeFirst(parts, room)
	return kept
}

// ExpireCredit removes what is left of a lot. Time gives this command.
type ExpireCredit struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Lot       uint64
	ExpiresAt time.Time
}

func (c ExpireCredit) ProjectID() ids.Project { return c.Project }

// lotOf finds a lot of a wallet.
func (s *State) lotOf(wallet ids.Wallet, id uint64, expires time.Time) (*Wallet, Lot, bool) {
	w, ok := s.Wallet(wallet)
	if !ok {
		return nil, Lot{}, false
	}
	lot, ok := w.lots().get(lotKey{expires, id})
	return w, lot, ok
}

// The credit moves to the project's breakage account whatever the wallet's
// status: the expiry was agreed before.
func (c ExpireCredit) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	wallet, lot, ok := s.lotOf(c.Wallet, c.Lot, c.ExpiresAt)
	project, known := s.Project(c.Project)
	if !ok || !known || wallet.Project != c.Project || !lot.expired(at.Time) {
		return nil, nil
	}
	id := ids.Lot(c.Wallet, c.Lot)
	p := newPosting(s, project, at, Origin{ExpiryOrigin, id})
	posted := []PostedOperation{{Type: Transfer, Sender: c.Wallet, Amount: lot.Amount, Fee: wallet.Asset.Zero()}}
	breakage := p.system(BreakageWallet, wallet.Asset)
	posted[0].Recipient = breakage.wallet.ID
	rejection := p.move(&movement{
		from: p.account(c.Wallet), to: breakage, amount: lot.Amount, entries: transferEntries,
		fee: wallet.Asset.Zero(), take: []LotPart{lot.LotPart},
	})
	if rejection != nil {
		return nil, nil // out of range: it stays, and cannot be spent
	}
	return p.end(&record{reference: ids.OwnReference(id, at), operations: posted}, nil), nil
}

// AnnounceExpiry reports that a lot will expire. Time gives this command.
type AnnounceExpiry struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Lot       uint64
	ExpiresAt time.Time
}

func (c AnnounceExpiry) ProjectID() ids.Project { return c.Project }

func (c AnnounceExpiry) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	wallet, lot, ok := s.lotOf(c.Wallet, c.Lot, c.ExpiresAt)
	if !ok || lot.Noticed || wallet.Project != c.Project {
		return nil, nil
	}
	return []Event{&CreditExpiring{Project: c.Project, Wallet: c.Wallet, Lot: lot.LotPart}}, nil
}

// CreditExpiring reports ahead that a lot will expire.
type CreditExpiring struct {
	Asked
	Project ids.Project
	Wallet  ids.Wallet
	Lot     LotPart // Amount is what is left of it
}

func (e *CreditExpiring) ProjectID() ids.Project  { return e.Project }
func (e *CreditExpiring) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *CreditExpiring) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.change(func(d *activity) { d.lots = d.lots.announced(e.Lot.key()) })
		s.appointLots(w, []LotPart{e.Lot})
	})
}

// changeLots takes the parts of an entry out of a wallet's lots, or adds them.
func (s *State) changeLots(wallet *Wallet, entry *Entry) error {
	if entry.Amount.Sign() < 0 {
		left, ok := wallet.lots().without(entry.Lots)
		if !ok {
			return fmt.Errorf("domain: entry %d of wallet %s takes lots that are not there", entry.Version, wallet.ID)
		}
		wallet.change(func(d *activity) { d.lots = left })
		s.cancelLots(wallet, entry.Lots)
		return nil
	}
	wallet.change(func(d *activity) { d.lots = d.lots.with(entry.Lots) })
	s.appointLots(wallet, entry.Lots)
	return nil
}

// appointLots plans the expiry of the lots that parts were added to. The wallet
// already has them.
func (s *State) appointLots(w *Wallet, parts []LotPart) {
	s.replanLots(w, parts, true, (*plan).set)
}

// cancelLots cancels the expiry of the lots of which nothing is left, after
// parts were taken.
func (s *State) cancelLots(w *Wallet, parts []LotPart) {
	s.replanLots(w, parts, false, (*plan).cancel)
}

// replanLots changes the appointments of those lots of parts that a wallet has,
// or that it has not.
func (s *State) replanLots(w *Wallet, parts []LotPart, has bool, change func(*plan, appointment)) {
	var all []appointment
	of, _ := w.ID.Location()
	for i := range parts {
		lot, ok := w.lots().get(parts[i].key())
		if ok != has {
			continue
		}
		a := parts[i].appointment(of)
		if ok && !lot.Noticed {
			a.kind = creditIsUnannounced
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		return
	}
	s.replan(w.Project, func(_ *State, p *plan) {
		for _, a := range all {
			change(p, a)
		}
	})
}

// appointment returns the appointment of a lot that was announced.
func (l *LotPart) appointment(wallet ids.Location) appointment {
	return appointment{at: l.ExpiresAt.UnixMicro(), of: wallet.Bits(), with: l.Lot, kind: creditExpires}
}
