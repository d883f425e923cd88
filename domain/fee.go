package domain

import (
	"slices"

	"tallystick/domain/money"
)

// FeeRule says what an operation costs, on top of the amount: a percentage of
// it plus a fixed part, not below a minimum, not above a maximum, rounded once,
// half even, at the asset's scale. Fixed, minimum and maximum must fit the
// asset of the rule: its currency, or else the asset of the wallet that has the
// rule. A project's rule without a currency is about every asset: its amounts
// fit the finest scale (MaxScale), and are rounded to the asset with the rest.
type FeeRule struct {
	Operation  OperationType
	Currency   money.AssetCode // "": whatever the asset; a rule that names it goes first
	Percentage money.Percentage
	Fixed      money.Quantity // in major units, like the next two; not set: none
	Minimum    money.Quantity
	Maximum    money.Quantity
}

// feeOperations are the operations that a fee can be charged for. The recipient
// pays the fee of an issue, the sender all others.
var feeOperations = []OperationType{Transfer, Issue, Redeem, Exchange, Capture, FundEscrow}

// On returns the fee for an amount.
func (f *FeeRule) On(amount money.Amount) money.Amount {
	fee := f.Percentage.Of(amount)
	if f.Fixed.Set() {
		fee = fee.Plus(f.Fixed)
	}
	if f.Minimum.Set() && fee.Cmp(f.Minimum) < 0 {
		fee = f.Minimum
	}
	if f.Maximum.Set() && fee.Cmp(f.Maximum) > 0 {
		fee = f.Maximum
	}
	return fee.Round(amount)
}

// equal tells whether two rules charge the same.
func (f FeeRule) equal(g FeeRule) bool {
	return f.Operation == g.Operation && f.Currency == g.Currency && f.Percentage.String() == g.Percentage.String() &&
		f.Fixed.String() == g.Fixed.String() && f.Minimum.String() == g.Minimum.String() && f.Maximum.String() == g.Maximum.String()
}

// feeFor returns the rule for an operation in an asset; nil for none. A rule
// that names the asset goes before one that names none.
func feeFor(rules []FeeRule, operation OperationType, asset money.AssetCode) *FeeRule {
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

// MaxRules is how many fee rules, and how many currencies with limits, a
// project or wallet has at most.
const MaxRules = 500

// feeKey is unique among the rules of a project or wallet.
type feeKey struct {
	operation OperationType
	currency  money.AssetCode
}

// checkFees checks what does not depend on the assets of the project.
func checkFees(rules []FeeRule) *Rejection {
	if len(rules) > MaxRules {
		return reject(BadRequest, "there are %d fees; at most %d are allowed", len(rules), MaxRules)
	}
	seen := make(map[feeKey]bool, len(rules))
	for i := range rules {
		rule := &rules[i]
		if !slices.Contains(feeOperations, rule.Operation) {
			return reject(BadRequest, "a fee cannot be charged for %q: only for %v", rule.Operation, feeOperations)
		}
		key := feeKey{rule.Operation, rule.Currency}
		if seen[key] {
			return reject(BadRequest, "two fees for %s", rule.Operation)
		}
		seen[key] = true
		for _, part := range rule.amounts() {
			if part.value.Set() && (part.value.Sign() < 0 || part.value.Minor()) {
				return reject(BadRequest, "%s must be zero or more, in major units", part.name)
			}
		}
		if rule.Minimum.Set() && rule.Maximum.Set() && rule.Minimum.Cmp(rule.Maximum) > 0 {
			return reject(BadRequest, "the minimum of a fee, %s, is more than its maximum, %s", rule.Minimum, rule.Maximum)
		}
	}
	return nil
}

// finest is an asset of the finest scale.
var finest = money.Asset{Scale: money.MaxScale}

// checkFeesFit checks that the amounts of rules fit their assets: the currency
// that a rule names, or else about. The rules have passed checkFees.
func checkFeesFit(rules []FeeRule, project *Project, about money.Asset) *Rejection {
	for i := range rules {
		rule, asset := &rules[i], about
		if rule.Currency != "" {
			var ok bool
			if asset, ok = project.Asset(rule.Currency); !ok {
				return unknownCurrency(rule.Currency)
			}
		}
		for _, part := range rule.amounts() {
			if !part.value.Set() {
				continue
			}
			if _, ok := part.value.In(asset); ok {
				continue
			}
			if asset.Code == "" {
				return reject(BadRequest, "%s is in no one currency: it has at most %d digits before the point and %d after it",
					part.name, money.MaxDigits-money.MaxScale, money.MaxScale)
			}
			return reject(BadRequest, "%s has more digits than %s allows: %d after the point, %d in all",
				part.name, asset.Code, asset.Scale, money.MaxDigits).with("currency", string(asset.Code))
		}
	}
	return nil
}

// feeAmount is an amount of a rule, with the name that callers know:
// fees.transfer.fixed, fees.transfer.currencies.GHS.fixed.
type feeAmount struct {
	name  string
	value money.Quantity
}

func (f *FeeRule) amounts() [3]feeAmount {
	name := "fees." + string(f.Operation) + "."
	if f.Currency != "" {
		name += "currencies." + string(f.Currency) + "."
	}
	return [...]feeAmount{{name + "fixed", f.Fixed}, {name + "minimum", f.Minimum}, {name + "maximum", f.Maximum}}
}

// fee returns what a payer is charged for an operation, on top of the amount.
// The payer's own rule stands in for the project's. Wallets of the project pay
// no fee, and neither does a transaction whose origin is not charged.
func (p *posting) fee(operation OperationType, payer, other *Wallet, amount money.Amount) money.Amount {
	if p.policy.charge != chargeOperation {
		operation = p.policy.charge
	}
	if operation == "" || payer.Role != CustomerWallet {
		return payer.Asset.Zero()
	}
	settings := &p.project.Settings
	own := operation == Transfer || operation == Exchange
	if own && settings.OwnTransfersFree && other.Role == CustomerWallet && other.Customer == payer.Customer {
		return payer.Asset.Zero()
	}
	rule := feeFor(payer.Terms.Fees, operation, payer.Asset.Code)
	if rule == nil {
		rule = feeFor(settings.Fees, operation, payer.Asset.Code)
	}
	if rule == nil {
		return payer.Asset.Zero()
	}
	return rule.On(amount)
}

// feeAccount returns the project's fee account; nil where the fee is zero.
func (p *posting) feeAccount(payer *account, fee money.Amount) *account {
	if fee.IsZero() {
		return nil
	}
	return p.system(FeeWallet, payer.wallet.Asset)
}
