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

// messageID spells a place and a number among the messages of its fact, so that
// ids sort as the log does. There is no '.' in it: signatures rely on that.
func messageID(at ids.Location, index int) string {
	return fmt.Sprintf("%s%04x", at.ID("evt_"), index)
}
