package domain

import "fmt"

// Code names the rule that a command broke. Codes leave the process and are
// only ever added to.
type Code string

// The codes, in order of precedence (see [Codes]).
const (
	BadRequest         Code = "BAD_REQUEST"            // the command makes no sense, whatever the state
	DuplicateReference Code = "DUPLICATE_REFERENCE_ID" // a transaction with that reference exists
	NotFound           Code = "NOT_FOUND"              // something named does not exist, or belongs to another project
	IdentifierTaken    Code = "IDENTIFIER_TAKEN"       // another customer is found by that username, phone or e-mail
	AssetConflict      Code = "ASSET_CONFLICT"         // the asset exists with another scale or number

	// Recorded: the transaction is kept as failed under its reference.
	RecipientNotFound Code = "RECIPIENT_NOT_FOUND"  // nobody has the identifier, or has a wallet in the sender's asset
	SameWallet        Code = "SAME_WALLET"          // sender and recipient are one wallet
	WalletIsDisabled  Code = "WALLET_DISABLED"      // the sender's wallet first, then the recipient's
	AssetMismatch     Code = "ASSET_MISMATCH"       // the two wallets hold different assets
	InsufficientFunds Code = "INSUFFICIENT_FUNDS"   // amount and fee are more than is available
	BalanceOutOfRange Code = "BALANCE_OUT_OF_RANGE" // a balance would have more than MaxDigits digits
)

// Codes lists every code in order of precedence: of several broken rules, the
// first here is reported (of one operation, for the recorded ones).
var Codes = []Code{
	BadRequest, DuplicateReference, NotFound, IdentifierTaken, AssetConflict,
	RecipientNotFound, SameWallet, WalletIsDisabled, AssetMismatch, InsufficientFunds, BalanceOutOfRange,
}

// NoOperation is the Operation of a rejection that concerns the whole command.
const NoOperation = -1

// Rejection says which rule a command broke, and the numbers that broke it.
// It is safe to show to the caller.
type Rejection struct {
	Code      Code
	Message   string
	Operation int      // index of the operation that failed, or NoOperation
	Details   []Detail // in a fixed order; amounts are plain decimals
}

// Detail is one named value of a rejection.
type Detail struct{ Name, Value string }

// Error is the message.
func (r *Rejection) Error() string { return r.Message }

func reject(code Code, format string, args ...any) *Rejection {
	return &Rejection{Code: code, Message: fmt.Sprintf(format, args...), Operation: NoOperation}
}

// with adds a named value.
func (r *Rejection) with(name, value string) *Rejection {
	r.Details = append(r.Details, Detail{name, value})
	return r
}

// at names the operation that failed.
func (r *Rejection) at(operation int) *Rejection {
	r.Operation = operation
	return r
}
