package events_test

import (
	"math/rand/v2"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// random generates facts. A ledger would not write most of them. The encoding must
// support everything that the domain may allow in the future.
type random struct{ *rand.Rand }

func (r random) coin() bool { return r.IntN(2) == 0 }

// one returns one of the values.
func one[T any](r random, all ...T) T { return all[r.IntN(len(all))] }

// maybe returns a value or, in half of the cases, none.
func maybe[T any](r random, value func() T) (none T) {
	if r.coin() {
		return none
	}
	return value()
}

// several returns up to n values, and nil instead of an empty slice.
func several[T any](r random, n int, value func() T) (all []T) {
	for range r.IntN(n + 1) {
		all = append(all, value())
	}
	return all
}

// text returns a text that is not empty. It may have quotes, escapes, control
// characters, characters that are special in HTML and JavaScript, and characters of
// several bytes.
func (r random) text() string {
	letters := []rune("abcXYZ019 _-\"\\/\t\n\r\x01\x7f<>&'é\u2028ሴ漢😀\ufffd")
	text := make([]rune, 1+r.IntN(12))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

func (r random) maybe() string { return maybe(r, r.text) }

func (r random) metadata() domain.Metadata {
	if r.coin() {
		return nil // empty metadata is not encoded
	}
	metadata := domain.Metadata{"": r.text()}
	for range r.IntN(4) {
		metadata[r.text()] = r.text()
	}
	return metadata
}

// digits returns a number of up to 36 digits that is not negative.
func (r random) digits(scale int) string {
	digits := make([]byte, 1+r.IntN(36-scale))
	for i := range digits {
		digits[i] = byte('0' + r.IntN(10))
	}
	text := string(digits)
	if scale > 0 {
		text += "."
		for range scale {
			text += string(rune('0' + r.IntN(10)))
		}
	}
	return text
}

// money returns an amount of an asset, of up to 36 digits.
func (r random) money(asset money.AssetCode, scale int) money.Amount {
	return must(money.Parse(asset, one(r, "", "-")+r.digits(scale)))
}

// moment returns a time in whole nanoseconds, seconds or microseconds, in a year that
// can be encoded.
func (r random) moment() time.Time {
	unit := one(r, time.Nanosecond, time.Microsecond, time.Second)
	return time.Unix(r.Int64N(250e9), r.Int64N(1e9)).UTC().Truncate(unit)
}

func (r random) asset() money.Asset {
	return money.Asset{Code: money.AssetCode(r.text()), Scale: r.IntN(19), Name: r.maybe(), Symbol: r.maybe(), NumericID: r.IntN(3)}
}

func (r random) quantity() money.Quantity { return major(r.digits(r.IntN(19))) }

func (r random) count() domain.Count { return domain.NewCount(r.Uint64()) }

func (r random) fee() domain.FeeRule {
	rule := domain.FeeRule{
		Operation: one(r, domain.Transfer, domain.Issue, domain.Redeem, domain.Exchange, domain.Capture, domain.FundEscrow),
		Currency:  money.AssetCode(r.maybe()), Fixed: maybe(r, r.quantity), Minimum: maybe(r, r.quantity), Maximum: maybe(r, r.quantity),
	}
	if r.coin() {
		rule.Percentage = percentage(one(r, "1", "0.25", "100", "33.333333", "0.00"))
	}
	return rule
}

func (r random) limits() domain.Limits {
	return domain.Limits{
		MaximumBalance: maybe(r, r.quantity), MaximumAmount: maybe(r, r.quantity), DailyAmount: maybe(r, r.quantity),
		MonthlyAmount: maybe(r, r.quantity), DailyCount: maybe(r, r.count), MonthlyCount: maybe(r, r.count),
	}
}

func (r random) settings() domain.ProjectSettings {
	seconds := func() time.Duration { return time.Duration(1+r.IntN(1e9)) * time.Second }
	return domain.ProjectSettings{
		Name: r.text(), Currency: money.AssetCode(r.text()), Locale: r.maybe(), OneWalletPerCustomer: r.coin(), OwnTransfersFree: r.coin(),
		Zone: maybe(r, func() *time.Location { return zone(one(r, "UTC", "Africa/Accra", "Asia/Kathmandu", "Pacific/Apia")) }),
		Fees: several(r, 3, r.fee), ExpiryNotice: maybe(r, seconds), Backdating: maybe(r, seconds),
		Limits: several(r, 2, func() domain.CurrencyLimits {
			return domain.CurrencyLimits{Currency: money.AssetCode(r.text()), Limits: r.limits()}
		}),
	}
}

func (r random) terms() domain.Terms {
	return domain.Terms{
		CreditLimit: maybe(r, func() money.Amount { return r.money(money.AssetCode(r.text()), r.IntN(19)) }),
		Fees:        several(r, 2, r.fee), Limits: maybe(r, r.limits),
		Settlement: maybe(r, func() domain.Settlement {
			return domain.Settlement{Period: one(r, domain.Weekly, domain.Monthly), Day: 1 + r.IntN(31), Next: r.moment()}
		}),
	}
}

func (r random) fact() domain.Event {
	fact := r.unascribed()
	domain.Ascribe([]domain.Event{fact}, domain.Principal(r.text()))
	return fact
}

func (r random) unascribed() domain.Event {
	switch r.IntN(4) {
	case 0:
		return r.projectFact()
	case 1:
		return r.walletFact()
	case 2:
		return r.transactionFact()
	}
	return r.dealing()
}

func (r random) projectFact() domain.Event {
	project := ids.Project(r.text())
	switch r.IntN(6) {
	case 0:
		return &domain.ProjectCreated{Project: project, Settings: r.settings()}
	case 1:
		return &domain.ProjectChanged{Project: project, Settings: r.settings()}
	case 2:
		return &domain.CredentialCreated{Project: project, Key: ids.APIKey(r.text()), Name: r.maybe(), SecretHash: [32]byte{byte(r.Uint32())}}
	case 3:
		return &domain.CredentialRevoked{Project: project, Key: ids.APIKey(r.text())}
	case 4:
		return &domain.AssetDefined{Project: project, Asset: r.asset()}
	}
	return &domain.CustomerUpserted{Project: project, Customer: ids.Customer(r.text()), Profile: domain.Profile{
		Username: r.maybe(), Phone: r.maybe(), Email: r.maybe(), Name: r.maybe(), Description: r.maybe(), Role: r.maybe(), Metadata: r.metadata(),
	}}
}

func (r random) walletFact() domain.Event {
	project, wallet := ids.Project(r.text()), ids.Wallet(r.text())
	switch r.IntN(4) {
	case 0:
		role := one(r, domain.CustomerWallet, domain.SystemWallet, domain.IssuanceWallet, domain.FeeWallet, domain.BreakageWallet, domain.EscrowWallet, domain.LiquidityWallet)
		return &domain.WalletCreated{
			Project: project, Wallet: wallet, Customer: ids.Customer(r.maybe()), Role: role, Type: one(r, domain.Prepaid, domain.Postpaid),
			Asset: r.asset(), Number: 1 + r.Uint64N(1<<63), Name: r.maybe(), Metadata: r.metadata(), Terms: r.terms(),
		}
	case 1:
		return &domain.WalletChanged{Project: project, Wallet: wallet, Name: r.maybe(), Metadata: r.metadata(), Terms: r.terms()}
	case 2:
		status := one(r, domain.Active, domain.Frozen, domain.Disabled, domain.Closed)
		return &domain.WalletStatusChanged{Project: project, Wallet: wallet, Status: status, Actor: r.maybe(), Reason: r.maybe()}
	}
	return &domain.SettlementDue{
		Project: project, Wallet: wallet, Amount: r.money(money.AssetCode(r.text()), r.IntN(19)), PeriodEnd: r.moment(), Next: r.moment(),
	}
}
