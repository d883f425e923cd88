package domain

import (
	"strconv"
	"time"

	"tallystick/domain/money"
)

// Limits bound what a wallet may hold and give away. A part that is not set
// does not bound. Amounts are in major units; fees do not count.
type Limits struct {
	MaximumBalance money.Quantity // after money came in
	MaximumAmount  money.Quantity // of one operation that money leaves by
	DailyAmount    money.Quantity // sum of those in a day of the project's zone
	MonthlyAmount  money.Quantity // and in a month
	DailyCount     Count          // how many of those in a day
	MonthlyCount   Count          // and in a month
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
	Currency money.AssetCode
	Limits
}

// or fills what is not set from the project's limits.
func (l Limits) or(project Limits) Limits {
	for _, part := range [...]struct{ own, other *money.Quantity }{
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

func checkLimits(l Limits, asset money.Asset) *Rejection {
	for _, part := range [...]struct {
		name  string
		value money.Quantity
	}{
		{"maximum_balance", l.MaximumBalance}, {"maximum_amount", l.MaximumAmount},
		{"daily_amount", l.DailyAmount}, {"monthly_amount", l.MonthlyAmount},
	} {
		if !part.value.Set() {
			continue
		}
		if money, ok := part.value.In(asset); !ok || money.Sign() < 0 || part.value.Minor() {
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

// checkOutgoing holds an operation that takes amount out of an account to the
// limits of it.
func (p *posting) checkOutgoing(a *account, limits Limits, amount money.Amount) *Rejection {
	if most, ok := bound(limits.MaximumAmount, a.wallet.Asset); ok && amount.Cmp(most) > 0 {
		return limitExceeded(a.wallet, "maximum_amount", most.String()).with("amount", amount.String())
	}
	if !limits.windows() {
		return nil
	}
	used := p.project.used(a.wallet.Asset, a.dealings, p.at.Time)
	next := used.plus(amount)
	if most, ok := bound(limits.DailyAmount, a.wallet.Asset); ok && next.DayAmount.Cmp(most) > 0 {
		return windowExceeded(a.wallet, "daily_amount", most.String(), used.DayAmount.String(), amount, used.DayEnds(p.project))
	}
	if most, ok := bound(limits.MonthlyAmount, a.wallet.Asset); ok && next.MonthAmount.Cmp(most) > 0 {
		return windowExceeded(a.wallet, "monthly_amount", most.String(), used.MonthAmount.String(), amount, used.MonthEnds(p.project))
	}
	return p.checkCounts(a, limits, amount)
}

// checkCounts holds one more operation to how many there may be.
func (p *posting) checkCounts(a *account, limits Limits, amount money.Amount) *Rejection {
	if !limits.windows() {
		return nil
	}
	used := p.project.used(a.wallet.Asset, a.dealings, p.at.Time)
	next := used.plus(amount)
	if limits.DailyCount.set && next.DayCount > limits.DailyCount.count {
		return windowExceeded(a.wallet, "daily_count", number(limits.DailyCount.count), number(used.DayCount), amount, used.DayEnds(p.project))
	}
	if limits.MonthlyCount.set && next.MonthCount > limits.MonthlyCount.count {
		return windowExceeded(a.wallet, "monthly_count", number(limits.MonthlyCount.count), number(used.MonthCount), amount, used.MonthEnds(p.project))
	}
	return nil
}

// count notes an operation that the limits of its payer count by the day.
func (p *posting) count(a *account, amount money.Amount) {
	if p.project.limited(a.wallet) && p.project.LimitsOf(a.wallet).windows() {
		p.counted = true
		own := a.own()
		own.usage = own.usage.on(p.date(), a.wallet.Asset).plus(amount)
	}
}

func (p *posting) checkMaximumBalance(a *account, amount money.Amount) *Rejection {
	most, ok := bound(p.project.LimitsOf(a.wallet).MaximumBalance, a.wallet.Asset)
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

func windowExceeded(w *Wallet, limit, most, used string, amount money.Amount, resets time.Time) *Rejection {
	return limitExceeded(w, limit, most).with("used", used).with("amount", amount.String()).
		with("resets_at", resets.Format(time.RFC3339))
}

// bound is a limit at an asset's scale, false when it is not set.
func bound(limit money.Quantity, asset money.Asset) (money.Amount, bool) {
	if !limit.Set() {
		return money.Amount{}, false
	}
	return limit.In(asset)
}

func (p *posting) date() string { return p.project.date(p.at.Time) }

func number(n uint64) string { return strconv.FormatUint(n, 10) }
