package naive_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"tallystick/domain"
	"tallystick/domain/naive"
)

// generator makes random commands about few things, so that they meet.
type generator struct {
	*rand.Rand
	d        *duel
	weights  []int                     // of what is asked for: each life has its own
	expiring int                       // of ten issues, how many grant credit that expires
	postpaid int                       // of ten wallets
	assets   []string                  // of most wallets
	last     map[string]naive.Settings // that a project was given
	first    []any                     // what the life begins with
}

func newGenerator(r *rand.Rand, d *duel) generator {
	g := generator{Rand: r, d: d, expiring: r.IntN(10), postpaid: r.IntN(8), last: map[string]naive.Settings{}}
	for _, weight := range usual {
		g.weights = append(g.weights, weight*[]int{1, 1, 1, 3, 6}[r.IntN(5)])
	}
	g.assets = []string{"USD", g.pick("USD", "EUR", "JPY"), g.pick("", "EUR", "JPY", "POINTS", "WEI")}
	g.first = g.begin()
	return g
}

func (g generator) oneIn(n int) bool         { return g.IntN(n) == 0 }
func (g generator) pick(of ...string) string { return of[g.IntN(len(of))] }
func (g generator) rarely(odd, s string) string {
	if g.oneIn(40) {
		return odd
	}
	return s
}

// zones from west to east: projects move that way only, since otherwise days
// would come twice, of which usage knows the last.
var zones = func() (all []*time.Location) {
	for _, name := range []string{"America/New_York", "UTC", "Africa/Cairo", "Pacific/Auckland"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			panic(err)
		}
		all = append(all, zone)
	}
	return all
}()

// begin is what every life begins with: two projects, and few people.
func (g generator) begin() []any {
	var all []any
	for _, p := range []string{"p0", "p1"} {
		g.last[p] = g.settings()
		all = append(all, naive.CreateProject{Settings: g.last[p]})
	}
	for _, p := range []string{"p0", "p1"} {
		all = append(all, naive.DefineAsset{Project: p, Code: "POINTS"}, naive.DefineAsset{Project: p, Code: "WEI", Scale: 18})
		for i, customer := range []string{"ama", "kofi", "efua"} {
			phone := fmt.Sprint("+", i)
			all = append(all, naive.UpsertCustomer{Project: p, Customer: customer, Username: &customer, Phone: &phone})
			for range 3 {
				all = append(all, g.newWallet(p, customer))
			}
		}
		all = append(all, naive.CreateWallet{Project: p, System: true}, naive.CreateWallet{Project: p, System: true, Liquidity: true, Currency: "EUR"})
	}
	for _, currency := range []string{"JPY", "USD"} {
		all = append(all, naive.CreateWallet{Project: "p0", System: true, Liquidity: true, Currency: currency})
	}
	fund := naive.Transact{Project: "p0", Reference: "fund"}
	for _, currency := range []string{"EUR", "JPY", "USD"} {
		o := naive.Operation{Type: "issue", To: "p0/liquidity/" + currency, Amount: naive.Amount{Text: "1000"}}
		fund.Operations = append(fund.Operations, o)
	}
	return append(all, fund)
}

// command is the i-th of a life.
func (g generator) command(i int) naive.Command {
	c := naive.Command{Tag: strconv.Itoa(i), At: g.later()}
	g.d.now = c.At
	if i == 0 {
		c.At = time.Date(2024, time.Month(1+g.IntN(12)), 1+g.IntN(28), g.IntN(24), 0, 0, 0, time.UTC)
	}
	if i < len(g.first) {
		c.At = c.At.Truncate(time.Second)
		c.Do = g.first[i]
		return c
	}
	p := g.rarely("p1", "p0")
	if g.oneIn(200) {
		p = "none"
	}
	c.Do = g.something(p, c.Tag)
	return c
}

// later is the next moment: the same, a little later, days later, or exactly
// when something is due.
func (g generator) later() time.Time {
	switch n := g.IntN(10); {
	case n < 4:
		return g.d.now
	case n < 6:
		return g.d.now.Add(time.Duration(g.IntN(int(time.Hour/time.Microsecond))) * time.Microsecond)
	case n < 7:
		return g.d.now.Add(time.Duration(g.IntN(72)) * time.Hour)
	}
	return g.moment(g.d.now)
}

// moment is one of the next at which something happens, or else some hours on.
func (g generator) moment(now time.Time) time.Time {
	var coming []time.Time
	for _, at := range g.d.naive.Pending() {
		if at.After(now) {
			coming = append(coming, at)
		}
	}
	if len(coming) == 0 {
		return now.Add(time.Duration(g.IntN(48)) * time.Hour)
	}
	slices.SortFunc(coming, time.Time.Compare)
	return coming[min(g.IntN(3), len(coming)-1)].UTC()
}

// ahead is a moment to come; now and then there is none, or it is over.
func (g generator) ahead() time.Time {
	switch n := g.IntN(20); {
	case n < 5:
		return time.Time{}
	case n == 5:
		return g.d.now.Add(-time.Duration(g.IntN(2)) * time.Hour)
	case n < 10:
		return g.moment(g.d.now)
	case n < 13:
		return g.d.now.Add(time.Duration(5+g.IntN(40)) * 24 * time.Hour)
	}
	return g.d.now.Add(time.Duration(1+g.IntN(5*24*60)) * time.Minute)
}

func (g generator) amount() naive.Amount {
	if g.oneIn(5) {
		return naive.Amount{Text: g.pick("1", "7", "100", "250", "5000", "0"), Minor: true}
	}
	if g.oneIn(60) {
		return naive.Amount{Text: g.pick("0", "-1", "0.000000000000000001", "999999999999999999", "9999999999999999999999999999999999",
			"999999999999999999999999999999999999", "999999999999999999.999999999999999999", "12.345")}
	}
	return naive.Amount{Text: g.pick("1", "1", "2", "3", "5", "7", "10", "10", "25", "50", "100", "3.33", "0.01", "12.50")}
}

// maybe is an amount, or none.
func (g generator) maybe() naive.Amount {
	if g.oneIn(2) {
		return naive.Amount{}
	}
	return g.amount()
}

func (g generator) reference(tag string) string {
	if g.oneIn(40) {
		n, _ := strconv.Atoi(tag)
		return "r" + strconv.Itoa(g.IntN(n+1))
	}
	return g.rarely("", "r"+tag)
}

// wallets of a project for which something holds.
func (g generator) wallets(project string, holds func(*domain.Wallet) bool) (all []string) {
	for _, name := range g.d.naive.Wallets() {
		if w, ok := g.d.state.Wallet(g.d.wallet(name)); ok && g.d.names[string(w.Project)] == project && holds(w) {
			all = append(all, name)
		}
	}
	return all
}

// anyWallet is mostly a customer's that is open.
func (g generator) anyWallet(project string, holds func(*domain.Wallet) bool) string {
	if g.oneIn(60) {
		return g.pick("w7", "w16", "w33", "nothing", "p1/fees/USD")
	}
	wanted := func(w *domain.Wallet) bool { return w.Role == domain.CustomerWallet && w.Status != domain.Closed }
	if g.oneIn(12) {
		wanted = func(*domain.Wallet) bool { return true }
	}
	all := g.wallets(project, func(w *domain.Wallet) bool { return wanted(w) && holds(w) })
	if len(all) == 0 {
		all = g.wallets(project, func(*domain.Wallet) bool { return true })
	}
	if len(all) == 0 {
		return "nothing"
	}
	return g.pick(all...)
}

func whatever(*domain.Wallet) bool { return true }

// payer is mostly a wallet that has something.
func (g generator) payer(project string) string {
	if g.oneIn(6) {
		return g.anyWallet(project, whatever)
	}
	return g.anyWallet(project, func(w *domain.Wallet) bool {
		available, _ := w.Available(g.d.now)
		return available.Sign() > 0
	})
}

// payee is mostly a wallet of the payer's asset.
func (g generator) payee(project, payer string) string {
	from, ok := g.d.state.Wallet(g.d.wallet(payer))
	if !ok || g.oneIn(12) {
		return g.anyWallet(project, whatever)
	}
	return g.anyWallet(project, func(w *domain.Wallet) bool { return w.Asset.Code == from.Asset.Code && w.ID != from.ID })
}

// named are the things of a kind that there are: of transactions "t", and so on.
func (g generator) named(kind byte) string {
	var all []string
	for name := range g.d.ids {
		if name[0] == kind {
			all = append(all, name)
		}
	}
	if len(all) == 0 || g.oneIn(60) {
		return "nothing"
	}
	slices.Sort(all)
	return all[max(g.IntN(len(all)), g.IntN(len(all)))]
}

// active is mostly a hold or an escrow that has not ended.
func (g generator) active(kind byte) string {
	var all []string
	for name, p := range g.d.promises {
		if name[0] == kind && p.ended == "" {
			all = append(all, name)
		}
	}
	if len(all) == 0 || g.oneIn(10) {
		return g.named(kind)
	}
	slices.Sort(all)
	return g.pick(all...)
}
