package domain

import (
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Terms are what was agreed for one wallet. With the zero Terms the project's
// rules apply.
type Terms struct {
	CreditLimit money.Amount // of a postpaid wallet; zero otherwise
	Fees        []FeeRule    // instead of the project's, for the operations they name
	Limits      Limits       // instead of the project's, part by part
	Settlement  Settlement
}

// noTerms are those of most wallets.
var noTerms = &Terms{}

func (t *Terms) equal(u *Terms) bool {
	return t.CreditLimit.String() == u.CreditLimit.String() && slices.EqualFunc(t.Fees, u.Fees, FeeRule.equal) && t.Limits.equal(u.Limits) &&
		t.Settlement.Period == u.Settlement.Period && t.Settlement.Day == u.Settlement.Day && t.Settlement.Next.Equal(u.Settlement.Next)
}

// shared returns a pointer to terms for wallets to keep.
func (t Terms) shared() *Terms {
	if t.CreditLimit.Asset() == "" && t.equal(noTerms) {
		return noTerms
	}
	return &t
}

// TermsChange holds the terms to set.
type TermsChange struct {
	CreditLimit money.Quantity // not set: as it is
	Fees        []FeeRule      // nil: as they are; empty: none
	Limits      *Limits
	Settlement  *Settlement
}

// on returns the terms with the change applied.
func (c TermsChange) on(old *Terms, kind WalletType, asset money.Asset, project *Project, at ids.Place) (Terms, *Rejection) {
	terms := *old
	if c.CreditLimit.Set() {
		limit, rejection := fit(c.CreditLimit, asset)
		if rejection != nil {
			return terms, rejection
		}
		if limit.Sign() < 0 {
			return terms, reject(BadRequest, "credit_limit must be zero or more")
		}
		terms.CreditLimit = limit
	}
	if kind == Prepaid && !terms.CreditLimit.IsZero() {
		return terms, reject(BadRequest, "only a %s wallet has a credit_limit", Postpaid)
	}
	if kind == Prepaid {
		terms.CreditLimit = money.Amount{}
	} else if terms.CreditLimit.Asset() == "" {
		terms.CreditLimit = asset.Zero()
	}
	if c.Fees != nil {
		if rejection := first(checkFees(c.Fees), checkFeesFit(c.Fees, project, asset)); rejection != nil {
			return terms, rejection
		}
		terms.Fees = c.Fees
	}
	if c.Limits != nil {
		if rejection := checkLimits(*c.Limits, asset); rejection != nil {
			return terms, rejection
		}
		terms.Limits = *c.Limits
	}
	if c.Settlement != nil {
		if rejection := checkSettlement(*c.Settlement); rejection != nil {
			return terms, rejection
		}
		if kind == Prepaid && c.Settlement.Period != "" {
			return terms, reject(BadRequest, "only a %s wallet is settled", Postpaid)
		}
		if c.Settlement.Period != terms.Settlement.Period || c.Settlement.Day != terms.Settlement.Day {
			terms.Settlement = Settlement{Period: c.Settlement.Period, Day: c.Settlement.Day}
			if terms.Settlement.Period != "" {
				terms.Settlement.Next = terms.Settlement.after(at.Time, project.Settings.zone())
			}
		}
	}
	return terms, nil
}
