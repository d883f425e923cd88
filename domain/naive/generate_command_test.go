package naive_test

import (
	"slices"
	"time"

	"tallystick/domain"
	"tallystick/domain/naive"
)

// kinds of commands, and how often each is given in a life that has no bias.
const (
	transact = iota
	placeHold
	captureHold
	releaseHold
	createEscrow
	approveEscrow
	endEscrow
	reverse
	settle
	changeStatus
	closeWallet
	setMonitor
	removeMonitor
	createWallet
	changeWallet
	changeProject
	upsertCustomer
	defineAsset
	cancel
)

var usual = [...]int{
	transact: 36, placeHold: 8, captureHold: 6, releaseHold: 3, createEscrow: 6, approveEscrow: 2, endEscrow: 4, reverse: 10, settle: 4,
	changeStatus: 5, closeWallet: 1, setMonitor: 3, removeMonitor: 1, createWallet: 2, changeWallet: 3, changeProject: 3, upsertCustomer: 2,
	defineAsset: 1, cancel: 1,
}

// something to ask for.
func (g generator) something(p, tag string) any {
	total := 0
	for _, weight := range g.weights {
		total += weight
	}
	n := g.IntN(total)
	for kind, weight := range g.weights {
		if n -= weight; n < 0 {
			return g.ofKind(kind, p, tag)
		}
	}
	panic("the weights are more than their sum")
}

func (g generator) ofKind(kind int, p, tag string) any {
	switch kind {
	case transact:
		return g.transact(p, tag)
	case placeHold:
		return naive.PlaceHold{Project: p, Wallet: g.payer(p), Reference: g.reference(tag), Amount: g.amount(), ExpiresAt: g.ahead()}
	case captureHold:
		c := naive.CaptureHold{Project: p, Hold: g.active('h'), Reference: g.reference(tag), Amount: g.maybe(), ReleaseRest: g.oneIn(3)}
		if g.oneIn(2) {
			c.To = g.anyWallet(p, whatever)
		}
		return c
	case releaseHold:
		return naive.ReleaseHold{Project: p, Hold: g.active('h'), Amount: g.maybe()}
	case createEscrow:
		return g.escrow(p, tag)
	case approveEscrow:
		return naive.ApproveEscrow{Project: p, Escrow: g.active('e'), Party: g.rarely("judge", g.pick("sender", "recipient"))}
	case endEscrow:
		how := g.rarely("forget", g.pick("release", "refund"))
		return naive.EndEscrow{Project: p, Escrow: g.active('e'), How: how, Reference: g.reference(tag), Amount: g.maybe()}
	case reverse:
		return g.reverse(p, tag)
	case settle:
		return g.settle(p, tag)
	}
	return g.ofRareKind(kind, p, tag)
}

func (g generator) ofRareKind(kind int, p, tag string) any {
	switch kind {
	case changeStatus:
		change := g.rarely("forget", g.pick("freeze", "unfreeze", "unfreeze", "disable", "enable", "enable"))
		return naive.ChangeStatus{Project: p, Wallet: g.anyWallet(p, whatever), Change: change}
	case closeWallet:
		c := naive.CloseWallet{Project: p, Wallet: g.anyWallet(p, whatever), Reference: g.reference(tag), Redeem: g.oneIn(3)}
		if g.oneIn(2) {
			c.RefundTo = g.payee(p, c.Wallet)
		}
		return c
	case setMonitor:
		metric := g.rarely("forget", g.pick("balance", "available", "held"))
		threshold := naive.Amount{Text: g.pick("0", "1", "5", "10", "20", "50", "100", "-5", "")}
		return naive.SetMonitor{Project: p, Wallet: g.anyWallet(p, whatever), Metric: metric, Threshold: threshold}
	case removeMonitor:
		return naive.RemoveMonitor{Project: p, Wallet: g.anyWallet(p, func(w *domain.Wallet) bool { return len(w.Monitors()) > 0 }), Monitor: g.named('m')}
	case createWallet:
		return g.newWallet(p, g.pick("ama", "kofi", "efua", "", "nobody"))
	case changeWallet:
		return naive.ChangeWallet{Project: p, Wallet: g.anyWallet(p, whatever), Terms: g.terms(g.oneIn(2))}
	case changeProject:
		return naive.ChangeProject{Project: p, Settings: g.newSettings(p)}
	case upsertCustomer:
		return g.customer(p)
	case defineAsset:
		return naive.DefineAsset{Project: p, Code: g.pick("POINTS", "WEI", "USD", "TICKETS"), Scale: g.IntN(20)}
	}
	return naive.CancelScheduled{Project: p, Transaction: g.named('t')}
}

func (g generator) transact(p, tag string) any {
	c := naive.Transact{Project: p, Reference: g.reference(tag)}
	for n := []int{1, 1, 1, 1, 2, 3}[g.IntN(6)]; len(c.Operations) < n; {
		c.Operations = append(c.Operations, g.operation(p))
	}
	switch n := g.IntN(30); {
	case n < 4:
		c.ScheduledFor = g.ahead()
	case n == 4:
		c.EffectiveAt = g.d.now.Add(time.Duration(g.IntN(5)-3) * time.Hour)
	case n == 5:
		wallet := g.anyWallet(p, whatever)
		version := g.IntN(10)
		if w, ok := g.d.state.Wallet(g.d.wallet(wallet)); ok && g.oneIn(2) {
			version = int(w.Version)
		}
		c.Preconditions = []naive.Precondition{{Wallet: wallet, Version: version}}
	case n == 6 && g.oneIn(4):
		c.Operations = nil
	}
	return c
}

func (g generator) operation(p string) naive.Operation {
	o := naive.Operation{Type: g.rarely("gift", g.pick("transfer", "transfer", "transfer", "issue", "issue", "redeem", "exchange")), Amount: g.amount()}
	switch o.Type {
	case "issue":
		o.To = g.anyWallet(p, whatever)
		if g.oneIn(12) {
			o.To = g.anyWallet(p, func(w *domain.Wallet) bool { return w.Role == domain.LiquidityWallet })
		}
		if g.IntN(10) < g.expiring {
			o.Expires, o.Grant = g.ahead(), g.oneIn(2)
		}
		if g.oneIn(4) {
			o.Amount = naive.Amount{Text: "1000"}
		}
		return o
	case "redeem":
		o.From = g.payer(p)
	case "exchange":
		o.From, o.Rate = g.payer(p), g.pick("1", "0.5", "0.37", "2", "110.25", "0.0001", "3")
		o.To = g.anyWallet(p, func(w *domain.Wallet) bool {
			return w.Asset.Code == "EUR" || w.Asset.Code == "JPY" || w.Asset.Code == "USD"
		})
	default:
		if o.From = g.payer(p); g.oneIn(3) {
			o.Recipient = g.pick("ama", "kofi", "efua", "+0", "+1", " + 2", "A@x.com", "nobody")
		} else {
			o.To = g.payee(p, o.From)
		}
	}
	if g.oneIn(40) {
		g.spoil(&o)
	}
	return o
}

// spoil gives an operation what it cannot have, or takes what it must have.
func (g generator) spoil(o *naive.Operation) {
	switch g.IntN(7) {
	case 0:
		o.To = ""
	case 1:
		o.To = "w5"
	case 2:
		o.From = ""
	case 3:
		o.Rate = g.pick("", "2")
	case 4:
		o.Grant = true
	case 5:
		o.Expires = g.ahead()
	case 6:
		o.Recipient = "ama"
	}
}

func (g generator) escrow(p, tag string) any {
	c := naive.CreateEscrow{Project: p, From: g.payer(p), Reference: g.reference(tag), Amount: g.amount(), Deadline: g.ahead(), Approval: g.oneIn(4)}
	if g.oneIn(3) {
		c.Recipient = g.pick("ama", "kofi", "efua", "nobody")
	} else {
		c.To = g.payee(p, c.From)
	}
	if !c.Deadline.IsZero() || g.oneIn(10) {
		c.AtDeadline = g.rarely("forget", g.pick("release", "refund", ""))
	}
	return c
}

func (g generator) reverse(p, tag string) any {
	transaction := g.named('t')
	for range g.IntN(3) { // mostly of one that had an effect, and now and then of an exchange
		if completed := g.d.completed[transaction]; completed == nil || completed.Operations[0].Type != domain.Exchange {
			transaction = g.named('t')
		}
	}
	c := naive.Reverse{Project: p, Transaction: transaction, Reference: g.reference(tag), ReturnFees: g.oneIn(2)}
	if completed := g.d.completed[c.Transaction]; completed != nil && g.oneIn(2) {
		for range 1 + g.IntN(2) {
			operation := g.IntN(len(completed.Operations))
			if g.oneIn(20) {
				operation++
			}
			part := naive.Part{Operation: operation, Amount: g.maybe()}
			if g.oneIn(4) {
				part.Amount = naive.Amount{Text: g.pick("1", "2"), Minor: true}
			}
			c.Parts = append(c.Parts, part)
		}
	}
	return c
}

func (g generator) settle(p, tag string) any {
	owes := func(w *domain.Wallet) bool { return w.Balance.Sign() < 0 }
	c := naive.Settle{Project: p, Wallet: g.anyWallet(p, owes), Reference: g.reference(tag), Amount: g.maybe()}
	if g.oneIn(2) {
		c.From = g.payee(p, c.Wallet)
	}
	return c
}

func (g generator) newWallet(p, customer string) naive.CreateWallet {
	c := naive.CreateWallet{Project: p, Customer: customer, Currency: g.rarely("NONE", g.pick(g.assets...))}
	if g.IntN(10) < g.postpaid {
		c.Type = g.rarely("BARTER", "POSTPAID")
	}
	if g.oneIn(3) || c.Type == "POSTPAID" {
		c.Terms = g.terms(c.Type == "POSTPAID")
	}
	if c.System = customer == "" || g.oneIn(60); c.System || g.oneIn(60) {
		c.Liquidity = g.oneIn(2)
	}
	return c
}

func (g generator) customer(p string) any {
	c := naive.UpsertCustomer{Project: p, Customer: g.rarely("", g.pick("ama", "kofi", "efua", "yaw"))}
	for _, field := range []**string{&c.Username, &c.Phone, &c.Email} {
		if g.oneIn(3) {
			value := g.pick("ama", "kofi", "+0", "+ 1", "(+2)", "A@x.com", "b@x.com", " yaw ", "")
			*field = &value
		}
	}
	return c
}

func (g generator) terms(postpaid bool) (t naive.Terms) {
	if postpaid {
		t.CreditLimit = naive.Amount{Text: g.pick("0", "20", "100", "1000", "-1", "100", "100")}
		if g.oneIn(2) {
			t.Settlement = &naive.Settlement{Period: g.pick("weekly", "monthly"), Day: 1 + g.IntN(8)}
			if t.Settlement.Period == "monthly" {
				t.Settlement.Day = []int{1, 15, 26, 29, 30, 31, 32}[g.IntN(7)]
			}
			if g.oneIn(6) {
				t.Settlement = &naive.Settlement{}
			}
		}
	}
	if g.oneIn(4) {
		t.Fees = g.fees("0.25", "0.005")
		if g.oneIn(2) {
			t.Fees = g.fees("1", "0.25")
		}
	}
	if g.oneIn(4) {
		l := g.limits()
		t.Limits = &l
	}
	return t
}

// fees of which the fixed part is this much, or, rarely, something that few assets
// can express.
func (g generator) fees(fixed, odd string) []naive.Fee {
	all := []naive.Fee{}
	for _, operation := range []string{"transfer", "issue", "redeem", "exchange", "capture", "escrow", g.rarely("gift", "transfer")} {
		if !g.oneIn(3) {
			continue
		}
		f := naive.Fee{Operation: operation, Percentage: g.pick("0", "1", "2.5", "0.3333", "10")}
		if g.oneIn(3) {
			f.Currency = g.rarely("NONE", g.pick("USD", "JPY", "POINTS"))
		}
		if f.Currency == "JPY" || f.Currency == "POINTS" {
			fixed = g.rarely(fixed, "1")
		}
		if g.oneIn(3) {
			f.Fixed = g.rarely("-1", g.rarely(odd, fixed))
		}
		if g.oneIn(3) {
			f.Minimum = g.pick(fixed, "1")
		}
		if g.oneIn(3) {
			f.Maximum = g.pick("1", "2", g.rarely(fixed, "3"))
		}
		if g.oneIn(80) {
			f.Fixed, f.Maximum = g.pick("999999999999999999.999999999999999999", "1000000000000000000", "999999999999999999999999999999999999"), ""
		}
		if operation != "transfer" || len(all) == 0 || g.oneIn(20) {
			all = append(all, f)
		}
	}
	return all
}

func (g generator) limits() (l naive.Limits) {
	set := func(part *string, values ...string) {
		if g.oneIn(4) {
			*part = g.pick(values...)
		}
	}
	set(&l.Balance, "500", "2000", "100000")
	set(&l.Amount, "20", "200", "1000", "0.5")
	set(&l.Day, "20", "50", "300", "2000")
	set(&l.Month, "10", "50", "100", "1000", "-1")
	set(&l.DayCount, "0", "2", "4", "9")
	set(&l.MonthCount, "2", "5", "9", "20")
	return l
}

// newSettings for a project: others altogether, or another lead time only.
func (g generator) newSettings(p string) naive.Settings {
	next := g.settings()
	if last, ok := g.last[p]; ok {
		next.Zone = zones[max(slices.Index(zones, next.Zone), slices.Index(zones, last.Zone))]
		if g.oneIn(2) {
			last.Notice, next = next.Notice, last
		}
	}
	g.last[p] = next
	return next
}

func (g generator) settings() naive.Settings {
	s := naive.Settings{Currency: g.rarely("EUR", "USD"), Zone: zones[g.IntN(len(zones))], OneWallet: g.oneIn(5), OwnFree: g.oneIn(2)}
	if g.oneIn(2) {
		s.Fees = g.fees(g.pick("0.5", "0.005"), "0.000000000000000001")
	}
	if g.oneIn(4) {
		s.Limits = append(s.Limits, naive.CurrencyLimits{Currency: g.pick("USD", "EUR", "JPY"), Limits: g.limits()})
	}
	if !g.oneIn(4) {
		s.Notice = []time.Duration{1, 6, 24, 72, 240}[g.IntN(5)] * time.Hour
	}
	if g.oneIn(2) {
		s.Backdating = time.Duration(g.IntN(4)) * time.Hour
	}
	return s
}
