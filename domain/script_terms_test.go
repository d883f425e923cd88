package domain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tallystick/domain/money"
)

func sortedKeys(options map[string]string) []string { return slices.Sorted(maps.Keys(options)) }

// terms are the change that options make of terms.
func (s *script) terms(old *Terms, options map[string]string) TermsChange {
	var change TermsChange
	fees, limits, limited := old.Fees, old.Limits, false
	for _, key := range sortedKeys(options) {
		value := options[key]
		switch {
		case key == "limit":
			change.CreditLimit = read(s, money.MajorUnits, value)
		case key == "settle":
			period, day, _ := strings.Cut(value, ":")
			change.Settlement = &Settlement{Period: SettlementPeriod(period)}
			if day != "" {
				if _, err := fmt.Sscan(day, &change.Settlement.Day); err != nil {
					s.t.Fatalf("settle=%s: %v", value, err)
				}
			}
		case strings.HasPrefix(key, "fee."):
			fees = s.withFee(fees, key, value)
			change.Fees = fees
		case s.setLimit(&limits, key, value):
			limited = true
		}
	}
	if limited {
		change.Limits = &limits
	}
	return change
}

// withFee is a copy of rules with one set, or taken out where the text is empty.
func (s *script) withFee(rules []FeeRule, key, text string) []FeeRule {
	names := append(strings.Split(key, "."), "")
	rule := FeeRule{Operation: OperationType(names[1]), Currency: money.AssetCode(names[2])}
	next := slices.DeleteFunc(append([]FeeRule{}, rules...), func(r FeeRule) bool {
		return r.Operation == rule.Operation && r.Currency == rule.Currency
	})
	if text == "" || text == "0%" {
		return next
	}
	for part := range strings.SplitSeq(text, ",") {
		if percentage, is := strings.CutSuffix(part, "%"); is {
			rule.Percentage = read(s, money.ParsePercentage, percentage)
		} else if least, is := strings.CutPrefix(part, ">="); is {
			rule.Minimum = read(s, money.MajorUnits, least)
		} else if most, is := strings.CutPrefix(part, "<="); is {
			rule.Maximum = read(s, money.MajorUnits, most)
		} else {
			rule.Fixed = read(s, money.MajorUnits, part)
		}
	}
	return append(next, rule)
}

// withLimit sets limit.CURRENCY.LIMIT among those of a project.
func (s *script) withLimit(all []CurrencyLimits, key, value string) []CurrencyLimits {
	names := strings.Split(key, ".")
	at := slices.IndexFunc(all, func(c CurrencyLimits) bool { return c.Currency == money.AssetCode(names[1]) })
	if at < 0 {
		at, all = len(all), append(all, CurrencyLimits{Currency: money.AssetCode(names[1])})
	}
	if !s.setLimit(&all[at].Limits, names[2], value) {
		s.t.Fatalf("%s=%s", key, value)
	}
	return all
}

// setLimit sets one limit, or takes it away where the value is empty; false when
// there is none of that name.
func (s *script) setLimit(l *Limits, name, value string) bool {
	amounts := map[string]*money.Quantity{
		"max_balance": &l.MaximumBalance, "max_amount": &l.MaximumAmount, "daily": &l.DailyAmount, "monthly": &l.MonthlyAmount,
	}
	counts := map[string]*Count{"daily_count": &l.DailyCount, "monthly_count": &l.MonthlyCount}
	if amount, ok := amounts[name]; ok {
		*amount = read(s, money.MajorUnits, value)
		return true
	}
	count, ok := counts[name]
	if !ok {
		return false
	}
	*count = Count{}
	if value != "" {
		var n uint64
		if _, err := fmt.Sscan(value, &n); err != nil {
			s.t.Fatalf("%s=%s: %v", name, value, err)
		}
		*count = NewCount(n)
	}
	return true
}

func saySettings(p ProjectSettings) string {
	text := string(p.Currency) + given("locale", p.Locale) + sayFees(p.Fees)
	if p.OneWalletPerCustomer {
		text += ", one wallet per customer"
	}
	if p.OwnTransfersFree {
		text += ", own transfers free"
	}
	if p.Zone != nil {
		text += given("zone", p.Zone.String())
	}
	for _, limits := range p.Limits {
		text += sayLimits(string(limits.Currency)+" ", limits.Limits)
	}
	if p.ExpiryNotice != 0 {
		text += given("notice", p.ExpiryNotice.String())
	}
	if p.Backdating != 0 {
		text += given("backdating", p.Backdating.String())
	}
	return text
}

func sayFees(rules []FeeRule) string {
	text := ""
	for _, rule := range rules {
		name := strings.TrimSpace(strings.TrimPrefix(string(rule.Operation)+" ", "transfer ") + string(rule.Currency) + " fee")
		if rule.Currency != "" && rule.Operation == Transfer {
			name = string(rule.Currency) + " fee"
		}
		parts := ""
		if !rule.Percentage.IsZero() {
			parts += " + " + rule.Percentage.String() + " %"
		}
		if rule.Fixed.Set() {
			parts += " + " + rule.Fixed.String()
		}
		text += given(strings.Replace(name, "  ", " ", 1), strings.TrimPrefix(parts, " + "))
		if rule.Minimum.Set() {
			text += " at least " + rule.Minimum.String()
		}
		if rule.Maximum.Set() {
			text += " at most " + rule.Maximum.String()
		}
	}
	return text
}

func sayLimits(whose string, l Limits) string {
	text := ""
	for _, part := range []struct {
		name   string
		amount money.Quantity
	}{{"maximum balance", l.MaximumBalance}, {"maximum amount", l.MaximumAmount}, {"daily", l.DailyAmount}, {"monthly", l.MonthlyAmount}} {
		if part.amount.Set() {
			text += ", " + whose + part.name + " " + part.amount.String()
		}
	}
	if l.DailyCount.Set() {
		text += fmt.Sprintf(", %sdaily count %d", whose, l.DailyCount.Value())
	}
	if l.MonthlyCount.Set() {
		text += fmt.Sprintf(", %smonthly count %d", whose, l.MonthlyCount.Value())
	}
	return text
}

func sayTerms(t Terms) string {
	text := sayFees(t.Fees) + sayLimits("", t.Limits)
	if t.CreditLimit.Asset() != "" {
		text = ", credit limit " + t.CreditLimit.String() + text
	}
	if t.Settlement.Period != "" {
		text += fmt.Sprintf(", settled %s on %d, next %s", t.Settlement.Period, t.Settlement.Day, sayTime(t.Settlement.Next))
	}
	return text
}
