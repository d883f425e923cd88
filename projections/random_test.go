package projections_test

import (
	"math/rand/v2"
	"strconv"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// strange texts have a meaning in COPY, JSON or SQL.
var strange = []string{
	"plain", "", `\N`, `\.`, "tab\there", "line\nbreak\r\n", `back\slash\\`, `quo"te's`, "emoji 🎉 ₵", "{}", "\u2028\x7f\x01", `\u0000`, "NULL",
}

// random does things of all kinds, many of them refused or failing.
type random struct {
	*history
	*rand.Rand
	projects  []ids.Project
	wallets   []ids.Wallet
	holds     []*domain.HoldPlaced
	escrows   []*domain.EscrowCreated
	monitors  []*domain.MonitorSet
	waiting   []*domain.TransactionScheduled
	completed []*domain.TransactionCompleted
}

func newRandom(h *history, seed uint64) *random {
	r := &random{history: h, Rand: rand.New(rand.NewPCG(seed, seed))}
	for i := range 2 {
		project := h.do(domain.CreateProject{Settings: r.settings(i)})[0].(*domain.ProjectCreated).Project
		for _, asset := range []money.Asset{{Code: "POINTS", Name: "Points"}, {Code: "GRAIN", Scale: 18, Symbol: "₲"}} {
			h.do(domain.DefineAsset{Project: project, Asset: asset})
		}
		for _, currency := range []money.AssetCode{"GHS", "USD", "POINTS"} {
			liquidity := h.do(domain.CreateWallet{Project: project, System: true, Liquidity: true, Currency: currency})[0].(*domain.WalletCreated)
			h.transact(project, issue(liquidity.Wallet, "500"))
		}
		r.projects = append(r.projects, project)
	}
	return r
}

// settings are those of a project without rules, and of one with all of them.
func (r *random) settings(i int) domain.ProjectSettings {
	settings := domain.ProjectSettings{Name: "project", Currency: "GHS", Locale: "en-GH", ExpiryNotice: time.Hour}
	if i == 0 {
		return settings
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		r.t.Fatal(err)
	}
	percentage, _ := money.ParsePercentage("1.5")
	settings.Zone, settings.Backdating, settings.OwnTransfersFree = zone, 24*time.Hour, true
	for _, operation := range []domain.OperationType{domain.Transfer, domain.Issue, domain.Exchange, domain.Capture, domain.FundEscrow} {
		settings.Fees = append(settings.Fees, domain.FeeRule{Operation: operation, Percentage: percentage, Maximum: quantity("2")})
	}
	settings.Fees = append(settings.Fees, domain.FeeRule{Operation: domain.Transfer, Currency: "USD", Fixed: quantity("0.01")})
	settings.Limits = []domain.CurrencyLimits{{Currency: "GHS", Limits: domain.Limits{
		MaximumAmount: quantity("200"), DailyAmount: quantity("500.00"), MonthlyCount: domain.NewCount(1000),
	}}}
	return settings
}

func (r *random) text() string { return strange[r.IntN(len(strange))] }

func (r *random) project() ids.Project { return r.projects[r.IntN(len(r.projects))] }

// wallet is any of them, or one that does not exist.
func (r *random) wallet() ids.Wallet {
	if len(r.wallets) == 0 || r.IntN(50) == 0 {
		return "wall_none"
	}
	return r.wallets[r.IntN(len(r.wallets))]
}

// recent returns one of the last twenty, and false if there is none.
func recent[T any](r *random, all []T) (one T, ok bool) {
	if len(all) == 0 {
		return one, false
	}
	last := all[max(0, len(all)-20):]
	return last[r.IntN(len(last))], true
}

// like returns a wallet, mostly of the same project and currency as another.
func (r *random) like(other ids.Wallet) ids.Wallet {
	id := r.wallet()
	want, ok := r.state.Wallet(other)
	for range 20 {
		w, known := r.state.Wallet(id)
		if !ok || known && w.Project == want.Project && w.Asset.Code == want.Asset.Code && id != other {
			break
		}
		id = r.wallet()
	}
	return id
}

func (r *random) projectOf(id ids.Wallet) ids.Project {
	if w, ok := r.state.Wallet(id); ok {
		return w.Project
	}
	return r.project()
}

func (r *random) reference() ids.Reference {
	r.counted++
	return ids.Reference(strconv.Itoa(r.counted) + r.text())
}

func (r *random) amount() money.Quantity { return quantity(strconv.Itoa(1 + r.IntN(50))) }

// part is an amount, or all.
func (r *random) part() money.Quantity {
	if r.IntN(3) == 0 {
		return money.Quantity{}
	}
	return r.amount()
}

// later is a moment of the next days, or none.
func (r *random) later() time.Time {
	if r.IntN(3) == 0 {
		return time.Time{}
	}
	return r.now.Add(time.Duration(1 + r.Int64N(int64(48*time.Hour))))
}

// try does a command unless it is rejected.
func (r *random) try(command domain.Command) {
	if _, rejection := domain.Decide(r.state, command, r.place()); rejection != nil {
		return
	}
	for _, fact := range r.do(command) {
		switch f := fact.(type) {
		case *domain.WalletCreated:
			if f.Role == domain.CustomerWallet || f.Role == domain.SystemWallet || f.Role == domain.LiquidityWallet {
				r.wallets = append(r.wallets, f.Wallet)
			}
		case *domain.HoldPlaced:
			r.holds = append(r.holds, f)
		case *domain.EscrowCreated:
			r.escrows = append(r.escrows, f)
		case *domain.MonitorSet:
			r.monitors = append(r.monitors, f)
		case *domain.TransactionScheduled:
			r.waiting = append(r.waiting, f)
		case *domain.TransactionCompleted:
			r.completed = append(r.completed, f)
		}
	}
}

func (r *random) step() {
	switch r.IntN(5) {
	case 0:
		r.administer()
	case 1, 2:
		r.deal()
	default:
		r.transact()
	}
	if r.IntN(4) == 0 && len(r.facts) > 0 {
		r.commit()
		if r.IntN(3) == 0 {
			r.passes(time.Duration(r.Int64N(int64(12 * time.Hour))).Truncate(time.Microsecond))
		}
	}
}

func (r *random) administer() {
	customer := ids.Customer("customer " + strange[r.IntN(6)+5])
	text := r.text()
	switch r.IntN(7) {
	case 0:
		r.try(domain.UpsertCustomer{Project: r.project(), Customer: customer, Change: domain.ProfileChange{
			Name: &text, Description: &text, Metadata: domain.Metadata{"k" + r.text(): r.text()},
		}})
	case 1, 2:
		command := domain.CreateWallet{
			Project: r.project(), Customer: customer, Name: text, Metadata: domain.Metadata{"key": text},
			Currency: []money.AssetCode{"", "USD", "POINTS", "GRAIN"}[r.IntN(4)],
		}
		if r.IntN(3) == 0 {
			command.Type, command.Terms = domain.Postpaid, r.terms()
		}
		r.try(command)
	case 3:
		wallet := r.wallet()
		command := domain.ChangeWallet{Project: r.projectOf(wallet), Wallet: wallet, Name: &text}
		if w, ok := r.state.Wallet(wallet); ok && w.Type == domain.Postpaid {
			command.Terms = r.terms()
		}
		r.try(command)
	case 4:
		r.try(domain.DefineAsset{Project: r.project(), Asset: money.Asset{Code: "POINTS", Name: text}})
	case 5:
		i := r.IntN(2)
		settings := r.settings(i)
		settings.Name, settings.ExpiryNotice = "project "+text, time.Duration(r.IntN(20))*time.Hour
		r.try(domain.ChangeProject{Project: r.projects[i], Settings: settings})
	default:
		r.changeStatus()
	}
}

func (r *random) changeStatus() {
	wallet := r.wallet()
	if r.IntN(5) == 0 {
		r.try(domain.CloseWallet{
			Project: r.projectOf(wallet), Wallet: wallet, Redeem: r.IntN(4) > 0, Reference: r.reference(), Actor: r.text(), Reason: r.text(),
		})
		return
	}
	r.try(domain.ChangeStatus{
		Project: r.projectOf(wallet), Wallet: wallet, Actor: r.text(), Reason: r.text(),
		Change: []domain.StatusChange{domain.Freeze, domain.Unfreeze, domain.Unfreeze, domain.Disable, domain.Enable, domain.Enable}[r.IntN(6)],
	})
}

func (r *random) terms() domain.TermsChange {
	return domain.TermsChange{
		CreditLimit: r.amount(),
		Fees:        []domain.FeeRule{{Operation: domain.Transfer, Minimum: quantity("1"), Maximum: quantity("5")}},
		Limits:      &domain.Limits{MaximumBalance: quantity("400"), DailyCount: domain.NewCount(uint64(5 + r.IntN(50)))},
		Settlement: []*domain.Settlement{
			nil, {}, {Period: domain.Weekly, Day: 1 + r.IntN(7)}, {Period: domain.Monthly, Day: 1 + r.IntN(31)},
		}[r.IntN(4)],
	}
}

func (r *random) transact() {
	first := r.wallet()
	command := &domain.Transact{Project: r.projectOf(first), Reference: r.reference(), Description: r.text()}
	if r.IntN(2) == 0 {
		command.Metadata = domain.Metadata{r.text() + ".": r.text()}
	}
	switch r.IntN(6) {
	case 0:
		command.EffectiveAt = r.now.Add(-time.Duration(r.IntN(24)) * time.Hour)
	case 1:
		command.ScheduledFor = r.later()
	}
	for range 1 + r.IntN(3) {
		command.Operations = append(command.Operations, r.operation(first))
	}
	r.try(command)
}

func (r *random) operation(wallet ids.Wallet) domain.Operation {
	switch r.IntN(9) {
	case 0, 1:
		return domain.Operation{Type: domain.Transfer, Sender: wallet, Recipient: r.like(wallet), Quantity: r.amount()}
	case 2:
		return domain.Operation{Type: domain.Transfer, Sender: r.like(wallet), Recipient: wallet, Quantity: r.amount()}
	case 3:
		return domain.Operation{Type: domain.Redeem, Sender: wallet, Quantity: r.amount()}
	case 4:
		rate, _ := money.ParseRate([]string{"0.3333", "1", "12.5"}[r.IntN(3)])
		return domain.Operation{Type: domain.Exchange, Sender: wallet, Recipient: r.wallet(), Quantity: r.amount(), Rate: rate}
	case 5:
		return domain.Operation{Type: domain.Issue, Recipient: wallet, Quantity: r.amount(), ExpiresAt: r.later(), Grant: r.IntN(2) == 0}
	}
	return domain.Operation{Type: domain.Issue, Recipient: wallet, Quantity: r.amount()}
}
