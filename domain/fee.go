package domain

import "slices"

// FeeRule says what an operation costs its payer, on top of the amount:
// percentage of it plus fixed, not below minimum, not above maximum, rounded
// once, half even, at the asset's scale.
type FeeRule struct {
	Operation  OperationType
	Currency   AssetCode // "": whatever the asset; a rule that names it goes first
	Percentage Percentage
	Fixed      Quantity // in major units, like the next two; not set: none
	Minimum    Quantity
	Maximum    Quantity
}

// feeOperations are what a fee can be charged for. All but issue are paid by the
// wallet that money leaves.
var feeOperations = []OperationType{Transfer, Issue, Redeem, Exchange, Capture, FundEscrow}

// On is the fee for moving amount.
func (f *FeeRule) On(amount Money) Money {
	fee := f.Percentage.exactly(amount)
	if f.Fixed.Set() {
		fee = fee.plus(f.Fixed)
	}
	if f.Minimum.Set() && fee.value.Cmp(f.Minimum.value) < 0 {
		fee = f.Minimum
	}
	if f.Maximum.Set() && fee.value.Cmp(f.Maximum.value) > 0 {
		fee = f.Maximum
	}
	return fee.rounded(amount)
}

// equal tells whether two rules charge the same.
func (f FeeRule) equal(g FeeRule) bool {
	return f.Operation == g.Operation && f.Currency == g.Currency && f.Percentage.String() == g.Percentage.String() &&
		f.Fixed.String() == g.Fixed.String() && f.Minimum.String() == g.Minimum.String() && f.Maximum.String() == g.Maximum.String()
}

// feeFor finds the rule for an operation in an asset.
func feeFor(rules []FeeRule, operation OperationType, asset AssetCode) *FeeRule {
	var found *FeeRule
	for i := range rules {
		if rule := &rules[i]; rule.Operation == operation && (rule.Currency == asset || rule.Currency == "" && found == nil) {
			found = rule
			if rule.Currency != "" {
				break
			}
		}
	}
	return found
}

// MaxRules is how many fees, and how many currencies with limits, are kept at most.
const MaxRules = 500

func checkFees(rules []FeeRule) *Rejection {
	if len(rules) > MaxRules {
		return reject(BadRequest, "there are %d fees; at most %d are allowed", len(rules), MaxRules)
	}
	for i := range rules {
		rule := &rules[i]
		if !slices.Contains(feeOperations, rule.Operation) {
			return reject(BadRequest, "a fee cannot be charged for %q: only for %v", rule.Operation, feeOperations)
		}
		if rule.Currency != "" && !validCode(rule.Currency) {
			return reject(BadRequest, "the currency %q of a fee is not the code of an asset", rule.Currency)
		}
		for _, other := range rules[:i] {
			if other.Operation == rule.Operation && other.Currency == rule.Currency {
				return reject(BadRequest, "two fees for %s", rule.Operation)
			}
		}
		for _, part := range [...]struct {
			name  string
			value Quantity
		}{{"fixed", rule.Fixed}, {"minimum", rule.Minimum}, {"maximum", rule.Maximum}} {
			if part.value.Set() && (part.value.value.Sign() < 0 || part.value.minor || part.value.value.Precision() > MaxDigits) {
				return reject(BadRequest, "the %s of a fee must be zero or more, in major units, of at most %d digits", part.name, MaxDigits)
			}
		}
		if rule.Minimum.Set() && rule.Maximum.Set() && rule.Minimum.value.Cmp(rule.Maximum.value) > 0 {
			return reject(BadRequest, "the minimum of a fee, %s, is more than its maximum, %s", rule.Minimum, rule.Maximum)
		}
	}
	return nil
}

// fee is what a payer is charged for an operation, on top: by its own rule where
// it has one, else by the project's. Wallets of the project itself pay none.
func (p *posting) fee(operation OperationType, payer, other *Wallet, amount Money) Money {
	if payer.Role != CustomerWallet {
		return payer.Asset.zero()
	}
	settings := &p.project.Settings
	own := operation == Transfer || operation == Exchange
	if own && settings.OwnTransfersFree && other.Role == CustomerWallet && other.Customer == payer.Customer {
		return payer.Asset.zero()
	}
	rule := feeFor(payer.Terms.Fees, operation, payer.Asset.Code)
	if rule == nil {
		rule = feeFor(settings.Fees, operation, payer.Asset.Code)
	}
	if rule == nil {
		return payer.Asset.zero()
	}
	return rule.On(amount)
}
