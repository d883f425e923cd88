package money

import (
	"flag"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"tallystick/domain/money/moneytest"
)

var seedFlag = flag.Uint64("seed", 0, "repeat the random tests of this seed; 0 takes a new one")

func oneIn(n int, r *rand.Rand) bool { return r.IntN(n) == 0 }

// random is a source that says its seed.
func random(t *testing.T) *rand.Rand {
	seed := *seedFlag
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// TestRescale: a number at another scale is what big.Rat says, rounded half even,
// and it says whether that lost anything.
func TestRescale(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 10_000 {
		text, _ := operand(r, r.IntN(MaxScale+1))
		if oneIn(4, r) { // halves are rare otherwise
			text, _ = operand(r, 3)
			text = text[:len(text)-1] + "5"
		}
		value, ok := parsePlain(text)
		scale := r.IntN(MaxScale + 1)
		if !ok {
			t.Fatalf("parse %s", text)
		}
		got, lossless := rescale(value, scale)
		want := moneytest.Rounded(moneytest.Rational(text), scale)
		if printed := (Amount{value: got}).String(); printed != moneytest.Plain(want, scale) {
			t.Fatalf("%s at %d digits is %s, want %s", text, scale, printed, moneytest.Plain(want, scale))
		}
		if same := moneytest.Rational(moneytest.Plain(want, scale)).Cmp(moneytest.Rational(text)) == 0; same != lossless {
			t.Fatalf("%s at %d digits: lossless is %t", text, scale, lossless)
		}
	}
}

// TestRateRoundsDown: what an amount buys is never more than the rate says, and
// less by less than one unit.
func TestRateRoundsDown(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 5_000 {
		scale, bought := r.IntN(MaxScale+1), Asset{Code: "XTS", Scale: r.IntN(MaxScale + 1)}
		text, minor := operand(r, scale)
		text = strings.TrimPrefix(text, "-")
		rateText, rateMinor := operand(r, r.IntN(MaxScale+1))
		rateText = strings.TrimPrefix(rateText, "-")
		rate, ok := ParseRate(rateText)
		if ok != (rateMinor.Sign() != 0) {
			t.Fatalf("rate %s: %t", rateText, ok)
		}
		if !ok || minor.Sign() == 0 {
			continue
		}
		amount, _ := Parse("XAU", text)
		exact := new(big.Rat).Mul(moneytest.Rational(text), moneytest.Rational(rateText))
		power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(bought.Scale)), nil)
		units := exact.Mul(exact, new(big.Rat).SetInt(power))
		want := new(big.Int).Div(units.Num(), units.Denom())
		got, fits := rate.Of(amount, bought)
		if got.String() != moneytest.Plain(want, bought.Scale) || fits != (len(want.String()) <= MaxDigits) || got.Asset() != "XTS" {
			t.Fatalf("%s at %s is %s %s (%t), want %s", text, rateText, got, got.Asset(), fits, moneytest.Plain(want, bought.Scale))
		}
	}
}

// TestShare: a part in proportion, rounded down or up, and parts of parts to the
// last unit.
func TestShare(t *testing.T) {
	t.Parallel()
	r := random(t)
	money := func(minor *big.Int, scale int) Amount { return Amount{"XTS", fromInteger(minor, scale)} }
	for range 5_000 {
		_, fee := operand(r, 0)
		_, whole := operand(r, 0)
		fee.Abs(fee)
		if whole.Abs(whole).Sign() == 0 {
			continue
		}
		_, part := operand(r, 0)
		part.Mod(part, new(big.Int).Add(whole, big.NewInt(1)))
		scale := r.IntN(MaxScale + 1)
		product := new(big.Int).Mul(fee, part)
		down, rest := product.QuoRem(product, whole, new(big.Int))
		if got := money(fee, scale).Share(money(part, 2), money(whole, 2), false); got.String() != moneytest.Plain(down, scale) {
			t.Fatalf("%s × %s ÷ %s is %s, want %s", fee, part, whole, got, moneytest.Plain(down, scale))
		}
		if rest.Sign() != 0 {
			down.Add(down, big.NewInt(1))
		}
		if got := money(fee, scale).Share(money(part, 2), money(whole, 2), true); got.String() != moneytest.Plain(down, scale) {
			t.Fatalf("%s × %s ÷ %s, up, is %s, want %s", fee, part, whole, got, moneytest.Plain(down, scale))
		}
		if all := money(fee, scale).Share(money(whole, 2), money(whole, 2), oneIn(2, r)); all.Cmp(money(fee, scale)) != 0 {
			t.Fatalf("all of %s is %s", fee, all)
		}
	}
}

// TestQuantityOf: an amount fits an asset exactly or not at all.
func TestQuantityOf(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 10_000 {
		digits, asset := r.IntN(MaxScale+1), Asset{Code: "XTS", Scale: r.IntN(MaxScale + 1)}
		text, minor := operand(r, digits)
		quantity, _ := MajorUnits(text)
		got, ok := quantity.In(asset)
		want := moneytest.Rounded(moneytest.Rational(text), asset.Scale)
		exact := moneytest.Rational(moneytest.Plain(want, asset.Scale)).Cmp(moneytest.Rational(text)) == 0
		if fits := exact && len(new(big.Int).Abs(want).String()) <= MaxDigits; ok != fits || ok && got.String() != moneytest.Plain(want, asset.Scale) {
			t.Fatalf("%s at %d digits is %s (%t), want %s (%t)", text, asset.Scale, got, ok, moneytest.Plain(want, asset.Scale), fits)
		}
		units, _ := MinorUnits(minor.String())
		if got, ok := units.In(asset); !ok || got.String() != moneytest.Plain(minor, asset.Scale) {
			t.Fatalf("%s units at %d digits are %s (%t)", minor, asset.Scale, got, ok)
		}
	}
}

func FuzzParseRate(f *testing.F) {
	for _, seed := range []string{"1", "0.0812", "0", "-1", "1e3", "00.10", strings.Repeat("9", 36), "0." + strings.Repeat("0", 36) + "1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rate, ok := ParseRate(text)
		if !ok {
			return
		}
		again, ok := ParseRate(rate.String())
		if !ok || again.String() != rate.String() || rate.IsZero() || moneytest.Rational(text).Cmp(moneytest.Rational(rate.String())) != 0 || moneytest.Rational(text).Sign() <= 0 {
			t.Fatalf("%q is %s, which reads as %s", text, rate, again)
		}
		one, _ := Parse("XTS", "1.00")
		if bought, _ := rate.Of(one, Asset{Code: "XAU", Scale: 4}); moneytest.Rational(bought.String()).Cmp(moneytest.Rational(text)) > 0 {
			t.Fatalf("one buys %s at %q", bought, text)
		}
	})
}

func FuzzParsePercentage(f *testing.F) {
	for _, seed := range []string{"1", "0.25", "100", "100.000001", "0.0000001", "-1", "1e1", "00.10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		percentage, ok := ParsePercentage(text)
		if !ok {
			return
		}
		again, ok := ParsePercentage(percentage.String())
		value := moneytest.Rational(text)
		if !ok || again.String() != percentage.String() || value.Cmp(moneytest.Rational(percentage.String())) != 0 || value.Sign() < 0 || value.Cmp(big.NewRat(100, 1)) > 0 {
			t.Fatalf("%q is %s, which reads as %s", text, percentage, again)
		}
		amount, _ := Parse("XTS", "12345.67")
		if fee := percentage.Of(amount).Round(amount); fee.Sign() < 0 || fee.Cmp(amount) > 0 || fee.Scale() != 2 {
			t.Fatalf("%q of %s is %s", text, amount, fee)
		}
	})
}
