package domain

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"tallystick/domain/money"
)

// random is a source that says its seed.
func random(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// rational is a plain decimal, exactly.
func rational(text string) *big.Rat {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return value
}

// rounded is a rational in units of 10^-scale, half even: the obvious way.
func rounded(value *big.Rat, scale int) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	units := new(big.Rat).Mul(value, new(big.Rat).SetInt(power))
	below := new(big.Int).Div(units.Num(), units.Denom()) // toward minus infinity
	rest := new(big.Rat).Sub(units, new(big.Rat).SetInt(below))
	half := rest.Cmp(big.NewRat(1, 2))
	if half > 0 || half == 0 && below.Bit(0) == 1 {
		below.Add(below, big.NewInt(1))
	}
	return below
}

// plain prints minor units at a scale, the obvious way.
func plain(minor *big.Int, scale int) string {
	text := new(big.Int).Abs(minor).String()
	if scale > 0 {
		if len(text) <= scale {
			text = strings.Repeat("0", scale-len(text)+1) + text
		}
		text = text[:len(text)-scale] + "." + text[len(text)-scale:]
	}
	if minor.Sign() < 0 {
		text = "-" + text
	}
	return text
}

// TestFeeRule: percentage plus fixed, not below minimum, not above maximum,
// rounded once.
func TestFeeRule(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 10_000 {
		scale := r.IntN(money.MaxScale + 1)
		minor := new(big.Int).Mul(big.NewInt(r.Int64()), big.NewInt(r.Int64N(1e17)))
		text := plain(minor.Rsh(minor, uint(r.IntN(120))), scale)
		percentage := plain(big.NewInt(r.Int64N(100_000_001)), 6)
		rule, want := FeeRule{}, new(big.Rat)
		if !oneIn(4, r) {
			rule.Percentage, _ = money.ParsePercentage(percentage)
			want.Mul(rational(percentage), rational(text)).Quo(want, big.NewRat(100, 1))
		}
		part := func() (money.Quantity, *big.Rat) {
			if oneIn(2, r) {
				return money.Quantity{}, nil
			}
			minor := big.NewInt(r.Int64N(1_000_000))
			digits := r.IntN(6)
			quantity, _ := money.MajorUnits(plain(minor, digits))
			return quantity, rational(plain(minor, digits))
		}
		var fixed, least, most *big.Rat
		rule.Fixed, fixed = part()
		rule.Minimum, least = part()
		rule.Maximum, most = part()
		if fixed != nil {
			want.Add(want, fixed)
		}
		if least != nil && want.Cmp(least) < 0 {
			want = least
		}
		if most != nil && want.Cmp(most) > 0 {
			want = most
		}
		amount, _ := money.Parse("XTS", text)
		if got := rule.On(amount); got.String() != plain(rounded(want, scale), scale) {
			t.Fatalf("the fee on %s by %+v is %s, want %s", text, rule, got, plain(rounded(want, scale), scale))
		}
	}
}
