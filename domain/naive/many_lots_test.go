package naive_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/naive"
)

// commandsOfManyLots is how many commands a life of many lots has.
const commandsOfManyLots = 40

// TestDuelOverManyLots: the two ledgers agree on what takes about as many parts of
// lots as a transaction or hold may.
func TestDuelOverManyLots(t *testing.T) {
	t.Parallel()
	repeat := seedOf(t)
	for life := range uint64(max(1, *commands/100_000)) {
		d := newDuel()
		g := manyLots{generator{Rand: rand.New(rand.NewPCG(repeat, life)), d: d}}
		refused := 0
		for i := range commandsOfManyLots {
			c := naive.Command{Tag: strconv.Itoa(i), At: time.Date(2026, 1, 1, 0, 0, i, 0, time.UTC)}
			c.Do = g.command(c)
			d.said = append(d.said, c)
			if wrong := d.both(c); wrong != "" {
				t.Fatalf("with -seed %d, cut to what matters:\n%s", repeat, shorten(d.said, wrong))
			}
			if d.answered.Code == string(domain.BadRequest) {
				refused++
			}
		}
		if refused == 0 {
			t.Errorf("with -seed %d no command met the limit", repeat)
		}
	}
}

// manyLots makes commands about a wallet of hardly more lots than a transaction may
// take parts of. Each lot is of two minor units.
type manyLots struct{ generator }

// The names of what a life of many lots begins with.
const (
	rich, other, owing, euros = "w3", "w4", "w5", "w6"
	lastGrant                 = 11 // the tag
)

func (g manyLots) command(c naive.Command) any {
	fund := naive.Transact{Project: "p0", Reference: "r" + c.Tag, Operations: []naive.Operation{
		{Type: "redeem", From: owing, Amount: naive.Amount{Text: "100"}},
		{Type: "issue", To: "p0/liquidity/EUR", Amount: naive.Amount{Text: "1000"}},
		{Type: "issue", To: rich, Amount: naive.Amount{Text: "10"}},
	}}
	begin := []any{
		naive.CreateProject{Settings: naive.Settings{Currency: "USD", Zone: time.UTC}},
		naive.UpsertCustomer{Project: "p0", Customer: "ama"},
		naive.UpsertCustomer{Project: "p0", Customer: "kofi"},
		naive.CreateWallet{Project: "p0", Customer: "ama"},
		naive.CreateWallet{Project: "p0", System: true},
		naive.CreateWallet{Project: "p0", Customer: "kofi", Type: "POSTPAID", Terms: naive.Terms{CreditLimit: naive.Amount{Text: "1000"}}},
		naive.CreateWallet{Project: "p0", Customer: "ama", Currency: "EUR"},
		naive.CreateWallet{Project: "p0", System: true, Liquidity: true, Currency: "EUR"},
		fund, g.grant(c), g.grant(c), g.grant(c),
		naive.PlaceHold{Project: "p0", Wallet: rich, Reference: "too many", Amount: naive.Amount{Text: strconv.Itoa(2*domain.MaxLots + 1), Minor: true}},
	}
	if i := len(g.d.said); i < len(begin) {
		return begin[i]
	}
	if c.Tag == strconv.Itoa(commandsOfManyLots-1) { // which cannot be reversed
		return naive.Settle{Project: "p0", Wallet: owing, From: rich, Reference: "r" + c.Tag, Amount: g.amount()}
	}
	return g.something(c)
}

// grant issues some hundreds of lots.
func (g manyLots) grant(c naive.Command) any {
	grants := naive.Transact{Project: "p0", Reference: "r" + c.Tag}
	for n := range 700 + g.IntN(301) {
		grants.Operations = append(grants.Operations, naive.Operation{
			Type: "issue", To: rich, Amount: naive.Amount{Text: "2", Minor: true}, Expires: c.At.Add(time.Duration(1000+n%7) * time.Hour),
		})
	}
	return grants
}

// charge sets the wallet's fees: none, some minor units, or about half of its lots.
func (g manyLots) charge() any {
	all := []naive.Fee{}
	for _, operation := range []string{"transfer", "issue", "redeem", "exchange", "capture", "escrow"} {
		all = append(all, naive.Fee{Operation: operation, Fixed: g.pick("0", "0", "0.01", "0.03", "20.01", "40.01")})
	}
	return naive.ChangeWallet{Project: "p0", Wallet: rich, Terms: naive.Terms{Fees: all}}
}

// amount comes to some parts of lots, whole or half at the end: about as many as a
// transaction may take, about half of them, or few.
func (g manyLots) amount() naive.Amount {
	parts := []int{domain.MaxLots, domain.MaxLots, domain.MaxLots / 2, 3}[g.IntN(4)]
	return naive.Amount{Text: strconv.Itoa(2*parts + g.IntN(7) - 3), Minor: true}
}

// something spends, or brings back what was spent where too few lots are left.
func (g manyLots) something(c naive.Command) any {
	reference := "r" + c.Tag
	wallet, _ := g.d.state.Wallet(g.d.wallet(rich))
	if len(wallet.Lots()) <= domain.MaxLots && !g.oneIn(5) {
		return g.undo(c)
	}
	switch g.IntN(10) {
	case 0, 1:
		return naive.PlaceHold{Project: "p0", Wallet: rich, Reference: reference, Amount: g.amount()}
	case 2, 3:
		return naive.CaptureHold{Project: "p0", Hold: g.active('h'), To: g.pick("", other), Reference: reference, Amount: g.part(), ReleaseRest: g.oneIn(2)}
	case 4, 5:
		return naive.CreateEscrow{Project: "p0", From: rich, To: other, Reference: reference, Amount: g.amount()}
	case 6:
		return g.charge()
	}
	t := naive.Transact{Project: "p0", Reference: reference}
	for range 1 + g.IntN(3) {
		t.Operations = append(t.Operations, g.operation(c.At))
	}
	if g.oneIn(4) {
		t.ScheduledFor = c.At.Add(time.Second)
	}
	return t
}

// undo brings lots back: from a hold, an escrow, or the latest transaction that was
// not reversed.
func (g manyLots) undo(c naive.Command) any {
	for _, name := range slices.Sorted(maps.Keys(g.d.promises)) {
		switch {
		case g.d.promises[name].ended != "" || g.oneIn(3):
		case name[0] == 'h':
			return naive.ReleaseHold{Project: "p0", Hold: name, Amount: g.part()}
		default:
			return naive.EndEscrow{Project: "p0", Escrow: name, How: "refund", Reference: "r" + c.Tag, Amount: g.part()}
		}
	}
	for n := len(g.d.said) - 1; n > lastGrant; n-- {
		name := fmt.Sprint("t", n)
		done := g.d.completed[name]
		if done != nil && g.d.state.Reversal(done.Transaction) == nil && (done.Origin.Kind == "" || done.Origin.Kind == domain.CaptureOrigin) {
			return naive.Reverse{Project: "p0", Transaction: name, Reference: "r" + c.Tag, ReturnFees: g.oneIn(2)}
		}
	}
	return g.charge()
}

func (g manyLots) operation(now time.Time) naive.Operation {
	o := naive.Operation{Type: g.pick("redeem", "transfer", "exchange", "issue"), From: rich, Amount: g.amount()}
	switch o.Type {
	case "transfer":
		o.To = other
	case "exchange":
		o.To, o.Rate = euros, "0.5"
	case "issue":
		o.From, o.To, o.Amount = "", rich, naive.Amount{Text: "2", Minor: true}
		o.Expires = now.Add(time.Duration(1+g.IntN(2000)) * time.Hour)
	}
	return o
}

// part is an amount, or mostly all that is left.
func (g manyLots) part() naive.Amount {
	if !g.oneIn(3) {
		return naive.Amount{}
	}
	return g.amount()
}
