package webhooks

import "strings"

// EventType is a kind of event that an endpoint can ask for.
type EventType struct {
	Name        string // [a-z_] in parts, with '.' between
	Description string // one line
}

// Names of the events. They leave the process, and are only ever added to.
const (
	walletCreated        = "wallet.created"
	walletBalanceUpdated = "wallet.balance.updated"
	walletDisabled       = "wallet.disabled"
	walletEnabled        = "wallet.enabled"
	transactionCompleted = "transaction.completed"
	transactionFailed    = "transaction.failed"
	transferCompleted    = "transfer.completed"
)

// EventTypes is the catalogue. What each `data` holds is shown by the files of
// testdata/golden, and described in the package documentation.
var EventTypes = []EventType{
	{walletCreated, "A wallet was opened, for a customer or for the project itself."},
	{walletBalanceUpdated, "A transaction changed a wallet's balance; once for each wallet and transaction."},
	{walletDisabled, "A wallet was disabled: nothing moves until it is enabled."},
	{walletEnabled, "A disabled wallet was enabled."},
	{transactionCompleted, "All operations of a transaction were carried out."},
	{transactionFailed, "A transaction was refused and recorded as failed; nothing moved."},
	{transferCompleted, "A transfer between two wallets was carried out; once for each transfer of a transaction."},
}

// matches tells whether a pattern of an endpoint names an event type: the name
// itself, `wallet.*` for everything that begins with `wallet.`, or `*`.
func matches(pattern, name string) bool {
	if prefix, glob := strings.CutSuffix(pattern, "*"); glob && (prefix == "" || strings.HasSuffix(prefix, ".")) {
		return strings.HasPrefix(name, prefix) && len(name) > len(prefix)
	}
	return pattern == name
}

// wants tells whether an endpoint with these patterns gets an event type.
func wants(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if matches(pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}

// known tells whether the pattern names anything that there is.
func known(pattern string) bool {
	for _, kind := range EventTypes {
		if matches(pattern, kind.Name) {
			return true
		}
	}
	return false
}
