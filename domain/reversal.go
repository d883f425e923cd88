package domain

import (
	"fmt"
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Reverse reverses a completed transaction, whole or in part. What it moved
// goes the other way, the last operation first. All reversals together take
// back no more than it moved.
type Reverse struct {
	Project     ids.Project
	Original    *TransactionCompleted // as the log has it; nil: there is none
	Reference   ids.Reference
	Parts       []ReversalPart // none: all that is left of every operation
	ReturnFees  bool           // in proportion; otherwise they are kept
	Description string
	Metadata    Metadata
}

func (c *Reverse) ProjectID() ids.Project { return c.Project }

// ReversalPart is how much of one operation is reversed.
type ReversalPart struct {
	Operation int
	Quantity  money.Quantity // not set: all that is left
}

func (c *Reverse) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := r.check(); rejection != nil {
		return nil, rejection
	}
	if rejection := checkParts(c.Parts); rejection != nil {
		return nil, rejection
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	original := c.Original
	if original == nil || original.Project != c.Project {
		return nil, reject(NotFound, "Transaction not found")
	}
	if kind := original.Origin.Kind; kind != "" && kind != CaptureOrigin && kind != ScheduleOrigin {
		return nil, reject(NotReversible, "A transaction of origin %s cannot be reversed", kind).
			with("transaction_id", string(original.Transaction)).with("origin", string(kind))
	}
	before := s.Reversal(original.Transaction)
	parts, rejection := c.parts(before)
	if rejection != nil {
		return nil, rejection
	}
	p := newPosting(s, project, at, Origin{ReversalOrigin, string(original.Transaction)})
	r.operations = make([]PostedOperation, len(parts))
	for i := range parts {
		r.operations[i] = backwards(original, &parts[i])
	}
	for i := range parts {
		u := undoing{index: i, operation: &r.operations[i], original: original, part: &parts[i]}
		u.before = before.of(parts[i].Operation, u.reversed())
		if rejection := p.undo(&u); rejection != nil {
			return p.end(&r, rejection.at(i)), nil
		}
	}
	reversed := &TransactionReversed{Project: c.Project, Transaction: original.Transaction, Operations: parts}
	events := p.end(&r, nil)
	reversed.Reversal, reversed.Whole = p.id(), whole(original, before.with(reversed))
	return append(events, reversed), nil
}

func checkParts(parts []ReversalPart) *Rejection {
	if len(parts) > MaxOperations {
		return reject(BadRequest, "a reversal names at most %d operations, not %d", MaxOperations, len(parts))
	}
	named := make(map[int]bool, len(parts))
	for i := range parts {
		if rejection := checkPart(parts[i].Quantity); rejection != nil {
			return rejection
		}
		if named[parts[i].Operation] {
			return reject(BadRequest, "operation %d is named twice", parts[i].Operation)
		}
		named[parts[i].Operation] = true
	}
	return nil
}

// whole tells whether nothing is left to reverse.
func whole(original *TransactionCompleted, sums *Reversal) bool {
	for i := range original.Operations {
		o := &original.Operations[i]
		if sums.of(i, o).Amount.Cmp(o.Amount) < 0 {
			return false
		}
	}
	return true
}

// parts returns what is taken back of each operation, the last operation first.
func (c *Reverse) parts(before *Reversal) ([]ReversedOperation, *Rejection) {
	asked := slices.Clone(c.Parts)
	if len(asked) == 0 {
		for i := range c.Original.Operations {
			o := &c.Original.Operations[i]
			if before.of(i, o).Amount.Cmp(o.Amount) < 0 {
				asked = append(asked, ReversalPart{Operation: i})
			}
		}
		if len(asked) == 0 {
			return nil, reject(AmountTooLarge, "Nothing is left to reverse of transaction %s", c.Original.Transaction).
				with("transaction_id", string(c.Original.Transaction))
		}
	}
	parts := make([]ReversedOperation, 0, len(asked))
	for _, one := range asked {
		if one.Operation < 0 || one.Operation >= len(c.Original.Operations) {
			return nil, reject(BadRequest, "the transaction has operations 0 to %d, not %d", len(c.Original.Operations)-1, one.Operation)
		}
		o := &c.Original.Operations[one.Operation]
		sum := before.of(one.Operation, o)
		left := o.Amount.Sub(sum.Amount)
		if left.IsZero() {
			return nil, reject(AmountTooLarge, "Nothing is left to reverse of operation %d", one.Operation).
				with("transaction_id", string(c.Original.Transaction)).with("amount", one.Quantity.String()).with("remaining", left.String())
		}
		amount, rejection := part(one.Quantity, left, "operation")
		if rejection != nil {
			return nil, rejection
		}
		parts = append(parts, c.proportion(o, sum, one.Operation, amount))
	}
	slices.SortFunc(parts, func(a, b ReversedOperation) int { return b.Operation - a.Operation })
	return parts, nil
}

// proportion returns what a part of an operation takes back: the share of what
// an exchange paid, rounded up, so that the project does not pay for rounding;
// and the share of the fee, rounded down. Shares are of the sum over all parts
// so far, so that the last part takes the rest.
func (c *Reverse) proportion(o *PostedOperation, sum ReversedOperation, index int, amount money.Amount) ReversedOperation {
	upTo := sum.Amount.Add(amount)
	one := ReversedOperation{Operation: index, Amount: amount, Fee: o.Fee.Sub(o.Fee), Received: o.Received.Sub(o.Received)}
	if o.Type == Exchange {
		one.Received = o.Received.Share(upTo, o.Amount, true).Sub(sum.Received)
	}
	if c.ReturnFees {
		one.Fee = o.Fee.Share(upTo, o.Amount, false).Sub(o.Fee.Share(sum.Amount, o.Amount, false))
	}
	return one
}

// backwards returns the operation that takes a part of another back.
func backwards(original *TransactionCompleted, back *ReversedOperation) PostedOperation {
	o := &original.Operations[back.Operation]
	reversed := PostedOperation{Type: o.Type, Sender: o.Recipient, Recipient: o.Sender, Amount: back.Amount, Fee: back.Amount.Sub(back.Amount), FeeReturned: back.Fee}
	switch o.Type {
	case Issue:
		reversed.Type = Redeem
	case Redeem:
		reversed.Type = Issue
	case Exchange:
		reversed.Amount, reversed.Received = back.Received, back.Amount
		reversed.Fee = back.Received.Sub(back.Received)
	}
	return reversed
}

// undoing is the reversal of one operation, or of a part of it.
type undoing struct {
	index     int              // of the operation that reverses
	operation *PostedOperation // which it is
	original  *TransactionCompleted
	part      *ReversedOperation // what is taken back
	before    ReversedOperation  // what earlier reversals of the same operation took back
}

func (u *undoing) reversed() *PostedOperation { return &u.original.Operations[u.part.Operation] }

// undo moves the amount of an operation back, then its fee. The fee of an issue
// comes back first: the recipient paid it out of the amount.
func (p *posting) undo(u *undoing) *Rejection {
	if u.reversed().Type == Issue {
		if rejection := p.undoFee(u); rejection != nil {
			return rejection
		}
		return p.undoAmount(u)
	}
	if rejection := p.undoAmount(u); rejection != nil {
		return rejection
	}
	return p.undoFee(u)
}

func (p *posting) undoAmount(u *undoing) *Rejection {
	o := u.operation
	give := spentBy(u.original, u.part.Operation, false).restore(u.before.Amount, u.part.Amount)
	if o.Type == Exchange {
		in := movement{operation: u.index, from: p.account(o.Sender), amount: o.Amount, fee: o.Fee}
		out := movement{operation: u.index, to: p.account(o.Recipient), amount: o.Received, give: give}
		return p.convert(&in, &out)
	}
	m := p.movement(u.index, o)
	m.give = give
	if u.reversed().Type == Issue {
		m.take = p.granted(u.original, u.part.Operation, m)
	}
	return p.move(m)
}

func (p *posting) undoFee(u *undoing) *Rejection {
	fee := u.part.Fee
	if fee.IsZero() {
		return nil
	}
	id := u.reversed().Sender
	if u.reversed().Type == Issue {
		id = u.reversed().Recipient
	}
	payer := p.account(id)
	return p.move(&movement{
		kind: feeReturn, operation: u.index, from: p.feeAccount(payer, fee), to: payer, amount: fee,
		entries: transferEntries, fee: fee.Sub(fee), give: spentBy(u.original, u.part.Operation, true).restore(u.before.Fee, fee),
	})
}

// spent is what an operation, or the fee of it, took out of a wallet: the
// amount, and the lots that were spent first.
type spent struct {
	total money.Amount
	lots  []LotPart
}

func spentBy(original *TransactionCompleted, operation int, fee bool) spent {
	o := &original.Operations[operation]
	payer := o.Sender
	if payer == "" {
		payer = o.Recipient
	}
	for _, e := range entriesOf(original, operation) {
		if e.Fee == fee && e.Wallet == payer && e.Amount.Sign() < 0 {
			return spent{e.Amount.Neg(), e.Lots}
		}
	}
	return spent{}
}

// entriesOf returns the entries of one operation. Entries are in the order of
// their operations.
func entriesOf(t *TransactionCompleted, operation int) []Entry {
	compare := func(e Entry, operation int) int { return e.Operation - operation }
	from, _ := slices.BinarySearchFunc(t.Entries, operation, compare)
	to, _ := slices.BinarySearchFunc(t.Entries, operation+1, compare)
	return t.Entries[from:to]
}

// restore returns the parts of lots that come back with an amount, after
// `already` came back. What was spent last comes back first.
func (s spent) restore(already, amount money.Amount) []LotPart {
	if len(s.lots) == 0 {
		return nil
	}
	_, left := takeLast(s.lots, s.total, already)
	back, _ := takeLast(left, s.total.Sub(already), amount)
	return back
}

// granted returns the parts of lots that the reversal of an issue takes: first
// what is left of the lot that the issue granted, then others, earliest expiry
// first.
func (p *posting) granted(original *TransactionCompleted, operation int, m *movement) []LotPart {
	lots, amount := m.from.lots(), m.amount
	var taken []LotPart
	for _, e := range entriesOf(original, operation) {
		if e.Fee || e.Wallet != m.from.wallet.ID || len(e.Lots) == 0 {
			continue
		}
		if own, ok := lots.get(e.Lots[0].key()); ok && !own.expired(p.at.Time) {
			taken, _ = takeFirst([]LotPart{own.LotPart}, amount)
			amount = amount.Sub(taken[0].Amount)
			lots, _ = lots.without(taken)
		}
	}
	return append(taken, lots.first(amount, p.at.Time)...)
}

// TransactionReversed links a transaction to one that reversed it, or a part.
type TransactionReversed struct {
	Asked
	Project     ids.Project
	Transaction ids.Transaction // the one that was reversed
	Reversal    ids.Transaction // the one that did it
	Operations  []ReversedOperation
	Whole       bool // nothing is left to reverse
}

func (e *TransactionReversed) ProjectID() ids.Project { return e.Project }
func (*TransactionReversed) WalletIDs() []ids.Wallet  { return nil }

// ReversedOperation is what one reversal took back of one operation.
type ReversedOperation struct {
	Operation int // index in the transaction that was reversed
	Amount    money.Amount
	Received  money.Amount // of an exchange: what was given back of the other asset; else zero
	Fee       money.Amount // returned; zero where it was kept
}

func (e *TransactionReversed) evolve(s *State) error {
	at, ok := e.Transaction.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", e.Transaction)
	}
	before, _ := s.reversals.get(at.Bits())
	s.reversals.put(at.Bits(), before.with(e))
	return nil
}

// Reversal is what was taken back of a transaction so far.
type Reversal struct {
	Operations []ReversedOperation // sums, of the operations that were reversed, by their index
	last       *reversedBy
}

// reversedBy is a list of the transactions that reversed another, the newest
// first. There can be as many as there are minor units.
type reversedBy struct {
	id     ids.Transaction
	before *reversedBy
}

// By returns the transactions that reversed it, in order.
func (r *Reversal) By() (all []ids.Transaction) {
	for by := r.last; by != nil; by = by.before {
		all = append(all, by.id)
	}
	slices.Reverse(all)
	return all
}

func (r *Reversal) find(operation int) (int, bool) {
	return slices.BinarySearchFunc(r.Operations, operation, func(sum ReversedOperation, operation int) int { return sum.Operation - operation })
}

// of returns what was taken back of an operation, at the scale of what it
// moved.
func (r *Reversal) of(index int, o *PostedOperation) ReversedOperation {
	if r != nil {
		if at, ok := r.find(index); ok {
			return r.Operations[at]
		}
	}
	return ReversedOperation{Operation: index, Amount: o.Amount.Sub(o.Amount), Fee: o.Fee.Sub(o.Fee), Received: o.Received.Sub(o.Received)}
}

// with returns the sums with one more reversal.
func (r *Reversal) with(e *TransactionReversed) *Reversal {
	next := &Reversal{}
	if r != nil {
		*next = Reversal{slices.Clone(r.Operations), r.last}
	}
	next.last = &reversedBy{e.Reversal, next.last}
	for _, one := range slices.Backward(e.Operations) { // which have the last operation first
		at, found := next.find(one.Operation)
		if !found {
			next.Operations = slices.Insert(next.Operations, at, one)
			continue
		}
		sum := &next.Operations[at]
		sum.Amount, sum.Fee, sum.Received = sum.Amount.Add(one.Amount), sum.Fee.Add(one.Fee), sum.Received.Add(one.Received)
	}
	return next
}

// Reversal returns what was taken back of a transaction; nil for nothing.
func (s *State) Reversal(id ids.Transaction) *Reversal {
	at, ok := id.Location()
	if !ok {
		return nil
	}
	reversal, _ := s.reversals.get(at.Bits())
	return reversal
}
