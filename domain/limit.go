package domain

import (
	"strconv"
	"time"
)

// Limits bound what a wallet may hold and give away. A part that is not set
// does not bound. Amounts are in major units; fees do not count.
type Limits struct {
	MaximumBalance Quantity // after money came in
	MaximumAmount  Quantity // of one operation that money leaves by
	DailyAmount    Quantity // sum of those in a day of the project's zone
	MonthlyAmount  Quantity // and in a month
	DailyCount     Count    // how many of those in a day
	MonthlyCount   Count    // and in a month
}

// Count is a number of operations, or not set.
type Count struct {
	set   bool
	count uint64
}

// NewCount is a count that is set.
func NewCount(count uint64) Count { return Count{true, count} }

// Set tells whether it is one.
func (c Count) Set() bool { return c.set }

// Value is the number, 0 when not set.
func (c Count) Value() uint64 { return c.count }

// CurrencyLimits are a project's limits for each wallet in a currency.
type CurrencyLimits struct {
	Currency AssetCode
	Limits
}

// Usage is what counts against limits by the day and the month. It counts from
// when a limit that needs it is there.
type Usage struct {
	Date        string // "2006-01-02", the day of the last operation
	DayAmount   Money
	DayCount    uint64
	MonthAmount Money
	MonthCount  uint64
}

// on is the usage as it stands on a day. Days do not go back: where the project's
// zone was moved west, the day that was begun goes on until it is over there too.
func (u Usage) on(date string, asset Asset) Usage {
	if u.Date >= date {
		return u
	}
	next := Usage{Date: date, DayAmount: asset.zero(), MonthAmount: asset.zero()}
	if len(u.Date) >= 7 && u.Date[:7] == date[:7] {
		next.MonthAmount, next.MonthCount = u.MonthAmount, u.MonthCount
	}
	return next
}

func (u Usage) plus(amount Money) Usage {
	u.DayAmount, u.MonthAmount = u.DayAmount.Add(amount), u.MonthAmount.Add(amount)
	u.DayCount++
	u.MonthCount++
	return u
}

// or fills what is not set from the project's limits.
func (l Limits) or(project Limits) Limits {
	for _, part := range [...]struct{ own, other *Quantity }{
		{&l.MaximumBalance, &project.MaximumBalance}, {&l.MaximumAmount, &project.MaximumAmount},
		{&l.DailyAmount, &project.DailyAmount}, {&l.MonthlyAmount, &project.MonthlyAmount},
	} {
		if !part.own.Set() {
			*part.own = *part.other
		}
	}
	if !l.DailyCount.set {
		l.DailyCount = project.DailyCount
	}
	if !l.MonthlyCount.set {
		l.MonthlyCount = project.MonthlyCount
	}
	return l
}

func (l Limits) equal(m Limits) bool {
	return l.MaximumBalance.String() == m.MaximumBalance.String() && l.MaximumAmount.String() == m.MaximumAmount.String() &&
		l.DailyAmount.String() == m.DailyAmount.String() && l.MonthlyAmount.String() == m.MonthlyAmount.String() &&
		l.DailyCount == m.DailyCount && l.MonthlyCount == m.MonthlyCount
}

// IsZero tells whether nothing is bound.
func (l Limits) IsZero() bool { return l.equal(Limits{}) }

// windows tells whether a sum or count over time is bound.
func (l Limits) windows() bool {
	return l.DailyAmount.Set() || l.MonthlyAmount.Set() || l.DailyCount.set || l.MonthlyCount.set
}

func checkLimits(l Limits, asset Asset) *Rejection {
	for _, part := range [...]struct {
		name  string
		value Quantity
	}{
		{"maximum_balance", l.MaximumBalance}, {"maximum_amount", l.MaximumAmount},
		{"daily_amount", l.DailyAmount}, {"monthly_amount", l.MonthlyAmount},
	} {
		if !part.value.Set() {
			continue
		}
		if money, ok := part.value.of(asset); !ok || money.Sign() < 0 || part.value.minor {
			return reject(BadRequest, "%s must be an amount of %s in major units, zero or more", part.name, asset.Code)
		}
	}
	return nil
}

// LimitsOf are the limits in force for a wallet: its own, and where it has none
// the project's. Wallets of the project itself have none of the project's.
func (p *Project) LimitsOf(w *Wallet) Limits {
	if w.Role != CustomerWallet {
		return w.Terms.Limits
	}
	for i := range p.Settings.Limits {
		if p.Settings.Limits[i].Currency == w.Asset.Code {
			return w.Terms.Limits.or(p.Settings.Limits[i].Limits)
		}
	}
	return w.Terms.Limits
}

// limited tells whether any limit may bind a wallet: the way past all of this
// for those of most ledgers.
func (p *Project) limited(w *Wallet) bool {
	return w.Terms != noTerms && !w.Terms.Limits.IsZero() || len(p.Settings.Limits) > 0 && w.Role == CustomerWallet
}

// reserved adds what holds reserve to a usage: each hold counts as if it had left
// by one operation, so that the capture that ends it needs no room of its own. A
// capture that leaves some of it counts beside it.
func (a *account) reserved(u Usage) Usage {
	if a.dealings != nil {
		u.DayAmount, u.MonthAmount = u.DayAmount.Add(a.dealings.held), u.MonthAmount.Add(a.dealings.held)
		u.DayCount += uint64(a.dealings.holds)
		u.MonthCount += uint64(a.dealings.holds)
	}
	return u
}

// checkOutgoing holds an operation that takes amount out of an account to the
// limits of it.
func (p *posting) checkOutgoing(a *account, limits Limits, amount Money) *Rejection {
	if most, ok := limits.MaximumAmount.limit(a.wallet.Asset); ok && amount.Cmp(most) > 0 {
		return limitExceeded(a.wallet, "maximum_amount", most.String()).with("amount", amount.String())
	}
	if !limits.windows() {
		return nil
	}
	used := a.reserved(a.usage(p.date()))
	next := used.plus(amount)
	if most, ok := limits.DailyAmount.limit(a.wallet.Asset); ok && next.DayAmount.Cmp(most) > 0 {
		return p.windowExceeded(a.wallet, "daily_amount", most.String(), used.DayAmount.String(), amount, p.nextDay())
	}
	if most, ok := limits.MonthlyAmount.limit(a.wallet.Asset); ok && next.MonthAmount.Cmp(most) > 0 {
		return p.windowExceeded(a.wallet, "monthly_amount", most.String(), used.MonthAmount.String(), amount, p.nextMonth())
	}
	return p.checkCounts(a, limits, amount)
}

// checkCounts holds one more operation to how many there may be.
func (p *posting) checkCounts(a *account, limits Limits, amount Money) *Rejection {
	if !limits.windows() {
		return nil
	}
	used := a.reserved(a.usage(p.date()))
	next := used.plus(amount)
	if limits.DailyCount.set && next.DayCount > limits.DailyCount.count {
		return p.windowExceeded(a.wallet, "daily_count", number(limits.DailyCount.count), number(used.DayCount), amount, p.nextDay())
	}
	if limits.MonthlyCount.set && next.MonthCount > limits.MonthlyCount.count {
		return p.windowExceeded(a.wallet, "monthly_count", number(limits.MonthlyCount.count), number(used.MonthCount), amount, p.nextMonth())
	}
	return nil
}

// count notes an operation that the limits of its payer count by the day.
func (p *posting) count(a *account, amount Money) {
	if p.project.limited(a.wallet) && p.project.LimitsOf(a.wallet).windows() {
		p.counted = true
		own := a.own()
		own.usage = a.usage(p.date()).plus(amount)
	}
}

func (p *posting) checkMaximumBalance(a *account, amount Money) *Rejection {
	most, ok := p.project.LimitsOf(a.wallet).MaximumBalance.limit(a.wallet.Asset)
	if ok && a.balance.Add(amount).Cmp(most) > 0 {
		return limitExceeded(a.wallet, "maximum_balance", most.String()).
			with("used", a.balance.String()).with("amount", amount.String())
	}
	return nil
}

func limitExceeded(w *Wallet, limit, most string) *Rejection {
	return reject(LimitExceeded, "Wallet %s would go over its %s of %s", w.ID, limit, most).
		with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code)).with("limit", limit).with("maximum", most)
}

func (p *posting) windowExceeded(w *Wallet, limit, most, used string, amount Money, resets time.Time) *Rejection {
	return limitExceeded(w, limit, most).with("used", used).with("amount", amount.String()).
		with("resets_at", resets.UTC().Format(time.RFC3339))
}

// limit is the quantity at an asset's scale, false when it is not set.
func (q Quantity) limit(asset Asset) (Money, bool) {
	if !q.Set() {
		return Money{}, false
	}
	return q.of(asset)
}

// local is now, by the project's clocks.
func (p *posting) local() time.Time { return p.at.Time.In(p.project.Settings.zone()) }

func (p *posting) date() string { return p.local().Format(time.DateOnly) }

func (p *posting) nextDay() time.Time {
	now := p.local()
	return startOf(time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, time.UTC), now.Location())
}

func (p *posting) nextMonth() time.Time {
	now := p.local()
	return startOf(time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC), now.Location())
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
