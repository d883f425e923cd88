package api

import (
	"bytes"
	"encoding/json"
	"strings"

	"tallystick/domain"
	"tallystick/domain/money"

	"github.com/bojanz/currency"
)

// quantity reads an amount of /v1: "amount" in major units, or "amount_minor".
func quantity(amount string, minor json.RawMessage) (money.Quantity, error) {
	return requiredQuantity("amount", amount, minor)
}

// requiredQuantity reads a quantity that must be given, in fields of another name.
func requiredQuantity(name, major string, minor json.RawMessage) (money.Quantity, error) {
	q, err := optionalQuantity(name, major, minor)
	if err == nil && !q.Set() {
		err = giveOnce(name)
	}
	return q, err
}

// optionalQuantity reads a quantity that may be missing; then it is not set.
func optionalQuantity(name, major string, minor json.RawMessage) (money.Quantity, error) {
	hasMinor := len(minor) > 0 && !bytes.Equal(minor, []byte("null"))
	switch {
	case major != "" && hasMinor:
		return money.Quantity{}, giveOnce(name)
	case hasMinor:
		if q, ok := money.MinorUnits(string(minor)); ok {
			return q, nil
		}
		return money.Quantity{}, badRequest("%s_minor must be a whole number of at most %d digits: 1000", name, money.MaxDigits)
	case major == "":
		return money.Quantity{}, nil
	}
	return majorQuantity(name, major)
}

func giveOnce(name string) error {
	return badRequest(`give the %s once: "%[1]s": "10.00" in major units, or "%[1]s_minor": 1000 in minor units`, name)
}

// majorQuantity reads a quantity in major units; "" is none.
func majorQuantity(name, major string) (money.Quantity, error) {
	if major == "" {
		return money.Quantity{}, nil
	}
	q, ok := money.MajorUnits(major)
	if !ok {
		return money.Quantity{}, badRequest(`%s must be a plain decimal of at most %d digits, %d of them after the point: "10.00"`, name, money.MaxDigits, money.MaxScale)
	}
	return q, nil
}

// majorNumber is an amount as a JSON number in major units, with the digits of
// its asset: 50.00.
func majorNumber(m money.Amount) json.RawMessage { return m.AppendText(nil) }

// zeroOf returns zero, in the asset and scale of m.
func zeroOf(m money.Amount) money.Amount { return money.New(m.Asset(), 0, m.Scale()) }

// formatted is an amount for people, as the project's locale writes it: GH₵150.00.
// An asset of the project's own has no locale: ★150, or "POINTS 150".
func formatted(m money.Amount, project *domain.Project) string {
	plain := m.String()
	code := string(m.Asset())
	if asset, own := project.OwnAsset(m.Asset()); own {
		sign, digits := "", plain
		if m.Sign() < 0 {
			sign, digits = "-", plain[1:]
		}
		if asset.Symbol != "" {
			return sign + asset.Symbol + digits
		}
		return sign + code + " " + digits
	}
	amount, err := currency.NewAmount(plain, code)
	if err != nil {
		return code + " " + plain
	}
	locale := project.Settings.Locale
	if locale == "" {
		locale = "en"
	}
	formatter := currency.NewFormatter(currency.NewLocale(locale))
	formatter.MaxDigits = uint8(m.Scale())
	text := formatter.Format(amount)
	if lost(text, plain) {
		return code + " " + plain
	}
	return text
}

// lost reports whether a formatted amount has other digits than the plain one: the
// formatter rounds amounts that are too long for it. Short amounts are not checked,
// since they may have digits of another script.
func lost(text, plain string) bool {
	const surelyHeld = 18
	if len(plain) <= surelyHeld {
		return false
	}
	digits := func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}
	return strings.Map(digits, text) != strings.Map(digits, plain)
}
