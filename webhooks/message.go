package webhooks

import (
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// message is one event, as receivers get it.
type message struct {
	id         string
	project    ids.Project
	kind       string
	occurredAt time.Time
	body       []byte
}

// wallet is what events say of a wallet beyond its balance.
type wallet struct {
	id       ids.Wallet
	project  ids.Project
	customer ids.Customer
	role     domain.WalletRole
	currency money.AssetCode
	paid     domain.WalletType
	number   uint64
	name     string
	status   domain.WalletStatus
}

func newWallet(f *domain.WalletCreated) *wallet {
	return &wallet{
		id: f.Wallet, project: f.Project, customer: f.Customer, role: f.Role, currency: f.Asset.Code, paid: f.Type,
		number: f.Number, name: f.Name, status: domain.Active,
	}
}

// silent wallets have no events of their own: an issuance account is the
// project's bookkeeping, and its balance minus what was issued.
func silent(role domain.WalletRole) bool { return role == domain.IssuanceWallet }

// projectOf answers whose events a fact makes, "" for a fact that makes none.
func projectOf(fact domain.Event) ids.Project {
	switch f := fact.(type) {
	case *domain.TransactionCompleted:
		return f.Project
	case *domain.TransactionFailed:
		return f.Project
	case *domain.TransactionScheduled:
		return f.Project
	case *domain.TransactionCancelled:
		return f.Project
	case *domain.TransactionReversed:
		return f.Project
	case *domain.WalletCreated:
		return f.Project
	case *domain.WalletChanged:
		return f.Project
	case *domain.WalletStatusChanged:
		return f.Project
	case *domain.SettlementDue:
		return f.Project
	case *domain.CreditExpiring:
		return f.Project
	case *domain.MonitorTriggered:
		return f.Project
	}
	return dealingOf(fact)
}

// dealingOf is projectOf for the facts of holds and escrows.
func dealingOf(fact domain.Event) ids.Project {
	switch f := fact.(type) {
	case *domain.HoldPlaced:
		return f.Project
	case *domain.HoldCaptured:
		return f.Project
	case *domain.HoldReleased:
		return f.Project
	case *domain.EscrowCreated:
		return f.Project
	case *domain.EscrowApproved:
		return f.Project
	case *domain.EscrowReleased:
		return f.Project
	case *domain.EscrowRefunded:
		return f.Project
	}
	return ""
}

// walletsOf lists the wallets that the events of a fact tell about, beyond the
// one that the fact itself makes.
func walletsOf(fact domain.Event) []ids.Wallet {
	switch f := fact.(type) {
	case *domain.TransactionCompleted:
		ids := make([]ids.Wallet, len(f.Entries))
		for i := range f.Entries {
			ids[i] = f.Entries[i].Wallet
		}
		return ids
	case *domain.WalletChanged:
		return []ids.Wallet{f.Wallet}
	case *domain.WalletStatusChanged:
		return []ids.Wallet{f.Wallet}
	case *domain.SettlementDue:
		return []ids.Wallet{f.Wallet}
	case *domain.CreditExpiring:
		return []ids.Wallet{f.Wallet}
	case *domain.MonitorTriggered:
		return []ids.Wallet{f.Wallet}
	case *domain.HoldPlaced:
		return []ids.Wallet{f.Wallet}
	case *domain.HoldCaptured:
		return []ids.Wallet{f.Wallet}
	case *domain.HoldReleased:
		return []ids.Wallet{f.Wallet}
	}
	return nil
}

// messageID spells a place and a number among the messages of its fact, so that
// ids sort as the log does. There is no '.' in it: signatures rely on that.
func messageID(at ids.Location, index int) string {
	return fmt.Sprintf("%s%04x", at.ID("evt_"), index)
}
