package domain

import (
	"cmp"
	"iter"
	"maps"
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// State is the result of a shard's facts: everything that a decision can need,
// and nothing that only readers want.
//
// A fork is a layer over a state. It reads through to its base and keeps its
// own changes until they are merged. So decisions can follow facts that are not
// yet durable, and are dropped with the fork if those never become so. A State
// is not safe for concurrent use. While a fork changes, its base can be read.
type State struct {
	base        *State
	shards      uint64
	wallets     uint64   // how many there are
	numbered    []uint64 // their places, in the order of their numbers; of a fork: of those it adds
	projects    table[ids.Project, *Project]
	credentials table[ids.APIKey, *Credential]
	customers   table[customerKey, *Customer]
	identifiers table[identifier, ids.Customer] // "": nobody's any more
	walletTable table[ids.Wallet, *Wallet]
	references  table[ids.ReferenceKey, uint64]
	holds       table[ids.Hold, *Hold]     // active; nil: ended
	escrows     table[ids.Escrow, *Escrow] // open; nil: ended
	ends        table[uint64, ended]       // by place of the hold or escrow
	schedule    table[ids.Transaction, scheduled]
	reversals   table[uint64, *Reversal] // by place of the transaction that was reversed
	monitored   uint64                   // monitors that there are
	agenda      *agenda                  // nil of a fork
	changes     []func(base *State)      // of a fork: made to its base when it is merged
}

type customerKey struct {
	project  ids.Project
	customer ids.Customer
}

type accountKey struct {
	role  WalletRole
	asset money.AssetCode
}

// Compare orders accounts by role, then by asset.
func (k accountKey) Compare(other accountKey) int {
	return cmp.Or(cmp.Compare(k.role, other.role), cmp.Compare(k.asset, other.asset))
}

// NewState is the state of an empty log, in an installation of that many shards.
func NewState(shards int) *State { return &State{shards: uint64(shards), agenda: newAgenda()} }

// Fork returns a layer over the state. The state must not change before the
// layer is merged or dropped.
func (s *State) Fork() *State {
	return &State{
		base: s, shards: s.shards, wallets: s.wallets, monitored: s.monitored,
		projects: s.projects.fork(), credentials: s.credentials.fork(), customers: s.customers.fork(),
		identifiers: s.identifiers.fork(), walletTable: s.walletTable.fork(), references: s.references.fork(),
		holds: s.holds.fork(), escrows: s.escrows.fork(), ends: s.ends.fork(), schedule: s.schedule.fork(), reversals: s.reversals.fork(),
	}
}

// Merge moves the layer's changes into its base; the layer is empty afterwards.
// Rows that readers got from the base before stay as they were.
func (s *State) Merge() {
	s.base.wallets = s.wallets
	s.base.numbered = append(s.base.numbered, s.numbered...)
	s.numbered = s.numbered[:0]
	s.projects.merge()
	s.credentials.merge()
	s.customers.merge()
	mergeDropping(&s.identifiers)
	s.walletTable.merge()
	s.references.merge()
	mergeDropping(&s.holds)
	mergeDropping(&s.escrows)
	s.ends.merge()
	s.schedule.merge()
	s.reversals.merge()
	s.base.monitored = s.monitored
	for _, change := range s.changes {
		s.base.afterwards(change)
	}
	clear(s.changes)
	s.changes = s.changes[:0]
}

// ended is what is kept of a hold or escrow that ended.
type ended struct {
	project ids.Project
	how     ending
}

type ending uint8

const (
	endedCaptured ending = iota
	endedReleased
	endedExpired
	endedRefunded
)

func (e ending) String() string {
	return [...]string{endedCaptured: "captured", endedReleased: "released", endedExpired: "expired", endedRefunded: "refunded"}[e]
}

func (s *State) endOf(at ids.Location, ok bool) (ended, bool) {
	if !ok {
		return ended{}, false
	}
	return s.ends.get(at.Bits())
}

// Project returns a project. What any of these methods returns must not be changed.
func (s *State) Project(id ids.Project) (*Project, bool) { return s.projects.get(id) }

// Credential returns a credential, revoked ones too.
func (s *State) Credential(key ids.APIKey) (*Credential, bool) { return s.credentials.get(key) }

// Customer returns a customer of a project.
func (s *State) Customer(project ids.Project, id ids.Customer) (*Customer, bool) {
	return s.customers.get(customerKey{project, id})
}

// Wallet returns a wallet of any project.
func (s *State) Wallet(id ids.Wallet) (*Wallet, bool) { return s.walletTable.get(id) }

// Reference returns the transaction that used a reference, completed or failed.
func (s *State) Reference(project ids.Project, reference ids.Reference) (ids.Transaction, bool) {
	bits, ok := s.references.get(reference.Key(project))
	return ids.LocationOf(bits).Transaction(), ok
}

// CustomerByIdentifier finds a customer by username, then phone, then e-mail.
func (s *State) CustomerByIdentifier(project ids.Project, text string) (*Customer, bool) {
	for _, kind := range identifierKinds {
		if id, ok := s.identifiers.get(identifier{project, kind, kind.normalize(text)}); ok && id != "" {
			return s.Customer(project, id)
		}
	}
	return nil, false
}

// CustomerWallet returns the wallet of a customer in a currency. In a project
// with one wallet per customer it is that one, whatever the currency.
func (s *State) CustomerWallet(project ids.Project, id ids.Customer, currency money.AssetCode) (*Wallet, bool) {
	customer, ok := s.Customer(project, id)
	if !ok {
		return nil, false
	}
	wallet, ok := s.walletIn(customer, currency)
	if owner, known := s.Project(project); !ok && known && owner.Settings.OneWalletPerCustomer {
		wallet, ok = customer.wallets.first()
	}
	if !ok {
		return nil, false
	}
	return s.Wallet(wallet)
}

// WalletNumbered returns the wallet of that number, of any project.
func (s *State) WalletNumbered(number uint64) (*Wallet, bool) {
	if number == 0 {
		return nil, false
	}
	for index, layer := (number-1)/s.shards, s; layer != nil; layer = layer.base {
		first := layer.wallets - uint64(len(layer.numbered))
		if index >= first && index < layer.wallets {
			wallet, ok := s.Wallet(ids.LocationOf(layer.numbered[index-first]).Wallet())
			return wallet, ok && wallet.Number == number
		}
	}
	return nil, false
}

// LiquidityWallet returns the wallet that a project's exchanges use for an
// asset.
func (s *State) LiquidityWallet(project ids.Project, asset money.AssetCode) (*Wallet, bool) {
	owner, ok := s.Project(project)
	if !ok {
		return nil, false
	}
	id, ok := owner.accounts.get(accountKey{LiquidityWallet, asset})
	if !ok {
		return nil, false
	}
	return s.Wallet(id)
}

// nextNumber returns the number of a wallet that a decision creates after
// `more` others.
func (s *State) nextNumber(at ids.Place, more int) uint64 {
	return (s.wallets+uint64(more))*s.shards + uint64(at.Shard) + 1
}

// Projects returns all projects, by identifier. The state must not be a fork.
func (s *State) Projects() []*Project {
	all := make([]*Project, 0, len(s.projects.rows))
	for _, project := range s.projects.rows {
		all = append(all, project)
	}
	slices.SortFunc(all, func(a, b *Project) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Credentials returns the credentials of a project, revoked ones too, in the
// order of their keys, from a key on.
func (s *State) Credentials(project ids.Project, from ids.APIKey) iter.Seq[*Credential] {
	return func(yield func(*Credential) bool) {
		owner, ok := s.Project(project)
		if !ok {
			return
		}
		owner.credentials.from(from, func(key ids.APIKey, _ struct{}) bool {
			credential, ok := s.Credential(key)
			return !ok || yield(credential)
		})
	}
}

// Wallets returns all wallets in no order. The state must not be a fork.
func (s *State) Wallets() iter.Seq[*Wallet] { return maps.Values(s.walletTable.rows) }
