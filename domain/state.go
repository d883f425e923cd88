package domain

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
)

// State is what a shard's facts add up to: everything that a decision may need,
// and nothing that only readers want.
//
// A fork is a layer over a state: it reads through and keeps its changes to
// itself until they are merged, so that decisions can be made on top of facts
// that are not yet durable, and dropped without a trace when they never become so.
// A State is not safe for concurrent use; reading the base of a fork while the
// fork changes is.
type State struct {
	base        *State
	shards      uint64
	wallets     uint64 // how many there are
	projects    table[ProjectID, *Project]
	credentials table[APIKey, *Credential]
	customers   table[customerKey, *Customer]
	identifiers table[identifier, CustomerID]
	walletTable table[WalletID, *Wallet]
	references  table[ReferenceKey, uint64]
}

type customerKey struct {
	project  ProjectID
	customer CustomerID
}

type accountKey struct {
	role  WalletRole
	asset AssetCode
}

// table is one layer of a map. Rows of a base are never changed through a
// layer: they are copied up first.
type table[K comparable, V any] struct {
	base *table[K, V]
	rows map[K]V
}

func (t *table[K, V]) get(key K) (V, bool) {
	for layer := t; layer != nil; layer = layer.base {
		if value, ok := layer.rows[key]; ok {
			return value, true
		}
	}
	var none V
	return none, false
}

func (t *table[K, V]) put(key K, value V) {
	if t.rows == nil {
		t.rows = make(map[K]V)
	}
	t.rows[key] = value
}

func (t *table[K, V]) fork() table[K, V] { return table[K, V]{base: t} }

func (t *table[K, V]) merge() {
	for key, value := range t.rows {
		t.base.put(key, value)
	}
	clear(t.rows)
}

// edit answers a row that may be changed in place: the layer's own, or a copy
// of the base's.
func edit[K comparable, V any](t *table[K, *V], key K) (*V, bool) {
	if row, ok := t.rows[key]; ok {
		return row, true
	}
	row, ok := t.get(key)
	if !ok {
		return nil, false
	}
	own := *row
	t.put(key, &own)
	return &own, true
}

// NewState is the state of an empty log, in an installation of that many shards.
func NewState(shards int) *State { return &State{shards: uint64(shards)} }

// Fork starts a layer. The base must not change before the layer is merged or dropped.
func (s *State) Fork() *State {
	return &State{
		base: s, shards: s.shards, wallets: s.wallets,
		projects: s.projects.fork(), credentials: s.credentials.fork(), customers: s.customers.fork(),
		identifiers: s.identifiers.fork(), walletTable: s.walletTable.fork(), references: s.references.fork(),
	}
}

// Merge moves the layer's changes into its base; the layer is empty afterwards.
// Rows that readers got from the base before stay as they were.
func (s *State) Merge() {
	s.base.wallets = s.wallets
	s.projects.merge()
	s.credentials.merge()
	s.customers.merge()
	s.identifiers.merge()
	s.walletTable.merge()
	s.references.merge()
}

// Project answers a project. What any of these methods answers must not be changed.
func (s *State) Project(id ProjectID) (*Project, bool) { return s.projects.get(id) }

// Credential answers a credential, revoked ones too.
func (s *State) Credential(key APIKey) (*Credential, bool) { return s.credentials.get(key) }

// Customer answers a customer of a project.
func (s *State) Customer(project ProjectID, id CustomerID) (*Customer, bool) {
	return s.customers.get(customerKey{project, id})
}

// Wallet answers a wallet of any project.
func (s *State) Wallet(id WalletID) (*Wallet, bool) { return s.walletTable.get(id) }

// Reference answers the transaction that used a reference, completed or failed.
func (s *State) Reference(project ProjectID, reference Reference) (TransactionID, bool) {
	bits, ok := s.references.get(reference.Key(project))
	return TransactionID(locationOf(bits).ID(transactionPrefix)), ok
}

// CustomerByIdentifier finds a customer by username, then phone, then e-mail.
func (s *State) CustomerByIdentifier(project ProjectID, text string) (*Customer, bool) {
	for _, kind := range identifierKinds {
		if id, ok := s.identifiers.get(identifier{project, kind, kind.normalize(text)}); ok && id != "" {
			return s.Customer(project, id)
		}
	}
	return nil, false
}

// CustomerWallet answers the wallet that creating one for this customer and
// currency would come to, where it exists.
func (s *State) CustomerWallet(project ProjectID, id CustomerID, currency AssetCode) (*Wallet, bool) {
	customer, ok := s.Customer(project, id)
	if !ok || len(customer.wallets) == 0 {
		return nil, false
	}
	wallet, ok := s.walletIn(customer, currency)
	if owner, known := s.Project(project); !ok && known && owner.Settings.OneWalletPerCustomer {
		wallet, ok = customer.wallets[0], true
	}
	if !ok {
		return nil, false
	}
	return s.Wallet(wallet)
}

func (s *State) walletIn(customer *Customer, asset AssetCode) (WalletID, bool) {
	for _, id := range customer.wallets {
		if wallet, ok := s.Wallet(id); ok && wallet.Asset.Code == asset {
			return id, true
		}
	}
	return "", false
}

// nextNumber is the number of the wallet made after `more` others in this decision.
func (s *State) nextNumber(at Place, more int) uint64 {
	return (s.wallets+uint64(more))*s.shards + uint64(at.Shard) + 1
}

// Evolve applies a fact. It never refuses one that Decide made; an error means
// that the log is not a history of this ledger, and the reader must stop.
func (s *State) Evolve(event Event) error {
	switch e := event.(type) {
	case *ProjectCreated:
		s.projects.put(e.Project, &Project{ID: e.Project, Settings: e.Settings})
	case *ProjectChanged:
		return s.evolveProject(e.Project, func(p *Project) { p.Settings = e.Settings })
	case *CredentialCreated:
		s.credentials.put(e.Key, &Credential{Key: e.Key, Project: e.Project, Name: e.Name, SecretHash: e.SecretHash})
	case *CredentialRevoked:
		credential, ok := edit(&s.credentials, e.Key)
		if !ok {
			return fmt.Errorf("domain: credential %s revoked, but never created", e.Key)
		}
		credential.Revoked = true
	case *AssetDefined:
		return s.evolveProject(e.Project, func(p *Project) { p.Assets = withRow(p.Assets, e.Asset.Code, e.Asset) })
	case *CustomerUpserted:
		s.evolveCustomer(e)
	case *WalletCreated:
		return s.evolveWalletCreated(e)
	case *WalletStatusChanged:
		wallet, ok := edit(&s.walletTable, e.Wallet)
		if !ok {
			return fmt.Errorf("domain: status of wallet %s, which was never created", e.Wallet)
		}
		wallet.Status = e.Status
	case *TransactionCompleted:
		return s.evolveCompleted(e)
	case *TransactionFailed:
		return s.remember(e.Project, e.Reference, e.Transaction)
	default:
		panic(fmt.Sprintf("domain: no rule to evolve by %T", event))
	}
	return nil
}

func (s *State) evolveProject(id ProjectID, change func(*Project)) error {
	project, ok := edit(&s.projects, id)
	if !ok {
		return fmt.Errorf("domain: a change of project %s, which was never created", id)
	}
	change(project)
	return nil
}

// withRow is a copy of a map with one row set: readers may hold the old one.
func withRow[K comparable, V any](old map[K]V, key K, value V) map[K]V {
	next := make(map[K]V, len(old)+1)
	for k, v := range old {
		next[k] = v
	}
	next[key] = value
	return next
}

func (s *State) evolveCustomer(e *CustomerUpserted) {
	key := customerKey{e.Project, e.Customer}
	customer, known := edit(&s.customers, key)
	if !known {
		customer = &Customer{Project: e.Project, ID: e.Customer}
		s.customers.put(key, customer)
	}
	for _, old := range customer.identifiers() {
		s.identifiers.put(old, "") // nobody's: a layer cannot delete from its base
	}
	customer.Profile = e.Profile
	for _, id := range customer.identifiers() {
		s.identifiers.put(id, e.Customer)
	}
}

// wallet is the wallet as it begins.
func (e *WalletCreated) wallet() *Wallet {
	return &Wallet{
		ID: e.Wallet, Project: e.Project, Customer: e.Customer, Role: e.Role, Type: e.Type, Asset: e.Asset,
		Number: e.Number, Name: e.Name, Metadata: e.Metadata, Status: Active, Balance: e.Asset.zero(),
	}
}

func (s *State) evolveWalletCreated(e *WalletCreated) error {
	s.wallets++
	s.walletTable.put(e.Wallet, e.wallet())
	switch e.Role {
	case CustomerWallet:
		customer, ok := edit(&s.customers, customerKey{e.Project, e.Customer})
		if !ok {
			return fmt.Errorf("domain: wallet %s of a customer who was never created", e.Wallet)
		}
		customer.wallets = append(customer.wallets[:len(customer.wallets):len(customer.wallets)], e.Wallet)
	case IssuanceWallet, FeeWallet:
		return s.evolveProject(e.Project, func(p *Project) {
			p.accounts = withRow(p.accounts, accountKey{e.Role, e.Asset.Code}, e.Wallet)
		})
	}
	return nil
}

func (s *State) evolveCompleted(e *TransactionCompleted) error {
	for i := range e.Entries {
		entry := &e.Entries[i]
		wallet, ok := edit(&s.walletTable, entry.Wallet)
		if !ok {
			return fmt.Errorf("domain: %s has an entry of wallet %s, which was never created", e.Transaction, entry.Wallet)
		}
		if entry.Version != wallet.Version+1 {
			return fmt.Errorf("domain: %s brings wallet %s from version %d to %d", e.Transaction, entry.Wallet, wallet.Version, entry.Version)
		}
		wallet.Version, wallet.Balance = entry.Version, entry.Balance
	}
	return s.remember(e.Project, e.Reference, e.Transaction)
}

func (s *State) remember(project ProjectID, reference Reference, id TransactionID) error {
	location, ok := id.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", id)
	}
	s.references.put(reference.Key(project), location.bits())
	return nil
}

// Projects answers every project of a state that is not a fork, by identifier.
func (s *State) Projects() []*Project {
	all := make([]*Project, 0, len(s.projects.rows))
	for _, project := range s.projects.rows {
		all = append(all, project)
	}
	slices.SortFunc(all, func(a, b *Project) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Credentials answers a project's credentials, revoked ones too, of a state that
// is not a fork, by key.
func (s *State) Credentials(project ProjectID) []*Credential {
	var all []*Credential
	for _, credential := range s.credentials.rows {
		if credential.Project == project {
			all = append(all, credential)
		}
	}
	slices.SortFunc(all, func(a, b *Credential) int { return cmp.Compare(a.Key, b.Key) })
	return all
}

// Wallets answers every wallet of a state that is not a fork, in no order.
func (s *State) Wallets() iter.Seq[*Wallet] { return maps.Values(s.walletTable.rows) }
