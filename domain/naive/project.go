package naive

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// differ tells whether two things, written out, are not the same.
func differ(a, b any) bool { return fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) }

func (l *Ledger) scaleOf(project, asset string) int {
	scale, ok := l.projects[project].assets[asset]
	if !ok {
		scale, ok = l.scales[asset]
	}
	l.check(ok, "BAD_REQUEST")
	return scale
}

func (l *Ledger) projectOf(name string) *project {
	p := l.projects[name]
	l.check(p != nil, "NOT_FOUND")
	return p
}

func (l *Ledger) checkSettings(s Settings) {
	_, iso := l.scales[s.Currency]
	l.check(iso, "BAD_REQUEST")
	l.checkFees(s.Fees)
	for _, d := range []time.Duration{s.Notice, s.Backdating} {
		l.check(d >= 0 && d%time.Second == 0, "BAD_REQUEST")
	}
}

func (l *Ledger) checkProjectLimits(project string, all []CurrencyLimits) {
	seen := map[string]bool{}
	for _, one := range all {
		l.fitLimits(one.Limits, l.scaleOf(project, one.Currency))
		l.check(!seen[one.Currency], "BAD_REQUEST")
		seen[one.Currency] = true
	}
}

func (l *Ledger) createProject(c CreateProject) bool {
	l.checkSettings(c.Settings)
	name := "p" + l.tag
	l.projects[name] = &project{settings: c.Settings, assets: map[string]int{}}
	l.fitFees(name, c.Settings.Fees, finest)
	l.checkProjectLimits(name, c.Settings.Limits)
	return true
}

func (l *Ledger) changeProject(c ChangeProject) bool {
	l.checkSettings(c.Settings)
	p := l.projectOf(c.Project)
	l.check(p.settings.Currency == c.Settings.Currency, "BAD_REQUEST")
	l.fitFees(c.Project, c.Settings.Fees, finest)
	l.checkProjectLimits(c.Project, c.Settings.Limits)
	old := p.settings
	p.settings = c.Settings
	return differ(old, c.Settings)
}

func (l *Ledger) defineAsset(c DefineAsset) bool {
	l.check(c.Scale >= 0 && c.Scale <= 18, "BAD_REQUEST")
	p := l.projectOf(c.Project)
	_, iso := l.scales[c.Code]
	l.check(!iso, "ASSET_CONFLICT")
	scale, defined := p.assets[c.Code]
	l.check(!defined || scale == c.Scale, "ASSET_CONFLICT")
	p.assets[c.Code] = c.Scale
	return !defined
}

func phone(text string) string {
	for _, drop := range []string{" ", "-", "(", ")", "."} {
		text = strings.ReplaceAll(text, drop, "")
	}
	return text
}

// finds returns whose username this is, or else phone, or else e-mail.
func (l *Ledger) finds(project, text string) (found []*customer) {
	for _, kind := range []func(c *customer) bool{
		func(c *customer) bool { return c.username == text },
		func(c *customer) bool { return c.phone == phone(text) && c.phone != "" },
		func(c *customer) bool { return c.email == strings.ToLower(text) },
	} {
		for _, c := range l.customers {
			if c.project == project && text != "" && kind(c) {
				found = append(found, c)
			}
		}
	}
	return found
}

func (l *Ledger) upsertCustomer(c UpsertCustomer) bool {
	l.check(c.Customer != "", "BAD_REQUEST")
	l.projectOf(c.Project)
	key := c.Project + "/" + c.Customer
	next := customer{project: c.Project, name: c.Customer}
	old, known := l.customers[key]
	if known {
		next = *old
	}
	if c.Username != nil {
		next.username = strings.TrimSpace(*c.Username)
	}
	if c.Phone != nil {
		next.phone = phone(strings.TrimSpace(*c.Phone))
	}
	if c.Email != nil {
		next.email = strings.ToLower(strings.TrimSpace(*c.Email))
	}
	for _, text := range []string{next.username, next.phone, next.email} {
		for _, other := range l.finds(c.Project, text) {
			l.check(other.name == c.Customer, "IDENTIFIER_TAKEN")
		}
	}
	l.customers[key] = &next
	return !known || differ(*old, next)
}

// walletsOf are a customer's open wallets, oldest first.
func (l *Ledger) walletsOf(project, customer string) (all []*wallet) {
	for _, name := range l.opened {
		w := l.wallets[name]
		if w.project == project && w.role == "customer" && w.customer == customer && w.status != "closed" {
			all = append(all, w)
		}
	}
	return all
}

// recipient finds the wallet in an asset of whom an identifier names.
func (l *Ledger) recipient(project, text, asset string) *wallet {
	found := l.finds(project, text)
	l.check(len(found) > 0, "RECIPIENT_NOT_FOUND")
	for _, w := range l.walletsOf(project, found[0].name) {
		if w.asset == asset {
			return w
		}
	}
	l.refuse("RECIPIENT_NOT_FOUND")
	return nil
}

func (l *Ledger) createWallet(c CreateWallet) bool {
	l.check(!(c.System && c.Customer != "") && (c.System || !c.Liquidity) && (c.System || c.Customer != ""), "BAD_REQUEST")
	l.check(slices.Contains([]string{"", "PREPAID", "POSTPAID"}, c.Type), "BAD_REQUEST")
	p := l.projectOf(c.Project)
	if c.Currency == "" {
		c.Currency = p.settings.Currency
	}
	if c.Type == "" {
		c.Type = "PREPAID"
	}
	w := &wallet{
		name: "w" + l.tag, project: c.Project, customer: c.Customer, role: "system", kind: c.Type, asset: c.Currency,
		scale: l.scaleOf(c.Project, c.Currency), credit: nothing,
	}
	l.agree(w, c.Terms)
	if c.Liquidity {
		w.role, w.name = "liquidity", c.Project+"/liquidity/"+c.Currency
		if l.wallets[w.name] != nil {
			return false
		}
	}
	if !c.System {
		w.role = "customer"
		l.check(l.customers[c.Project+"/"+c.Customer] != nil, "NOT_FOUND")
		for _, other := range l.walletsOf(c.Project, c.Customer) {
			if other.asset == c.Currency || p.settings.OneWallet {
				return false
			}
		}
	}
	l.open(w)
	return true
}

// agree sets a wallet's terms.
func (l *Ledger) agree(w *wallet, t Terms) {
	if t.CreditLimit.given() {
		w.credit = l.fit(t.CreditLimit, w.scale)
		l.check(w.credit.Sign() >= 0 && (w.kind == "POSTPAID" || w.credit.Sign() == 0), "BAD_REQUEST")
	}
	if t.Fees != nil {
		l.checkFees(t.Fees)
		l.fitFees(w.project, t.Fees, w.scale)
		w.fees = t.Fees
	}
	if t.Limits != nil {
		l.fitLimits(*t.Limits, w.scale)
		w.limits = *t.Limits
	}
	if t.Settlement == nil {
		return
	}
	s := *t.Settlement
	most := map[string]int{"weekly": 7, "monthly": 31}[s.Period]
	l.check(s == Settlement{} || s.Day >= 1 && s.Day <= most, "BAD_REQUEST")
	l.check(s.Period == "" || w.kind == "POSTPAID", "BAD_REQUEST")
	if s != w.settlement {
		w.settlement, w.next = s, time.Time{}
		if s.Period != "" {
			w.next = l.endOfPeriod(w)
		}
	}
}

func (l *Ledger) changeWallet(c ChangeWallet) bool {
	w := l.walletOf(c.Project, c.Wallet)
	l.check(w.status != "closed", "WALLET_CLOSED")
	old := *w
	l.agree(w, c.Terms)
	l.touched[w.name] = true
	return differ([]any{old.credit, old.fees, old.limits, old.settlement}, []any{w.credit, w.fees, w.limits, w.settlement})
}
