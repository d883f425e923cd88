package domain

import (
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// SettlementPeriod is how often a postpaid wallet is to be settled.
type SettlementPeriod string

const (
	Weekly  SettlementPeriod = "weekly"  // on Day 1 (Monday) to 7
	Monthly SettlementPeriod = "monthly" // on Day 1 to 31; in a shorter month, on its last
)

// Settlement says when a period ends: at midnight in the project's zone. The
// zero Settlement has no periods.
type Settlement struct {
	Period SettlementPeriod
	Day    int
	Next   time.Time // when the period under way ends; set by the decision, not by the caller
}

func checkSettlement(s Settlement) *Rejection {
	switch {
	case s.Period == "" && s.Day == 0:
		return nil
	case s.Period == Weekly && (s.Day < 1 || s.Day > 7):
		return reject(BadRequest, "the day of a weekly settlement is 1 (Monday) to 7, not %d", s.Day)
	case s.Period == Monthly && (s.Day < 1 || s.Day > 31):
		return reject(BadRequest, "the day of a monthly settlement is 1 to 31, not %d", s.Day)
	case s.Period != Weekly && s.Period != Monthly:
		return reject(BadRequest, "settlement period %q must be %s or %s", s.Period, Weekly, Monthly)
	}
	return nil
}

// after returns the first end of a period after a moment.
func (s Settlement) after(now time.Time, zone *time.Location) time.Time {
	local := now.In(zone)
	for day := 1; ; day++ {
		date := time.Date(local.Year(), local.Month(), local.Day()+day, 0, 0, 0, 0, time.UTC)
		if next := startOf(date, zone); s.endsOn(date) && next.After(now) {
			return next.UTC()
		}
	}
}

func (s Settlement) endsOn(day time.Time) bool {
	if s.Period == Weekly {
		return (int(day.Weekday())+6)%7+1 == s.Day
	}
	last := time.Date(day.Year(), day.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day()
	return day.Day() == min(s.Day, last)
}

// Debt returns how much a wallet is below zero.
func (w *Wallet) Debt() money.Amount {
	if w.Balance.Sign() < 0 {
		return w.Balance.Neg()
	}
	return w.Asset.Zero()
}

// Due returns what the last settlement asked for, less what came in since.
func (w *Wallet) Due() money.Amount {
	if w.activity == nil {
		return w.Asset.Zero()
	}
	return w.activity.due
}

// CallSettlement ends the period of a wallet. Time gives this command.
type CallSettlement struct {
	Project ids.Project
	Wallet  ids.Wallet
}

func (c CallSettlement) ProjectID() ids.Project { return c.Project }

func (c CallSettlement) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	wallet, ok := s.Wallet(c.Wallet)
	project, known := s.Project(c.Project)
	if !ok || !known || wallet.Project != c.Project || wallet.Status == Closed {
		return nil, nil
	}
	settlement := wallet.Terms.Settlement
	if settlement.Period == "" || at.Time.Before(settlement.Next) {
		return nil, nil
	}
	return []Event{&SettlementDue{
		Project: c.Project, Wallet: c.Wallet, Amount: wallet.Debt(), PeriodEnd: settlement.Next,
		Next: settlement.after(at.Time, project.Settings.zone()),
	}}, nil
}

// SettlementDue ends a period of a postpaid wallet.
type SettlementDue struct {
	Asked
	Project   ids.Project
	Wallet    ids.Wallet
	Amount    money.Amount // owed at the end of the period; may be zero
	PeriodEnd time.Time    // the deadline that the period had
	Next      time.Time    // that of the next
}

func (e *SettlementDue) ProjectID() ids.Project  { return e.Project }
func (e *SettlementDue) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *SettlementDue) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		terms := *w.Terms
		terms.Settlement.Next = e.Next
		s.resettle(w, w.Terms.Settlement, terms.Settlement)
		w.Terms = &terms
		w.change(func(d *activity) { d.due = e.Amount })
	})
}

// resettle moves the appointment of the end of a wallet's period.
func (s *State) resettle(w *Wallet, before, after Settlement) {
	if of, ok := w.ID.Location(); ok && !before.Next.Equal(after.Next) {
		s.cancel(w.Project, before.Next, periodEnds, of)
		s.appoint(w.Project, after.Next, periodEnds, of)
	}
}

// Settle pays the debt of a postpaid wallet: from another wallet, or, where
// Sender is "", with money from outside.
type Settle struct {
	Project     ids.Project
	Wallet      ids.Wallet
	Sender      ids.Wallet
	Reference   ids.Reference
	Quantity    money.Quantity // not set: what is due, and where nothing is, all that is owed
	Description string
	Metadata    Metadata
}

func (c Settle) ProjectID() ids.Project { return c.Project }

func (c Settle) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	r := record{reference: c.Reference, description: c.Description, metadata: c.Metadata}
	if rejection := first(r.check(), checkPart(c.Quantity)); rejection != nil {
		return nil, rejection
	}
	project, rejection := s.unused(c.Project, c.Reference)
	if rejection != nil {
		return nil, rejection
	}
	wallet, rejection := s.walletOf(project, c.Wallet)
	if rejection != nil {
		return nil, rejection
	}
	if c.Sender != "" {
		if rejection := s.checkNamed(project, c.Sender); rejection != nil {
			return nil, rejection
		}
	}
	if wallet.Type != Postpaid {
		return nil, reject(BadRequest, "wallet %s is %s: only a %s wallet is settled", wallet.ID, wallet.Type, Postpaid)
	}
	amount, rejection := c.amount(wallet)
	if rejection != nil {
		return nil, rejection
	}
	p := newPosting(s, project, at, Origin{SettlementOrigin, string(c.Wallet)})
	operation := PostedOperation{Type: Transfer, Sender: c.Sender, Recipient: c.Wallet, Amount: amount, Fee: wallet.Asset.Zero()}
	if c.Sender == "" {
		operation.Type = Issue
	}
	r.operations = []PostedOperation{operation}
	return p.end(&r, p.post(0, &r.operations[0])), nil
}

// amount returns the amount to pay: the quantity asked for, else what is due,
// else all that is owed.
func (c *Settle) amount(w *Wallet) (money.Amount, *Rejection) {
	debt := w.Debt()
	amount := w.Due()
	if amount.IsZero() {
		amount = debt
	}
	if c.Quantity.Set() {
		var rejection *Rejection
		if amount, rejection = fit(c.Quantity, w.Asset); rejection != nil {
			return amount, rejection
		}
	}
	if debt.IsZero() || amount.Cmp(debt) > 0 {
		return amount, reject(AmountTooLarge, "Wallet %s owes %s %s: no more than that can be settled", w.ID, debt, w.Asset.Code).
			with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code)).
			with("amount", amount.String()).with("owed", debt.String())
	}
	return amount, nil
}
