// Package moneytest is arithmetic over math/big that tests compare the ledger's own
// arithmetic with. It is simple instead of fast, and shares no code with package money.
package moneytest

import (
	"math/big"
	"strings"
)

// Rational returns a plain decimal, exactly. It panics for anything else.
func Rational(text string) *big.Rat {
	value, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return value
}

// Rounded returns a rational in units of 10^-scale, rounded half to even.
func Rounded(value *big.Rat, scale int) *big.Int {
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

// Plain returns an integer of units of 10^-scale as a plain decimal.
func Plain(minor *big.Int, scale int) string {
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
