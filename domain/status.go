package domain

import "tallystick/domain/ids"

// StatusChange is what is done to a wallet's status.
type StatusChange string

const (
	Freeze   StatusChange = "freeze"
	Unfreeze StatusChange = "unfreeze"
	Disable  StatusChange = "disable"
	Enable   StatusChange = "enable"
)

// transitions says where each change leads from each status. A status that leads
// to itself: nothing to do. One that is missing refuses the change. Enabling a
// disabled wallet leads to what it was before: see Wallet.enabled.
var transitions = map[StatusChange]map[WalletStatus]WalletStatus{
	Freeze:   {Active: Frozen, Frozen: Frozen},
	Unfreeze: {Frozen: Active, Active: Active},
	Disable:  {Active: Disabled, Frozen: Disabled, Disabled: Disabled},
	Enable:   {Disabled: Active, Active: Active, Frozen: Frozen},
}

// enabled is the status of a disabled wallet once it is enabled.
func (w *Wallet) enabled() WalletStatus {
	if w.frozen {
		return Frozen
	}
	return Active
}

// ChangeStatus freezes, unfreezes, disables or enables a wallet; repeating it
// does nothing. Enabling lifts no freeze: a wallet that was frozen when it was
// disabled is frozen again. While it is disabled it is neither frozen nor
// unfrozen: it has to be enabled first.
//
// Holds stay as they are meanwhile: they can be released and they expire, but
// not be captured while nothing goes out.
type ChangeStatus struct {
	Project ids.Project
	Wallet  ids.Wallet
	Change  StatusChange
	Actor   string // who asked, for the record
	Reason  string
}

func (c ChangeStatus) ProjectID() ids.Project { return c.Project }

func (c ChangeStatus) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkActor(c.Actor, c.Reason); rejection != nil {
		return nil, rejection
	}
	leads, ok := transitions[c.Change]
	if !ok {
		return nil, reject(BadRequest, "status change %q must be %s, %s, %s or %s", c.Change, Freeze, Unfreeze, Disable, Enable)
	}
	wallet, ok := s.Wallet(c.Wallet)
	if !ok || wallet.Project != c.Project {
		return nil, walletNotFound(c.Wallet)
	}
	if wallet.Role == EscrowWallet || wallet.Role == BreakageWallet {
		return nil, reject(BadRequest, "wallet %s is an account that the project's own bookkeeping needs: it stays active", wallet.ID)
	}
	next, ok := leads[wallet.Status]
	if !ok {
		return nil, statusRejection(wallet)
	}
	if wallet.Status == Disabled && c.Change == Enable {
		next = wallet.enabled()
	}
	if next == wallet.Status {
		return nil, nil
	}
	return []Event{&WalletStatusChanged{
		Project: c.Project, Wallet: c.Wallet, Status: next, Actor: c.Actor, Reason: c.Reason,
	}}, nil
}

// WalletStatusChanged says from now on what may move.
type WalletStatusChanged struct {
	Project ids.Project
	Wallet  ids.Wallet
	Status  WalletStatus
	Actor   string
	Reason  string
}

func (e *WalletStatusChanged) ProjectID() ids.Project  { return e.Project }
func (e *WalletStatusChanged) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// evolve: a wallet that was closed is no longer its customer's and is not
// settled, and one that was disabled lets the escrows end whose deadline it had
// stopped.
func (e *WalletStatusChanged) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.frozen = e.Status == Disabled && (w.frozen || w.Status == Frozen)
		w.Status = e.Status
		if e.Status == Closed {
			if customer, ok := edit(&s.customers, customerKey{w.Project, w.Customer}); ok {
				s.disown(customer, w)
			}
			s.resettle(w, w.Terms.Settlement, Settlement{})
		}
		if w.dealings != nil && w.dealings.escrows > 0 {
			s.reappointEscrows(w)
		}
	})
}

// checkStatus: of the ends (nil for none) closed before disabled; and none of
// those that pay frozen. Each in the order given: sender, recipient, fees.
func checkStatus(ends []*account, payers ...*account) *Rejection {
	for _, end := range ends {
		if end != nil && end.wallet.Status == Closed {
			return statusRejection(end.wallet)
		}
	}
	for _, end := range ends {
		if end != nil && end.wallet.Status == Disabled {
			return statusRejection(end.wallet)
		}
	}
	for _, payer := range payers {
		if payer.wallet.Status == Frozen {
			return statusRejection(payer.wallet)
		}
	}
	return nil
}

// statusRejection says that a wallet's status stands in the way.
func statusRejection(w *Wallet) *Rejection {
	code := map[WalletStatus]Code{Closed: WalletIsClosed, Disabled: WalletIsDisabled, Frozen: WalletIsFrozen}[w.Status]
	return reject(code, "Wallet %s is %s", w.ID, w.Status).with("wallet_id", string(w.ID))
}
