package domain

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
}

// WalletStatusChanged says from now on what may move.
type WalletStatusChanged struct {
	Project ProjectID
	Wallet  WalletID
	Status  WalletStatus
	Actor   string
	Reason  string
}

// TransactionCompleted moved money: all its entries, in order.
type TransactionCompleted struct {
	Project     ProjectID
	Transaction TransactionID
	Reference   Reference
	Operations  []PostedOperation
	Entries     []Entry
	Description string
	Metadata    Metadata
}

// TransactionFailed moved nothing; it says why, and holds the reference.
type TransactionFailed struct {
	Project     ProjectID
	Transaction TransactionID
	Reference   Reference
	Operations  []PostedOperation
	Failure     Rejection
	Description string
	Metadata    Metadata
}

// PostedOperation is an operation with its wallets found and its numbers
// settled. Of a failed transaction, To can be empty (nobody was found) and the
// fees of operations that were not reached are zero.
type PostedOperation struct {
	Type   OperationType
	From   WalletID // of transfer and redeem
	To     WalletID // of transfer and issue
	Amount Money
	Fee    Money // charged to From on top; zero for none
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
}

// EntryKind is the walletapi.cloud word for what an entry records.
type EntryKind string

const (
	IssueEntry  EntryKind = "issue"
	RedeemEntry EntryKind = "redeem"
	DebitEntry  EntryKind = "debit"
	CreditEntry EntryKind = "credit"
)

func (*ProjectCreated) fact()       {}
func (*ProjectChanged) fact()       {}
func (*CredentialCreated) fact()    {}
func (*CredentialRevoked) fact()    {}
func (*AssetDefined) fact()         {}
func (*CustomerUpserted) fact()     {}
func (*WalletCreated) fact()        {}
func (*WalletStatusChanged) fact()  {}
func (*TransactionCompleted) fact() {}
func (*TransactionFailed) fact()    {}
