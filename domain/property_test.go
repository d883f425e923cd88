package domain

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// TestHistories makes random histories of all commands, and holds them to what is true of every history:
//
//   - A decision changes nothing; facts do, and those of a fork only once merged.
//   - A rejection comes without facts.
//   - To ask again for what was done does nothing; to repeat a reference is a
//     duplicate, and names the transaction that has it.
//   - The entries of each operation sum to zero, and so do all balances of an asset.
//   - Each entry raises its wallet's version by one and its balance by its amount.
//   - No wallet but an issuance account is below zero after any entry, and none
//     that is disabled has an entry.
//   - New identifiers and wallet numbers are new.
//   - The facts replayed, the facts applied directly, and the facts applied to
//     forks that were merged make the same state.
func TestHistories(t *testing.T) {
	t.Parallel()
	tryMany(t, 100, 300, func() life { return newHistory() })
}

// history is a ledger's life, and what should be true of it, kept apart.
type history struct {
	state    *State // by forks and merges, as the ledger does
	direct   *State // by the facts one after the other
	facts    []Event
	sequence uint64
	lost     bool // the next facts never become durable: the ledger goes on as if they had not been
	projects []ProjectID
	wallets  []WalletID
	keys     []APIKey
	seen     map[string]bool // identifiers and numbers
	accounts map[WalletID]*account
}

func newHistory() *history {
	return &history{state: NewState(4), direct: NewState(4), seen: map[string]bool{}, accounts: map[WalletID]*account{}}
}

func (h *history) next(r *rand.Rand) Command {
	h.lost = oneIn(10, r)
	return h.command(r)
}

// perform decides a command as the ledger does.
func (h *history) perform(command Command) {
	h.sequence++
	layer := h.state.Fork()
	events, rejection := Decide(layer, command, h.place())
	if !untouched(layer) {
		wrong("deciding changed the state")
	}
	if rejection != nil {
		if len(events) > 0 || rejection.Code == "" || rejection.Message == "" {
			wrong("rejection %+v with facts %v", rejection, events)
		}
		return
	}
	for _, event := range events {
		h.must(layer.Evolve(event))
	}
	h.again(layer, command, events)
	if h.lost {
		return
	}
	layer.Merge()
	for _, event := range events {
		h.must(h.direct.Evolve(event))
		h.observe(event)
	}
	h.facts = append(h.facts, events...)
}

func (h *history) place() Place {
	return Place{Location{Shard: 3, Sequence: h.sequence}, time.Unix(int64(h.sequence), 0).UTC()}
}

func (h *history) must(err error) {
	if err != nil {
		panic(err)
	}
}

// again asks a second time for what was just done.
func (h *history) again(layer *State, command Command, done []Event) {
	h.sequence++
	events, rejection := Decide(layer, command, h.place())
	switch c := command.(type) {
	case CreateProject, CreateCredential:
		return // made anew each time
	case CreateWallet:
		if c.System {
			return
		}
	case *Transact:
		if rejection == nil || rejection.Code != DuplicateReference || rejection.Details[0].Value != string(transactionOf(done)) {
			wrong("again: facts %v, rejection %+v", events, rejection)
		}
		return
	}
	if len(events) != 0 || rejection != nil {
		wrong("again: facts %v, rejection %+v", events, rejection)
	}
}

func transactionOf(events []Event) TransactionID {
	switch e := events[len(events)-1].(type) {
	case *TransactionCompleted:
		return e.Transaction
	case *TransactionFailed:
		return e.Transaction
	}
	return ""
}

// observe checks a fact against those before it.
func (h *history) observe(event Event) {
	switch e := event.(type) {
	case *ProjectCreated:
		h.new(string(e.Project))
		h.projects = append(h.projects, e.Project)
	case *CredentialCreated:
		h.new(string(e.Key))
		h.keys = append(h.keys, e.Key)
	case *WalletCreated:
		h.new(string(e.Wallet))
		h.new(fmt.Sprint("number ", e.Number))
		h.wallets = append(h.wallets, e.Wallet)
		h.accounts[e.Wallet] = &account{wallet: e.wallet(), balance: e.Asset.zero()}
	case *WalletStatusChanged:
		h.accounts[e.Wallet].wallet.Status = e.Status
	case *TransactionFailed:
		h.new(string(e.Transaction))
	case *TransactionCompleted:
		h.new(string(e.Transaction))
		h.observeEntries(e)
	}
}

func (h *history) new(id string) {
	if h.seen[id] {
		wrong("%s was there before", id)
	}
	h.seen[id] = true
}

func (h *history) observeEntries(e *TransactionCompleted) {
	sums := map[int]Money{}
	for _, entry := range e.Entries {
		a := h.accounts[entry.Wallet]
		a.version++
		a.balance = a.balance.Add(entry.Amount)
		switch {
		case entry.Version != a.version:
			wrong("%+v: the version should be %d", entry, a.version)
		case entry.Balance.Cmp(a.balance) != 0 || entry.Balance.Scale() != a.wallet.Asset.Scale:
			wrong("%+v: the balance should be %s", entry, a.balance)
		case a.wallet.Role != IssuanceWallet && a.balance.Sign() < 0:
			wrong("%+v: below zero", entry)
		case !a.balance.Fits():
			wrong("%+v: out of range", entry)
		case a.wallet.Status == Disabled:
			wrong("%+v: the wallet is disabled", entry)
		case a.wallet.Project != e.Project:
			wrong("%+v: the wallet is of %s", entry, a.wallet.Project)
		}
		sum, ok := sums[entry.Operation]
		if !ok {
			sum = a.wallet.Asset.zero()
		}
		sums[entry.Operation] = sum.Add(entry.Amount)
	}
	for operation, sum := range sums {
		if !sum.IsZero() {
			wrong("the entries of operation %d sum to %s", operation, sum)
		}
	}
	if len(sums) != len(e.Operations) {
		wrong("%d of %d operations have entries", len(sums), len(e.Operations))
	}
}

// end compares the ways to the state, and balances its books.
func (h *history) end() {
	replayed := NewState(4)
	for _, fact := range h.facts {
		h.must(replayed.Evolve(fact))
	}
	want := rows(replayed)
	for name, state := range map[string]*State{"forked and merged": h.state, "direct": h.direct} {
		if got := rows(state); got != want {
			wrong("replayed and %s:\n%s", name, firstDifference(want, got))
		}
	}
	sums := map[string]Money{}
	for wallet := range replayed.Wallets() {
		key := string(wallet.Project) + " " + string(wallet.Asset.Code)
		if sum, ok := sums[key]; ok {
			sums[key] = sum.Add(wallet.Balance)
		} else {
			sums[key] = wallet.Balance
		}
		if a := h.accounts[wallet.ID]; a.version != wallet.Version || a.balance.Cmp(wallet.Balance) != 0 {
			wrong("%+v: its entries lead to %s in version %d", wallet, a.balance, a.version)
		}
	}
	for asset, sum := range sums {
		if !sum.IsZero() {
			wrong("the balances of %s sum to %s", asset, sum)
		}
	}
}
