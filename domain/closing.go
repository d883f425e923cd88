package domain

import "tallystick/domain/ids"

// CloseWallet closes a wallet for ever. Repeating it does nothing. The wallet
// must be empty, without holds and open escrows; or the command moves its
// balance to another wallet, or redeems it, under Reference.
type CloseWallet struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Recipient ids.Wallet
	Redeem    bool
	Reference ids.Reference // required where Recipient or Redeem is given
	Actor     string
	Reason    string
}

func (c CloseWallet) ProjectID() ids.Project { return c.Project }

func (c CloseWallet) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	refund := c.Recipient != "" || c.Redeem
	r := record{reference: c.Reference, description: c.Reason}
	if rejection := checkActor(c.Actor, c.Reason); rejection != nil {
		return nil, rejection
	}
	if c.Recipient != "" && c.Redeem {
		return nil, reject(BadRequest, "the balance goes to a wallet, or is redeemed, not both")
	}
	if refund {
		if rejection := r.check(); rejection != nil {
			return nil, rejection
		}
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	wallet, rejection := s.walletOf(project, c.Wallet)
	switch {
	case rejection != nil:
		return nil, rejection
	case wallet.Status == Closed:
		return nil, nil
	case wallet.Role != CustomerWallet && wallet.Role != SystemWallet:
		return nil, reject(BadRequest, "wallet %s is an account that the project's own bookkeeping needs: it is never closed", wallet.ID)
	}
	closed := &WalletStatusChanged{Project: c.Project, Wallet: c.Wallet, Status: Closed, Actor: c.Actor, Reason: c.Reason}
	if !refund || wallet.Balance.IsZero() {
		if !wallet.empty() {
			return nil, notEmpty(wallet)
		}
		return []Event{closed}, nil
	}
	return decideClosing(s, project, wallet, &c, &r, at, closed)
}

// decideClosing moves what is left, and closes the wallet if that succeeds.
func decideClosing(s *State, project *Project, wallet *Wallet, c *CloseWallet, r *record, at ids.Place, closed Event) ([]Event, *Rejection) {
	if _, rejection := s.unused(project.ID, c.Reference); rejection != nil {
		return nil, rejection
	}
	if c.Recipient != "" {
		if rejection := s.checkNamed(project, c.Recipient); rejection != nil {
			return nil, rejection
		}
	}
	amount, _ := wallet.Available(at.Time)
	if amount.Cmp(wallet.Balance.Add(wallet.creditLimit())) != 0 || wallet.Balance.Sign() < 0 || !wallet.unencumbered() {
		return nil, notEmpty(wallet)
	}
	if wallet.Status == Disabled {
		return nil, statusRejection(wallet)
	}
	operation := PostedOperation{Type: Transfer, Sender: wallet.ID, Recipient: c.Recipient, Amount: wallet.Balance, Fee: wallet.Asset.Zero()}
	if c.Redeem {
		operation.Type = Redeem
	}
	r.operations = []PostedOperation{operation}
	p := newPosting(s, project, at, Origin{ClosingOrigin, string(wallet.ID)})
	rejection := p.post(0, &r.operations[0])
	events := p.end(r, rejection)
	if rejection == nil {
		events = append(events, closed)
	}
	return events, nil
}

// unencumbered tells whether the wallet has no holds and no part in open
// escrows.
func (w *Wallet) unencumbered() bool {
	return w.activity == nil || w.activity.holds+w.activity.escrows == 0
}

func (w *Wallet) empty() bool { return w.Balance.IsZero() && w.unencumbered() }

func notEmpty(w *Wallet) *Rejection {
	holds, escrows := 0, 0
	if w.activity != nil {
		holds, escrows = w.activity.holds, w.activity.escrows
	}
	return reject(WalletNotEmpty, "Wallet %s is not empty: its balance is %s %s, %s of it held by %d holds, and it has a part in %d open escrows",
		w.ID, w.Balance, w.Asset.Code, w.Held(), holds, escrows).
		with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code)).with("balance", w.Balance.String()).
		with("held", w.Held().String()).with("holds", number(uint64(holds))).with("escrows", number(uint64(escrows)))
}
