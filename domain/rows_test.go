package domain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// rows prints all that a state holds, sorted: two states are equal when their
// rows are. A fork's rows are those that one sees through it. What is behind a
// pointer is printed, never the pointer.
func rows(s *State) string {
	all := []string{fmt.Sprint("shards ", s.shards, ", wallets ", s.wallets, ", monitored ", s.monitored)}
	add := func(what string, values ...any) { all = append(all, what+" "+fmt.Sprintln(values...)) }
	for _, p := range flat(&s.projects) {
		add("project", p.ID, p.Settings, slices.Collect(p.OwnAssets("")), accountsOf(p))
	}
	for _, c := range flat(&s.credentials) {
		add("credential", *c)
	}
	for _, c := range flat(&s.customers) {
		add("customer", c.Project, c.ID, c.Profile, s.walletsOf(c))
	}
	for id, owner := range flat(&s.identifiers) {
		if owner != "" { // "" is nobody, just as no row is
			add("identifier", id, owner)
		}
	}
	for _, w := range flat(&s.walletTable) {
		add("wallet", walletRow(w)...)
	}
	for key, location := range flat(&s.references) {
		add("reference", fmt.Sprintf("%x", key), location)
	}
	for _, h := range flat(&s.holds) {
		if h != nil {
			add("hold", *h)
		}
	}
	for _, e := range flat(&s.escrows) {
		if e != nil {
			add("escrow", *e)
		}
	}
	for place, end := range flat(&s.ends) {
		add("end", place, end.project, end.how)
	}
	for id, of := range flat(&s.schedule) {
		add("scheduled", id, of.project, of.done, of.outcome)
		if of.pending != nil {
			add("pending", *of.pending)
		}
	}
	for place, r := range flat(&s.reversals) {
		add("reversal", place, r.By(), r.Operations)
	}
	for a := range planned(s) {
		add("appointment", a)
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), "")
}

// walletRow is all of a wallet; fmt would print what is behind unexported fields
// as it is in memory.
func walletRow(w *Wallet) []any {
	row := []any{w.ID, w.Project, w.Customer, w.Role, w.Type, w.Asset, w.Number, w.Name, w.Metadata, w.Status, w.Version, w.Balance, *w.Terms}
	if d := w.activity; d != nil {
		row = append(row, "held", d.held, d.holds, d.escrows, "lots", d.lots.all(), "monitors", d.monitors, "usage", d.usage, "due", d.due)
	}
	return row
}

// accountsOf are the project's own accounts.
func accountsOf(p *Project) map[accountKey]ids.Wallet {
	all := map[accountKey]ids.Wallet{}
	p.accounts.from(accountKey{}, func(key accountKey, id ids.Wallet) bool {
		all[key] = id
		return true
	})
	return all
}

// walletsOf are a customer's wallets, oldest first.
func (s *State) walletsOf(c *Customer) []ids.Wallet {
	if c.wallets.many == nil {
		return c.wallets.few
	}
	var all []ids.Wallet
	c.wallets.many.byAge.from("", func(id ids.Wallet, asset money.AssetCode) bool {
		if same, ok := c.wallets.many.byAsset.get(asset); !ok || same != id {
			wrong("wallet %s of %s is indexed as %s", id, c.ID, same)
		}
		all = append(all, id)
		return true
	})
	return all
}

func flat[K comparable, V any](t *table[K, V]) map[K]V {
	all := map[K]V{}
	if t.base != nil {
		all = flat(t.base)
	}
	maps.Copy(all, t.rows)
	return all
}

// untouched tells whether a fork has no change of its own.
func untouched(s *State) bool {
	return s.wallets == s.base.wallets && s.monitored == s.base.monitored && len(s.changes) == 0 &&
		len(s.projects.rows)+len(s.credentials.rows)+len(s.customers.rows)+len(s.identifiers.rows)+
			len(s.walletTable.rows)+len(s.references.rows)+len(s.holds.rows)+len(s.escrows.rows)+len(s.ends.rows)+
			len(s.schedule.rows)+len(s.reversals.rows) == 0
}
