package domain

import "fmt"

// Code names a rule that a command broke. A code keeps its meaning for ever.
type Code string

// The codes, in order of precedence (see [Codes]).
const (
	BadRequest         Code = "BAD_REQUEST"               // the command makes no sense, whatever the state
	DuplicateReference Code = "DUPLICATE_REFERENCE_ID"    // a transaction (or hold) with that reference exists
	NotFound           Code = "NOT_FOUND"                 // something named does not exist, or belongs to another project
	IdentifierTaken    Code = "IDENTIFIER_TAKEN"          // another customer is found by that username, phone or e-mail
	AssetConflict      Code = "ASSET_CONFLICT"            // the asset exists with another scale or number
	EffectiveAtRefused Code = "EFFECTIVE_AT_OUT_OF_RANGE" // before the window that the project allows, or in the future
	VersionConflict    Code = "VERSION_CONFLICT"          // a wallet is not at the version that its caller saw
	WalletNotEmpty     Code = "WALLET_NOT_EMPTY"          // it cannot be closed: money, holds or escrows are left
	AlreadyPerformed   Code = "ALREADY_PERFORMED"         // a scheduled transaction can no longer be cancelled
	HoldEnded          Code = "HOLD_ENDED"                // captured, released or expired
	EscrowEnded        Code = "ESCROW_ENDED"              // released or refunded
	ApprovalMissing    Code = "APPROVAL_MISSING"          // one side of an escrow has not approved
	NotReversible      Code = "NOT_REVERSIBLE"            // a transaction of that origin is not taken back like this
	AmountTooLarge     Code = "AMOUNT_TOO_LARGE"          // more than is left of a hold, an escrow, a debt or a transaction

	// Recorded: the transaction is kept as failed under its reference.
	RecipientNotFound     Code = "RECIPIENT_NOT_FOUND"    // nobody has the identifier, or has a wallet in the sender's asset
	SameWallet            Code = "SAME_WALLET"            // sender and recipient are one wallet
	WalletIsClosed        Code = "WALLET_CLOSED"          // the sender's wallet first, then the recipient's
	WalletIsDisabled      Code = "WALLET_DISABLED"        // in the same order
	WalletIsFrozen        Code = "WALLET_FROZEN"          // the sender's
	AssetMismatch         Code = "ASSET_MISMATCH"         // a transfer of two assets, or an exchange of one
	LimitExceeded         Code = "LIMIT_EXCEEDED"         // of the wallet or the project
	InsufficientFunds     Code = "INSUFFICIENT_FUNDS"     // amount and fee are more than is available
	InsufficientLiquidity Code = "INSUFFICIENT_LIQUIDITY" // the project's liquidity wallet has not enough for an exchange
	BalanceOutOfRange     Code = "BALANCE_OUT_OF_RANGE"   // a balance would have more than MaxDigits digits
)

// Codes lists every code in order of precedence: of several broken rules, the
// first here is reported (of one operation, for the recorded ones).
var Codes = []Code{
	BadRequest, DuplicateReference, NotFound, IdentifierTaken, AssetConflict, EffectiveAtRefused, VersionConflict,
	WalletNotEmpty, AlreadyPerformed, HoldEnded, EscrowEnded, ApprovalMissing, NotReversible, AmountTooLarge,
	RecipientNotFound, SameWallet, WalletIsClosed, WalletIsDisabled, WalletIsFrozen, AssetMismatch, LimitExceeded,
	InsufficientFunds, InsufficientLiquidity, BalanceOutOfRange,
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

// with adds a detail.
func (r *Rejection) with(name, value string) *Rejection {
	r.Details = append(r.Details, Detail{name, value})
	return r
}

// at sets the operation that failed.
func (r *Rejection) at(operation int) *Rejection {
	r.Operation = operation
	return r
}

// first returns the first rejection that is not nil. So a list of checks is in
// the order of precedence.
func first(rejections ...*Rejection) *Rejection {
	for _, rejection := range rejections {
		if rejection != nil {
			return rejection
		}
	}
	return nil
}
