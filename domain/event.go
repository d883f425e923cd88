package domain

import "time"

// Event is a fact: something that happened, in the past tense, never changed
// afterwards. The set is closed; a switch over it names every type.
type Event interface{ fact() }

// ProjectCreated is the first fact of a project.
type ProjectCreated struct {
	Project  ProjectID
	Settings ProjectSettings
}

// ProjectChanged replaces the settings of a project.
type ProjectChanged struct {
	Project  ProjectID
	Settings ProjectSettings
}

// CredentialCreated lets a program act for the project.
type CredentialCreated struct {
	Project    ProjectID
	Key        APIKey
	Name       string
	SecretHash [32]byte
}

// CredentialRevoked ends that.
type CredentialRevoked struct {
	Project ProjectID
	Key     APIKey
}

// AssetDefined defines an asset of the project's own, or renames it.
type AssetDefined struct {
	Project ProjectID
	Asset   Asset
}

// CustomerUpserted gives the whole profile as it is from now on. An erased
// customer's facts read back with an empty profile.
type CustomerUpserted struct {
	Project  ProjectID
	Customer CustomerID
	Profile  Profile
}

// WalletCreated opens a wallet: active, empty, at version 0.
type WalletCreated struct {
	Project  ProjectID
	Wallet   WalletID
	Customer CustomerID
	Role     WalletRole
	Type     WalletType
	Asset    Asset
	Number   uint64
	Name     string
	Metadata Metadata
	Terms    Terms
}

// WalletChanged gives name, notes and terms as they are from now on.
type WalletChanged struct {
	Project  ProjectID
	Wallet   WalletID
	Name     string
	Metadata Metadata
	Terms    Terms
}

// WalletStatusChanged says from now on what may move.
type WalletStatusChanged struct {
	Project ProjectID
	Wallet  WalletID
	Status  WalletStatus
	Actor   string
	Reason  string
}

// SettlementDue ends a period of a postpaid wallet.
type SettlementDue struct {
	Project   ProjectID
	Wallet    WalletID
	Amount    Money     // owed at the end of the period; may be zero
	PeriodEnd time.Time // the deadline that the period had
	Next      time.Time // that of the next
}

// TransactionCompleted moved money: all its entries, in order.
type TransactionCompleted struct {
	Project     ProjectID
	Transaction TransactionID
	Reference   Reference
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
	Project     ProjectID
	Transaction TransactionID
	Reference   Reference
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
	Project      ProjectID
	Transaction  TransactionID
	Reference    Reference
	Operations   []PostedOperation
	ScheduledFor time.Time
	Description  string
	Metadata     Metadata
}

// TransactionCancelled ends a scheduled transaction before its time.
type TransactionCancelled struct {
	Project     ProjectID
	Transaction TransactionID
	Actor       string
	Reason      string
}

// TransactionReversed links a transaction to one that reversed it, or a part.
type TransactionReversed struct {
	Project     ProjectID
	Transaction TransactionID // the one that was reversed
	Reversal    TransactionID // the one that did it
	Operations  []ReversedOperation
	Whole       bool // nothing is left to reverse
}

// ReversedOperation is what one reversal took back of one operation.
type ReversedOperation struct {
	Operation int // index in the transaction that was reversed
	Amount    Money
	Received  Money // of an exchange: what was given back of the other asset; else zero
	Fee       Money // returned; zero where it was kept
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
// settled. Of a failed transaction, To can be empty (nobody was found) and the
// fees of operations that were not reached are zero.
type PostedOperation struct {
	Type        OperationType
	From        WalletID // of transfer, redeem and exchange
	To          WalletID // of transfer, issue and exchange
	Amount      Money
	Fee         Money     // charged on top to From, of issue to To; zero for none
	FeeReturned Money     // of a reversal: given back to To, of a redeem to From; zero for none
	Received    Money     // of exchange: what To gets, in its asset
	Rate        Rate      // of exchange; none in a reversal
	Expires     time.Time // of issue: the credit is a lot that ends then
	Grant       bool      // of issue: credit that nobody paid for
}

// Entry is one change of one wallet's balance.
type Entry struct {
	Wallet    WalletID
	Version   uint64 // of the wallet after the entry: the one before, plus one
	Kind      EntryKind
	Operation int  // index of the operation that made it
	Fee       bool // part of the operation's fee, not of its amount
	Amount    Money
	Balance   Money // after the entry
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
	Project ProjectID
	Wallet  WalletID
	Lot     LotPart // Amount is what is left of it
}

// HoldPlaced reserves money: still in the balance, no longer available.
type HoldPlaced struct {
	Project     ProjectID
	Hold        HoldID
	Wallet      WalletID
	Reference   Reference
	Amount      Money
	Lots        []LotPart // expiring credit that is reserved with it
	ExpiresAt   time.Time // zero: never
	Description string
	Metadata    Metadata
}

// HoldCaptured frees a part of a hold for the transaction that follows it in the
// same commit and spends just that.
type HoldCaptured struct {
	Project     ProjectID
	Hold        HoldID
	Wallet      WalletID
	Transaction TransactionID
	Amount      Money
	Lots        []LotPart // of it
	Kept        []LotPart // that the hold still has
	Remaining   Money     // zero: the hold has ended
}

// HoldReleased frees a part of a hold, or all that is left.
type HoldReleased struct {
	Project   ProjectID
	Hold      HoldID
	Wallet    WalletID
	Amount    Money
	Lots      []LotPart // that are back in the wallet
	Kept      []LotPart // that the hold still has
	Remaining Money     // zero: the hold has ended
	Expired   bool      // time did it
}

// EscrowCreated follows the transaction that moved the sender's money to the
// project's escrow account.
type EscrowCreated struct {
	Project     ProjectID
	Escrow      EscrowID
	Transaction TransactionID
	From        WalletID
	To          WalletID
	Amount      Money
	Lots        []LotPart // of From, for a refund
	Deadline    time.Time // zero: none
	AtDeadline  EscrowEnd // "" where there is no deadline
	Approval    bool      // both sides must approve before a release
}

// EscrowApproved records one side's consent to a release.
type EscrowApproved struct {
	Project ProjectID
	Escrow  EscrowID
	Party   EscrowParty
	Actor   string
}

// EscrowReleased follows the transaction that paid the recipient.
type EscrowReleased struct {
	Project     ProjectID
	Escrow      EscrowID
	Transaction TransactionID
	Amount      Money
	Kept        []LotPart // expiring credit that is still there for a refund
	Remaining   Money     // zero: the escrow has ended
	AtDeadline  bool      // time did it
}

// EscrowRefunded follows the transaction that paid the sender back.
type EscrowRefunded struct {
	Project     ProjectID
	Escrow      EscrowID
	Transaction TransactionID
	Amount      Money
	Kept        []LotPart // expiring credit that is still there for a refund
	Remaining   Money     // zero: the escrow has ended
	AtDeadline  bool      // time did it
}

// MonitorSet watches a wallet from now on, or watches for something else.
type MonitorSet struct {
	Project ProjectID
	Wallet  WalletID
	Monitor Monitor
}

// MonitorRemoved ends that.
type MonitorRemoved struct {
	Project ProjectID
	Wallet  WalletID
	Monitor MonitorID
}

// MonitorTriggered follows the facts that took a wallet across a threshold.
type MonitorTriggered struct {
	Project   ProjectID
	Wallet    WalletID
	Monitor   MonitorID
	Metric    MonitorMetric
	Threshold Money
	Value     Money // after the crossing
	Above     bool  // at or above the threshold now; before it was below
}

func (*ProjectCreated) fact()       {}
func (*ProjectChanged) fact()       {}
func (*CredentialCreated) fact()    {}
func (*CredentialRevoked) fact()    {}
func (*AssetDefined) fact()         {}
func (*CustomerUpserted) fact()     {}
func (*WalletCreated) fact()        {}
func (*WalletChanged) fact()        {}
func (*WalletStatusChanged) fact()  {}
func (*SettlementDue) fact()        {}
func (*TransactionCompleted) fact() {}
func (*TransactionFailed) fact()    {}
func (*TransactionScheduled) fact() {}
func (*TransactionCancelled) fact() {}
func (*TransactionReversed) fact()  {}
func (*CreditExpiring) fact()       {}
func (*HoldPlaced) fact()           {}
func (*HoldCaptured) fact()         {}
func (*HoldReleased) fact()         {}
func (*EscrowCreated) fact()        {}
func (*EscrowApproved) fact()       {}
func (*EscrowReleased) fact()       {}
func (*EscrowRefunded) fact()       {}
func (*MonitorSet) fact()           {}
func (*MonitorRemoved) fact()       {}
func (*MonitorTriggered) fact()     {}
