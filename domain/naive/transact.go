package naive

import "time"

// unused is a project in which a reference is free, or an end.
func (l *Ledger) unused(project, reference string) *project {
	p := l.projectOf(project)
	l.check(!l.references[project+"/"+reference], "DUPLICATE_REFERENCE_ID")
	return p
}

// future refuses a moment that has come; none is all right.
func (l *Ledger) future(at time.Time) {
	l.check(at.IsZero() || at.After(l.now), "BAD_REQUEST")
}

// each does something with each operation; what it breaks is broken there.
func (l *Ledger) each(n int, do func(i int)) {
	for i := range n {
		l.operation = i
		do(i)
	}
	l.operation = -1
}

// checkShape is what can be said of an operation whatever there is.
func (l *Ledger) checkShape(o Operation) {
	shapes := map[string]bool{
		"issue":    o.From == "" && o.To != "" && o.Recipient == "",
		"redeem":   o.From != "" && o.To == "" && o.Recipient == "",
		"transfer": o.From != "" && (o.To == "") != (o.Recipient == ""),
		"exchange": o.From != "" && o.To != "" && o.Recipient == "",
	}
	l.check(shapes[o.Type], "BAD_REQUEST")
	l.check((o.Type == "exchange") == (o.Rate != ""), "BAD_REQUEST")
	l.check(o.Type == "issue" || !o.Grant && o.Expires.IsZero(), "BAD_REQUEST")
	l.check(o.Amount.positive(), "BAD_REQUEST")
}

// number fits an operation's numbers to its wallets, which exist.
func (l *Ledger) number(o Operation) *posted {
	p := &posted{Operation: o, fee: nothing, received: nothing, back: nothing, backFee: nothing, backReceived: nothing}
	payer := o.From
	if o.Type == "issue" {
		payer = o.To
	}
	for _, name := range []string{o.From, o.To} {
		if name != "" {
			l.nameable(l.wallets[name])
		}
	}
	w := l.wallets[payer]
	p.amount = l.fit(o.Amount, w.scale)
	l.future(o.Expires)
	l.check(o.Expires.IsZero() || w.role == "customer" || w.role == "system", "BAD_REQUEST")
	if o.Type == "exchange" {
		p.received = exchanged(p.amount, w.scale, o.Rate, l.wallets[o.To].scale)
		l.check(p.received.Sign() > 0 && !tooLong(p.received), "BAD_REQUEST")
	}
	return p
}

func (l *Ledger) transact(c Transact) (bool, *refusal) {
	l.check(c.Reference != "" && len(c.Operations) > 0, "BAD_REQUEST")
	l.check(c.ScheduledFor.IsZero() || len(c.Preconditions) == 0 && c.EffectiveAt.IsZero(), "BAD_REQUEST")
	l.each(len(c.Operations), func(i int) {
		l.checkShape(c.Operations[i])
		l.check(c.Operations[i].Expires.IsZero() || c.Operations[i].Expires.After(c.ScheduledFor), "BAD_REQUEST")
	})
	p := l.unused(c.Project, c.Reference)
	l.each(len(c.Operations), func(i int) {
		for _, name := range []string{c.Operations[i].From, c.Operations[i].To} {
			if name != "" {
				l.walletOf(c.Project, name)
			}
		}
	})
	for _, one := range c.Preconditions {
		l.walletOf(c.Project, one.Wallet)
	}
	l.future(c.ScheduledFor)
	if !c.EffectiveAt.IsZero() {
		early := c.EffectiveAt.Before(l.now.Add(-p.settings.Backdating))
		l.check(!early && !c.EffectiveAt.After(l.now), "EFFECTIVE_AT_OUT_OF_RANGE")
	}
	for _, one := range c.Preconditions {
		l.check(l.wallets[one.Wallet].version() == one.Version, "VERSION_CONFLICT")
	}
	t := &transaction{project: c.Project, reference: c.Reference, at: c.ScheduledFor}
	l.each(len(c.Operations), func(i int) { t.operations = append(t.operations, l.number(c.Operations[i])) })
	if c.ScheduledFor.IsZero() {
		return true, l.perform("t"+l.tag, t)
	}
	l.each(len(t.operations), func(i int) { l.find(t, t.operations[i]) })
	t.status = "scheduled"
	l.keep("t"+l.tag, t)
	return true, nil
}

// find finds who is meant by an identifier.
func (l *Ledger) find(t *transaction, o *posted) {
	if o.Recipient != "" {
		o.To, o.Recipient = l.recipient(t.project, o.Recipient, l.wallets[o.From].asset).name, ""
	}
}

func (l *Ledger) keep(name string, t *transaction) {
	l.transactions[name] = t
	l.references[t.project+"/"+t.reference] = true
}

// perform does a transaction, all or nothing, and keeps it, completed or failed.
func (l *Ledger) perform(name string, t *transaction) *refusal {
	t.status = "completed"
	broken := l.try(func() {
		l.each(len(t.operations), func(i int) {
			o := t.operations[i]
			l.find(t, o)
			l.post(t, o)
		})
		l.keep(name, t)
	})
	return l.end(name, t, broken)
}

// end keeps a transaction that was tried as failed if a rule was broken. One that
// takes of too many lots is kept only if it was scheduled: others leave nothing behind.
func (l *Ledger) end(name string, t *transaction, broken *refusal) *refusal {
	l.operation = -1
	if broken != nil {
		if broken.code == "BAD_REQUEST" && t.at.IsZero() {
			panic(*broken)
		}
		t.status = "failed"
		l.keep(name, t)
	}
	return broken
}

// post does one operation.
func (l *Ledger) post(t *transaction, o *posted) {
	asked := t.origin == "" || t.origin == "escrow"
	s := step{closing: t.origin == "closing", fee: nothing}
	s.out = asked || t.origin == "settlement"
	s.counted, s.in = s.out, s.out || s.closing
	from, to := l.wallets[o.From], l.wallets[o.To]
	kind := o.Type
	switch o.Type {
	case "issue":
		from, s.payer = l.account(t.project, "issuance", to.asset), to
	case "redeem":
		to, s.payer = l.account(t.project, "issuance", from.asset), from
	case "transfer":
		s.payer = from
	case "exchange":
		s.payer = from
	}
	s.flows = []flow{{from: from, to: to, amount: o.amount, expires: o.Expires}}
	if l.check(from != to, "SAME_WALLET"); o.Type == "exchange" {
		s.mismatch = from.asset == to.asset
		s.flows = l.exchange(t.project, o)
	} else {
		s.mismatch = from.asset != to.asset
	}
	if t.origin == "escrow" {
		kind, s.concerns = "escrow", to
		s.flows[0].to = l.account(t.project, "escrow", from.asset)
	}
	if asked {
		s.fee = l.feeOf(kind, s.payer, to, o.amount)
	}
	o.fee = s.fee
	done := l.run(s)
	o.spent, o.feeSpent, o.granted = done.spent, done.fee, done.granted
}

// exchange is two flows: to the project's liquidity wallet in one asset, and from
// the one in the other, which must be there.
func (l *Ledger) exchange(project string, o *posted) []flow {
	from, to := l.wallets[o.From], l.wallets[o.To]
	in := l.account(project, "liquidity", from.asset)
	return []flow{{from: from, to: in, amount: o.amount}, {from: l.wallets[project+"/liquidity/"+to.asset], to: to, amount: o.received}}
}

func (l *Ledger) cancel(c CancelScheduled) bool {
	t := l.transactions[c.Transaction]
	l.check(t != nil && t.project == c.Project && !t.at.IsZero(), "NOT_FOUND")
	l.check(t.status == "scheduled" || t.status == "cancelled", "ALREADY_PERFORMED")
	was := t.status
	t.status = "cancelled"
	return was != "cancelled"
}
