package webhooks

import "strings"

// EventType is a kind of event that an endpoint can ask for.
type EventType struct {
	Name        string // [a-z_] in parts, with '.' between
	Description string // one line
}

// Names of the events. They leave the process, and are only ever added to.
const (
	walletCreated          = "wallet.created"
	walletUpdated          = "wallet.updated"
	walletBalanceUpdated   = "wallet.balance.updated"
	walletFrozen           = "wallet.frozen"
	walletUnfrozen         = "wallet.unfrozen"
	walletDisabled         = "wallet.disabled"
	walletEnabled          = "wallet.enabled"
	walletClosed           = "wallet.closed"
	walletCreditGranted    = "wallet.credit_granted"
	walletCreditExpiring   = "wallet.credit_expiring"
	walletCreditExpired    = "wallet.credit_expired"
	walletSettlementDue    = "wallet.settlement_due"
	walletMonitorTriggered = "wallet.monitor.triggered"
	transactionCompleted   = "transaction.completed"
	transactionFailed      = "transaction.failed"
	transactionScheduled   = "transaction.scheduled"
	transactionCancelled   = "transaction.cancelled"
	transactionReversed    = "transaction.reversed"
	transferCompleted      = "transfer.completed"
	holdPlaced             = "hold.placed"
	holdCaptured           = "hold.captured"
	holdReleased           = "hold.released"
	holdExpired            = "hold.expired"
	escrowCreated          = "escrow.created"
	escrowApproved         = "escrow.approved"
	escrowReleased         = "escrow.released"
	escrowRefunded         = "escrow.refunded"
	escrowExpired          = "escrow.expired"
)

// EventTypes is the catalogue. x-events of api/openapi.yaml has the schema of each
// event's data, testdata/golden an example, and announcements the fact that makes it.
var EventTypes = []EventType{
	{walletCreated, "A wallet was opened, for a customer or for the project itself."},
	{walletUpdated, "A wallet's name, metadata or terms were changed."},
	{walletBalanceUpdated, "A transaction changed a wallet's balance; once for each wallet and transaction."},
	{walletFrozen, "A wallet was frozen: nothing goes out until it is unfrozen; what comes in still does."},
	{walletUnfrozen, "A frozen wallet was unfrozen."},
	{walletDisabled, "A wallet was disabled: nothing moves until it is enabled."},
	{walletEnabled, "A disabled wallet was enabled."},
	{walletClosed, "A wallet was closed, for ever."},
	{walletCreditGranted, "Credit was issued that nobody paid for, or that expires; once for each such operation."},
	{walletCreditExpiring, "Credit will expire soon: as long ahead as the project asked for."},
	{walletCreditExpired, "Credit expired: what was left of it was removed from the wallet."},
	{walletSettlementDue, "A period of a postpaid wallet ended, and something is owed."},
	{walletMonitorTriggered, "A number of a wallet crossed a threshold that is watched, upwards or downwards."},
	{transactionCompleted, "All operations of a transaction were carried out."},
	{transactionFailed, "A transaction was refused and recorded as failed; nothing moved."},
	{transactionScheduled, "A transaction was accepted, to be carried out later; transaction.completed or transaction.failed tells its outcome."},
	{transactionCancelled, "A scheduled transaction was cancelled before its time."},
	{transactionReversed, "A transaction was reversed by another, whole or in part."},
	{transferCompleted, "A transfer between two wallets was carried out; once for each transfer of a transaction. Escrows and credit that expires have events of their own."},
	{holdPlaced, "Money of a wallet was reserved: it is still in the balance, and no longer available."},
	{holdCaptured, "A hold was captured, whole or in part: a transaction spent what it reserved."},
	{holdReleased, "A hold was released, whole or in part: the money is available again."},
	{holdExpired, "A hold expired: what was left of it is available again."},
	{escrowCreated, "Money of a sender was put in escrow for a recipient."},
	{escrowApproved, "One side of an escrow approved its release."},
	{escrowReleased, "An escrow was released to its recipient, whole or in part."},
	{escrowRefunded, "An escrow was refunded to its sender, whole or in part."},
	{escrowExpired, "The deadline of an escrow ended it; escrow.released or escrow.refunded tells how, too."},
}

// matches reports whether a pattern of an endpoint names an event type: the name
// itself, `wallet.*` for everything that begins with `wallet.`, or `*`.
func matches(pattern, name string) bool {
	if prefix, glob := strings.CutSuffix(pattern, "*"); glob && (prefix == "" || strings.HasSuffix(prefix, ".")) {
		return strings.HasPrefix(name, prefix) && len(name) > len(prefix)
	}
	return pattern == name
}

// wants reports whether an endpoint with these patterns gets an event type.
func wants(patterns []string, name string) bool {
	for _, pattern := range patterns {
		if matches(pattern, name) {
			return true
		}
	}
	return len(patterns) == 0
}

// known reports whether a pattern names any event type.
func known(pattern string) bool {
	for _, kind := range EventTypes {
		if matches(pattern, kind.Name) {
			return true
		}
	}
	return false
}
