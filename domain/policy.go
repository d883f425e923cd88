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

// policies has the policy of each origin.
var policies = map[OriginKind]policy{
	"":               {charge: chargeOperation, out: true, counted: true, in: true},
	ScheduleOrigin:   {charge: chargeOperation, out: true, counted: true, in: true},
	EscrowOrigin:     {charge: FundEscrow, out: true, counted: true, in: true},
	CaptureOrigin:    {charge: Capture, counted: true, in: true},
	SettlementOrigin: {out: true, counted: true, in: true},
	ReleaseOrigin:    {in: true},
	ClosingOrigin:    {in: true, fromFrozen: true},
	ExpiryOrigin:     {agreed: true},
	RefundOrigin:     {}, // the money comes back to who paid
	ReversalOrigin:   {},
}
