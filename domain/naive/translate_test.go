package naive_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/domain/naive"
)

// learn notes what a fact of the domain made, and what it says that the state
// does not show.
func (d *duel) learn(tag string, event domain.Event) {
	call := func(id, name string) { d.ids[name], d.names[id] = id, name }
	switch e := event.(type) {
	case *domain.ProjectCreated:
		call(string(e.Project), "p"+tag)
	case *domain.WalletCreated:
		name := "w" + tag
		if e.Role != domain.CustomerWallet && e.Role != domain.SystemWallet {
			name = d.names[string(e.Project)] + "/" + string(e.Role) + "/" + string(e.Asset.Code)
		}
		call(string(e.Wallet), name)
	case *domain.TransactionScheduled:
		call(string(e.Transaction), "t"+tag)
		d.refer(e.Project, e.Reference, e.Transaction)
	case *domain.TransactionFailed:
		d.refer(e.Project, e.Reference, e.Transaction)
	case *domain.TransactionCompleted:
		if e.Origin.Kind != domain.ScheduleOrigin {
			call(string(e.Transaction), "t"+tag)
		}
		d.completed[d.names[string(e.Transaction)]] = e
		d.refer(e.Project, e.Reference, e.Transaction)
	case *domain.MonitorSet:
		call(string(e.Monitor.ID), "m"+tag)
	default:
		d.learnPromise(tag, event, call)
	}
}

func (d *duel) learnPromise(tag string, event domain.Event, call func(id, name string)) {
	change := func(id string, left money.Amount, kept []domain.LotPart, ended string) {
		p := d.promises[d.names[id]]
		if p.left, p.lots = left, kept; left.IsZero() {
			p.ended = ended
		}
		d.promises[d.names[id]] = p
	}
	switch e := event.(type) {
	case *domain.HoldPlaced:
		call(string(e.Hold), "h"+tag)
		d.promises["h"+tag] = promise{left: e.Amount, lots: e.Lots, approved: -1}
	case *domain.HoldCaptured:
		change(string(e.Hold), e.Remaining, e.Kept, "captured")
	case *domain.HoldReleased:
		change(string(e.Hold), e.Remaining, e.Kept, map[bool]string{true: "expired", false: "released"}[e.Expired])
	case *domain.EscrowCreated:
		call(string(e.Escrow), "e"+tag)
		d.promises["e"+tag] = promise{left: e.Amount, lots: e.Lots}
	case *domain.EscrowApproved:
		p := d.promises[d.names[string(e.Escrow)]]
		p.approved++
		d.promises[d.names[string(e.Escrow)]] = p
	case *domain.EscrowReleased:
		change(string(e.Escrow), e.Remaining, e.Kept, "released")
	case *domain.EscrowRefunded:
		change(string(e.Escrow), e.Remaining, e.Kept, "refunded")
	}
}

// refer holds a reference to being of one transaction for ever.
func (d *duel) refer(project ids.Project, reference ids.Reference, id ids.Transaction) {
	key := string(project) + "/" + string(reference)
	if other, used := d.reference[key]; used && other != string(id) {
		panic(fmt.Sprintf("two transactions have the reference %q", reference))
	}
	d.reference[key] = string(id)
}

// minor is money in minor units.
func minor(m money.Amount) string {
	digits := strings.Replace(m.String(), ".", "", 1)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	if digits = strings.TrimLeft(digits, "0"); digits == "" {
		return "0"
	}
	return sign + digits
}

// show writes down the domain's state as the naive ledger does its own.
func (d *duel) show() map[string]string {
	all := map[string]string{}
	for w := range d.state.Wallets() {
		project, _ := d.state.Project(w.Project)
		used, s := project.Used(w, d.now), w.Standing(d.now)
		var line strings.Builder
		fmt.Fprintf(&line, "%s %s balance %s version %d held %s available %s due %s used %s in %d today %s in %d this month",
			w.Asset.Code, w.Status, minor(s.Balance), s.Version, minor(s.Held), minor(s.Available), minor(w.Due()),
			minor(used.DayAmount), used.DayCount, minor(used.MonthAmount), used.MonthCount)
		lots := slices.Clone(w.Lots())
		slices.SortFunc(lots, func(a, b domain.Lot) int { return int(a.Lot) - int(b.Lot) })
		for _, lot := range lots {
			line.WriteString(naive.ShowLot(int(lot.Lot), minor(lot.Amount), lot.ExpiresAt) + map[bool]string{true: " announced"}[lot.Noticed])
		}
		all[d.names[string(w.ID)]] = line.String()
	}
	for name, p := range d.promises {
		all[name] = p.show()
	}
	for name, id := range d.ids {
		if status, _, ok := d.state.Scheduled(ids.Transaction(id)); ok {
			all[name] = strings.Replace(string(status), "performed", "", 1)
		}
		if reversal := d.state.Reversal(ids.Transaction(id)); reversal != nil && name[0] == 't' {
			for _, o := range reversal.Operations {
				all[name+"["+strconv.Itoa(o.Operation)+"]"] = fmt.Sprintf("taken back %s, received %s, fee %s", minor(o.Amount), minor(o.Received), minor(o.Fee))
			}
		}
	}
	return all
}

func (p promise) show() string {
	if p.ended != "" {
		return p.ended
	}
	var line strings.Builder
	line.WriteString("left " + minor(p.left))
	for _, lot := range p.lots {
		line.WriteString(naive.ShowLot(int(lot.Lot), minor(lot.Amount), lot.ExpiresAt))
	}
	if p.approved >= 0 {
		fmt.Fprintf(&line, " approved by %d", p.approved)
	}
	return line.String()
}

// id is what the domain calls something. What there is not has no name there.
func (d *duel) id(name string) string {
	if id, ok := d.ids[name]; ok || name == "" {
		return id
	}
	return "no " + name
}

func (d *duel) project(name string) ids.Project { return ids.Project(d.id(name)) }
func (d *duel) wallet(name string) ids.Wallet   { return ids.Wallet(d.id(name)) }
func reference(text string) ids.Reference       { return ids.Reference(text) }

func quantity(a naive.Amount) money.Quantity {
	if a.Text == "" {
		return money.Quantity{}
	}
	read := money.MajorUnits
	if a.Minor {
		read = money.MinorUnits
	}
	q, ok := read(a.Text)
	if !ok {
		panic("not an amount: " + a.Text)
	}
	return q
}

func major(text string) money.Quantity { return quantity(naive.Amount{Text: text}) }

func fees(all []naive.Fee) []domain.FeeRule {
	if all == nil {
		return nil
	}
	rules := []domain.FeeRule{}
	for _, f := range all {
		percentage, _ := money.ParsePercentage(f.Percentage)
		rules = append(rules, domain.FeeRule{
			Operation: domain.OperationType(f.Operation), Currency: money.AssetCode(f.Currency), Percentage: percentage,
			Fixed: major(f.Fixed), Minimum: major(f.Minimum), Maximum: major(f.Maximum),
		})
	}
	return rules
}

func limits(l naive.Limits) domain.Limits {
	count := func(text string) domain.Count {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return domain.Count{}
		}
		return domain.NewCount(n)
	}
	return domain.Limits{
		MaximumBalance: major(l.Balance), MaximumAmount: major(l.Amount), DailyAmount: major(l.Day), MonthlyAmount: major(l.Month),
		DailyCount: count(l.DayCount), MonthlyCount: count(l.MonthCount),
	}
}

func settings(s naive.Settings) domain.ProjectSettings {
	next := domain.ProjectSettings{
		Name: "shop", Currency: money.AssetCode(s.Currency), Zone: s.Zone, OneWalletPerCustomer: s.OneWallet, Fees: fees(s.Fees),
		OwnTransfersFree: s.OwnFree, ExpiryNotice: s.Notice, Backdating: s.Backdating,
	}
	for _, l := range s.Limits {
		next.Limits = append(next.Limits, domain.CurrencyLimits{Currency: money.AssetCode(l.Currency), Limits: limits(l.Limits)})
	}
	return next
}

func terms(t naive.Terms) domain.TermsChange {
	change := domain.TermsChange{CreditLimit: quantity(t.CreditLimit), Fees: fees(t.Fees)}
	if t.Limits != nil {
		l := limits(*t.Limits)
		change.Limits = &l
	}
	if t.Settlement != nil {
		change.Settlement = &domain.Settlement{Period: domain.SettlementPeriod(t.Settlement.Period), Day: t.Settlement.Day}
	}
	return change
}
