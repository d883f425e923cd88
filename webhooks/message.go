package webhooks

import (
	"fmt"
	"time"

	"tallystick/domain"
)

// message is one event, as receivers get it.
type message struct {
	id         string
	project    domain.ProjectID
	kind       string
	occurredAt time.Time
	body       []byte
}

// wallet is what events say of a wallet beyond its balance.
type wallet struct {
	id       domain.WalletID
	project  domain.ProjectID
	customer domain.CustomerID
	role     domain.WalletRole
	currency domain.AssetCode
	number   uint64
	name     string
	status   domain.WalletStatus
}

func newWallet(f *domain.WalletCreated) *wallet {
	return &wallet{
		id: f.Wallet, project: f.Project, customer: f.Customer, role: f.Role, currency: f.Asset.Code,
		number: f.Number, name: f.Name, status: domain.Active,
	}
}

// silent wallets have no events of their own: an issuance account is the
// project's bookkeeping, and its balance minus what was issued.
func silent(role domain.WalletRole) bool { return role == domain.IssuanceWallet }

// projectOf answers whose events a fact makes, "" for a fact that makes none.
func projectOf(fact domain.Event) domain.ProjectID {
	switch f := fact.(type) {
	case *domain.WalletCreated:
		return f.Project
	case *domain.WalletStatusChanged:
		return f.Project
	case *domain.TransactionCompleted:
		return f.Project
	case *domain.TransactionFailed:
		return f.Project
	}
	return ""
}

// walletsOf lists the wallets that the events of a fact tell about, beyond the
// one that the fact itself makes.
func walletsOf(fact domain.Event) []domain.WalletID {
	switch f := fact.(type) {
	case *domain.WalletStatusChanged:
		return []domain.WalletID{f.Wallet}
	case *domain.TransactionCompleted:
		ids := make([]domain.WalletID, len(f.Entries))
		for i := range f.Entries {
			ids[i] = f.Entries[i].Wallet
		}
		return ids
	}
	return nil
}

// announcement turns one fact to messages: a pure function of the fact, its
// place and its wallets, so that reading the log again makes the same ids and
// the same bytes.
type announcement struct {
	place   domain.Place
	project domain.ProjectID
	wallets map[domain.WalletID]*wallet // as of the fact
	wanted  func(kind string) bool      // events that nobody wants are not rendered
	made    []message
}

// announce makes the wanted messages of a fact. An error means that the log is
// not a history of this ledger.
func (a *announcement) announce(fact domain.Event) error {
	switch f := fact.(type) {
	case *domain.WalletCreated:
		if !silent(f.Role) {
			a.add(0, walletCreated, func(w writer, cut int) { w.walletCreated(f, cut) })
		}
	case *domain.WalletStatusChanged:
		return a.statusChanged(f)
	case *domain.TransactionCompleted:
		return a.completed(f)
	case *domain.TransactionFailed:
		a.add(0, transactionFailed, func(w writer, cut int) { w.transactionFailed(f, a.place, cut) })
	}
	return nil
}

func (a *announcement) statusChanged(f *domain.WalletStatusChanged) error {
	of, ok := a.wallets[f.Wallet]
	if !ok {
		return fmt.Errorf("webhooks: status of wallet %s, which was never created", f.Wallet)
	}
	kind := walletEnabled
	if f.Status == domain.Disabled {
		kind = walletDisabled
	}
	if !silent(of.role) {
		a.add(0, kind, func(w writer, _ int) { w.statusChanged(of, f) })
	}
	return nil
}

// completed numbers its messages by place: the transaction, then its
// operations, then its entries, whether or not each makes a message.
func (a *announcement) completed(f *domain.TransactionCompleted) error {
	a.add(0, transactionCompleted, func(w writer, cut int) { w.transactionCompleted(f, a.place, cut) })
	for i := range f.Operations {
		if f.Operations[i].Type == domain.Transfer {
			a.add(1+i, transferCompleted, func(w writer, cut int) { w.transfer(f, i, cut) })
		}
	}
	if !a.wanted(walletBalanceUpdated) {
		return nil
	}
	last := make(map[domain.WalletID]int, len(f.Entries))
	for i := range f.Entries {
		last[f.Entries[i].Wallet] = i
	}
	for i := range f.Entries {
		entry := &f.Entries[i]
		if last[entry.Wallet] != i {
			continue
		}
		of, ok := a.wallets[entry.Wallet]
		if !ok {
			return fmt.Errorf("webhooks: %s has an entry of wallet %s, which was never created", f.Transaction, entry.Wallet)
		}
		if !silent(of.role) {
			a.add(1+len(f.Operations)+i, walletBalanceUpdated, func(w writer, _ int) { w.balanceUpdated(of, entry, f) })
		}
	}
	return nil
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

// messageID spells a place and a number among the messages of its fact, so that
// ids sort as the log does. There is no '.' in it: signatures rely on that.
func messageID(at domain.Location, index int) string {
	return fmt.Sprintf("%s%04x", at.ID("evt_"), index)
}
