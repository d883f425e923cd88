package domain

import (
	"math/big"
	"math/rand/v2"
	"testing"

	"tallystick/domain/money"
	"tallystick/domain/money/moneytest"
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

// TestFeeRule: percentage plus fixed, not below minimum, not above maximum,
// rounded once.
func TestFeeRule(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 10_000 {
		scale := r.IntN(money.MaxScale + 1)
		minor := new(big.Int).Mul(big.NewInt(r.Int64()), big.NewInt(r.Int64N(1e17)))
		text := moneytest.Plain(minor.Rsh(minor, uint(r.IntN(120))), scale)
		percentage := moneytest.Plain(big.NewInt(r.Int64N(100_000_001)), 6)
		rule, want := FeeRule{}, new(big.Rat)
		if !oneIn(4, r) {
			rule.Percentage, _ = money.ParsePercentage(percentage)
			want.Mul(moneytest.Rational(percentage), moneytest.Rational(text)).Quo(want, big.NewRat(100, 1))
		}
		part := func() (money.Quantity, *big.Rat) {
			if oneIn(2, r) {
				return money.Quantity{}, nil
			}
			minor := big.NewInt(r.Int64N(1_000_000))
			digits := r.IntN(6)
			quantity, _ := money.MajorUnits(moneytest.Plain(minor, digits))
			return quantity, moneytest.Rational(moneytest.Plain(minor, digits))
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
		if got := rule.On(amount); got.String() != moneytest.Plain(moneytest.Rounded(want, scale), scale) {
			t.Fatalf("the fee on %s by %+v is %s, want %s", text, rule, got, moneytest.Plain(moneytest.Rounded(want, scale), scale))
		}
	}
}
