package domain

import (
	"fmt"
	"math/rand/v2"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// What random commands are made of: few names, so that they meet, and now and
// then one that is wrong.
var (
	someCustomers   = []ids.Customer{"ama", "kofi", "efua", "yaw"}
	someIdentifiers = []string{"ama", "kofi", "+233201", "+233 202", "A@x.com", "b@x.com", ""}
	someCurrencies  = []money.AssetCode{"USD", "USD", "", "JPY", "POINTS", "WEI"}
	someAmounts     = []string{"1", "1", "7", "10", "50", "150", "3000"}
	oddAmounts      = []string{
		"0", "0.5", "10.01", "12.345", "0.000000000000000001", "999999999999999999",
		"999999999999999999999999999999999999", "9999999999999999999999999999999999", "999999999999999999.999999999999999999",
	}
	someFees  = []string{"0", "0", "1", "0.3333", "100"}
	someRates = []string{"1", "0.5", "3.3333", "0.0007", "120.75"}
	someTimes = []time.Duration{time.Second, time.Minute, time.Hour, 20 * time.Hour, 26 * time.Hour, 7 * 24 * time.Hour, 31 * 24 * time.Hour}
	someZones = []*time.Location{nil, time.UTC, time.FixedZone("east", 5*3600), time.FixedZone("west", -8*3600)}
)

// pass is no command: time passes, and does what it does, if it is not late.
type pass struct {
	By   time.Duration
	Late bool
}

func (pass) ProjectID() ids.Project { return "" }

func (pass) decide(*State, ids.Place) ([]Event, *Rejection) { panic("time is not a command") }

// pickOr picks one of the good ones, and one time in twenty the wrong one.
func pickOr[T any](r *rand.Rand, wrong T, good []T) T {
	if len(good) == 0 || oneIn(20, r) {
		return wrong
	}
	return pick(r, good)
}

func (h *history) command(r *rand.Rand) Command {
	project := pickOr(r, "proj_none", h.projects)
	switch n := r.IntN(60); {
	case n == 0 && len(h.projects) < 3:
		return CreateProject{settings(r)}
	case n == 0:
		return ChangeProject{project, settings(r)}
	case n == 1:
		return CreateCredential{Project: project, Name: pick(r, someIdentifiers)}
	case n == 2:
		return RevokeCredential{project, pickOr(r, "key_none", h.keys)}
	case n == 3:
		return defineAsset(r, project)
	case n < 8:
		return upsertCustomer(r, project)
	case n < 12:
		return createWallet(r, project)
	case n < 14:
		return h.changeWallet(r, project)
	case n < 17:
		return h.changeStatus(r, project)
	case n < 20:
		return pass{pick(r, someTimes), oneIn(4, r)}
	case n < 40:
		return h.dealing(r, project)
	}
	return h.transact(r, project)
}

func (h *history) changeStatus(r *rand.Rand, project ids.Project) Command {
	c := ChangeStatus{Project: project, Wallet: h.wallet(r, project), Change: pickOr(r, "", []StatusChange{Disable, Freeze, Enable, Unfreeze})}
	for _, id := range h.wallets { // most are active most of the time
		a := h.accounts[id]
		if oneIn(2, r) && a.wallet.Status == Frozen {
			c.Project, c.Wallet, c.Change = a.wallet.Project, id, Unfreeze
		} else if oneIn(2, r) && a.wallet.Status == Disabled {
			c.Project, c.Wallet, c.Change = a.wallet.Project, id, Enable
		}
	}
	return c
}

func settings(r *rand.Rand) ProjectSettings {
	s := ProjectSettings{
		Name: "shop", Currency: pickOr(r, "POINTS", []money.AssetCode{"USD"}), Fees: fees(r), OneWalletPerCustomer: oneIn(4, r),
		OwnTransfersFree: oneIn(2, r), Zone: pick(r, someZones), Backdating: pick(r, []time.Duration{0, 48 * time.Hour}),
		ExpiryNotice: pick(r, []time.Duration{0, time.Hour, 48 * time.Hour, -time.Second}[:3+r.IntN(2)*r.IntN(2)]),
	}
	if oneIn(3, r) {
		s.Limits = []CurrencyLimits{{Currency: "USD", Limits: limits(r)}}
	}
	return s
}

func fees(r *rand.Rand) []FeeRule {
	rules := []FeeRule{}
	for _, operation := range feeOperations {
		if !oneIn(3, r) {
			continue
		}
		rule := FeeRule{Operation: operation, Currency: pick(r, []money.AssetCode{"", "", "USD"})}
		rule.Percentage, _ = money.ParsePercentage(pick(r, someFees))
		for _, part := range []*money.Quantity{&rule.Fixed, &rule.Minimum, &rule.Maximum} {
			if oneIn(4, r) {
				*part, _ = money.MajorUnits(pick(r, []string{"0", "0.5", "1", "2"}))
			}
		}
		rules = append(rules, rule)
	}
	return rules
}

func limits(r *rand.Rand) Limits {
	var l Limits
	for _, part := range []*money.Quantity{&l.MaximumBalance, &l.MaximumAmount, &l.DailyAmount, &l.MonthlyAmount} {
		if oneIn(4, r) {
			*part, _ = money.MajorUnits(pick(r, []string{"200", "5000", "0"}))
		}
	}
	for _, part := range []*Count{&l.DailyCount, &l.MonthlyCount} {
		if oneIn(4, r) {
			*part = NewCount(r.Uint64N(5))
		}
	}
	return l
}

func terms(r *rand.Rand) TermsChange {
	var c TermsChange
	if oneIn(2, r) {
		c.CreditLimit, _ = money.MajorUnits(pick(r, []string{"0", "5", "100", "1000"}))
	}
	if oneIn(5, r) {
		c.Fees = fees(r)
	}
	if oneIn(5, r) {
		own := limits(r)
		c.Limits = &own
	}
	if oneIn(3, r) {
		c.Settlement = &Settlement{Period: pick(r, []SettlementPeriod{Weekly, Monthly, ""}), Day: r.IntN(8)}
	}
	return c
}

func defineAsset(r *rand.Rand, project ids.Project) Command {
	asset := money.Asset{Code: pick(r, someCurrencies), Name: pick(r, []string{"", "name"})}
	if asset.Code == "WEI" {
		asset.Scale = money.MaxScale
	}
	if oneIn(5, r) {
		asset.Scale++
	}
	return DefineAsset{project, asset}
}

func upsertCustomer(r *rand.Rand, project ids.Project) Command {
	var change ProfileChange
	for _, field := range []**string{&change.Username, &change.Phone, &change.Email, &change.Name} {
		if oneIn(3, r) {
			value := pick(r, someIdentifiers)
			*field = &value
		}
	}
	if oneIn(5, r) {
		change.Metadata = Metadata{"note": pick(r, someIdentifiers)}
	}
	return UpsertCustomer{project, pickOr(r, "", someCustomers), change}
}

func createWallet(r *rand.Rand, project ids.Project) Command {
	c := CreateWallet{Project: project, Currency: pickOr(r, "NONE", someCurrencies)}
	if c.System = oneIn(4, r); !c.System || oneIn(10, r) {
		c.Customer = pickOr(r, "", someCustomers)
	}
	c.Liquidity = c.System && oneIn(2, r)
	if oneIn(2, r) {
		c.Type, c.Terms = Postpaid, terms(r)
	}
	return c
}

func (h *history) changeWallet(r *rand.Rand, project ids.Project) Command {
	c := ChangeWallet{Project: project, Wallet: h.wallet(r, project), Terms: terms(r)}
	if oneIn(3, r) {
		name := pick(r, someIdentifiers)
		c.Name, c.Metadata = &name, Metadata{"note": name}
	}
	return c
}

// wallet of the project, the accounts that it made for itself among them.
func (h *history) wallet(r *rand.Rand, project ids.Project) ids.Wallet {
	if oneIn(30, r) {
		return pickOr(r, "wall_none", h.wallets)
	}
	var own []ids.Wallet
	for _, id := range h.wallets {
		if wallet := h.accounts[id].wallet; wallet.Project == project && (wallet.bookkept() == nil || oneIn(10, r)) {
			own = append(own, id)
		}
	}
	return pickOr(r, "wall_none", own)
}

// other is mostly a wallet that can get what another gives: in its asset, or for
// an exchange in a different one.
func (h *history) other(r *rand.Rand, project ids.Project, from ids.Wallet, exchange bool) ids.Wallet {
	for range 8 {
		to := h.wallet(r, project)
		a, b := h.accounts[from], h.accounts[to]
		if a == nil || b == nil || from != to && (a.wallet.Asset.Code == b.wallet.Asset.Code) != exchange {
			return to
		}
	}
	return from
}

// begin is how every life begins: with some who have something.
func (h *history) begin() {
	for n := range 2 {
		h.commit(CreateProject{ProjectSettings{Name: "shop", Currency: "USD", ExpiryNotice: time.Duration(n) * time.Hour}})
		project := h.projects[n]
		h.commit(DefineAsset{project, money.Asset{Code: "POINTS"}})
		for i, customer := range someCustomers {
			name := string(customer)
			h.commit(UpsertCustomer{project, customer, ProfileChange{Username: &name}})
			c := CreateWallet{Project: project, Customer: customer, Type: []WalletType{Prepaid, Postpaid}[i%2]}
			if c.Type == Postpaid {
				c.Terms.CreditLimit, _ = money.MajorUnits("100")
				c.Terms.Settlement = &Settlement{Period: Weekly, Day: 3}
			}
			h.commit(c)
			c = CreateWallet{Project: project, Customer: customer, Currency: "POINTS"}
			h.commit(c)
		}
		plenty, _ := money.MajorUnits("200")
		for _, currency := range []money.AssetCode{"USD", "POINTS"} {
			h.commit(CreateWallet{Project: project, System: true, Liquidity: true, Currency: currency})
			pool := h.wallets[len(h.wallets)-1]
			h.commit(&Transact{Project: project, Reference: ids.Reference(currency), Operations: []Operation{{Type: Issue, Recipient: pool, Quantity: plenty}}})
		}
	}
}

// reference is often a used one.
func reference(r *rand.Rand) ids.Reference { return ids.Reference(fmt.Sprint("r", r.IntN(3000))) }

// ahead is a moment in the future, now and then in the past, often none.
func (h *history) ahead(r *rand.Rand) time.Time {
	switch {
	case oneIn(2, r):
		return time.Time{}
	case oneIn(20, r):
		return h.now.Add(-pick(r, someTimes))
	}
	return h.now.Add(pick(r, someTimes))
}

func (h *history) transact(r *rand.Rand, project ids.Project) Command {
	c := &Transact{Project: project, Reference: reference(r)}
	for range pickOr(r, 0, []int{1, 1, 1, 2, 3, 4}) {
		c.Operations = append(c.Operations, h.operation(r, project))
	}
	switch r.IntN(20) {
	case 0, 1:
		c.ScheduledFor = h.ahead(r)
	case 2:
		c.EffectiveAt = h.now.Add(-pick(r, someTimes))
	case 3:
		c.Preconditions = []Precondition{{h.wallet(r, project), r.Uint64N(4)}}
	}
	return c
}

func (h *history) operation(r *rand.Rand, project ids.Project) Operation {
	o := Operation{Type: pickOr(r, "", []OperationType{Transfer, Transfer, Issue, Issue, Issue, Redeem, Exchange}), Quantity: quantity(r)}
	if o.Type != Issue {
		o.Sender = h.wallet(r, project)
	}
	switch {
	case o.Type == Transfer && oneIn(4, r):
		o.RecipientIdentifier = pick(r, someIdentifiers)
	case o.Type == Issue:
		o.Recipient = h.wallet(r, project)
	case o.Type != Redeem:
		o.Recipient = h.other(r, project, o.Sender, o.Type == Exchange)
	}
	if o.Type == Exchange {
		o.Rate, _ = money.ParseRate(pick(r, someRates))
	}
	if o.Type == Issue && oneIn(2, r) {
		o.ExpiresAt, o.Grant = h.ahead(r), oneIn(2, r)
	}
	return o
}

func quantity(r *rand.Rand) money.Quantity {
	amounts, read := someAmounts, money.MajorUnits
	if oneIn(8, r) {
		amounts = oddAmounts
	}
	if oneIn(4, r) {
		read = money.MinorUnits
	}
	quantity, _ := read(pick(r, amounts))
	return quantity
}
