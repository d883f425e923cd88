package projections

import (
	"encoding/json"
	"fmt"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/money"
)

// The jsonb columns of fees and limits.

func encodeFees(e *jx.Encoder, rules []domain.FeeRule) {
	e.Reset()
	e.ArrStart()
	for i := range rules {
		rule := &rules[i]
		e.ObjStart()
		e.FieldStart("type")
		e.Str(string(rule.Operation))
		encodeText(e, "currency", string(rule.Currency))
		e.FieldStart("percentage")
		e.Str(rule.Percentage.String())
		encodeText(e, "fixed", rule.Fixed.String())
		encodeText(e, "minimum", rule.Minimum.String())
		encodeText(e, "maximum", rule.Maximum.String())
		e.ObjEnd()
	}
	e.ArrEnd()
}

// encodeText leaves out a field that has nothing to say.
func encodeText(e *jx.Encoder, field, text string) {
	if text != "" {
		e.FieldStart(field)
		e.Str(text)
	}
}

func encodeLimits(e *jx.Encoder, limits domain.Limits) {
	e.Reset()
	e.ObjStart()
	encodeBounds(e, &limits)
	e.ObjEnd()
}

func encodeProjectLimits(e *jx.Encoder, limits []domain.CurrencyLimits) {
	e.Reset()
	e.ArrStart()
	for i := range limits {
		e.ObjStart()
		e.FieldStart("currency")
		e.Str(string(limits[i].Currency))
		encodeBounds(e, &limits[i].Limits)
		e.ObjEnd()
	}
	e.ArrEnd()
}

func encodeBounds(e *jx.Encoder, limits *domain.Limits) {
	encodeText(e, "maximum_balance", limits.MaximumBalance.String())
	encodeText(e, "maximum_amount", limits.MaximumAmount.String())
	encodeText(e, "daily_amount", limits.DailyAmount.String())
	encodeText(e, "monthly_amount", limits.MonthlyAmount.String())
	if limits.DailyCount.Set() {
		e.FieldStart("daily_count")
		e.UInt64(limits.DailyCount.Value())
	}
	if limits.MonthlyCount.Set() {
		e.FieldStart("monthly_count")
		e.UInt64(limits.MonthlyCount.Value())
	}
}

// decodeFees answers nil for none.
func decodeFees(text []byte) ([]domain.FeeRule, error) {
	if text == nil {
		return nil, nil
	}
	var rows []struct {
		Type                                domain.OperationType
		Currency                            money.AssetCode
		Percentage, Fixed, Minimum, Maximum string
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("fees: %w", err)
	}
	rules := make([]domain.FeeRule, len(rows))
	for i, row := range rows {
		percentage, ok := money.ParsePercentage(row.Percentage)
		if !ok {
			return nil, fmt.Errorf("fees: %q is not a percentage", row.Percentage)
		}
		rules[i] = domain.FeeRule{Operation: row.Type, Currency: row.Currency, Percentage: percentage}
		err := parseQuantities(
			quantity{&rules[i].Fixed, row.Fixed}, quantity{&rules[i].Minimum, row.Minimum}, quantity{&rules[i].Maximum, row.Maximum})
		if err != nil {
			return nil, fmt.Errorf("fees: %w", err)
		}
	}
	return rules, nil
}

// decodeLimits answers the zero Limits for none.
func decodeLimits(text []byte) (domain.Limits, error) {
	var limits domain.Limits
	if text == nil {
		return limits, nil
	}
	var row struct {
		MaximumBalance string  `json:"maximum_balance"`
		MaximumAmount  string  `json:"maximum_amount"`
		DailyAmount    string  `json:"daily_amount"`
		MonthlyAmount  string  `json:"monthly_amount"`
		DailyCount     *uint64 `json:"daily_count"`
		MonthlyCount   *uint64 `json:"monthly_count"`
	}
	if err := json.Unmarshal(text, &row); err != nil {
		return limits, fmt.Errorf("limits: %w", err)
	}
	if row.DailyCount != nil {
		limits.DailyCount = domain.NewCount(*row.DailyCount)
	}
	if row.MonthlyCount != nil {
		limits.MonthlyCount = domain.NewCount(*row.MonthlyCount)
	}
	err := parseQuantities(
		quantity{&limits.MaximumBalance, row.MaximumBalance}, quantity{&limits.MaximumAmount, row.MaximumAmount},
		quantity{&limits.DailyAmount, row.DailyAmount}, quantity{&limits.MonthlyAmount, row.MonthlyAmount})
	if err != nil {
		return limits, fmt.Errorf("limits: %w", err)
	}
	return limits, nil
}

// quantity is a text and where it goes; an empty one leaves that as it is.
type quantity struct {
	to   *money.Quantity
	text string
}

func parseQuantities(all ...quantity) error {
	for _, q := range all {
		if q.text == "" {
			continue
		}
		value, ok := money.MajorUnits(q.text)
		if !ok {
			return fmt.Errorf("%q is not an amount", q.text)
		}
		*q.to = value
	}
	return nil
}
