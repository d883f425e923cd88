package domain

import (
	"fmt"
	"math/rand/v2"
)

// What random commands are made of: few names, so that they meet, and now and
// then one that is wrong.
var (
	someCustomers   = []CustomerID{"ama", "kofi", "efua", "yaw"}
	someIdentifiers = []string{"ama", "kofi", "+233201", "+233 202", "A@x.com", "b@x.com", ""}
	someCurrencies  = []AssetCode{"USD", "USD", "", "JPY", "POINTS", "WEI"}
	someAmounts     = []string{"1", "1", "7", "10", "50", "150", "3000"}
	oddAmounts      = []string{
		"0", "0.5", "10.01", "12.345", "0.000000000000000001", "999999999999999999",
		"999999999999999999999999999999999999", "9999999999999999999999999999999999", "1000000000000000000000000000000000000",
	}
	someFees = []string{"0", "0", "1", "0.3333", "100"}
)

// pickOr picks one of the good ones, and one time in twenty the wrong one.
func pickOr[T any](r *rand.Rand, wrong T, good []T) T {
	if len(good) == 0 || oneIn(20, r) {
		return wrong
	}
	return pick(r, good)
}

func (h *history) command(r *rand.Rand) Command {
	project := pickOr(r, "proj_none", h.projects)
	switch n := r.IntN(30); {
	case len(h.projects) < 2:
		return CreateProject{settings(r)}
	case n == 0:
		return ChangeProject{project, settings(r)}
	case n == 1:
		return CreateCredential{Project: project, Name: pick(r, someIdentifiers)}
	case n == 2:
		return RevokeCredential{project, pickOr(r, "key_none", h.keys)}
	case n == 3:
		return defineAsset(r, project)
	case n < 7:
		return upsertCustomer(r, project)
	case n < 11:
		return createWallet(r, project)
	case n < 13:
		return SetWalletStatus{Project: project, Wallet: h.wallet(r, project), Status: pickOr(r, "", []WalletStatus{Active, Active, Disabled})}
	}
	return h.transact(r, project)
}

func settings(r *rand.Rand) ProjectSettings {
	fee, _ := ParsePercentage(pick(r, someFees))
	return ProjectSettings{
		Name: "shop", Currency: pickOr(r, "POINTS", []AssetCode{"USD"}), TransferFee: FeeRule{fee}, OneWalletPerCustomer: oneIn(4, r),
	}
}

func defineAsset(r *rand.Rand, project ProjectID) Command {
	asset := Asset{Code: pick(r, someCurrencies), Name: pick(r, []string{"", "name"})}
	if asset.Code == "WEI" {
		asset.Scale = MaxScale
	}
	if oneIn(5, r) {
		asset.Scale++
	}
	return DefineAsset{project, asset}
}

func upsertCustomer(r *rand.Rand, project ProjectID) Command {
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

func createWallet(r *rand.Rand, project ProjectID) Command {
	c := CreateWallet{Project: project, Currency: pickOr(r, "NONE", someCurrencies)}
	if c.System = oneIn(5, r); !c.System || oneIn(10, r) {
		c.Customer = pickOr(r, "", someCustomers)
	}
	return c
}

// wallet of the project, the accounts that it made for itself among them.
func (h *history) wallet(r *rand.Rand, project ProjectID) WalletID {
	if oneIn(30, r) {
		return pickOr(r, "wall_none", h.wallets)
	}
	var own []WalletID
	for _, id := range h.wallets {
		if wallet := h.accounts[id].wallet; wallet.Project == project && (wallet.Role != IssuanceWallet || oneIn(10, r)) {
			own = append(own, id)
		}
	}
	return pickOr(r, "wall_none", own)
}

func (h *history) transact(r *rand.Rand, project ProjectID) Command {
	c := &Transact{Project: project, Reference: Reference(fmt.Sprint("r", r.IntN(1000)))}
	for range pickOr(r, 0, []int{1, 1, 1, 2, 3, 4}) {
		c.Operations = append(c.Operations, h.operation(r, project))
	}
	return c
}

func (h *history) operation(r *rand.Rand, project ProjectID) Operation {
	o := Operation{Type: pickOr(r, "", []OperationType{Transfer, Transfer, Issue, Issue, Redeem}), Quantity: quantity(r)}
	if o.Type != Issue {
		o.From = h.wallet(r, project)
	}
	switch {
	case o.Type == Transfer && oneIn(3, r):
		o.Recipient = pick(r, someIdentifiers)
	case o.Type != Redeem:
		o.To = h.wallet(r, project)
	}
	return o
}

func quantity(r *rand.Rand) Quantity {
	amounts, read := someAmounts, MajorUnits
	if oneIn(8, r) {
		amounts = oddAmounts
	}
	if oneIn(4, r) {
		read = MinorUnits
	}
	quantity, _ := read(pick(r, amounts))
	return quantity
}
