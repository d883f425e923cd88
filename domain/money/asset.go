package money

import (
	"cmp"
	"strconv"

	"github.com/bojanz/currency"
)

// AssetCode names an asset: an ISO 4217 code, or one that a project defined.
type AssetCode string

// Asset is something of value that wallets hold: a currency, points, tickets.
type Asset struct {
	Code      AssetCode
	Scale     int    // digits after the point, 0 to MaxScale
	Name      string // "" for a currency of ISO 4217
	Symbol    string // "" for a currency of ISO 4217: its symbol depends on the locale
	NumericID int    // the number of ISO 4217 (USD 840), or one given when it was defined; 0: none
}

// ISO returns a currency of ISO 4217, which needs no definition.
func ISO(code AssetCode) (Asset, bool) {
	digits, ok := currency.GetDigits(string(code))
	if !ok {
		return Asset{}, false
	}
	numeric, _ := currency.GetNumericCode(string(code))
	number, _ := strconv.Atoi(numeric)
	return Asset{Code: code, Scale: int(digits), NumericID: number}, true
}

// Zero returns zero at the asset's scale.
func (a Asset) Zero() Amount { return New(a.Code, 0, a.Scale) }

// Valid tells whether the code can name an asset: 2 to 24 upper case letters,
// digits and '_', a letter first.
func (code AssetCode) Valid() bool {
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

// Compare orders codes alphabetically.
func (code AssetCode) Compare(other AssetCode) int { return cmp.Compare(code, other) }
