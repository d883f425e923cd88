package domain

import (
	"fmt"
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Evolve applies a fact. It never refuses one that Decide made; an error means
// that the log is not a history of this ledger, and the reader must stop.
func (s *State) Evolve(event Event) error { return event.evolve(s) }

func (e *ProjectCreated) evolve(s *State) error {
	s.projects.put(e.Project, &Project{ID: e.Project, Settings: e.Settings})
	return nil
}

func (e *CredentialCreated) evolve(s *State) error {
	s.credentials.put(e.Key, &Credential{Key: e.Key, Project: e.Project, Name: e.Name, SecretHash: e.SecretHash})
	return s.changeProject(e.Project, func(p *Project) { p.credentials = p.credentials.with(e.Key, struct{}{}) })
}

func (e *CredentialRevoked) evolve(s *State) error {
	credential, ok := edit(&s.credentials, e.Key)
	if !ok {
		return fmt.Errorf("domain: credential %s revoked, but never created", e.Key)
	}
	credential.Revoked = true
	return nil
}

func (e *AssetDefined) evolve(s *State) error {
	return s.changeProject(e.Project, func(p *Project) { p.assets = p.assets.with(e.Asset.Code, e.Asset) })
}

func (e *WalletChanged) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		s.resettle(w, w.Terms.Settlement, e.Terms.Settlement)
		w.Name, w.Metadata, w.Terms = e.Name, e.Metadata, e.Terms.shared()
	})
}

func (e *TransactionFailed) evolve(s *State) error {
	s.endScheduled(e.Origin, e.Transaction, true)
	return s.remember(e.Project, e.Reference, e.Transaction)
}

func (e *SettlementDue) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		terms := *w.Terms
		terms.Settlement.Next = e.Next
		s.resettle(w, w.Terms.Settlement, terms.Settlement)
		w.Terms = &terms
		w.deal(func(d *dealings) { d.due = e.Amount })
	})
}

func (e *CreditExpiring) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.deal(func(d *dealings) { d.lots = d.lots.announced(e.Lot.key()) })
		s.appointLots(w, []LotPart{e.Lot})
	})
}

func (e *HoldCaptured) evolve(s *State) error {
	return s.takeFromHold(e.Hold, e.Amount, e.Lots, e.Kept, e.Remaining, endedCaptured)
}

func (e *HoldReleased) evolve(s *State) error {
	how := endedReleased
	if e.Expired {
		how = endedExpired
	}
	return s.takeFromHold(e.Hold, e.Amount, e.Lots, e.Kept, e.Remaining, how)
}

func (e *EscrowApproved) evolve(s *State) error {
	return s.changeEscrow(e.Escrow, func(escrow *Escrow) { escrow.Approved = append(slices.Clone(escrow.Approved), e.Party) })
}

func (e *EscrowReleased) evolve(s *State) error {
	return s.takeFromEscrow(e.Escrow, e.Kept, e.Remaining, endedReleased)
}

func (e *EscrowRefunded) evolve(s *State) error {
	return s.takeFromEscrow(e.Escrow, e.Kept, e.Remaining, endedRefunded)
}

func (e *MonitorSet) evolve(s *State) error {
	s.monitored++
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor { return append(all, e.Monitor) })
}

func (e *MonitorRemoved) evolve(s *State) error {
	s.monitored--
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor {
		return slices.DeleteFunc(all, func(m Monitor) bool { return m.ID == e.Monitor })
	})
}

func (e *MonitorTriggered) evolve(s *State) error {
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor {
		for i := range all {
			if all[i].ID == e.Monitor {
				all[i].Above = e.Above
			}
		}
		return all
	})
}

func (s *State) changeProject(id ids.Project, change func(*Project)) error {
	project, ok := edit(&s.projects, id)
	if !ok {
		return fmt.Errorf("domain: a change of project %s, which was never created", id)
	}
	change(project)
	return nil
}

func (e *CustomerUpserted) evolve(s *State) error {
	key := customerKey{e.Project, e.Customer}
	customer, known := edit(&s.customers, key)
	if !known {
		customer = &Customer{Project: e.Project, ID: e.Customer}
		s.customers.put(key, customer)
	}
	for _, old := range customer.identifiers() {
		drop(&s.identifiers, old)
	}
	customer.Profile = e.Profile
	for _, id := range customer.identifiers() {
		s.identifiers.put(id, e.Customer)
	}
	return nil
}

// wallet is the wallet as it begins.
func (e *WalletCreated) wallet() *Wallet {
	return &Wallet{
		ID: e.Wallet, Project: e.Project, Customer: e.Customer, Role: e.Role, Type: e.Type, Asset: e.Asset,
		Number: e.Number, Name: e.Name, Metadata: e.Metadata, Status: Active, Balance: e.Asset.Zero(), Terms: e.Terms.shared(),
	}
}

func (e *WalletCreated) evolve(s *State) error {
	at, ok := e.Wallet.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a wallet", e.Wallet)
	}
	s.wallets++
	s.numbered = append(s.numbered, at.Bits())
	wallet := e.wallet()
	s.walletTable.put(e.Wallet, wallet)
	s.resettle(wallet, Settlement{}, wallet.Terms.Settlement)
	switch e.Role {
	case CustomerWallet:
		customer, ok := edit(&s.customers, customerKey{e.Project, e.Customer})
		if !ok {
			return fmt.Errorf("domain: wallet %s of a customer who was never created", e.Wallet)
		}
		s.own(customer, wallet)
	case IssuanceWallet, FeeWallet, BreakageWallet, EscrowWallet, LiquidityWallet:
		return s.changeProject(e.Project, func(p *Project) {
			p.accounts = p.accounts.with(accountKey{e.Role, e.Asset.Code}, e.Wallet)
		})
	}
	return nil
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
		if wallet.dealings != nil && entry.Amount.Sign() > 0 && !wallet.dealings.due.IsZero() {
			wallet.deal(func(d *dealings) { d.due = less(d.due, entry.Amount) })
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

// less is an amount less another, and not below zero.
func less(m, n money.Amount) money.Amount {
	if m.Cmp(n) <= 0 {
		return m.Sub(m)
	}
	return m.Sub(n)
}

// changeLots takes from a wallet the lots that an entry took, or brings those
// that it brought.
func (s *State) changeLots(wallet *Wallet, entry *Entry) error {
	if entry.Amount.Sign() < 0 {
		left, ok := wallet.lots().without(entry.Lots)
		if !ok {
			return fmt.Errorf("domain: entry %d of wallet %s takes lots that are not there", entry.Version, wallet.ID)
		}
		wallet.deal(func(d *dealings) { d.lots = left })
		s.cancelLots(wallet, entry.Lots)
		return nil
	}
	wallet.deal(func(d *dealings) { d.lots = d.lots.with(entry.Lots) })
	s.appointLots(wallet, entry.Lots)
	return nil
}

// count counts what limits count by the day, by the rules of that moment.
func (e *TransactionCompleted) count(s *State) {
	project, ok := s.Project(e.Project)
	if !ok {
		return
	}
	for i := range e.Entries {
		entry := &e.Entries[i]
		if entry.Fee || entry.Amount.Sign() > 0 {
			continue
		}
		payer, ok := edit(&s.walletTable, entry.Wallet)
		if ok && project.limited(payer) && project.LimitsOf(payer).windows() {
			payer.deal(func(d *dealings) { d.usage = d.usage.on(e.Date, payer.Asset).plus(entry.Amount.Neg()) })
		}
	}
}

func (s *State) remember(project ids.Project, reference ids.Reference, id ids.Transaction) error {
	location, ok := id.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", id)
	}
	s.references.put(reference.Key(project), location.Bits())
	return nil
}
