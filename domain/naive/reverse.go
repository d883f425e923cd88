package naive

import (
	"math/big"
	"slices"
)

// reverse takes a transaction back, its last operation first.
func (l *Ledger) reverse(c Reverse) *refusal {
	l.check(c.Reference != "", "BAD_REQUEST")
	for i, part := range c.Parts {
		twice := slices.ContainsFunc(c.Parts[:i], func(p Part) bool { return p.Operation == part.Operation })
		l.check(!twice && (!part.Amount.given() || part.Amount.positive()), "BAD_REQUEST")
	}
	l.unused(c.Project, c.Reference)
	original := l.transactions[c.Transaction]
	l.check(original != nil && original.project == c.Project && original.status == "completed", "NOT_FOUND")
	l.check(original.origin == "" || original.origin == "capture", "NOT_REVERSIBLE")
	amounts := l.amountsBack(c, original)
	reversal := &transaction{project: c.Project, reference: c.Reference, origin: "reversal", status: "completed"}
	broken := l.try(func() {
		original := l.transactions[c.Transaction]
		l.operation = 0
		for i := len(original.operations) - 1; i >= 0; i-- {
			if amounts[i] != nil {
				l.takeBack(original, original.operations[i], amounts[i], c.ReturnFees)
				l.operation++
			}
		}
		l.keep("t"+l.tag, reversal)
	})
	return l.end("t"+l.tag, reversal, broken)
}

// amountsBack returns by operation how much of it is to be taken back.
func (l *Ledger) amountsBack(c Reverse, original *transaction) map[int]*big.Int {
	amounts := map[int]*big.Int{}
	for i, o := range original.operations {
		if left := minus(o.amount, o.back); len(c.Parts) == 0 && left.Sign() > 0 {
			amounts[i] = left
		}
	}
	for _, part := range c.Parts {
		l.check(part.Operation >= 0 && part.Operation < len(original.operations), "BAD_REQUEST")
		o := original.operations[part.Operation]
		left := minus(o.amount, o.back)
		l.check(left.Sign() > 0, "AMOUNT_TOO_LARGE")
		amounts[part.Operation] = l.partOf(part.Amount, left, l.amountScale(o))
	}
	l.check(len(amounts) > 0, "AMOUNT_TOO_LARGE")
	return amounts
}

// amountScale is the scale of the asset that an operation's amount is of.
func (l *Ledger) amountScale(o *posted) int {
	if o.From != "" {
		return l.wallets[o.From].scale
	}
	return l.wallets[o.To].scale
}

// partOf is a part of what is left, or all of it where none is given.
func (l *Ledger) partOf(a Amount, left *big.Int, scale int) *big.Int {
	if !a.given() {
		return left
	}
	n := l.fit(a, scale)
	l.check(n.Cmp(left) <= 0, "AMOUNT_TOO_LARGE")
	return n
}

// takeBack takes back a part of an operation, and the fee for it: that of an
// issue first, since its receiver paid it out of what is taken.
func (l *Ledger) takeBack(original *transaction, o *posted, amount *big.Int, returnFees bool) {
	if returnFees && o.Type == "issue" {
		l.giveFeeBack(original, o, amount)
	}
	l.takeAmountBack(original, o, amount)
	if returnFees && o.Type != "issue" {
		l.giveFeeBack(original, o, amount)
	}
	o.back = plus(o.back, amount)
}

// takeAmountBack: of an exchange what was received for it, rounded up over all
// parts. What was spent last comes back first.
func (l *Ledger) takeAmountBack(original *transaction, o *posted, amount *big.Int) {
	upTo := plus(o.back, amount)
	var bring []piece
	bring, o.spent = back(o.spent, amount)
	from, to := l.wallets[o.To], l.wallets[o.From] // the other way
	switch o.Type {
	case "issue":
		issuance := l.account(original.project, "issuance", from.asset)
		l.run(step{flows: []flow{{from: from, to: issuance, amount: amount, pieces: l.choose(from, o.granted, amount)}}})
	case "redeem":
		issuance := l.account(original.project, "issuance", to.asset)
		l.run(step{flows: []flow{{from: issuance, to: to, amount: amount, bring: bring}}})
	case "transfer":
		l.run(step{flows: []flow{{from: from, to: to, amount: amount, bring: bring}}})
	case "exchange":
		received := minus(proportion(o.received, upTo, o.amount, true), o.backReceived)
		o.backReceived = plus(o.backReceived, received)
		first := flow{from: from, to: l.account(original.project, "liquidity", from.asset), amount: received}
		second := flow{from: l.account(original.project, "liquidity", to.asset), to: to, amount: amount, bring: bring}
		l.run(step{flows: []flow{first, second}})
	}
}

// giveFeeBack gives back what was paid for a part of an operation, rounded down
// over all parts, those too that kept theirs.
func (l *Ledger) giveFeeBack(original *transaction, o *posted, amount *big.Int) {
	fee := minus(proportion(o.fee, plus(o.back, amount), o.amount, false), proportion(o.fee, o.back, o.amount, false))
	if fee.Sign() == 0 {
		return
	}
	payer := l.wallets[o.From]
	if o.Type == "issue" {
		payer = l.wallets[o.To]
	}
	o.backFee = plus(o.backFee, fee)
	var bring []piece
	bring, o.feeSpent = back(o.feeSpent, fee)
	l.run(step{flows: []flow{{from: l.account(original.project, "fees", payer.asset), to: payer, amount: fee, bring: bring}}})
}
