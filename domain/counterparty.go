package domain

import "tallystick/domain/ids"

// Counterparty returns the wallet on the other side of an entry, by its index:
//
//   - Of the amount of an operation: for its sender the recipient and for its
//     recipient the sender. "" means money from outside (issue) or that goes there
//     (redeem).
//   - Of a fee, and for an account that the operation does not name (issuance,
//     liquidity): the wallet that the money came from or went to.
func (e *TransactionCompleted) Counterparty(entry int) ids.Wallet {
	one := &e.Entries[entry]
	operation := &e.Operations[one.Operation]
	switch {
	case one.Fee:
	case one.Wallet == operation.Sender:
		return operation.Recipient
	case one.Wallet == operation.Recipient:
		return operation.Sender
	}
	return e.Entries[entry^1].Wallet // entries are made in pairs: what leaves one wallet comes into another
}
