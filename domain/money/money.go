// Package money has exact arithmetic on amounts of assets: amounts, quantities
// whose asset is not known yet, percentages and rates of exchange. It uses no
// floats. Only Quantity.Round, Rate.Of and Amount.Share round.
package money

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/ericlagergren/decimal"
)

// MaxDigits is how many digits an amount or a balance has at most, including
// those after the point.
const MaxDigits = 36

// MaxScale is the largest number of digits after the point of an asset.
const MaxScale = 18

// exact refuses instead of rounding. Its 80 digits hold whatever can come up,
// since all that comes in is bounded where it is read (see bounded,
// ParsePercentage) and what goes on a balance by Fits. At the most:
//
//	an amount, a balance, a limit                        36 digits, 18 of them after the point
//	the sum of up to 2^64 amounts, as usage is           36 + 20 = 56
//	a percentage of an amount, before it is rounded      36 + 9 = 45, 18 + 6 + 2 = 26 after the point
//	that and a fixed fee                                 36 before the point, 26 after it, and a carry: 63
//	what is available, less an amount and its fee        38
//
// Rates and shares multiply and divide whole numbers of any length.
var exact = decimal.Context{
	Precision:    80,
	RoundingMode: decimal.ToNearestEven,
	Traps:        ^(decimal.Inexact | decimal.Rounded | decimal.Subnormal),
}

// Amount is an exact amount of one asset at the asset's scale: GHS 150.00 is
// 15000 × 10^-2. The zero value is zero of no asset. Immutable.
type Amount struct {
	asset AssetCode
	value *decimal.Big // never changed after it is made; nil is zero at scale 0
}

var zeroValue = new(decimal.Big)

// New returns an amount from its minor units: New("GHS", 15000, 2) is
// GHS 150.00.
func New(asset AssetCode, minor int64, scale int) Amount {
	return Amount{asset, new(decimal.Big).SetMantScale(minor, scale)}
}

// Parse reads a decimal in plain notation ("150.00", "-3"), whose digits
// after the point are its scale. It returns false for anything else and for
// more than 2×MaxDigits digits: a sum in the log may be longer than an amount.
func Parse(asset AssetCode, text string) (Amount, bool) {
	value, ok := parsePlain(text)
	return Amount{asset, value}, ok
}

// parsePlain reads [-]digits[.digits]. Amounts of up to 18 digits avoid the
// general parser, because a replay reads millions of them.
func parsePlain(text string) (*decimal.Big, bool) {
	digits := text
	negative := len(digits) > 0 && digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	var mantissa int64
	count, scale := 0, -1
	for i := range len(digits) {
		c := digits[i]
		switch {
		case c >= '0' && c <= '9':
			if count++; count <= 18 {
				mantissa = mantissa*10 + int64(c-'0')
			}
		case c == '.' && scale < 0 && i > 0 && i < len(digits)-1:
			scale = len(digits) - 1 - i
		default:
			return nil, false
		}
	}
	if count == 0 || count > 2*MaxDigits {
		return nil, false
	}
	scale = max(scale, 0)
	if count > 18 {
		return parseLong(strings.Replace(digits, ".", "", 1), scale, negative)
	}
	if negative {
		mantissa = -mantissa
	}
	return new(decimal.Big).SetMantScale(mantissa, scale), true
}

func parseLong(digits string, scale int, negative bool) (*decimal.Big, bool) {
	mantissa, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return nil, false
	}
	if negative {
		mantissa.Neg(mantissa)
	}
	return fromInteger(mantissa, scale), true
}

// fromInteger is mantissa × 10^-scale.
func fromInteger(mantissa *big.Int, scale int) *decimal.Big {
	if mantissa.IsInt64() {
		return new(decimal.Big).SetMantScale(mantissa.Int64(), scale)
	}
	return new(decimal.Big).SetBigMantScale(mantissa, scale)
}

// toInteger is the mantissa, with its sign.
func toInteger(value *decimal.Big) *big.Int {
	whole := new(decimal.Big).Copy(value)
	return whole.SetScale(0).Int(nil)
}

// rescale returns value at another scale, rounded half even, and whether the
// result is exact. It uses integers, because Big.Quantize drops a digit when
// rounding carries (0.98 at one digit gives 1, not 1.0).
func rescale(value *decimal.Big, scale int) (*decimal.Big, bool) {
	shift := scale - value.Scale()
	if shift == 0 {
		return value, true
	}
	mantissa := toInteger(value)
	power := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(shift, -shift))), nil)
	if shift > 0 {
		return fromInteger(mantissa.Mul(mantissa, power), scale), true
	}
	sign := int64(mantissa.Sign())
	quotient, rest := new(big.Int).QuoRem(mantissa, power, new(big.Int))
	half := new(big.Int).Abs(rest)
	if c := half.Lsh(half, 1).Cmp(power); c > 0 || c == 0 && quotient.Bit(0) == 1 {
		quotient.Add(quotient, big.NewInt(sign))
	}
	return fromInteger(quotient, scale), rest.Sign() == 0
}

// Asset returns the code of the asset.
func (m Amount) Asset() AssetCode { return m.asset }

func (m Amount) decimal() *decimal.Big {
	if m.value == nil {
		return zeroValue
	}
	return m.value
}

// Scale is the number of digits after the point.
func (m Amount) Scale() int { return m.decimal().Scale() }

// Sign is -1, 0 or +1.
func (m Amount) Sign() int { return m.decimal().Sign() }

// IsZero tells whether the amount is zero, of any asset.
func (m Amount) IsZero() bool { return m.Sign() == 0 }

// Add returns m + n. It panics if the assets differ.
func (m Amount) Add(n Amount) Amount {
	m.mustMatch(n)
	return Amount{m.asset, must(exact.Add(new(decimal.Big), m.decimal(), n.decimal()))}
}

// Sub returns m - n. It panics if the assets differ.
func (m Amount) Sub(n Amount) Amount {
	m.mustMatch(n)
	return Amount{m.asset, must(exact.Sub(new(decimal.Big), m.decimal(), n.decimal()))}
}

// Neg returns -m. The negation of zero is zero.
func (m Amount) Neg() Amount {
	if m.IsZero() {
		return m
	}
	return Amount{m.asset, new(decimal.Big).CopyNeg(m.decimal())} // Big.Neg would round
}

// Cmp is -1 when m < n, 0 when equal, +1 when m > n, of one asset.
func (m Amount) Cmp(n Amount) int {
	m.mustMatch(n)
	return m.decimal().Cmp(n.decimal())
}

// Fits tells whether the amount has at most MaxDigits digits.
func (m Amount) Fits() bool { return m.decimal().Precision() <= MaxDigits }

func (m Amount) mustMatch(n Amount) {
	if m.asset != n.asset {
		panic("money: " + string(m.asset) + " and " + string(n.asset) + " in one sum")
	}
}

// must panics where a result is not exact: then a number that came in was not
// bounded, which is a bug.
func must(value *decimal.Big) *decimal.Big {
	if lost := value.Context.Conditions &^ (decimal.Clamped); lost&(decimal.Inexact|decimal.Overflow|decimal.InvalidOperation) != 0 || !value.IsFinite() {
		panic("money: inexact arithmetic on money: " + lost.String())
	}
	if value.Sign() == 0 && value.Signbit() {
		value.SetSignbit(false)
	}
	return value
}

// String is the plain decimal at its scale: "150.00".
func (m Amount) String() string { return string(m.AppendText(nil)) }

// AppendText appends the plain decimal at its scale to dst.
func (m Amount) AppendText(dst []byte) []byte {
	value := m.decimal()
	if value.Signbit() && value.Sign() != 0 {
		dst = append(dst, '-')
	}
	var buf [80]byte
	digits := buf[:0]
	if mantissa, ok := value.Mantissa(); ok {
		digits = strconv.AppendUint(digits, mantissa, 10)
	} else {
		mantissa := toInteger(value)
		digits = mantissa.Abs(mantissa).Append(digits, 10)
	}
	scale := value.Scale()
	if scale <= 0 {
		return append(dst, digits...)
	}
	if len(digits) <= scale {
		dst = append(dst, '0', '.')
		for range scale - len(digits) {
			dst = append(dst, '0')
		}
		return append(dst, digits...)
	}
	point := len(digits) - scale
	dst = append(dst, digits[:point]...)
	dst = append(dst, '.')
	return append(dst, digits[point:]...)
}

// Minor returns the amount in minor units, false where it does not fit an
// int64.
func (m Amount) Minor() (int64, bool) {
	mantissa, ok := m.decimal().Mantissa()
	if !ok || mantissa > 1<<63-1 {
		return 0, false
	}
	if m.decimal().Signbit() {
		return -int64(mantissa), true
	}
	return int64(mantissa), true
}

// Share returns m × part ÷ whole, rounded down, or up. part and whole are of
// one asset, and part is at most whole.
func (m Amount) Share(part, whole Amount, up bool) Amount {
	product := new(big.Int).Mul(toInteger(m.decimal()), toInteger(part.decimal()))
	quotient, rest := product.QuoRem(product, toInteger(whole.decimal()), new(big.Int))
	if up && rest.Sign() != 0 {
		quotient.Add(quotient, big.NewInt(1))
	}
	return Amount{m.asset, fromInteger(quotient, m.Scale())}
}
