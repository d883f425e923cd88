package naive

import (
	"math/big"
	"slices"
	"strings"
)

const maxDigits = 36

func plus(a, b *big.Int) *big.Int  { return new(big.Int).Add(a, b) }
func minus(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }
func least(a, b *big.Int) *big.Int {
	if a.Cmp(b) < 0 {
		return a
	}
	return b
}

var nothing = new(big.Int)

// tooLong tells whether a number has more digits than may be kept.
func tooLong(n *big.Int) bool { return len(strings.TrimPrefix(n.String(), "-")) > maxDigits }

// rat is a decimal, exactly; "" is zero.
func rat(text string) *big.Rat {
	if text == "" {
		return new(big.Rat)
	}
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic("naive: not a number: " + text)
	}
	return r
}

func tens(scale int) *big.Rat {
	return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
}

func (a Amount) given() bool    { return a.Text != "" }
func (a Amount) positive() bool { return a.given() && rat(a.Text).Sign() > 0 }

// units is the amount in minor units; false where it does not come to a whole
// number, or to one of too many digits.
func (a Amount) units(scale int) (*big.Int, bool) {
	r := rat(a.Text)
	if !a.Minor {
		r.Mul(r, tens(scale))
	}
	return r.Num(), r.IsInt() && !tooLong(r.Num())
}

// fit is the amount in minor units, or an end.
func (l *Ledger) fit(a Amount, scale int) *big.Int {
	n, ok := a.units(scale)
	l.check(ok, "BAD_REQUEST")
	return n
}

// floor rounds down what is not below zero.
func floor(r *big.Rat) *big.Int { return new(big.Int).Div(r.Num(), r.Denom()) }

// halfEven rounds what is not below zero.
func halfEven(r *big.Rat) *big.Int {
	n := floor(r)
	switch rest := new(big.Rat).Sub(r, new(big.Rat).SetInt(n)); rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		return plus(n, big.NewInt(1))
	case 0:
		return plus(n, new(big.Int).And(n, big.NewInt(1)))
	}
	return n
}

// exchanged is what an amount of one scale buys at a rate in another, rounded down.
func exchanged(amount *big.Int, scale int, rate string, to int) *big.Int {
	r := new(big.Rat).SetInt(amount)
	r.Quo(r, tens(scale)).Mul(r, rat(rate))
	return floor(r.Mul(r, tens(to)))
}

// proportion is whole × part ÷ of, rounded down, or up.
func proportion(whole, part, of *big.Int, up bool) *big.Int {
	r := new(big.Rat).SetFrac(new(big.Int).Mul(whole, part), of)
	if n := floor(r); !up || r.IsInt() {
		return n
	}
	return plus(floor(r), big.NewInt(1))
}

// on is the fee for an amount.
func (f Fee) on(amount *big.Int, scale int) *big.Int {
	fee := new(big.Rat).Quo(new(big.Rat).SetInt(amount), tens(scale))
	fee.Mul(fee, rat(f.Percentage)).Quo(fee, big.NewRat(100, 1))
	fee.Add(fee, rat(f.Fixed))
	if f.Minimum != "" && fee.Cmp(rat(f.Minimum)) < 0 {
		fee = rat(f.Minimum)
	}
	if f.Maximum != "" && fee.Cmp(rat(f.Maximum)) > 0 {
		fee = rat(f.Maximum)
	}
	return halfEven(fee.Mul(fee, tens(scale)))
}

// ruleFor is the fee for an operation: the one for just that currency, or else
// the one for any.
func ruleFor(fees []Fee, operation, currency string) (Fee, bool) {
	for _, wanted := range []string{currency, ""} {
		for _, fee := range fees {
			if fee.Operation == operation && fee.Currency == wanted {
				return fee, true
			}
		}
	}
	return Fee{}, false
}

// feeOf is what a payer is charged; other is the wallet at the other end.
func (l *Ledger) feeOf(operation string, payer, other *wallet, amount *big.Int) *big.Int {
	settings := l.projects[payer.project].settings
	if payer.role != "customer" {
		return nothing
	}
	own := operation == "transfer" || operation == "exchange"
	if own && settings.OwnFree && other.role == "customer" && other.customer == payer.customer {
		return nothing
	}
	if fee, ok := ruleFor(payer.fees, operation, payer.asset); ok {
		return fee.on(amount, payer.scale)
	}
	if fee, ok := ruleFor(settings.Fees, operation, payer.asset); ok {
		return fee.on(amount, payer.scale)
	}
	return nothing
}

// finest is the scale of the finest asset that there can be.
const finest = 18

// fitFees holds the amounts of fees to the asset that each is about: the currency
// that it names, or else one of this scale.
func (l *Ledger) fitFees(project string, fees []Fee, scale int) {
	for _, f := range fees {
		about := scale
		if f.Currency != "" {
			about = l.scaleOf(project, f.Currency)
		}
		for _, part := range []string{f.Fixed, f.Minimum, f.Maximum} {
			l.fit(Amount{Text: part}, about)
		}
	}
}

func (l *Ledger) checkFees(fees []Fee) {
	seen := map[string]bool{}
	for _, f := range fees {
		l.check(slices.Contains([]string{"transfer", "issue", "redeem", "exchange", "capture", "escrow"}, f.Operation), "BAD_REQUEST")
		l.check(!seen[f.Operation+"/"+f.Currency], "BAD_REQUEST")
		seen[f.Operation+"/"+f.Currency] = true
		for _, part := range []string{f.Fixed, f.Minimum, f.Maximum} {
			l.check(rat(part).Sign() >= 0, "BAD_REQUEST")
		}
		l.check(f.Minimum == "" || f.Maximum == "" || rat(f.Minimum).Cmp(rat(f.Maximum)) <= 0, "BAD_REQUEST")
	}
}
