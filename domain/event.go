package domain

import (
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Event is a fact: something that happened, in the past tense, never changed
// afterwards. The set is closed.
type Event interface {
	// ProjectID is the project that the fact belongs to.
	ProjectID() ids.Project
	// WalletIDs lists the wallets whose numbers, terms or status the fact changes or
	// tells about: not the one that it creates. The same wallet can be there twice.
	WalletIDs() []ids.Wallet
	evolve(s *State) error
}

// ProjectCreated is the first fact of a project.
type ProjectCreated struct {
	Project  ids.Project
	Settings ProjectSettings
}

// ProjectChanged replaces the settings of a project.
type ProjectChanged struct {
	Project  ids.Project
	Settings ProjectSettings
}

// CredentialCreated lets a program act for the project.
type CredentialCreated struct {
	Project    ids.Project
	Key        ids.APIKey
	Name       string
	SecretHash [32]byte
}

// CredentialRevoked ends that.
type CredentialRevoked struct {
	Project ids.Project
	Key     ids.APIKey
}

// AssetDefined defines an asset of the project's own, or renames it.
type AssetDefined struct {
	Project ids.Project
	Asset   money.Asset
}

// CustomerUpserted gives the whole profile as it is from now on. An erased
// customer's facts read back with an empty profile.
type CustomerUpserted struct {
	Project  ids.Project
	Customer ids.Customer
	Profile  Profile
}

// WalletCreated opens a wallet: active, empty, at version 0.
type WalletCreated struct {
	Project  ids.Project
	Wallet   ids.Wallet
	Customer ids.Customer
	Role     WalletRole
	Type     WalletType
	Asset    money.Asset
	Number   uint64
	Name     string
	Metadata Metadata
	Terms    Terms
}

// WalletChanged gives name, notes and terms as they are from now on.
type WalletChanged struct {
	Project  ids.Project
	Wallet   ids.Wallet
	Name     string
	Metadata Metadata
	Terms    Terms
}

// WalletStatusChanged says from now on what may move.
type WalletStatusChanged struct {
	Project ids.Project
	Wallet  ids.Wallet
	Status  WalletStatus
	Actor   string
	Reason  string
}

// SettlementDue ends a period of a postpaid wallet.
type SettlementDue struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Amount    money.Amount // owed at the end of the period; may be zero
	PeriodEnd time.Time    // the deadline that the period had
	Next      time.Time    // that of the next
}

// TransactionCompleted moved money: all its entries, in order.
type TransactionCompleted struct {
	Project     ids.Project
	Transaction ids.Transaction
	Reference   ids.Reference
	Origin      Origin // zero: the operations were asked for as they are
	Operations  []PostedOperation
	Entries     []Entry
	EffectiveAt time.Time // the business's time for it; zero: when it was committed
	Date        string    // "2006-01-02" in the project's zone where a sum of a day or month counts it, else ""
	Description string
	Metadata    Metadata
}

// TransactionFailed moved nothing; it says why, and holds the reference.
type TransactionFailed struct {
	Project     ids.Project
	Transaction ids.Transaction
	Reference   ids.Reference
	Origin      Origin
	Operations  []PostedOperation
	Failure     Rejection
	EffectiveAt time.Time
	Description string
	Metadata    Metadata
}

// TransactionScheduled holds the reference of a transaction to be decided later,
// as a TransactionCompleted or TransactionFailed with the same identifier and
// Origin ScheduleOrigin. Its operations have no fee yet.
type TransactionScheduled struct {
	Project      ids.Project
	Transaction  ids.Transaction
	Reference    ids.Reference
	Operations   []PostedOperation
	ScheduledFor time.Time
	Description  string
	Metadata     Metadata
}

// TransactionCancelled ends a scheduled transaction before its time.
type TransactionCancelled struct {
	Project     ids.Project
	Transaction ids.Transaction
	Actor       string
	Reason      string
}

// TransactionReversed links a transaction to one that reversed it, or a part.
type TransactionReversed struct {
	Project     ids.Project
	Transaction ids.Transaction // the one that was reversed
	Reversal    ids.Transaction // the one that did it
	Operations  []ReversedOperation
	Whole       bool // nothing is left to reverse
}

// ReversedOperation is what one reversal took back of one operation.
type ReversedOperation struct {
	Operation int // index in the transaction that was reversed
	Amount    money.Amount
	Received  money.Amount // of an exchange: what was given back of the other asset; else zero
	Fee       money.Amount // returned; zero where it was kept
}

// Origin says what a transaction came of. The zero Origin: somebody asked for
// its operations.
type Origin struct {
	Kind OriginKind
	ID   string
}

// OriginKind names what Origin.ID is an identifier of.
type OriginKind string

const (
	CaptureOrigin    OriginKind = "capture"    // of the hold
	EscrowOrigin     OriginKind = "escrow"     // funds the escrow
	ReleaseOrigin    OriginKind = "release"    // of the escrow, to its recipient
	RefundOrigin     OriginKind = "refund"     // of the escrow, to its sender
	ExpiryOrigin     OriginKind = "expiry"     // of the lot
	ReversalOrigin   OriginKind = "reversal"   // of the transaction
	ClosingOrigin    OriginKind = "closing"    // of the wallet
	SettlementOrigin OriginKind = "settlement" // of the postpaid wallet
	ScheduleOrigin   OriginKind = "schedule"   // decided at its time: a transaction's identifier of the place where that fact stands
)

// PostedOperation is an operation with its wallets found and its numbers
// settled. Of a failed transaction, Recipient can be empty (nobody was found) and the
// fees of operations that were not reached are zero.
type PostedOperation struct {
	Type        OperationType
	Sender      ids.Wallet // of transfer, redeem and exchange
	Recipient   ids.Wallet // of transfer, issue and exchange
	Amount      money.Amount
	Fee         money.Amount // charged on top to the sender, of issue to the recipient; zero for none
	FeeReturned money.Amount // of a reversal: given back to the recipient, of a redeem to the sender; zero for none
	Received    money.Amount // of exchange: what the recipient gets, in its asset
	Rate        money.Rate   // of exchange; none in a reversal
	ExpiresAt   time.Time    // of issue: the credit is a lot that ends then
	Grant       bool         // of issue: credit that nobody paid for
}

// Entry is one change of one wallet's balance.
type Entry struct {
	Wallet       ids.Wallet
	Version      uint64 // of the wallet after the entry: the one before, plus one
	Kind         EntryKind
	Operation    int  // index of the operation that made it
	Fee          bool // part of the operation's fee, not of its amount
	Amount       money.Amount
	BalanceAfter money.Amount // after the entry
	// Lots are the parts of expiring credit that the entry took (Amount below
	// zero) or brought: a new lot bears the entry's own version.
	Lots []LotPart
}

// EntryKind is the walletapi.cloud word for what an entry records.
type EntryKind string

const (
	IssueEntry  EntryKind = "issue"
	RedeemEntry EntryKind = "redeem"
	DebitEntry  EntryKind = "debit"
	CreditEntry EntryKind = "credit"
)

// CreditExpiring tells ahead that a lot will expire.
type CreditExpiring struct {
	Project ids.Project
	Wallet  ids.Wallet
	Lot     LotPart // Amount is what is left of it
}

// HoldPlaced reserves money: still in the balance, no longer available.
type HoldPlaced struct {
	Project     ids.Project
	Hold        ids.Hold
	Wallet      ids.Wallet
	Reference   ids.Reference
	Amount      money.Amount
	Lots        []LotPart // expiring credit that is reserved with it
	ExpiresAt   time.Time // zero: never
	Description string
	Metadata    Metadata
}

// HoldCaptured frees a part of a hold for the transaction that follows it in the
// same commit and spends just that.
type HoldCaptured struct {
	Project     ids.Project
	Hold        ids.Hold
	Wallet      ids.Wallet
	Transaction ids.Transaction
	Amount      money.Amount
	Lots        []LotPart    // of it
	Kept        []LotPart    // that the hold still has
	Remaining   money.Amount // zero: the hold has ended
}

// HoldReleased frees a part of a hold, or all that is left.
type HoldReleased struct {
	Project   ids.Project
	Hold      ids.Hold
	Wallet    ids.Wallet
	Amount    money.Amount
	Lots      []LotPart    // that are back in the wallet
	Kept      []LotPart    // that the hold still has
	Remaining money.Amount // zero: the hold has ended
	Expired   bool         // time did it
}

// EscrowCreated follows the transaction that moved the sender's money to the
// project's escrow account.
type EscrowCreated struct {
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Sender      ids.Wallet
	Recipient   ids.Wallet
	Amount      money.Amount
	Lots        []LotPart // of the sender's, for a refund
	Deadline    time.Time // zero: none
	AtDeadline  EscrowEnd // "" where there is no deadline
	Approval    bool      // both sides must approve before a release
}

// EscrowApproved records one side's consent to a release.
type EscrowApproved struct {
	Project ids.Project
	Escrow  ids.Escrow
	Party   EscrowParty
	Actor   string
}

// EscrowReleased follows the transaction that paid the recipient.
type EscrowReleased struct {
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Amount      money.Amount
	Kept        []LotPart    // expiring credit that is still there for a refund
	Remaining   money.Amount // zero: the escrow has ended
	AtDeadline  bool         // time did it
}

// EscrowRefunded follows the transaction that paid the sender back.
type EscrowRefunded struct {
	Project     ids.Project
	Escrow      ids.Escrow
	Transaction ids.Transaction
	Amount      money.Amount
	Kept        []LotPart    // expiring credit that is still there for a refund
	Remaining   money.Amount // zero: the escrow has ended
	AtDeadline  bool         // time did it
}

// MonitorSet watches a wallet from now on, or watches for something else.
type MonitorSet struct {
	Project ids.Project
	Wallet  ids.Wallet
	Monitor Monitor
}

// MonitorRemoved ends that.
type MonitorRemoved struct {
	Project ids.Project
	Wallet  ids.Wallet
	Monitor ids.Monitor
}

// MonitorTriggered follows the facts that took a wallet across a threshold.
type MonitorTriggered struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Monitor   ids.Monitor
	Metric    MonitorMetric
	Threshold money.Amount
	Value     money.Amount // after the crossing
	Above     bool         // at or above the threshold now; before it was below
}

// ProjectID is the project of the fact.
func (e *ProjectCreated) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*ProjectCreated) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *ProjectChanged) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*ProjectChanged) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *CredentialCreated) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*CredentialCreated) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *CredentialRevoked) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*CredentialRevoked) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *AssetDefined) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*AssetDefined) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *CustomerUpserted) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*CustomerUpserted) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *WalletCreated) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*WalletCreated) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *WalletChanged) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *WalletChanged) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *WalletStatusChanged) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *WalletStatusChanged) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *SettlementDue) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *SettlementDue) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *TransactionCompleted) ProjectID() ids.Project { return e.Project }

// WalletIDs are the wallets of its entries.
func (e *TransactionCompleted) WalletIDs() []ids.Wallet {
	all := make([]ids.Wallet, len(e.Entries))
	for i := range e.Entries {
		all[i] = e.Entries[i].Wallet
	}
	return all
}

// ProjectID is the project of the fact.
func (e *TransactionFailed) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*TransactionFailed) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *TransactionScheduled) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*TransactionScheduled) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *TransactionCancelled) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*TransactionCancelled) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *TransactionReversed) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*TransactionReversed) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *CreditExpiring) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *CreditExpiring) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *HoldPlaced) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *HoldPlaced) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *HoldCaptured) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *HoldCaptured) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *HoldReleased) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *HoldReleased) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

// ProjectID is the project of the fact.
func (e *EscrowCreated) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*EscrowCreated) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *EscrowApproved) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*EscrowApproved) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *EscrowReleased) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*EscrowReleased) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *EscrowRefunded) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*EscrowRefunded) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *MonitorSet) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*MonitorSet) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *MonitorRemoved) ProjectID() ids.Project { return e.Project }

// WalletIDs are none.
func (*MonitorRemoved) WalletIDs() []ids.Wallet { return nil }

// ProjectID is the project of the fact.
func (e *MonitorTriggered) ProjectID() ids.Project { return e.Project }

// WalletIDs is the one wallet.
func (e *MonitorTriggered) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }
