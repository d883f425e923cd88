package domain

import (
	"time"

	"tallystick/domain/money"
)

// Limits bound what a wallet may have and what may leave it. A part that is not
// set does not bind. Amounts are in major units, without fees.
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

// or returns the limits with what is not set taken from the project's limits.
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

// windows tells whether a sum or a count of a day or month is bound.
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

func checkProjectLimits(limits []CurrencyLimits, project *Project) *Rejection {
	if len(limits) > MaxRules {
		return reject(BadRequest, "there are limits for %d currencies; at most %d are allowed", len(limits), MaxRules)
	}
	seen := make(map[money.AssetCode]bool, len(limits))
	for i := range limits {
		asset, ok := project.Asset(limits[i].Currency)
		if !ok {
			return unknownCurrency(limits[i].Currency)
		}
		if seen[asset.Code] {
			return reject(BadRequest, "two sets of limits for %s", asset.Code)
		}
		seen[asset.Code] = true
		if rejection := checkLimits(limits[i].Limits, asset); rejection != nil {
			return rejection
		}
	}
	return nil
}

// LimitsOf returns the limits that bind a wallet: its own, and where a part is
// not set the project's. Wallets of the project have only their own.
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

// limited tells whether any limit can bind a wallet. It is a shortcut: in most
// ledgers no wallet has limits.
func (p *Project) limited(w *Wallet) bool {
	return w.Terms != noTerms && !w.Terms.Limits.IsZero() || len(p.Settings.Limits) > 0 && w.Role == CustomerWallet
}

// checkLimits checks the limits that bind a movement: the sender's, then the
// recipient's.
func (p *posting) checkLimits(m *movement) *Rejection {
	var rejection *Rejection
	if bound := p.policy; (bound.out || bound.further) && p.project.limited(m.from.wallet) {
		limits := p.project.LimitsOf(m.from.wallet)
		if bound.out {
			rejection = p.checkOutgoing(m.from, limits, m.amount)
		} else {
			rejection = p.checkCounts(m.from, limits, m.amount)
		}
	}
	if rejection == nil && p.policy.in && p.project.limited(m.to.wallet) {
		rejection = p.checkMaximumBalance(m.to, m.amount)
	}
	return rejection
}

// checkOutgoing checks an operation that takes an amount out of an account
// against the limits of the account.
func (p *posting) checkOutgoing(a *account, limits Limits, amount money.Amount) *Rejection {
	if most, ok := bound(limits.MaximumAmount, a.wallet.Asset); ok && amount.Cmp(most) > 0 {
		return limitExceeded(a.wallet, "maximum_amount", most.String()).with("amount", amount.String())
	}
	if !limits.windows() {
		return nil
	}
	used := p.project.used(a.wallet.Asset, a.activity, p.at.Time)
	next := used.plus(amount)
	if most, ok := bound(limits.DailyAmount, a.wallet.Asset); ok && next.DayAmount.Cmp(most) > 0 {
		return windowExceeded(a.wallet, "daily_amount", most.String(), used.DayAmount.String(), amount, used.DayEnds(p.project))
	}
	if most, ok := bound(limits.MonthlyAmount, a.wallet.Asset); ok && next.MonthAmount.Cmp(most) > 0 {
		return windowExceeded(a.wallet, "monthly_amount", most.String(), used.MonthAmount.String(), amount, used.MonthEnds(p.project))
	}
	return p.checkCounts(a, limits, amount)
}

// checkCounts checks whether the limits allow one more operation.
func (p *posting) checkCounts(a *account, limits Limits, amount money.Amount) *Rejection {
	if !limits.windows() {
		return nil
	}
	used := p.project.used(a.wallet.Asset, a.activity, p.at.Time)
	next := used.plus(amount)
	if limits.DailyCount.set && next.DayCount > limits.DailyCount.count {
		return windowExceeded(a.wallet, "daily_count", number(limits.DailyCount.count), number(used.DayCount), amount, used.DayEnds(p.project))
	}
	if limits.MonthlyCount.set && next.MonthCount > limits.MonthlyCount.count {
		return windowExceeded(a.wallet, "monthly_count", number(limits.MonthlyCount.count), number(used.MonthCount), amount, used.MonthEnds(p.project))
	}
	return nil
}

func (p *posting) checkMaximumBalance(a *account, amount money.Amount) *Rejection {
	most, ok := bound(p.project.LimitsOf(a.wallet).MaximumBalance, a.wallet.Asset)
	if ok && a.balance.Add(amount).Cmp(most) > 0 {
		return limitExceeded(a.wallet, "maximum_balance", most.String()).
			with("used", a.balance.String()).with("amount", amount.String())
	}
	return nil
}

// bound returns a limit at an asset's scale; false when it is not set.
func bound(limit money.Quantity, asset money.Asset) (money.Amount, bool) {
	if !limit.Set() {
		return money.Amount{}, false
	}
	return limit.In(asset)
}

func limitExceeded(w *Wallet, limit, most string) *Rejection {
	return reject(LimitExceeded, "Wallet %s would go over its %s of %s", w.ID, limit, most).
		with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code)).with("limit", limit).with("maximum", most)
}

func windowExceeded(w *Wallet, limit, most, used string, amount money.Amount, resets time.Time) *Rejection {
	return limitExceeded(w, limit, most).with("used", used).with("amount", amount.String()).
		with("resets_at", resets.Format(time.RFC3339))
}

// Usage is what counts against the limits of a day and a month. It counts from
// when such a limit is set.
type Usage struct {
	Date        string // "2006-01-02": the day under way
	DayAmount   money.Amount
	DayCount    uint64
	MonthAmount money.Amount
	MonthCount  uint64
}

// on returns the usage on a day. Days do not go back: if the project moves its
// zone west, the current day lasts until it is over there too.
func (u Usage) on(date string, asset money.Asset) Usage {
	if u.Date >= date {
		return u
	}
	next := Usage{Date: date, DayAmount: asset.Zero(), MonthAmount: asset.Zero()}
	if len(u.Date) >= 7 && u.Date[:7] == date[:7] {
		next.MonthAmount, next.MonthCount = u.MonthAmount, u.MonthCount
	}
	return next
}

func (u Usage) plus(amount money.Amount) Usage {
	u.DayAmount, u.MonthAmount = u.DayAmount.Add(amount), u.MonthAmount.Add(amount)
	u.DayCount++
	u.MonthCount++
	return u
}

// DayEnds returns when the current day ends in the project's zone and the sums
// of the day begin anew. UTC.
func (u Usage) DayEnds(p *Project) time.Time {
	day := u.day()
	return startOf(time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, time.UTC), p.Settings.zone()).UTC()
}

// MonthEnds returns when the current month ends in the project's zone. UTC.
func (u Usage) MonthEnds(p *Project) time.Time {
	day := u.day()
	return startOf(time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC), p.Settings.zone()).UTC()
}

func (u Usage) day() time.Time {
	day, err := time.Parse(time.DateOnly, u.Date)
	if err != nil {
		panic("domain: usage of no day: " + err.Error())
	}
	return day
}

// Used returns what counts against a wallet's limits at a moment: what has left
// it and what holds reserve. Each active hold counts as one operation, so the
// capture that ends it needs no room of its own. A capture that leaves some of
// the hold counts in addition.
func (p *Project) Used(w *Wallet, now time.Time) Usage { return p.used(w.Asset, w.activity, now) }

func (p *Project) used(asset money.Asset, d *activity, now time.Time) Usage {
	if d == nil {
		return Usage{}.on(p.date(now), asset)
	}
	used := d.usage.on(p.date(now), asset)
	used.DayAmount, used.MonthAmount = used.DayAmount.Add(d.held), used.MonthAmount.Add(d.held)
	used.DayCount += uint64(d.holds)
	used.MonthCount += uint64(d.holds)
	return used
}

// count adds an operation to the usage of its sender, if a limit counts it.
func (p *posting) count(a *account, amount money.Amount) {
	if p.project.limited(a.wallet) && p.project.LimitsOf(a.wallet).windows() {
		p.counted = true
		own := a.own()
		own.usage = own.usage.on(p.date(), a.wallet.Asset).plus(amount)
	}
}

// count adds the entries to the usage of their wallets, by the limits in force.
func (e *TransactionCompleted) count(s *State) {
	project, ok := s.Project(e.Project)
	if !ok {
		return
	}
	for i := range e.Entries {
		entry := &e.Entries[i]
		if entry.Fee || entry.Amount.Sign() > 0 {
			continue
		}
		payer, ok := edit(&s.walletTable, entry.Wallet)
		if ok && project.limited(payer) && project.LimitsOf(payer).windows() {
			payer.change(func(d *activity) { d.usage = d.usage.on(e.Date, payer.Asset).plus(entry.Amount.Neg()) })
		}
	}
}
