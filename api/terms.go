package api

import (
	"maps"
	"slices"
	"time"

	"tallystick/domain"
	"tallystick/domain/money"
)

// Fees, limits and settlements, as bodies have them and as the domain does.

// termsOf is the terms that a body gives a wallet.
func termsOf(body *WalletChange) (domain.TermsChange, error) {
	var terms domain.TermsChange
	var err error
	if terms.CreditLimit, err = optionalQuantity("credit_limit", body.CreditLimit, body.CreditLimitMinor); err != nil {
		return terms, err
	}
	if body.Fees != nil {
		if terms.Fees, err = feeRules(body.Fees); err != nil {
			return terms, err
		}
	}
	if body.Limits != nil {
		limits, err := limitsFrom(body.Limits)
		if err != nil {
			return terms, problemf(domain.BadRequest, "limits.%s", err)
		}
		terms.Limits = &limits
	}
	if body.Settlement != nil {
		terms.Settlement = &domain.Settlement{Period: domain.SettlementPeriod(body.Settlement.Period), Day: body.Settlement.Day}
	}
	return terms, nil
}

// feeRules are the rules that a body names, in a fixed order; never nil, which
// would mean none given. An operation that is named without anything is free.
func feeRules(fees *Fees) ([]domain.FeeRule, error) {
	rules := []domain.FeeRule{}
	for _, named := range fees.all() {
		operation, body := named.operation, *named.rule
		if body == nil {
			continue
		}
		of := CurrencyFee{Percentage: body.Percentage, Fixed: body.Fixed, Minimum: body.Minimum, Maximum: body.Maximum}
		if of != (CurrencyFee{}) || len(body.Currencies) == 0 {
			rule, err := feeRule(operation, "", &of)
			if err != nil {
				return nil, err
			}
			rules = append(rules, rule)
		}
		for _, currency := range slices.Sorted(maps.Keys(body.Currencies)) {
			of := body.Currencies[currency]
			rule, err := feeRule(operation, currency, &of)
			if err != nil {
				return nil, err
			}
			rules = append(rules, rule)
		}
	}
	return rules, nil
}

// feeOf is a field of Fees.
type feeOf struct {
	operation domain.OperationType
	rule      **FeeRule // nil: not named
}

func (f *Fees) all() []feeOf {
	return []feeOf{
		{domain.Transfer, &f.Transfer}, {domain.Issue, &f.Issue}, {domain.Redeem, &f.Redeem},
		{domain.Exchange, &f.Exchange}, {domain.Capture, &f.Capture}, {domain.FundEscrow, &f.Escrow},
	}
}

// of answers the field of an operation.
func (f *Fees) of(operation domain.OperationType) **FeeRule {
	for _, field := range f.all() {
		if field.operation == operation {
			return field.rule
		}
	}
	panic("api: a fee for " + string(operation) + ", which openapi.yaml has no field for")
}

func feeRule(operation domain.OperationType, currency string, body *CurrencyFee) (domain.FeeRule, error) {
	rule := domain.FeeRule{Operation: operation, Currency: money.AssetCode(currency)}
	name := "fees." + string(operation)
	if currency != "" {
		name += ".currencies." + currency
	}
	if body.Percentage != "" {
		percentage, ok := money.ParsePercentage(body.Percentage)
		if !ok {
			return rule, badRequest(`%s.percentage must be "0" to "100" with at most six digits after the point: "1.0"`, name)
		}
		rule.Percentage = percentage
	}
	for _, part := range [...]struct {
		name, text string
		field      *money.Quantity
	}{{"fixed", body.Fixed, &rule.Fixed}, {"minimum", body.Minimum, &rule.Minimum}, {"maximum", body.Maximum, &rule.Maximum}} {
		quantity, err := majorQuantity(name+"."+part.name, part.text)
		if err != nil {
			return rule, err
		}
		*part.field = quantity
	}
	return rule, nil
}

// free tells whether a rule charges nothing, and says nothing of it either.
func free(rule *domain.FeeRule) bool {
	return rule.Percentage.IsZero() && !rule.Fixed.Set() && !rule.Minimum.Set() && !rule.Maximum.Set()
}

// feesOf is rules as answers show them.
func feesOf(rules []domain.FeeRule) Fees {
	var fees Fees
	for i := range rules {
		rule := &rules[i]
		shown := CurrencyFee{
			Percentage: rule.Percentage.String(), Fixed: rule.Fixed.String(), Minimum: rule.Minimum.String(), Maximum: rule.Maximum.String(),
		}
		field := fees.of(rule.Operation)
		if *field == nil {
			*field = new(FeeRule)
		}
		of := *field
		if rule.Currency == "" {
			of.Percentage, of.Fixed, of.Minimum, of.Maximum = shown.Percentage, shown.Fixed, shown.Minimum, shown.Maximum
		} else {
			if of.Currencies == nil {
				of.Currencies = map[string]CurrencyFee{}
			}
			of.Currencies[string(rule.Currency)] = shown
		}
	}
	return fees
}

func limitsFrom(body *Limits) (domain.Limits, error) {
	var limits domain.Limits
	for _, part := range [...]struct {
		name, text string
		field      *money.Quantity
	}{
		{"maximum_balance", body.MaximumBalance, &limits.MaximumBalance}, {"maximum_amount", body.MaximumAmount, &limits.MaximumAmount},
		{"daily_amount", body.DailyAmount, &limits.DailyAmount}, {"monthly_amount", body.MonthlyAmount, &limits.MonthlyAmount},
	} {
		quantity, err := majorQuantity(part.name, part.text)
		if err != nil {
			return limits, err
		}
		*part.field = quantity
	}
	if body.DailyCount != nil {
		limits.DailyCount = domain.NewCount(*body.DailyCount)
	}
	if body.MonthlyCount != nil {
		limits.MonthlyCount = domain.NewCount(*body.MonthlyCount)
	}
	return limits, nil
}

func limitsOf(l domain.Limits) Limits {
	return Limits{
		MaximumBalance: l.MaximumBalance.String(), MaximumAmount: l.MaximumAmount.String(),
		DailyAmount: l.DailyAmount.String(), MonthlyAmount: l.MonthlyAmount.String(),
		DailyCount: countOf(l.DailyCount), MonthlyCount: countOf(l.MonthlyCount),
	}
}

func countOf(c domain.Count) *uint64 {
	if !c.Set() {
		return nil
	}
	value := c.Value()
	return &value
}

// limitsInForce are a wallet's limits, nil where there are none.
func limitsInForce(w *domain.Wallet, project *domain.Project, used *LimitsUsed) *WalletLimits {
	limits := project.LimitsOf(w)
	if limits.IsZero() {
		return nil
	}
	l := limitsOf(limits)
	return &WalletLimits{
		MaximumBalance: l.MaximumBalance, MaximumAmount: l.MaximumAmount, DailyAmount: l.DailyAmount, MonthlyAmount: l.MonthlyAmount,
		DailyCount: l.DailyCount, MonthlyCount: l.MonthlyCount, Used: used,
	}
}

// usedOf is what counts against a wallet's sums and counts by the day and month,
// nil where it has none.
func usedOf(w *domain.Wallet, project *domain.Project, now time.Time) *LimitsUsed {
	limits := project.LimitsOf(w)
	if !limits.DailyAmount.Set() && !limits.MonthlyAmount.Set() && !limits.DailyCount.Set() && !limits.MonthlyCount.Set() {
		return nil
	}
	used := project.Used(w, now)
	return &LimitsUsed{
		DailyAmount: used.DayAmount.String(), DailyCount: used.DayCount, DailyResetsAt: used.DayEnds(project),
		MonthlyAmount: used.MonthAmount.String(), MonthlyCount: used.MonthCount, MonthlyResetsAt: used.MonthEnds(project),
	}
}

// settlementOf is how a wallet is settled, nil where it is not.
func settlementOf(w *domain.Wallet, due money.Amount) *WalletSettlement {
	settlement := w.Terms.Settlement
	if settlement.Period == "" {
		return nil
	}
	return &WalletSettlement{
		Period: string(settlement.Period), Day: settlement.Day, NextAt: settlement.Next.UTC(),
		AmountDue: due.String(), AmountDueMinor: minor(due),
	}
}
