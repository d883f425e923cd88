package naive

import "math/big"

func (l *Ledger) placeHold(c PlaceHold) bool {
	l.check(c.Reference != "" && c.Amount.positive(), "BAD_REQUEST")
	l.projectOf(c.Project)
	key := c.Project + "/hold/" + c.Reference
	l.check(!l.references[key], "DUPLICATE_REFERENCE_ID")
	w := l.nameable(l.walletOf(c.Project, c.Wallet))
	amount := l.fit(c.Amount, w.scale)
	l.future(c.ExpiresAt)
	l.check(w.status == "active", refused[w.status])
	l.checkOutgoing(w, amount)
	l.check(l.available(w).Cmp(amount) >= 0, "INSUFFICIENT_FUNDS")
	pieces := l.choose(w, 0, amount)
	l.check(len(ofLots(pieces)) <= maxLots, "BAD_REQUEST")
	w.removeLots(pieces)
	l.references[key] = true
	l.holds["h"+l.tag] = &hold{project: c.Project, wallet: c.Wallet, pieces: pieces, expires: c.ExpiresAt}
	l.touched[c.Wallet] = true
	return true
}

// holdOf is an active hold, or an end.
func (l *Ledger) holdOf(project, name string) *hold {
	h := l.holds[name]
	l.check(h != nil && h.project == project, "NOT_FOUND")
	l.check(h.ended == "", "HOLD_ENDED")
	return h
}

// capture spends what a hold reserved, the lots first, also those that would have
// expired meanwhile.
func (l *Ledger) capture(c CaptureHold) *refusal {
	l.check(c.Reference != "" && (!c.Amount.given() || c.Amount.positive()), "BAD_REQUEST")
	l.unused(c.Project, c.Reference)
	if c.To != "" {
		l.nameable(l.walletOf(c.Project, c.To))
	}
	h := l.holdOf(c.Project, c.Hold)
	amount := l.partOf(c.Amount, total(h.pieces), l.wallets[h.wallet].scale)
	o := &posted{Operation: Operation{Type: "transfer", From: h.wallet, To: c.To}, amount: amount}
	o.fee, o.received, o.back, o.backFee, o.backReceived = nothing, nothing, nothing, nothing, nothing
	if c.To == "" {
		o.Type = "redeem"
	}
	t := &transaction{project: c.Project, reference: c.Reference, origin: "capture", status: "completed", operations: []*posted{o}}
	broken := l.try(func() {
		l.operation = 0
		h := l.holds[c.Hold]
		var pieces []piece
		pieces, h.pieces = front(h.pieces, amount)
		from, to := l.wallets[o.From], l.wallets[o.To]
		if c.To == "" {
			to = l.account(c.Project, "issuance", from.asset)
		}
		if len(h.pieces) == 0 {
			h.ended = "captured"
		} else if c.ReleaseRest { // first, since it may pay the fee
			l.free(h, nil, amount, "released")
		}
		o.fee = l.feeOf("capture", from, to, amount)
		f := flow{from: from, to: to, amount: amount, pieces: pieces, held: true}
		done := l.run(step{flows: []flow{f}, payer: from, fee: o.fee, counted: true, further: h.ended == "", in: true, mismatch: from.asset != to.asset})
		o.spent, o.feeSpent = done.spent, done.fee
		l.keep("t"+l.tag, t)
	})
	return l.end("t"+l.tag, t, broken)
}

// free gives a part of a hold back to its wallet (nil: all of it), what would be
// spent last first. leaving is what is about to leave the wallet.
func (l *Ledger) free(h *hold, part *Amount, leaving *big.Int, how string) {
	w := l.wallets[h.wallet]
	amount := total(h.pieces)
	if part != nil {
		amount = l.partOf(*part, amount, w.scale)
	}
	var pieces []piece
	pieces, h.pieces = back(h.pieces, amount)
	l.bringInto(w, minus(w.balance(), leaving), pieces)
	if len(h.pieces) == 0 {
		h.ended = how
	}
	l.touched[h.wallet] = true
}

func (l *Ledger) release(c ReleaseHold) bool {
	l.check(!c.Amount.given() || c.Amount.positive(), "BAD_REQUEST")
	if h := l.holds[c.Hold]; h != nil && h.project == c.Project && (h.ended == "released" || h.ended == "expired") {
		return false
	}
	l.free(l.holdOf(c.Project, c.Hold), &c.Amount, nothing, "released")
	return true
}
