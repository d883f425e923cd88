package webhooks

import (
	"fmt"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// announcement turns one fact to messages: a pure function of the fact, its
// place and its wallets, so that reading the log again makes the same ids and
// the same bytes.
type announcement struct {
	place   ids.Place
	project ids.Project
	wallets map[ids.Wallet]*wallet // as they were before the fact
	wanted  func(kind string) bool // events that nobody wants are not rendered
	made    []message
}

// announce makes the wanted messages of a fact. An error means that the log is
// not a history of this ledger.
func (a *announcement) announce(fact domain.Event) error {
	switch f := fact.(type) {
	case *domain.TransactionCompleted:
		return a.completed(f)
	case *domain.TransactionFailed:
		a.add(0, transactionFailed, func(w writer, cut int) { w.transactionFailed(f, a.place, cut) })
	case *domain.TransactionScheduled:
		a.add(0, transactionScheduled, func(w writer, cut int) { w.transactionScheduled(f, a.place, cut) })
	case *domain.TransactionCancelled:
		a.add(0, transactionCancelled, func(w writer, _ int) { w.transactionCancelled(f) })
	case *domain.TransactionReversed:
		a.add(0, transactionReversed, func(w writer, cut int) { w.transactionReversed(f, cut) })
	case *domain.EscrowCreated:
		a.add(0, escrowCreated, func(w writer, _ int) { w.escrowCreated(f) })
	case *domain.EscrowApproved:
		a.add(0, escrowApproved, func(w writer, _ int) { w.escrowApproved(f) })
	case *domain.EscrowReleased:
		a.escrowEnded(escrowReleased, &escrowPart{f.Escrow, f.Transaction, f.Amount, f.Remaining, f.AtDeadline})
	case *domain.EscrowRefunded:
		a.escrowEnded(escrowRefunded, &escrowPart{f.Escrow, f.Transaction, f.Amount, f.Remaining, f.AtDeadline})
	}
	return a.wallet(fact)
}

// wallet makes the messages of facts of one wallet.
func (a *announcement) wallet(fact domain.Event) error {
	switch f := fact.(type) {
	case *domain.WalletCreated:
		if !silent(f.Role) {
			a.add(0, walletCreated, func(w writer, cut int) { w.walletCreated(f, cut) })
		}
	case *domain.WalletChanged:
		return a.about(f.Wallet, walletUpdated, func(w writer, of *wallet, cut int) { w.walletUpdated(of, f, cut) })
	case *domain.WalletStatusChanged:
		return a.statusChanged(f)
	case *domain.SettlementDue:
		if f.Amount.Sign() > 0 {
			return a.about(f.Wallet, walletSettlementDue, func(w writer, of *wallet, _ int) { w.settlementDue(of, f) })
		}
	case *domain.CreditExpiring:
		return a.about(f.Wallet, walletCreditExpiring, func(w writer, of *wallet, _ int) { w.creditExpiring(of, f) })
	case *domain.MonitorTriggered:
		return a.about(f.Wallet, walletMonitorTriggered, func(w writer, of *wallet, _ int) { w.monitorTriggered(of, f) })
	case *domain.HoldPlaced:
		return a.about(f.Wallet, holdPlaced, func(w writer, of *wallet, cut int) { w.holdPlaced(of, f, cut) })
	case *domain.HoldCaptured:
		return a.about(f.Wallet, holdCaptured, func(w writer, of *wallet, _ int) { w.holdCaptured(of, f) })
	case *domain.HoldReleased:
		kind := holdReleased
		if f.Expired {
			kind = holdExpired
		}
		return a.about(f.Wallet, kind, func(w writer, of *wallet, _ int) { w.holdReleased(of, f) })
	}
	return nil
}

// statusChanged: what a wallet was before says what was done to it.
func (a *announcement) statusChanged(f *domain.WalletStatusChanged) error {
	of, err := a.of(f.Wallet)
	if err != nil {
		return err
	}
	kind := walletEnabled
	switch {
	case f.Status == domain.Disabled:
		kind = walletDisabled
	case f.Status == domain.Closed:
		kind = walletClosed
	case of.status == domain.Disabled: // enabled, and maybe frozen again
	case f.Status == domain.Frozen:
		kind = walletFrozen
	case of.status == domain.Frozen:
		kind = walletUnfrozen
	}
	return a.about(f.Wallet, kind, func(w writer, of *wallet, _ int) { w.statusChanged(of, f) })
}

// escrowEnded: time is told beside how the escrow ended.
func (a *announcement) escrowEnded(kind string, part *escrowPart) {
	a.add(0, kind, func(w writer, _ int) { w.escrowEnded(part, kind) })
	if part.atDeadline {
		a.add(1, escrowExpired, func(w writer, _ int) { w.escrowEnded(part, kind) })
	}
}

// completed numbers its messages by place: the transaction, then its
// operations, then its entries, then the credit of its operations, whether or
// not each makes a message.
func (a *announcement) completed(f *domain.TransactionCompleted) error {
	a.add(0, transactionCompleted, func(w writer, cut int) { w.transactionCompleted(f, a.place, cut) })
	if !bookkeeping(f.Origin.Kind) {
		for i := range f.Operations {
			if f.Operations[i].Type == domain.Transfer {
				a.add(1+i, transferCompleted, func(w writer, cut int) { w.transfer(f, i, cut) })
			}
		}
	}
	if err := a.balances(f); err != nil {
		return err
	}
	if f.Origin.Kind == domain.ExpiryOrigin {
		return a.creditExpired(f)
	}
	return a.creditGranted(f)
}

// bookkeeping tells whether one end of the transfers of such a transaction is an
// account of the ledger's own: to receivers they are no transfers, and have
// events of their own.
func bookkeeping(origin domain.OriginKind) bool {
	switch origin {
	case domain.ExpiryOrigin, domain.EscrowOrigin, domain.ReleaseOrigin, domain.RefundOrigin:
		return true
	}
	return false
}

func (a *announcement) balances(f *domain.TransactionCompleted) error {
	if !a.wanted(walletBalanceUpdated) {
		return nil
	}
	last := make(map[ids.Wallet]int, len(f.Entries))
	for i := range f.Entries {
		last[f.Entries[i].Wallet] = i
	}
	for i := range f.Entries {
		entry := &f.Entries[i]
		if last[entry.Wallet] != i {
			continue
		}
		of, err := a.of(entry.Wallet)
		if err != nil {
			return err
		}
		if !silent(of.role) {
			a.add(1+len(f.Operations)+i, walletBalanceUpdated, func(w writer, _ int) { w.balanceUpdated(of, entry, f) })
		}
	}
	return nil
}

// creditGranted tells of each issue of credit that nobody paid for, or that ends.
func (a *announcement) creditGranted(f *domain.TransactionCompleted) error {
	for i := range f.Operations {
		o := &f.Operations[i]
		if o.Type != domain.Issue || !o.Grant && o.ExpiresAt.IsZero() || !a.wanted(walletCreditGranted) {
			continue
		}
		of, err := a.of(o.Recipient)
		if err != nil {
			return err
		}
		entry := granting(f, i)
		if entry == nil {
			return fmt.Errorf("webhooks: operation %d of %s has no entry", i, f.Transaction)
		}
		a.add(1+len(f.Operations)+len(f.Entries)+i, walletCreditGranted, func(w writer, _ int) { w.creditGranted(of, o, entry, f) })
	}
	return nil
}

// granting is the entry by which an issue brought its amount, nil for none.
func granting(f *domain.TransactionCompleted, operation int) *domain.Entry {
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.Operation == operation && !e.Fee && e.Wallet == f.Operations[operation].Recipient {
			return e
		}
	}
	return nil
}

// creditExpired tells of the lot that a transaction removed what was left of.
func (a *announcement) creditExpired(f *domain.TransactionCompleted) error {
	if len(f.Entries) == 0 || len(f.Entries[0].Lots) == 0 {
		return fmt.Errorf("webhooks: %s removes a lot and does not say which", f.Transaction)
	}
	entry := &f.Entries[0]
	of, err := a.of(entry.Wallet)
	if err == nil {
		a.add(1+len(f.Operations)+len(f.Entries), walletCreditExpired, func(w writer, _ int) { w.creditExpired(of, entry, f) })
	}
	return err
}

// of answers a wallet of a fact.
func (a *announcement) of(id ids.Wallet) (*wallet, error) {
	of, ok := a.wallets[id]
	if !ok {
		return nil, fmt.Errorf("webhooks: %s tells about wallet %s, which was never created", a.place.ID("fact "), id)
	}
	return of, nil
}

// about makes the one message of a fact of a wallet. A silent wallet tells only
// what it was asked to watch for.
func (a *announcement) about(id ids.Wallet, kind string, data func(w writer, of *wallet, cut int)) error {
	if !a.wanted(kind) {
		return nil
	}
	of, err := a.of(id)
	if err == nil && (!silent(of.role) || kind == walletMonitorTriggered) {
		a.add(0, kind, func(w writer, cut int) { data(w, of, cut) })
	}
	return err
}

// add renders one message. index is its number among the fact's.
func (a *announcement) add(index int, kind string, data func(w writer, cut int)) {
	if !a.wanted(kind) {
		return
	}
	id := messageID(a.place.Location, index)
	a.made = append(a.made, message{
		id: id, project: a.project, kind: kind, occurredAt: a.place.Time, body: render(id, kind, a.place.Time, data),
	})
}
