package resource

import (
	"slices"

	"tallystick/domain"
)

// WriteTerms writes the fields that say what was agreed for one wallet alone, where
// anything was: credit_limit, settlement, limits and fees of schema EventWallet.
func WriteTerms(w *Writer, t *domain.Terms) {
	if t.CreditLimit.Asset() != "" {
		w.Money("credit_limit", t.CreditLimit)
	}
	if t.Settlement.Period != "" {
		w.Object("settlement", func() { SettlementFields(w, &t.Settlement) })
	}
	if !t.Limits.IsZero() && !w.leavesOut(CutMetadata) {
		w.Object("limits", func() { LimitFields(w, &t.Limits) })
	}
	if len(t.Fees) > 0 && !w.leavesOut(CutMetadata) { // there may be fees of many currencies
		w.Object("fees", func() { FeeFields(w, t.Fees) })
	}
}

// SettlementFields writes how a wallet is settled: schema Settlement, and when the
// period ends.
func SettlementFields(w *Writer, s *domain.Settlement) {
	w.Word("period", string(s.Period))
	w.Int("day", s.Day)
	w.Time("next_at", s.Next)
}

// LimitFields writes limits: schema Limits. What is not limited is missing.
func LimitFields(w *Writer, l *domain.Limits) {
	w.Quantity("maximum_balance", l.MaximumBalance)
	w.Quantity("maximum_amount", l.MaximumAmount)
	w.Quantity("daily_amount", l.DailyAmount)
	w.Quantity("monthly_amount", l.MonthlyAmount)
	w.count("daily_count", l.DailyCount)
	w.count("monthly_count", l.MonthlyCount)
}

func (w *Writer) count(name string, c domain.Count) {
	if c.Set() {
		w.Uint(name, c.Value())
	}
}

// FeeFields writes fees by operation: schema Fees. Fees for one currency stand
// under "currencies", beside what is charged in all others.
func FeeFields(w *Writer, rules []domain.FeeRule) {
	for i := range rules {
		operation := rules[i].Operation
		ofOperation := func(f domain.FeeRule) bool { return f.Operation == operation }
		if slices.ContainsFunc(rules[:i], ofOperation) {
			continue
		}
		w.Object(string(operation), func() {
			one := slices.IndexFunc(rules, func(f domain.FeeRule) bool { return ofOperation(f) && f.Currency == "" })
			if one >= 0 {
				feeFields(w, &rules[one])
			}
			inOneCurrency := func(f domain.FeeRule) bool { return ofOperation(f) && f.Currency != "" }
			if !slices.ContainsFunc(rules, inOneCurrency) {
				return
			}
			w.Object("currencies", func() {
				for j := range rules {
					if f := &rules[j]; inOneCurrency(*f) {
						w.Object(string(f.Currency), func() { feeFields(w, f) })
					}
				}
			})
		})
	}
}

func feeFields(w *Writer, f *domain.FeeRule) {
	w.Word("percentage", f.Percentage.String())
	w.Quantity("fixed", f.Fixed)
	w.Quantity("minimum", f.Minimum)
	w.Quantity("maximum", f.Maximum)
}
