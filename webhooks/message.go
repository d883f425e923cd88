package webhooks

import (
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/resource"
)

// message is one event as receivers get it.
type message struct {
	id         string
	project    ids.Project
	kind       string
	occurredAt time.Time
	body       []byte
}

// wallet is what events show of a wallet besides its balance.
type wallet struct {
	resource.Wallet
	project ids.Project
}

func newWallet(f *domain.WalletCreated) *wallet { return &wallet{resource.NewWallet(f), f.Project} }

// isSilent reports whether wallets of a role have no events of their own: the balance
// of an issuance account is minus what was issued, which the other events tell.
func isSilent(role domain.WalletRole) bool { return role == domain.IssuanceWallet }

// messageID makes an identifier of a place and a number among the messages of its fact.
// Identifiers sort in the order of the log. They contain no '.', as signatures require.
func messageID(at ids.Location, index int) string {
	return fmt.Sprintf("%s%04x", at.ID("evt_"), index)
}
