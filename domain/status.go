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

// transitions gives the next status for each change and status. If the next
// status is the same, there is nothing to do. If there is none, the change is
// refused. Enabling a disabled wallet leads to the status before: see
// Wallet.enabled.
var transitions = map[StatusChange]map[WalletStatus]WalletStatus{
	Freeze:   {Active: Frozen, Frozen: Frozen},
	Unfreeze: {Frozen: Active, Active: Active},
	Disable:  {Active: Disabled, Frozen: Disabled, Disabled: Disabled},
	Enable:   {Disabled: Active, Active: Active, Frozen: Frozen},
}

// enabled returns the status of a disabled wallet after it is enabled.
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

// WalletStatusChanged sets the status of a wallet.
type WalletStatusChanged struct {
	Asked
	Project ids.Project
	Wallet  ids.Wallet
	Status  WalletStatus
	Actor   string
	Reason  string
}

func (e *WalletStatusChanged) ProjectID() ids.Project  { return e.Project }
func (e *WalletStatusChanged) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// evolve removes a closed wallet from its customer and from settlement. When a
// wallet is no longer disabled, the escrows that it stopped can end.
func (e *WalletStatusChanged) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.frozen = e.Status == Disabled && (w.frozen || w.Status == Frozen)
		w.Status, w.UpdatedBy = e.Status, e.By
		if e.Status == Closed {
			if customer, ok := edit(&s.customers, customerKey{w.Project, w.Customer}); ok {
				s.disown(customer, w)
			}
			s.resettle(w, w.Terms.Settlement, Settlement{})
		}
		if w.activity != nil && w.activity.escrows > 0 {
			s.reappointEscrows(w)
		}
	})
}

// checkStatus refuses a closed account, then a disabled one, then a frozen
// payer; each in the order given. An account can be nil.
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

// statusRejection returns the rejection for a wallet whose status does not
// allow a movement.
func statusRejection(w *Wallet) *Rejection {
	code := map[WalletStatus]Code{Closed: WalletIsClosed, Disabled: WalletIsDisabled, Frozen: WalletIsFrozen}[w.Status]
	return reject(code, "Wallet %s is %s", w.ID, w.Status).with("wallet_id", string(w.ID))
}
