package naive

import (
	"math/big"
	"strconv"
)

// limitsOf are a wallet's own limits, and where it has none those of the project.
func (l *Ledger) limitsOf(w *wallet) Limits {
	limits := w.limits
	for _, all := range l.projects[w.project].settings.Limits {
		if w.role != "customer" || all.Currency != w.asset {
			continue
		}
		for _, part := range []struct {
			own   *string
			other string
		}{
			{&limits.Balance, all.Balance}, {&limits.Amount, all.Amount}, {&limits.Day, all.Day}, {&limits.Month, all.Month},
			{&limits.DayCount, all.DayCount}, {&limits.MonthCount, all.MonthCount},
		} {
			if *part.own == "" {
				*part.own = part.other
			}
		}
	}
	return limits
}

func (l *Ledger) today(project string) string {
	return l.now.In(l.projects[project].settings.Zone).Format("2006-01-02")
}

// over tells whether an amount of minor units is more than a limit.
func exceeds(amount *big.Int, limit string, scale int) bool {
	if limit == "" {
		return false
	}
	most, _ := Amount{Text: limit}.units(scale)
	return amount.Cmp(most) > 0
}

func exceedsCount(count int, limit string) bool {
	most, err := strconv.Atoi(limit)
	return err == nil && count > most
}

// usage sums what was counted on days that begin like this: a day, or a month.
func (w *wallet) usage(date string) (sum *big.Int, count int) {
	sum = nothing
	for _, u := range w.used {
		if len(u.date) >= len(date) && u.date[:len(date)] == date {
			sum, count = plus(sum, u.amount), count+1
		}
	}
	return sum, count
}

// checkLimits of both ends. Fees do not count.
func (l *Ledger) checkLimits(s step, f flow) {
	if s.out && f.from != nil {
		l.checkOutgoing(f.from, f.amount)
	}
	if s.further {
		l.checkCounts(f.from)
	}
	over := exceeds(plus(f.to.balance(), f.amount), l.limitsOf(f.to).Balance, f.to.scale)
	l.check(!s.in || !over, "LIMIT_EXCEEDED")
}

// checkCounts: one more operation beside those of today and this month, and one
// for each active hold.
func (l *Ledger) checkCounts(w *wallet) {
	limits, date, holds := l.limitsOf(w), l.today(w.project), l.holdsOf(w)
	_, days := w.usage(date)
	_, months := w.usage(date[:7])
	l.check(!exceedsCount(days+holds+1, limits.DayCount) && !exceedsCount(months+holds+1, limits.MonthCount), "LIMIT_EXCEEDED")
}

func (l *Ledger) checkOutgoing(w *wallet, amount *big.Int) {
	limits, date := l.limitsOf(w), l.today(w.project)
	day, _ := w.usage(date)
	month, _ := w.usage(date[:7])
	held := l.held(w) // as if it had left already
	day, month = plus(day, held), plus(month, held)
	broken := exceeds(amount, limits.Amount, w.scale) ||
		exceeds(plus(day, amount), limits.Day, w.scale) || exceeds(plus(month, amount), limits.Month, w.scale)
	l.check(!broken, "LIMIT_EXCEEDED")
	l.checkCounts(w)
}

// count notes what limits by the day and month count, from when there is one.
func (l *Ledger) count(w *wallet, amount *big.Int) {
	limits := l.limitsOf(w)
	if limits.Day+limits.Month+limits.DayCount+limits.MonthCount != "" {
		w.used = append(w.used, used{l.today(w.project), amount})
	}
}

func (l *Ledger) fitLimits(limits Limits, scale int) {
	for _, part := range []string{limits.Balance, limits.Amount, limits.Day, limits.Month} {
		if part != "" {
			n, ok := Amount{Text: part}.units(scale)
			l.check(ok && n.Sign() >= 0, "BAD_REQUEST")
		}
	}
}
