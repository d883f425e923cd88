package naive

import "math/big"

func (l *Ledger) createEscrow(c CreateEscrow) *refusal {
	o := Operation{Type: "transfer", From: c.From, To: c.To, Recipient: c.Recipient, Amount: c.Amount}
	l.check(c.Reference != "", "BAD_REQUEST")
	l.checkShape(o)
	l.check(c.AtDeadline == "" || !c.Deadline.IsZero() && (c.AtDeadline == "release" || c.AtDeadline == "refund"), "BAD_REQUEST")
	l.unused(c.Project, c.Reference)
	for _, name := range []string{c.From, c.To} {
		if name != "" {
			l.walletOf(c.Project, name)
		}
	}
	l.future(c.Deadline)
	p := l.number(o)
	t := &transaction{project: c.Project, reference: c.Reference, origin: "escrow", operations: []*posted{p}}
	if broken := l.perform("t"+l.tag, t); broken != nil {
		return broken
	}
	if c.AtDeadline == "" {
		c.AtDeadline = "refund"
	}
	l.escrows["e"+l.tag] = &escrow{
		project: c.Project, from: c.From, to: p.To, pieces: p.spent, deadline: c.Deadline, atDeadline: c.AtDeadline,
		approval: c.Approval, approved: map[string]bool{},
	}
	return nil
}

// escrowOf is an open escrow, or an end.
func (l *Ledger) escrowOf(project, name string) *escrow {
	e := l.escrows[name]
	l.check(e != nil && e.project == project, "NOT_FOUND")
	l.check(e.ended == "", "ESCROW_ENDED")
	return e
}

func (l *Ledger) approve(c ApproveEscrow) bool {
	l.check(c.Party == "sender" || c.Party == "recipient", "BAD_REQUEST")
	e := l.escrowOf(c.Project, c.Escrow)
	already := e.approved[c.Party]
	e.approved[c.Party] = true
	return !already
}

func (l *Ledger) endEscrow(c EndEscrow) *refusal {
	l.check(c.Reference != "" && (c.How == "release" || c.How == "refund"), "BAD_REQUEST")
	l.check(!c.Amount.given() || c.Amount.positive(), "BAD_REQUEST")
	l.unused(c.Project, c.Reference)
	e := l.escrowOf(c.Project, c.Escrow)
	l.check(c.How == "refund" || !e.approval || e.approved["sender"] && e.approved["recipient"], "APPROVAL_MISSING")
	amount := l.partOf(c.Amount, total(e.pieces), l.wallets[e.from].scale)
	return l.pay(c.Escrow, c.How, c.Reference, amount, false)
}

// pay gives a part of an escrow to the one side or the other. What goes to the
// recipient is spent in order; what comes back to the sender was spent last.
func (l *Ledger) pay(name, how, reference string, amount *big.Int, deadline bool) *refusal {
	project := l.escrows[name].project
	t := &transaction{project: project, reference: reference, origin: how, status: "completed"}
	broken := l.try(func() {
		l.operation = 0
		e := l.escrows[name]
		account := l.account(e.project, "escrow", l.wallets[e.from].asset)
		f := flow{from: account, to: l.wallets[e.to], amount: amount}
		if how == "release" {
			_, e.pieces = front(e.pieces, amount)
		} else {
			f.to = l.wallets[e.from]
			f.bring, e.pieces = back(e.pieces, amount)
		}
		l.run(step{flows: []flow{f}, in: how == "release" && !deadline})
		if len(e.pieces) == 0 {
			e.ended = map[string]string{"release": "released", "refund": "refunded"}[how]
		}
		l.keep("t"+l.tag, t)
	})
	return l.end("t"+l.tag, t, broken)
}
