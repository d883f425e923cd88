package webhooks

import (
	"slices"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func (w writer) walletUpdated(of *wallet, f *domain.WalletChanged, cut int) {
	after := *of
	after.name = f.Name
	w.object("wallet", func() {
		w.wallet(&after)
		w.metadata(f.Metadata, cut == metadataCut)
		w.terms(&f.Terms, cut)
	})
	w.truncated(cut == metadataCut)
}

// terms are what was agreed for the wallet alone, where anything was.
func (w writer) terms(t *domain.Terms, cut int) {
	if t.CreditLimit.Asset() != "" {
		w.money("credit_limit", t.CreditLimit)
	}
	if t.Settlement.Period != "" {
		w.object("settlement", func() {
			w.text("period", string(t.Settlement.Period))
			w.integer("day", uint64(t.Settlement.Day))
			w.time("next_at", t.Settlement.Next)
		})
	}
	if cut == metadataCut {
		return // there may be fees of many currencies
	}
	if !t.Limits.IsZero() {
		w.object("limits", func() { w.limits(&t.Limits) })
	}
	if len(t.Fees) > 0 {
		w.object("fees", func() { w.fees(t.Fees) })
	}
}

// limits are decimals in major units, and counts; what is not limited is missing.
func (w writer) limits(l *domain.Limits) {
	w.quantity("maximum_balance", l.MaximumBalance)
	w.quantity("maximum_amount", l.MaximumAmount)
	w.quantity("daily_amount", l.DailyAmount)
	w.quantity("monthly_amount", l.MonthlyAmount)
	if l.DailyCount.Set() {
		w.integer("daily_count", l.DailyCount.Value())
	}
	if l.MonthlyCount.Set() {
		w.integer("monthly_count", l.MonthlyCount.Value())
	}
}

// fees go by operation, as in the API: what is charged in any currency, and
// beside it under "currencies" what is charged in some instead.
func (w writer) fees(rules []domain.FeeRule) {
	for i := range rules {
		operation := rules[i].Operation
		if slices.ContainsFunc(rules[:i], func(f domain.FeeRule) bool { return f.Operation == operation }) {
			continue
		}
		w.object(string(operation), func() {
			own := false
			for j := range rules {
				if f := &rules[j]; f.Operation == operation && f.Currency == "" {
					w.fee(f)
				} else if f.Operation == operation {
					own = true
				}
			}
			if own {
				w.object("currencies", func() { w.feesByCurrency(rules, operation) })
			}
		})
	}
}

func (w writer) feesByCurrency(rules []domain.FeeRule, operation domain.OperationType) {
	for i := range rules {
		if f := &rules[i]; f.Operation == operation && f.Currency != "" {
			w.object(string(f.Currency), func() { w.fee(f) })
		}
	}
}

func (w writer) fee(f *domain.FeeRule) {
	if !f.Percentage.IsZero() {
		w.text("percentage", f.Percentage.String())
	}
	w.quantity("fixed", f.Fixed)
	w.quantity("minimum", f.Minimum)
	w.quantity("maximum", f.Maximum)
}

func (w writer) quantity(name string, q money.Quantity) {
	if q.Set() {
		w.text(name, q.String())
	}
}

func (w writer) settlementDue(of *wallet, f *domain.SettlementDue) {
	w.object("wallet", func() { w.wallet(of) })
	w.object("settlement", func() {
		w.money("amount_due", f.Amount)
		w.time("period_end", f.PeriodEnd)
		w.time("next_at", f.Next)
	})
}

func (w writer) monitorTriggered(of *wallet, f *domain.MonitorTriggered) {
	w.object("wallet", func() { w.wallet(of) })
	w.object("monitor", func() {
		w.text("id", string(f.Monitor))
		w.text("metric", string(f.Metric))
		w.money("threshold", f.Threshold)
		w.money("value", f.Value)
		w.boolean("above", f.Above)
	})
}

// creditGranted gives the balance as of the entry that brought the credit: a fee
// may follow it, and other operations.
func (w writer) creditGranted(of *wallet, o *domain.PostedOperation, entry *domain.Entry, f *domain.TransactionCompleted) {
	w.after(of, entry)
	w.object("credit", func() {
		w.money("amount", o.Amount)
		w.boolean("grant", o.Grant)
		w.timeOrNull("expires_at", o.ExpiresAt)
	})
	if len(entry.Lots) == 0 {
		w.textOrNull("lot", "")
	} else {
		w.object("lot", func() { w.lot(of.id, &entry.Lots[0], "remaining") })
	}
	w.because(f)
}

func (w writer) creditExpiring(of *wallet, f *domain.CreditExpiring) {
	w.object("wallet", func() { w.wallet(of) })
	w.object("lot", func() { w.lot(of.id, &f.Lot, "remaining") })
}

// creditExpired: what remained of the lot is what was removed.
func (w writer) creditExpired(of *wallet, entry *domain.Entry, f *domain.TransactionCompleted) {
	w.after(of, entry)
	w.object("lot", func() { w.lot(of.id, &entry.Lots[0], "remaining") })
	w.because(f)
}

// after is a wallet as an entry left it.
func (w writer) after(of *wallet, entry *domain.Entry) {
	w.object("wallet", func() {
		w.wallet(of)
		w.money("balance", entry.BalanceAfter)
		w.integer("version", entry.Version)
	})
}

// lot writes expiring credit; amount is what the part of it is called.
func (w writer) lot(of ids.Wallet, part *domain.LotPart, amount string) {
	w.text("id", ids.Lot(of, part.Lot))
	w.text("currency", string(part.Amount.Asset()))
	w.money("original", part.Original)
	w.money(amount, part.Amount)
	w.time("expires_at", part.ExpiresAt)
}
