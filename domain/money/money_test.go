package money

import (
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"

	"tallystick/domain/money/moneytest"
)

// operand is a random decimal of up to 36 digits at a scale, as text and as an
// integer of minor units: the oracle is math/big.
func operand(r *rand.Rand, scale int) (string, *big.Int) {
	digits := 1 + r.IntN(MaxDigits)
	text := make([]byte, digits)
	for i := range text {
		text[i] = byte('0' + r.IntN(10))
	}
	minor, _ := new(big.Int).SetString(string(text), 10)
	if r.IntN(2) == 0 {
		minor.Neg(minor)
	}
	return moneytest.Plain(minor, scale), minor
}

func TestMoneyAgreesWithIntegers(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 10_000 {
		scale := r.IntN(MaxScale + 1)
		textA, minorA := operand(r, scale)
		textB, minorB := operand(r, scale)
		a, okA := Parse("XTS", textA)
		b, okB := Parse("XTS", textB)
		if !okA || !okB {
			t.Fatalf("parse %s, %s", textA, textB)
		}
		check := func(what, got string, want *big.Int) {
			if got != moneytest.Plain(want, scale) {
				t.Fatalf("%s of %s and %s is %s, want %s", what, textA, textB, got, moneytest.Plain(want, scale))
			}
		}
		check("print", a.String(), minorA)
		check("sum", a.Add(b).String(), new(big.Int).Add(minorA, minorB))
		check("difference", a.Sub(b).String(), new(big.Int).Sub(minorA, minorB))
		check("negation", a.Neg().String(), new(big.Int).Neg(minorA))
		if a.Cmp(b) != minorA.Cmp(minorB) || a.Sign() != minorA.Sign() {
			t.Fatalf("order of %s and %s", textA, textB)
		}
		if minor, ok := a.Minor(); ok != minorA.IsInt64() && !(minorA.IsInt64() && minorA.Int64() == -1<<63) || ok && minor != minorA.Int64() {
			t.Fatalf("minor units of %s: %d, %t", textA, minor, ok)
		}
		percentage := moneytest.Plain(big.NewInt(r.Int64N(100_000_001)), 6)
		share, ok := ParsePercentage(percentage)
		if !ok {
			t.Fatalf("parse %s %%", percentage)
		}
		check(percentage+" %", share.Of(a).Round(a).String(), halfEven(minorA, percentage))
	}
}

// halfEven is percentage (six digits after the point) of minor, rounded.
func halfEven(minor *big.Int, percentage string) *big.Int {
	millionths, _ := new(big.Int).SetString(strings.Replace(percentage, ".", "", 1), 10)
	product := new(big.Int).Mul(minor, millionths)
	unit := big.NewInt(100_000_000)
	quotient, rest := new(big.Int).QuoRem(product, unit, new(big.Int))
	twice := new(big.Int).Abs(rest)
	twice.Lsh(twice, 1)
	if c := twice.Cmp(unit); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(int64(product.Sign())))
	}
	return quotient
}

func TestQuantityFitsOnlyExactly(t *testing.T) {
	t.Parallel()
	ghs := Asset{Code: "GHS", Scale: 2}
	cases := []struct {
		read func(string) (Quantity, bool)
		text string
		want string // "" for refused
	}{
		{MajorUnits, "10", "10.00"}, {MajorUnits, "10.5", "10.50"}, {MajorUnits, "10.500", "10.50"}, {MajorUnits, "0.01", "0.01"},
		{MajorUnits, "10.005", ""}, {MajorUnits, "1e3", ""}, {MajorUnits, "", ""}, {MajorUnits, ".5", ""}, {MajorUnits, "5.", ""},
		{MajorUnits, "+1", ""}, {MajorUnits, "1,000", ""}, {MajorUnits, "１", ""}, {MajorUnits, "NaN", ""}, {MajorUnits, "1.2.3", ""},
		{MajorUnits, strings.Repeat("9", 34), strings.Repeat("9", 34) + ".00"}, {MajorUnits, strings.Repeat("9", 35), ""}, {MajorUnits, strings.Repeat("9", 60), ""},
		{MajorUnits, strings.Repeat("9", 600), ""},
		{MinorUnits, "1050", "10.50"}, {MinorUnits, "10.5", ""},
		{ScientificUnits, "5e1", "50.00"}, {ScientificUnits, "1.5E-1", "0.15"}, {ScientificUnits, "1e-3", ""}, {ScientificUnits, "1e400", ""}, {ScientificUnits, "50.00", "50.00"},
	}
	for _, c := range cases {
		quantity, ok := c.read(c.text)
		got := ""
		if ok {
			if money, fits := quantity.In(ghs); fits {
				got = money.String()
			}
		}
		if got != c.want {
			t.Errorf("%s is %q, want %q", c.text, got, c.want)
		}
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, seed := range []string{"150.00", "-3", "0", "1e9", "1.5E-3", "-0", "00.10", "99999999999999999999.99"} {
		f.Add(seed)
	}
	asset := Asset{Code: "XTS", Scale: 4}
	f.Fuzz(func(t *testing.T, text string) {
		if money, ok := Parse("XTS", text); ok {
			again, ok := Parse("XTS", money.String())
			if !ok || again.Cmp(money) != 0 || again.Scale() != money.Scale() {
				t.Fatalf("%q prints as %q, which reads as %s", text, money, again)
			}
		}
		for i, read := range []func(string) (Quantity, bool){MajorUnits, MinorUnits, ScientificUnits} {
			quantity, ok := read(text)
			if !ok {
				continue
			}
			money, fits := quantity.In(asset)
			if !fits {
				continue
			}
			want := moneytest.Rational(text)
			if i == 1 {
				want.Quo(want, big.NewRat(10_000, 1))
			}
			if money.Scale() != asset.Scale || moneytest.Rational(money.String()).Cmp(want) != 0 || !money.Fits() {
				t.Fatalf("%q is %s, at %d digits", text, money, money.Scale())
			}
		}
	})
}
