package naive

import "time"

// midnight is the first instant of a day by a zone's clocks. Where clocks go
// forward at midnight that is not 0:00, so it is looked for from noon on back.
func midnight(year int, month time.Month, day int, zone *time.Location) time.Time {
	at := time.Date(year, month, day, 12, 0, 0, 0, zone)
	for at.Add(-15*time.Minute).In(zone).Day() == at.Day() {
		at = at.Add(-15 * time.Minute)
	}
	return at
}

// endOfPeriod is the first midnight after now that ends a period of a wallet.
func (l *Ledger) endOfPeriod(w *wallet) time.Time {
	zone := l.projects[w.project].settings.Zone
	today := l.now.In(zone)
	for n := 0; ; n++ {
		noon := time.Date(today.Year(), today.Month(), today.Day()+n, 12, 0, 0, 0, zone)
		if !endsOn(w.settlement, noon) {
			continue
		}
		if at := midnight(noon.Year(), noon.Month(), noon.Day(), zone); at.After(l.now) {
			return at
		}
	}
}

func endsOn(s Settlement, noon time.Time) bool {
	if s.Period == "weekly" {
		return noon.Weekday() == time.Weekday(s.Day%7) // 7 is Sunday
	}
	lastOfMonth := noon.AddDate(0, 0, 1).Month() != noon.Month()
	return noon.Day() == s.Day || lastOfMonth && noon.Day() < s.Day
}

func (l *Ledger) settle(c Settle) *refusal {
	l.check(c.Reference != "" && (!c.Amount.given() || c.Amount.positive()), "BAD_REQUEST")
	l.unused(c.Project, c.Reference)
	w := l.walletOf(c.Project, c.Wallet)
	if c.From != "" {
		l.nameable(l.walletOf(c.Project, c.From))
	}
	l.check(w.kind == "POSTPAID", "BAD_REQUEST")
	amount := w.due()
	if amount.Sign() == 0 {
		amount = w.owed()
	}
	if c.Amount.given() {
		amount = l.fit(c.Amount, w.scale)
	}
	l.check(w.owed().Sign() > 0 && amount.Cmp(w.owed()) <= 0, "AMOUNT_TOO_LARGE")
	o := &posted{Operation: Operation{Type: "transfer", From: c.From, To: c.Wallet}, amount: amount}
	if c.From == "" {
		o.Type = "issue"
	}
	return l.perform("t"+l.tag, &transaction{project: c.Project, reference: c.Reference, origin: "settlement", operations: []*posted{o}})
}

func (l *Ledger) setMonitor(c SetMonitor) bool {
	l.check(c.Metric == "balance" || c.Metric == "available" || c.Metric == "held", "BAD_REQUEST")
	l.check(c.Threshold.given(), "BAD_REQUEST")
	w := l.walletOf(c.Project, c.Wallet)
	l.check(w.status != "closed", "WALLET_CLOSED")
	threshold := l.fit(c.Threshold, w.scale)
	for _, m := range w.monitors {
		if m.metric == c.Metric && m.threshold.Cmp(threshold) == 0 {
			return false
		}
	}
	l.check(len(w.monitors) < 50, "BAD_REQUEST")
	m := monitor{name: "m" + l.tag, metric: c.Metric, threshold: threshold}
	m.above = l.isAbove(w, m)
	w.monitors = append(w.monitors, m)
	return true
}

func (l *Ledger) isAbove(w *wallet, m monitor) bool {
	number := w.balance()
	switch m.metric {
	case "available":
		// Credit that has expired counts until it is removed, within a second.
		number = minus(plus(w.balance(), w.credit), l.held(w))
	case "held":
		number = l.held(w)
	}
	return number.Cmp(m.threshold) >= 0
}

func (l *Ledger) removeMonitor(c RemoveMonitor) bool {
	w := l.walletOf(c.Project, c.Wallet)
	for i, m := range w.monitors {
		if m.name == c.Monitor {
			w.monitors = append(w.monitors[:i:i], w.monitors[i+1:]...)
			return true
		}
	}
	l.refuse("NOT_FOUND")
	return false
}

// crossings are the monitors whose number came to the other side.
func (l *Ledger) crossings() (all []string) {
	for _, name := range l.opened {
		w := l.wallets[name]
		for i, m := range w.monitors {
			if above := l.isAbove(w, m); l.touched[name] && above != m.above {
				w.monitors[i].above = above
				all = append(all, m.name+map[bool]string{true: " above", false: " below"}[above])
			}
		}
	}
	return all
}
