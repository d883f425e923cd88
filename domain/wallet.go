package domain

import (
	"fmt"
	"maps"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Wallet holds one asset: a balance, and how many entries led to it.
type Wallet struct {
	ID       ids.Wallet
	Project  ids.Project
	Customer ids.Customer // "" unless Role is CustomerWallet
	Role     WalletRole
	Type     WalletType
	Asset    money.Asset
	Number   uint64 // unique in the installation
	Name     string
	Metadata Metadata
	Status   WalletStatus
	frozen   bool   // of a disabled wallet: it was frozen when it was disabled
	Version  uint64 // entries so far: the last entry's version
	Balance  money.Amount
	Terms    *Terms // never nil, never changed: shared by those who have none
	activity *activity

	// UpdatedBy is who created the wallet, or changed its name, terms or status last.
	// A balance changes by transactions, which say themselves who asked.
	UpdatedBy Principal
}

// WalletRole says whose the wallet is.
type WalletRole string

const (
	CustomerWallet  WalletRole = "customer"
	SystemWallet    WalletRole = "system"    // the project's own, made by its caller
	IssuanceWallet  WalletRole = "issuance"  // counterpart of issue and redeem; the one role that may go below zero without limit
	FeeWallet       WalletRole = "fees"      // where fees go
	BreakageWallet  WalletRole = "breakage"  // where expired credit goes
	EscrowWallet    WalletRole = "escrow"    // holds what open escrows hold
	LiquidityWallet WalletRole = "liquidity" // what exchanges are made with; filled by its caller
)

// WalletType is how a wallet is paid for.
type WalletType string

const (
	Prepaid  WalletType = "PREPAID"  // never below zero
	Postpaid WalletType = "POSTPAID" // down to minus its credit limit
)

// WalletStatus says what may move.
type WalletStatus string

const (
	Active   WalletStatus = "active"
	Frozen   WalletStatus = "frozen"   // nothing goes out; what comes in still does
	Disabled WalletStatus = "disabled" // nothing moves; the balance stays
	Closed   WalletStatus = "closed"   // empty, for ever
)

// activity is the part of a wallet that few wallets have. It is kept apart to
// save memory. Slices are never changed in place, because readers may hold
// them.
type activity struct {
	held     money.Amount
	holds    int // how many are active
	escrows  int // that it has a part in
	lots     *lots
	monitors []Monitor
	usage    Usage
	due      money.Amount // asked for by the last settlement and not paid since
}

// clone returns a copy to change; of nil, a copy with amounts of zero.
func (d *activity) clone(asset money.Asset) *activity {
	if d == nil {
		return &activity{held: asset.Zero(), due: asset.Zero()}
	}
	own := *d
	return &own
}

func (d *activity) idle() bool {
	return d.held.IsZero() && d.holds+d.escrows+d.lots.len()+len(d.monitors) == 0 && d.usage.Date == "" && d.due.IsZero()
}

// change changes the activity of a wallet that is itself a copy.
func (w *Wallet) change(change func(*activity)) {
	own := w.activity.clone(w.Asset)
	change(own)
	if w.activity = own; own.idle() {
		w.activity = nil
	}
}

func (s *State) changeWallet(id ids.Wallet, change func(*Wallet)) error {
	wallet, ok := edit(&s.walletTable, id)
	if !ok {
		return fmt.Errorf("domain: a change of wallet %s, which was never created", id)
	}
	change(wallet)
	return nil
}

// Held is what active holds reserve of the balance.
func (w *Wallet) Held() money.Amount {
	if w.activity == nil {
		return w.Asset.Zero()
	}
	return w.activity.held
}

func (w *Wallet) lots() *lots {
	if w.activity == nil {
		return nil
	}
	return w.activity.lots
}

// Lots is the wallet's expiring credit that no hold reserves, earliest expiry first.
func (w *Wallet) Lots() []Lot { return w.lots().all() }

// LotsAfter returns up to n lots after the one of that expiry and version,
// earliest expiry first. The time that it takes does not depend on how many
// other lots there are.
func (w *Wallet) LotsAfter(expires time.Time, lot uint64, n int) []Lot {
	return w.lots().after(lotKey{expires, lot}, n)
}

func (w *Wallet) creditLimit() money.Amount {
	if w.Terms.CreditLimit.Asset() == "" {
		return w.Asset.Zero()
	}
	return w.Terms.CreditLimit
}

// Available returns what can be spent at a moment: the balance plus the credit
// limit, minus what is held, minus expired credit. It is below zero if the
// credit limit was lowered below what is used. The second result is false for a
// wallet that may spend without limit.
func (w *Wallet) Available(now time.Time) (money.Amount, bool) {
	return available(w, w.Balance, w.activity, now), w.Role != IssuanceWallet
}

func available(w *Wallet, balance money.Amount, d *activity, now time.Time) money.Amount {
	if w.Terms.CreditLimit.Asset() != "" {
		balance = balance.Add(w.Terms.CreditLimit)
	}
	if d == nil {
		return balance
	}
	return d.lots.withoutExpired(balance.Sub(d.held), now)
}

// room returns how much more of a balance can be expiring credit: what the
// wallet neither owes nor holds nor has as lots.
func room(balance money.Amount, d *activity) money.Amount {
	free := balance.Sub(d.held)
	if d.lots != nil {
		free = free.Sub(d.lots.sum)
	}
	return free
}

// Standing has the balances of a wallet right after a command.
type Standing struct {
	Wallet    ids.Wallet
	Asset     money.Asset
	Version   uint64
	Balance   money.Amount
	Held      money.Amount
	Available money.Amount
}

// Standing returns the balances of the wallet at a moment.
func (w *Wallet) Standing(now time.Time) Standing {
	return Standing{
		Wallet: w.ID, Asset: w.Asset, Version: w.Version, Balance: w.Balance, Held: w.Held(),
		Available: available(w, w.Balance, w.activity, now),
	}
}

// Standings returns the balances of every wallet that the facts concern, in
// order. The state already has the facts.
func (s *State) Standings(events []Event, now time.Time) []Standing {
	var all []Standing
	for _, id := range concerned(events) {
		if w, ok := s.Wallet(id); ok {
			all = append(all, w.Standing(now))
		}
	}
	return all
}

// concerned returns the wallets that facts concern, each once, in order.
func concerned(events []Event) (all []ids.Wallet) {
	seen := map[ids.Wallet]bool{}
	for _, event := range events {
		for _, id := range event.WalletIDs() {
			if !seen[id] {
				seen[id] = true
				all = append(all, id)
			}
		}
	}
	return all
}

// walletOf returns a wallet of a project.
func (s *State) walletOf(project *Project, id ids.Wallet) (*Wallet, *Rejection) {
	wallet, ok := s.Wallet(id)
	if !ok || wallet.Project != project.ID {
		return nil, walletNotFound(id)
	}
	return wallet, nil
}

// openWallet returns a wallet of a project, or a rejection if it is closed.
func (s *State) openWallet(project ids.Project, id ids.Wallet) (*Wallet, *Rejection) {
	wallet, ok := s.Wallet(id)
	switch {
	case !ok || wallet.Project != project:
		return nil, walletNotFound(id)
	case wallet.Status == Closed:
		return nil, statusRejection(wallet)
	}
	return wallet, nil
}

// checkNamed refuses a wallet that a command that moves money cannot name.
func (s *State) checkNamed(project *Project, id ids.Wallet) *Rejection {
	wallet, rejection := s.walletOf(project, id)
	if rejection != nil {
		return rejection
	}
	return wallet.bookkept()
}

// bookkept refuses accounts whose money only the ledger moves.
func (w *Wallet) bookkept() *Rejection {
	switch w.Role {
	case IssuanceWallet:
		return reject(BadRequest, "wallet %s is an issuance account: use issue or redeem", w.ID)
	case EscrowWallet:
		return reject(BadRequest, "wallet %s is an escrow account: release or refund the escrow", w.ID)
	}
	return nil
}

func walletNotFound(id ids.Wallet) *Rejection {
	return reject(NotFound, "Wallet %s not found", id).with("wallet_id", string(id))
}

// CreateWallet creates a wallet, once for each customer and currency (or once
// for each customer, if the project says so). Repeating it does nothing. A
// closed wallet does not count. A system wallet has no customer, and each
// command creates another; but a currency has only one liquidity wallet.
type CreateWallet struct {
	Project   ids.Project
	Customer  ids.Customer // "" for a system wallet
	System    bool
	Liquidity bool            // of a system wallet: exchanges are made with it
	Currency  money.AssetCode // "": the project's
	Type      WalletType      // "": Prepaid
	Name      string
	Metadata  Metadata
	Terms     TermsChange
}

func (c CreateWallet) ProjectID() ids.Project { return c.Project }

func (c CreateWallet) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	rejection := first(
		checkOwner(c),
		checkText("name", c.Name, MaxNameLength),
		checkMetadata(c.Metadata),
		checkType(c.Type),
	)
	if rejection != nil {
		return nil, rejection
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if c.Currency == "" {
		c.Currency = project.Settings.Currency
	}
	asset, ok := project.Asset(c.Currency)
	if !ok {
		return nil, unknownCurrency(c.Currency)
	}
	if c.Type == "" {
		c.Type = Prepaid
	}
	terms, rejection := c.Terms.on(&Terms{}, c.Type, asset, project, at)
	if rejection != nil {
		return nil, rejection
	}
	role := SystemWallet
	switch {
	case c.Liquidity:
		role = LiquidityWallet
		if _, exists := project.accounts.get(accountKey{role, asset.Code}); exists {
			return nil, nil
		}
	case !c.System:
		role = CustomerWallet
		if _, ok := s.Customer(c.Project, c.Customer); !ok {
			return nil, reject(NotFound, "Customer %q not found", c.Customer)
		}
		if _, exists := s.CustomerWallet(c.Project, c.Customer, c.Currency); exists {
			return nil, nil
		}
	}
	return []Event{&WalletCreated{
		Project: c.Project, Wallet: at.Wallet(), Customer: c.Customer, Role: role, Type: c.Type,
		Asset: asset, Number: s.nextNumber(at, 0), Name: c.Name, Metadata: c.Metadata, Terms: terms,
	}}, nil
}

func checkOwner(c CreateWallet) *Rejection {
	switch {
	case c.System && c.Customer != "":
		return reject(BadRequest, "a system wallet has no customer: give customer_id or system, not both")
	case c.System:
		return nil
	case c.Liquidity:
		return reject(BadRequest, "a liquidity wallet is a system wallet")
	}
	return checkRequired("customer_id", string(c.Customer), MaxIDLength)
}

func checkType(kind WalletType) *Rejection {
	if kind != "" && kind != Prepaid && kind != Postpaid {
		return reject(BadRequest, "type %q must be %s or %s", kind, Prepaid, Postpaid)
	}
	return nil
}

// WalletCreated creates a wallet: active, empty, at version 0.
type WalletCreated struct {
	Asked
	Project  ids.Project
	Wallet   ids.Wallet
	Customer ids.Customer
	Role     WalletRole
	Type     WalletType
	Asset    money.Asset
	Number   uint64
	Name     string
	Metadata Metadata
	Terms    Terms
}

func (e *WalletCreated) ProjectID() ids.Project { return e.Project }
func (*WalletCreated) WalletIDs() []ids.Wallet  { return nil }

// wallet returns the wallet as it begins.
func (e *WalletCreated) wallet() *Wallet {
	return &Wallet{
		ID: e.Wallet, Project: e.Project, Customer: e.Customer, Role: e.Role, Type: e.Type, Asset: e.Asset,
		Number: e.Number, Name: e.Name, Metadata: e.Metadata, Status: Active, Balance: e.Asset.Zero(), Terms: e.Terms.shared(), UpdatedBy: e.By,
	}
}

func (e *WalletCreated) evolve(s *State) error {
	at, ok := e.Wallet.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a wallet", e.Wallet)
	}
	s.wallets++
	s.numbered = append(s.numbered, at.Bits())
	wallet := e.wallet()
	s.walletTable.put(e.Wallet, wallet)
	s.resettle(wallet, Settlement{}, wallet.Terms.Settlement)
	switch e.Role {
	case CustomerWallet:
		customer, ok := edit(&s.customers, customerKey{e.Project, e.Customer})
		if !ok {
			return fmt.Errorf("domain: wallet %s of a customer who was never created", e.Wallet)
		}
		s.own(customer, wallet)
	case IssuanceWallet, FeeWallet, BreakageWallet, EscrowWallet, LiquidityWallet:
		return s.changeProject(e.Project, func(p *Project) {
			p.accounts = p.accounts.with(accountKey{e.Role, e.Asset.Code}, e.Wallet)
		})
	}
	return nil
}

// ChangeWallet changes the parts that are given; nil leaves a part as it is.
type ChangeWallet struct {
	Project  ids.Project
	Wallet   ids.Wallet
	Name     *string
	Metadata Metadata // nil: as it is
	Terms    TermsChange
}

func (c ChangeWallet) ProjectID() ids.Project { return c.Project }

func (c ChangeWallet) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	changed := WalletChanged{Project: c.Project, Wallet: c.Wallet}
	if c.Name != nil {
		if rejection := checkText("name", *c.Name, MaxNameLength); rejection != nil {
			return nil, rejection
		}
	}
	if rejection := checkMetadata(c.Metadata); rejection != nil {
		return nil, rejection
	}
	wallet, rejection := s.openWallet(c.Project, c.Wallet)
	if rejection != nil {
		return nil, rejection
	}
	project, _ := s.Project(c.Project)
	changed.Name, changed.Metadata = wallet.Name, wallet.Metadata
	if c.Name != nil {
		changed.Name = *c.Name
	}
	if c.Metadata != nil {
		changed.Metadata = c.Metadata
	}
	if changed.Terms, rejection = c.Terms.on(wallet.Terms, wallet.Type, wallet.Asset, project, at); rejection != nil {
		return nil, rejection
	}
	if changed.Name == wallet.Name && maps.Equal(changed.Metadata, wallet.Metadata) && changed.Terms.equal(wallet.Terms) {
		return nil, nil
	}
	return []Event{&changed}, nil
}

// WalletChanged sets name, metadata and terms.
type WalletChanged struct {
	Asked
	Project  ids.Project
	Wallet   ids.Wallet
	Name     string
	Metadata Metadata
	Terms    Terms
}

func (e *WalletChanged) ProjectID() ids.Project  { return e.Project }
func (e *WalletChanged) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *WalletChanged) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		s.resettle(w, w.Terms.Settlement, e.Terms.Settlement)
		w.Name, w.Metadata, w.Terms, w.UpdatedBy = e.Name, e.Metadata, e.Terms.shared(), e.By
	})
}
