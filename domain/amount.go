package domain

import "tallystick/domain/money"

// fit returns a quantity as an amount of an asset.
func fit(q money.Quantity, asset money.Asset) (money.Amount, *Rejection) {
	amount, ok := q.In(asset)
	if !ok {
		return amount, reject(BadRequest, "amount has more digits than %s allows: %d after the point, %d in all",
			asset.Code, asset.Scale, money.MaxDigits).with("currency", string(asset.Code))
	}
	return amount, nil
}

// checkPart refuses a quantity that is given and not more than zero.
func checkPart(q money.Quantity) *Rejection {
	if q.Set() && !q.Positive() {
		return reject(BadRequest, "amount must be more than zero")
	}
	return nil
}

// part returns an amount that is taken of a remainder: the quantity, or all of
// it where none is given.
func part(q money.Quantity, remaining money.Amount, of string) (money.Amount, *Rejection) {
	if !q.Set() {
		return remaining, nil
	}
	amount, rejection := fit(q, money.Asset{Code: remaining.Asset(), Scale: remaining.Scale()})
	if rejection == nil && amount.Cmp(remaining) > 0 {
		rejection = reject(AmountTooLarge, "The amount is %s, and %s %s is left of the %s", amount, remaining, remaining.Asset(), of).
			with("amount", amount.String()).with("remaining", remaining.String())
	}
	return amount, rejection
}

// less returns m - n, or zero where that is below zero.
func less(m, n money.Amount) money.Amount {
	if m.Cmp(n) <= 0 {
		return m.Sub(m)
	}
	return m.Sub(n)
}
