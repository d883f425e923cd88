package domain

import "tallystick/domain/ids"

// Counterparty returns the wallet on the other side of an entry, by its index:
//
//   - Of the amount of an operation: for its sender the recipient and for its
//     recipient the sender. "" means money from outside (issue) or that goes there
//     (redeem).
//   - Of a fee, and for an account that the operation does not name (issuance,
//     liquidity): the wallet that the money came from or went to.
func (t *TransactionCompleted) Counterparty(entry int) ids.Wallet {
	e := &t.Entries[entry]
	operation := &t.Operations[e.Operation]
	switch {
	case e.Fee:
	case e.Wallet == operation.Sender:
		return operation.Recipient
	case e.Wallet == operation.Recipient:
		return operation.Sender
	}
	return t.Entries[entry^1].Wallet // entries are made in pairs: what leaves one wallet comes into another
}
