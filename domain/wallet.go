package domain

// Wallet holds one asset: a balance, and how many entries led to it.
type Wallet struct {
	ID       WalletID
	Project  ProjectID
	Customer CustomerID // "" unless Role is CustomerWallet
	Role     WalletRole
	Type     WalletType
	Asset    Asset
	Number   uint64 // unique in the installation
	Name     string
	Metadata Metadata
	Status   WalletStatus
	Version  uint64 // entries so far: the last entry's version
	Balance  Money
}

// WalletRole is whose the wallet is.
type WalletRole string

const (
	CustomerWallet WalletRole = "customer"
	SystemWallet   WalletRole = "system"   // the project's own, made by its caller
	IssuanceWallet WalletRole = "issuance" // counterpart of issue and redeem; the one role that may go below zero
	FeeWallet      WalletRole = "fees"     // where fees go
)

// WalletType is how a wallet is paid for.
type WalletType string

// Prepaid wallets never go below zero.
const Prepaid WalletType = "PREPAID"

// WalletStatus says what may move.
type WalletStatus string

const (
	Active   WalletStatus = "active"
	Disabled WalletStatus = "disabled" // nothing moves; the balance stays
)

// Available is what can be spent now. The second answer is false for a wallet
// that may spend without limit.
func (w *Wallet) Available() (Money, bool) { return w.Balance, w.Role != IssuanceWallet }

// CreateWallet makes a wallet, once for each customer and currency (once for
// each customer, where the project says so): repeating it does nothing.
// A system wallet (no customer) is made anew each time.
type CreateWallet struct {
	Project  ProjectID
	Customer CustomerID // "" for a system wallet
	System   bool
	Currency AssetCode // "": the project's
	Name     string
	Metadata Metadata
}

// SetWalletStatus enables or disables a wallet; repeating it does nothing.
type SetWalletStatus struct {
	Project ProjectID
	Wallet  WalletID
	Status  WalletStatus
	Actor   string // who asked, for the record
	Reason  string
}

func decideCreateWallet(s *State, c CreateWallet, at Place) ([]Event, *Rejection) {
	rejection := first(
		checkOwner(c),
		checkText("name", c.Name, MaxNameLength),
		checkMetadata(c.Metadata),
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
		return nil, reject(BadRequest, "currency %q is neither a code of ISO 4217 nor an asset of this project", c.Currency)
	}
	role := SystemWallet
	if !c.System {
		role = CustomerWallet
		if _, ok := s.Customer(c.Project, c.Customer); !ok {
			return nil, reject(NotFound, "Customer %q not found", c.Customer)
		}
		if _, exists := s.CustomerWallet(c.Project, c.Customer, c.Currency); exists {
			return nil, nil
		}
	}
	return []Event{&WalletCreated{
		Project: c.Project, Wallet: WalletID(at.ID(walletPrefix)), Customer: c.Customer, Role: role, Type: Prepaid,
		Asset: asset, Number: s.nextNumber(at, 0), Name: c.Name, Metadata: c.Metadata,
	}}, nil
}

func checkOwner(c CreateWallet) *Rejection {
	switch {
	case c.System && c.Customer != "":
		return reject(BadRequest, "a system wallet has no customer: give customer_id or system, not both")
	case c.System:
		return nil
	}
	return checkRequired("customer_id", string(c.Customer), MaxIDLength)
}

func decideSetWalletStatus(s *State, c SetWalletStatus) ([]Event, *Rejection) {
	rejection := first(checkText("actor", c.Actor, MaxNameLength), checkText("reason", c.Reason, MaxDescriptionLength))
	if rejection != nil {
		return nil, rejection
	}
	if c.Status != Active && c.Status != Disabled {
		return nil, reject(BadRequest, "status %q must be %s or %s", c.Status, Active, Disabled)
	}
	wallet, ok := s.Wallet(c.Wallet)
	if !ok || wallet.Project != c.Project {
		return nil, reject(NotFound, "Wallet not found")
	}
	if wallet.Status == c.Status {
		return nil, nil
	}
	return []Event{&WalletStatusChanged{
		Project: c.Project, Wallet: c.Wallet, Status: c.Status, Actor: c.Actor, Reason: c.Reason,
	}}, nil
}
