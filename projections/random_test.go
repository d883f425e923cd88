package projections_test

import (
	"math/rand/v2"
	"strconv"
	"testing"

	"tallystick/domain"
)

// strange texts are what COPY, JSON and SQL have a meaning for.
var strange = []string{
	"plain", "", `\N`, `\.`, "tab\there", "line\nbreak\r\n", `back\slash\\`, `quo"te's`, "emoji 🎉 ₵", "{}", "\u2028\x7f\x01", `\u0000`, "NULL",
}

// random does things of all kinds, many of them refused or failing.
type random struct {
	*history
	*rand.Rand
	projects []domain.ProjectID
	wallets  []domain.WalletID
}

func newRandom(h *history, seed uint64) *random {
	r := &random{history: h, Rand: rand.New(rand.NewPCG(seed, seed))}
	for _, fee := range []string{"0", "1.5"} {
		project := h.project("project "+fee, fee)
		for _, asset := range []domain.Asset{{Code: "POINTS", Name: "Points"}, {Code: "GRAIN", Scale: 18, Symbol: "₲"}} {
			h.do(domain.DefineAsset{Project: project, Asset: asset})
		}
		r.projects = append(r.projects, project)
	}
	return r
}

func (r *random) text() string { return strange[r.IntN(len(strange))] }

func (r *random) project() domain.ProjectID { return r.projects[r.IntN(len(r.projects))] }

func (r *random) wallet() domain.WalletID {
	if len(r.wallets) == 0 {
		return "wall_none"
	}
	return r.wallets[r.IntN(len(r.wallets))]
}

// try does a command unless it is rejected.
func (r *random) try(command domain.Command) {
	if _, rejection := domain.Decide(r.state, command, r.place()); rejection != nil {
		return
	}
	for _, fact := range r.do(command) {
		if created, ok := fact.(*domain.WalletCreated); ok && created.Role != domain.IssuanceWallet {
			r.wallets = append(r.wallets, created.Wallet)
		}
	}
}

func (r *random) step() {
	customer := domain.CustomerID("customer " + strange[r.IntN(6)+5])
	text := r.text()
	switch r.IntN(12) {
	case 0:
		r.try(domain.UpsertCustomer{Project: r.project(), Customer: customer, Change: domain.ProfileChange{
			Name: &text, Description: &text, Metadata: domain.Metadata{"k" + r.text(): r.text()},
		}})
	case 1, 2:
		r.try(domain.CreateWallet{
			Project: r.project(), Customer: customer, Name: text, Metadata: domain.Metadata{"key": text},
			Currency: []domain.AssetCode{"", "USD", "POINTS", "GRAIN"}[r.IntN(4)],
		})
	case 3:
		r.try(domain.SetWalletStatus{
			Project: r.project(), Wallet: r.wallet(), Actor: text, Reason: text,
			Status: []domain.WalletStatus{domain.Active, domain.Active, domain.Disabled}[r.IntN(3)],
		})
	case 4:
		r.try(domain.DefineAsset{Project: r.project(), Asset: domain.Asset{Code: "POINTS", Name: text}})
	default:
		r.transact()
	}
	if r.IntN(4) == 0 && len(r.facts) > 0 {
		r.commit()
	}
}

func (r *random) transact() {
	r.counted++
	command := &domain.Transact{
		Project: r.project(), Reference: domain.Reference(strconv.Itoa(r.counted) + r.text()), Description: r.text(),
	}
	if r.IntN(2) == 0 {
		command.Metadata = domain.Metadata{r.text() + ".": r.text()}
	}
	for range 1 + r.IntN(4) {
		amount := strconv.Itoa(1 + r.IntN(50))
		switch r.IntN(4) {
		case 0, 1:
			command.Operations = append(command.Operations, transfer(r.wallet(), r.wallet(), amount))
		case 2:
			command.Operations = append(command.Operations, issue(r.wallet(), amount))
		case 3:
			command.Operations = append(command.Operations, domain.Operation{Type: domain.Redeem, From: r.wallet(), Quantity: quantity(amount)})
		}
	}
	r.try(command)
}

// The read model is the fold of the log, whatever the history.
func TestReadModelEqualsFold(t *testing.T) {
	t.Parallel()
	for range 3 {
		seed := rand.Uint64()
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			r := newRandom(h, seed)
			h.commit()
			pool := database(t)
			project(t, h, pool)
			for range 400 {
				r.step()
			}
			h.do(domain.DefineAsset{Project: r.projects[0], Asset: domain.Asset{Code: "LAST"}})
			h.commit()
			caughtUp(t, h, pool)
			equal(t, h, pool)
		})
	}
}
