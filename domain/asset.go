package domain

import (
	"strconv"

	"github.com/bojanz/currency"
)

// Asset is something of value that wallets hold: a currency, points, tickets.
type Asset struct {
	Code      AssetCode
	Scale     int    // digits after the point, 0 to MaxScale
	Name      string // "" for a currency of ISO 4217
	Symbol    string // "" for a currency of ISO 4217: its symbol depends on the locale
	NumericID int    // the number of ISO 4217 (USD 840), or one given when it was defined; 0: none
}

// isoAsset answers a currency of ISO 4217, which needs no definition.
func isoAsset(code AssetCode) (Asset, bool) {
	digits, ok := currency.GetDigits(string(code))
	if !ok {
		return Asset{}, false
	}
	numeric, _ := currency.GetNumericCode(string(code))
	number, _ := strconv.Atoi(numeric)
	return Asset{Code: code, Scale: int(digits), NumericID: number}, true
}

// zero is nothing, at the asset's scale.
func (a Asset) zero() Money { return NewMoney(a.Code, 0, a.Scale) }

// validCode tells whether a code can name an asset: 2 to 24 upper case letters,
// digits and '_', a letter first.
func validCode(code AssetCode) bool {
	if len(code) < 2 || len(code) > 24 || code[0] < 'A' || code[0] > 'Z' {
		return false
	}
	for _, c := range []byte(code) {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}
