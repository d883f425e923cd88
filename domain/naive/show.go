package naive

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Show writes down everything that can be compared, as it is at a moment, a line
// for each thing by its name. Amounts are in minor units.
func (l *Ledger) Show(now time.Time) map[string]string {
	l.now = now
	all := map[string]string{}
	for name, w := range l.wallets {
		date := l.today(w.project)
		day, days := w.usage(date)
		month, months := w.usage(date[:7])
		held, holds := l.held(w), l.holdsOf(w)
		day, days, month, months = plus(day, held), days+holds, plus(month, held), months+holds
		var line strings.Builder
		fmt.Fprintf(&line, "%s %s balance %d version %d held %d available %d due %d used %d in %d today %d in %d this month",
			w.asset, w.status, w.balance(), w.version(), held, l.available(w), w.due(), day, days, month, months)
		for _, p := range lotsOf(w) {
			line.WriteString(ShowLot(p.lot, p.amount.String(), p.expires) + map[bool]string{true: " announced"}[w.lots[p.lot].noticed])
		}
		all[name] = line.String()
	}
	for name, h := range l.holds {
		all[name] = ended(h.ended, h.pieces, "")
	}
	for name, e := range l.escrows {
		all[name] = ended(e.ended, e.pieces, fmt.Sprintf(" approved by %d", len(e.approved)))
	}
	for name, t := range l.transactions {
		if !t.at.IsZero() {
			all[name] = map[string]string{"scheduled": "scheduled", "cancelled": "cancelled"}[t.status]
		}
		for i, o := range t.operations {
			if o.back != nil && o.back.Sign() > 0 {
				all[fmt.Sprintf("%s[%d]", name, i)] = fmt.Sprintf("taken back %d, received %d, fee %d", o.back, o.backReceived, o.backFee)
			}
		}
	}
	return all
}

func lotsOf(w *wallet) (all []piece) {
	for id, lot := range w.lots {
		all = append(all, piece{id, lot.amount, lot.original, lot.expires})
	}
	slices.SortFunc(all, func(a, b piece) int { return a.lot - b.lot })
	return all
}

// ShowLot writes down what is left of a lot.
func ShowLot(id int, amount string, expires time.Time) string {
	return fmt.Sprintf(" lot %d: %s until %s", id, amount, expires.UTC().Format(time.RFC3339))
}

func ended(how string, pieces []piece, more string) string {
	if how != "" {
		return how
	}
	var lots strings.Builder
	for _, p := range ofLots(pieces) {
		lots.WriteString(ShowLot(p.lot, p.amount.String(), p.expires))
	}
	return fmt.Sprintf("left %d%s%s", total(pieces), lots.String(), more)
}

// Wallets are the names of all wallets, oldest first.
func (l *Ledger) Wallets() []string { return l.opened }
