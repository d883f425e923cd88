package money

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/ericlagergren/decimal"
)

// Quantity is an amount as a command gives it, before its asset is known: in
// major units ("10.00"), or in minor units (1000).
type Quantity struct {
	value *decimal.Big
	minor bool
}

// bounded tells whether a number has at most MaxDigits digits, without leading
// zeros, and at most MaxScale of them after the point. No asset can hold more,
// and within these bounds the arithmetic of a decision is exact.
func bounded(value *decimal.Big) bool {
	return value.Precision() <= MaxDigits && value.Scale() <= MaxScale
}

// MajorUnits reads a plain decimal in major units, of at most MaxDigits digits,
// MaxScale of them after the point.
func MajorUnits(text string) (Quantity, bool) {
	value, ok := parsePlain(text)
	if !ok || !bounded(value) {
		return Quantity{}, false
	}
	return Quantity{value: value}, true
}

// MinorUnits reads a plain integer of minor units, of at most MaxDigits digits.
func MinorUnits(text string) (Quantity, bool) {
	value, ok := parsePlain(text)
	if !ok || !bounded(value) || value.Scale() != 0 {
		return Quantity{}, false
	}
	return Quantity{value: value, minor: true}, true
}

// ScientificUnits reads a number of major units as JSON may write it, with an
// exponent ("5e1"), within the same bounds. Exact: nothing passes through a float.
func ScientificUnits(text string) (Quantity, bool) {
	if !strings.ContainsAny(text, "eE") {
		return MajorUnits(text)
	}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	value, ok := parsePlain(mantissa)
	shift, err := strconv.Atoi(exponent)
	if !ok || err != nil || shift < -2*MaxDigits || shift > 2*MaxDigits {
		return Quantity{}, false
	}
	scaled := new(decimal.Big).Copy(value)
	scaled.SetScale(value.Scale() - shift)
	if scaled.Scale() < 0 {
		scaled, _ = rescale(scaled, 0) // 5e1 is 50
	}
	if !bounded(scaled) {
		return Quantity{}, false
	}
	return Quantity{value: scaled}, true
}

// Set tells whether the quantity was given.
func (q Quantity) Set() bool { return q.value != nil }

// String is the plain decimal, "" when it was not given.
func (q Quantity) String() string {
	if q.value == nil {
		return ""
	}
	return Amount{value: q.value}.String()
}

// Minor tells whether it was given in minor units.
func (q Quantity) Minor() bool { return q.minor }

// Sign is -1, 0 or +1; 0 when it was not given.
func (q Quantity) Sign() int {
	if q.value == nil {
		return 0
	}
	return q.value.Sign()
}

// Cmp is -1 when q < r, 0 when equal, +1 when q > r, of two that were given in the
// same units.
func (q Quantity) Cmp(r Quantity) int { return q.value.Cmp(r.value) }

// Positive tells whether the quantity is more than zero.
func (q Quantity) Positive() bool { return q.value != nil && q.value.Sign() > 0 }

// In returns the quantity as an amount of an asset. It returns false when the
// quantity has more digits after the point than the asset (without trailing
// zeros), or more than MaxDigits in all.
func (q Quantity) In(asset Asset) (Amount, bool) {
	value, lossless := q.value, true
	if q.minor {
		value = new(decimal.Big).Copy(value).SetScale(asset.Scale)
	} else {
		value, lossless = rescale(value, asset.Scale)
	}
	money := Amount{asset.Code, value}
	return money, lossless && money.Fits()
}

// Percentage is a share in hundredths, 0 to 100, with at most six digits after
// the point. The zero value is none.
type Percentage struct{ value *decimal.Big }

// ParsePercentage reads "1", "0.25", "100".
func ParsePercentage(text string) (Percentage, bool) {
	value, ok := parsePlain(text)
	if !ok || value.Sign() < 0 || value.Scale() > 6 || value.Cmp(hundred) > 0 {
		return Percentage{}, false
	}
	return Percentage{value}, true
}

var hundred = decimal.New(100, 0)

// IsZero tells whether the percentage is zero.
func (p Percentage) IsZero() bool { return p.value == nil || p.value.Sign() == 0 }

// String is the number without the sign: "1", "0.25".
func (p Percentage) String() string {
	if p.value == nil {
		return "0"
	}
	return Amount{value: p.value}.String()
}

// Of returns that share of m, not rounded.
func (p Percentage) Of(m Amount) Quantity {
	if p.IsZero() {
		return Quantity{value: zeroValue}
	}
	share := must(exact.Mul(new(decimal.Big), m.decimal(), p.value))
	return Quantity{value: share.SetScale(share.Scale() + 2)}
}

// Plus returns q + r, both in major units.
func (q Quantity) Plus(r Quantity) Quantity {
	return Quantity{value: must(exact.Add(new(decimal.Big), q.value, r.value))}
}

// Round returns the quantity as an amount of the asset and scale of another,
// rounded half even.
func (q Quantity) Round(like Amount) Amount {
	value, _ := rescale(q.value, like.Scale())
	return Amount{like.asset, value}
}

// Rate is how much of one asset is given for one of another: more than zero, of
// at most MaxDigits digits, MaxScale of them after the point. The zero value is
// no rate.
type Rate struct{ value *decimal.Big }

// ParseRate reads a plain decimal of more than zero.
func ParseRate(text string) (Rate, bool) {
	value, ok := parsePlain(text)
	if !ok || value.Sign() <= 0 || !bounded(value) {
		return Rate{}, false
	}
	return Rate{value}, true
}

// IsZero tells whether it is no rate.
func (r Rate) IsZero() bool { return r.value == nil }

// String is the plain decimal, "" for no rate.
func (r Rate) String() string {
	if r.value == nil {
		return ""
	}
	return Amount{value: r.value}.String()
}

// Of returns what an amount buys of an asset, rounded down, so that the seller
// never pays for rounding. It returns false when the result has more than
// MaxDigits digits.
func (r Rate) Of(m Amount, asset Asset) (Amount, bool) {
	product := toInteger(m.decimal())
	product.Mul(product, toInteger(r.value))
	bought := down(product, m.Scale()+r.value.Scale(), asset.Scale)
	money := Amount{asset.Code, fromInteger(bought, asset.Scale)}
	return money, money.Fits()
}

// down returns mantissa × 10^-scale, not below zero, at another scale, rounded
// down.
func down(mantissa *big.Int, scale, to int) *big.Int {
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(scale-to, to-scale))), nil)
	if to >= scale {
		return mantissa.Mul(mantissa, power)
	}
	return mantissa.Quo(mantissa, power)
}
