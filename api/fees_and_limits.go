package api

import (
	"maps"
	"slices"

	"tallystick/domain"
	"tallystick/domain/money"
)

// Fees, limits and settlements of requests.

// termsOf returns the terms that a body gives a wallet.
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

// feeRules returns the rules of a body, in a fixed order. The result is never nil, which
// would mean that no fees were given. An operation with an empty rule is free.
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

// feeOf is one field of Fees.
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

// of returns the field of an operation.
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

// free reports whether a rule charges nothing and sets nothing.
func free(rule *domain.FeeRule) bool {
	return rule.Percentage.IsZero() && !rule.Fixed.Set() && !rule.Minimum.Set() && !rule.Maximum.Set()
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
