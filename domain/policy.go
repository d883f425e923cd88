package domain

// policy says which rules the movements of a transaction follow. It depends on the
// origin of the transaction alone, but for what CaptureHold and MeetDeadline set.
type policy struct {
	charge OperationType // what a fee is charged for; "": no fee

	// Limits; the package comment has the table.
	out     bool // the sender's limits bind
	further bool // of the sender's limits the counts alone bind: a capture that leaves some of the hold
	counted bool // the amount counts against the sender's sums and counts
	in      bool // the recipient's maximum balance binds

	fromFrozen bool // a frozen wallet can pay
	agreed     bool // agreed before: neither status nor funds are checked
}

// chargeOperation charges an operation as what it is.
const chargeOperation OperationType = "operation"

func policyOf(kind OriginKind) policy {
	switch kind {
	case "", ScheduleOrigin:
		return policy{charge: chargeOperation, out: true, counted: true, in: true}
	case EscrowOrigin:
		return policy{charge: FundEscrow, out: true, counted: true, in: true}
	case CaptureOrigin:
		return policy{charge: Capture, counted: true, in: true}
	case SettlementOrigin:
		return policy{out: true, counted: true, in: true}
	case ReleaseOrigin:
		return policy{in: true}
	case ClosingOrigin:
		return policy{in: true, fromFrozen: true}
	case ExpiryOrigin:
		return policy{agreed: true}
	case RefundOrigin, ReversalOrigin:
		return policy{} // the money comes back to who paid
	}
	panic("domain: no policy for transactions of origin " + string(kind))
}
