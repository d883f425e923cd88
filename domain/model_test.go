package domain

import (
	"fmt"
	"maps"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// TestModel lets a second ledger run beside this one: slow, obvious, with the
// rules written anew over integers and maps. They must agree on the outcome of
// every transaction and on every balance after it.
func TestModel(t *testing.T) {
	t.Parallel()
	tryMany(t, 50, 400, func() life { return newDuel(t) })
}

// model is that second ledger. Wallets are "project/name".
type model struct {
	wallets    map[string]*modelWallet
	balances   map[string]*big.Int // minor units; a missing one is zero
	fees       map[string]string   // percentages by project
	references map[string]bool
	find       map[string][3]string // by customer: username, phone, e-mail
}

type modelWallet struct {
	owner, asset string // owner: a customer, or "system", "issuance", "fees"
	scale        int
	disabled     bool
}

// asked is an operation in plain text.
type asked struct {
	kind, from, to, recipient, amount string
	minor                             bool
}

func (m *model) transact(project, reference string, operations []asked) Code {
	if len(operations) == 0 {
		return BadRequest
	}
	for _, o := range operations {
		if strings.Trim(o.amount, "0.") == "" {
			return BadRequest
		}
	}
	if m.references[project+reference] {
		return DuplicateReference
	}
	for _, o := range operations {
		if !m.exists(project, o) {
			return NotFound
		}
	}
	for _, o := range operations {
		if !m.fits(project, o) {
			return BadRequest
		}
	}
	m.references[project+reference] = true
	before, made := maps.Clone(m.balances), maps.Clone(m.wallets)
	for _, o := range operations {
		if code := m.operate(project, o); code != "" {
			m.balances, m.wallets = before, made
			return code
		}
	}
	return ""
}

// exists tells whether the wallets that an operation names do.
func (m *model) exists(project string, o asked) bool {
	for _, name := range []string{o.from, o.to} {
		if name != "" && m.wallets[project+"/"+name] == nil {
			return false
		}
	}
	return true
}

// fits tells whether an operation that names existing wallets can be counted.
func (m *model) fits(project string, o asked) bool {
	payer := o.from
	if payer == "" {
		payer = o.to
	}
	for _, name := range []string{o.from, o.to} {
		if name != "" && m.wallets[project+"/"+name].owner == "issuance" {
			return false
		}
	}
	return m.units(project+"/"+payer, o) != nil
}

// units answers the amount in minor units, nil where it does not fit.
func (m *model) units(wallet string, o asked) *big.Int {
	scale := m.wallets[wallet].scale
	whole, fraction, _ := strings.Cut(o.amount, ".")
	if !o.minor {
		fraction = strings.TrimRight(fraction, "0")
		if len(fraction) > scale {
			return nil
		}
		whole += fraction + strings.Repeat("0", scale-len(fraction))
	} else if fraction != "" {
		return nil
	}
	units, _ := new(big.Int).SetString(whole, 10)
	if len(units.String()) > 36 {
		return nil
	}
	return units
}

func (m *model) operate(project string, o asked) Code {
	from, to := project+"/"+o.from, project+"/"+o.to
	switch {
	case o.kind == "issue":
		from = m.account(project, "issuance", to)
	case o.kind == "redeem":
		to = m.account(project, "issuance", from)
	case o.recipient != "":
		if to = m.recipient(project, o.recipient, m.wallets[from].asset); to == "" {
			return RecipientNotFound
		}
	}
	if from == to {
		return SameWallet
	}
	payer, units := m.wallets[from], m.units(from, o)
	if o.kind == "issue" {
		units = m.units(to, o)
	}
	fee, fees := new(big.Int), ""
	if o.kind == "transfer" && payer.owner != "system" && payer.owner != "fees" {
		if fee = share(m.fees[project], units); fee.Sign() > 0 {
			fees = m.account(project, "fees", from)
		}
	}
	if payer.disabled || m.wallets[to].disabled || fees != "" && m.wallets[fees].disabled {
		return WalletIsDisabled
	}
	if payer.asset != m.wallets[to].asset {
		return AssetMismatch
	}
	m.add(from, new(big.Int).Neg(units))
	m.add(from, new(big.Int).Neg(fee))
	if payer.owner != "issuance" && m.balances[from].Sign() < 0 {
		return InsufficientFunds
	}
	m.add(to, units)
	if fees != "" {
		m.add(fees, fee)
	}
	for _, balance := range m.balances {
		if len(strings.Trim(balance.String(), "-")) > 36 {
			return BalanceOutOfRange
		}
	}
	return ""
}

func (m *model) add(wallet string, units *big.Int) {
	if m.balances[wallet] == nil {
		m.balances[wallet] = new(big.Int)
	}
	m.balances[wallet] = new(big.Int).Add(m.balances[wallet], units)
}

// account of the project in the asset of a wallet; it is made when needed.
func (m *model) account(project, role, like string) string {
	wallet := m.wallets[like]
	name := project + "/" + role + "/" + wallet.asset
	if m.wallets[name] == nil {
		m.wallets[name] = &modelWallet{owner: role, asset: wallet.asset, scale: wallet.scale}
	}
	return name
}

func (m *model) recipient(project, identifier, asset string) string {
	for kind := range 3 {
		for customer, identifiers := range m.find {
			if identifiers[kind] != identifier || !strings.HasPrefix(customer, project) {
				continue
			}
			for name, wallet := range m.wallets {
				if project+"/"+wallet.owner == customer && wallet.asset == asset && strings.HasPrefix(name, project) {
					return name
				}
			}
			return ""
		}
	}
	return ""
}

// share is a percentage of an amount, rounded half even.
func share(percentage string, units *big.Int) *big.Int {
	exact, _ := new(big.Rat).SetString(percentage)
	exact.Mul(exact, new(big.Rat).SetFrac(units, big.NewInt(100)))
	down := new(big.Int).Div(exact.Num(), exact.Denom())
	rest := new(big.Rat).Sub(exact, new(big.Rat).SetInt(down))
	switch rest.Cmp(big.NewRat(1, 2)) {
	case 1:
		down.Add(down, big.NewInt(1))
	case 0:
		down.Add(down, new(big.Int).And(down, big.NewInt(1)))
	}
	return down
}

// duel puts the same questions to both.
type duel struct {
	*script
	model      model
	project    string
	operations []asked // of the command that next made
}

const duelWorld = `
project far currency=USD fee=1
customer olu username=ama
wallet olus customer=olu
project near currency=USD
asset POINTS scale=0
asset WEI scale=18
customer ama username=ama email=a@x
customer kofi username=kofi phone=+1
customer efua username=efua phone=+2
wallet a-usd customer=ama
wallet a-points customer=ama currency=POINTS
wallet a-wei customer=ama currency=WEI
wallet k-usd customer=kofi
wallet k-yen customer=kofi currency=JPY
wallet e-usd customer=efua
wallet e-wei customer=efua currency=WEI
wallet till system=yes
`

func newDuel(t *testing.T) *duel {
	d := &duel{script: newScript(t), model: model{
		wallets: map[string]*modelWallet{
			"far/olus": {"olu", "USD", 2, false}, "near/till": {"system", "USD", 2, false},
			"near/a-usd": {"ama", "USD", 2, false}, "near/a-points": {"ama", "POINTS", 0, false}, "near/a-wei": {"ama", "WEI", 18, false},
			"near/k-usd": {"kofi", "USD", 2, false}, "near/k-yen": {"kofi", "JPY", 0, false},
			"near/e-usd": {"efua", "USD", 2, false}, "near/e-wei": {"efua", "WEI", 18, false},
		},
		find:     map[string][3]string{"far/olu": {"ama"}, "near/ama": {"ama", "", "a@x"}, "near/kofi": {"kofi", "+1"}, "near/efua": {"efua", "+2"}},
		balances: map[string]*big.Int{}, references: map[string]bool{}, fees: map[string]string{"far": "1", "near": "0"},
	}}
	d.play(duelWorld)
	return d
}

func (d *duel) next(r *rand.Rand) Command {
	d.project = pickOr(r, "far", []string{"near"})
	project := ProjectID(d.id(d.project))
	names := []string{"a-usd", "a-usd", "a-points", "a-wei", "k-usd", "k-usd", "k-yen", "e-usd", "e-wei", "till"}
	if d.project == "far" {
		names = []string{"olus"}
	}
	if oneIn(4, r) {
		names = append(names, "olus", "a-usd", "nothing", "fees/USD", "fees/USD", "fees/WEI", "issuance/USD")
	}
	switch r.IntN(12) {
	case 0:
		d.model.fees[d.project] = pick(r, someFees)
		fee, _ := ParsePercentage(d.model.fees[d.project])
		return ChangeProject{project, ProjectSettings{Name: "shop", Currency: "USD", TransferFee: FeeRule{fee}}}
	case 1:
		return SetWalletStatus{Project: project, Wallet: d.named(pick(r, names)), Status: pick(r, []WalletStatus{Active, Active, Disabled})}
	}
	d.operations = nil
	command := &Transact{Project: project, Reference: Reference(fmt.Sprint("r", r.IntN(2000)))}
	for range pickOr(r, 0, []int{1, 1, 1, 2, 3}) {
		o := d.ask(r, names)
		d.operations = append(d.operations, o)
		operation := Operation{Type: OperationType(o.kind), From: d.named(o.from), To: d.named(o.to), Recipient: o.recipient}
		if o.minor {
			operation.Quantity, _ = MinorUnits(o.amount)
		} else {
			operation.Quantity, _ = MajorUnits(o.amount)
		}
		command.Operations = append(command.Operations, operation)
	}
	return command
}

// named answers the wallet of that name; the accounts have theirs by project.
func (d *duel) named(name string) WalletID {
	for wallet := range d.state.Wallets() {
		if strings.Contains(name, "/") && string(wallet.Project) == d.id(d.project) && d.names[string(wallet.ID)] == name {
			return wallet.ID
		}
	}
	return d.wallet(name)
}

func (d *duel) ask(r *rand.Rand, names []string) asked {
	o := asked{kind: pick(r, []string{"transfer", "transfer", "issue", "redeem"}), amount: pick(r, someAmounts), minor: oneIn(4, r)}
	if oneIn(8, r) {
		o.amount = pick(r, oddAmounts)
		o.minor = o.minor && !strings.Contains(o.amount, ".")
	}
	if o.kind != "issue" {
		o.from = pick(r, names)
	}
	if o.kind == "transfer" && oneIn(3, r) {
		o.recipient = pick(r, []string{"ama", "a@x", "kofi", "+1", "+2", "nobody"})
	} else if o.kind != "redeem" {
		o.to = pick(r, names)
	}
	return o
}

func (d *duel) perform(command Command) {
	d.sequence++
	events, rejection := Decide(d.state, command, Place{Location{Sequence: d.sequence}, time.Unix(0, 0).UTC()})
	got, message := outcome(events, rejection)
	for _, event := range events {
		if err := d.state.Evolve(event); err != nil {
			panic(err)
		}
		if wallet, ok := event.(*WalletCreated); ok {
			d.learn(wallet, "")
		}
	}
	switch c := command.(type) {
	case SetWalletStatus:
		if rejection == nil {
			d.model.wallets[d.project+"/"+d.names[string(c.Wallet)]].disabled = c.Status == Disabled
		}
	case *Transact:
		if want := d.model.transact(d.project, string(c.Reference), d.operations); got != want {
			wrong("%q (%s); the model says %q", got, message, want)
		}
		d.compare()
	}
}

func (d *duel) end() {}

// compare all balances.
func (d *duel) compare() {
	count := 0
	for wallet := range d.state.Wallets() {
		name := d.names[string(wallet.Project)] + "/" + d.names[string(wallet.ID)]
		balance := d.model.balances[name]
		if balance == nil {
			balance = new(big.Int)
		}
		if d.model.wallets[name] == nil || plain(balance, wallet.Asset.Scale) != wallet.Balance.String() {
			wrong("%s has %s; the model says %s", name, wallet.Balance, balance)
		}
		count++
	}
	if count != len(d.model.wallets) {
		wrong("%d wallets; the model has %d", count, len(d.model.wallets))
	}
}
