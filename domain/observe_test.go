package domain

import (
	"fmt"
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// observer holds each fact to those before it, and each state to what has to be
// true of every state:
//
//   - The entries of each operation sum to zero in each asset, and so do all
//     balances of an asset.
//   - Each entry raises its wallet's version by one and its balance by its amount.
//   - No prepaid wallet but an issuance account is below zero after any entry, and
//     no debit takes a postpaid one below minus its credit limit.
//   - No entry is of a closed wallet, of a disabled one only that of expiry, and
//     nothing goes out of a frozen one but that, its rest when it closes, and the
//     fee of what comes in.
//   - What is held is never above balance and credit limit, unless that was lowered.
//   - Lots that can be spent are not more than what is neither owed nor held nor of a
//     lot past its instant; of no lot there is more, in wallets, holds and escrows,
//     than was granted. Without the lots past their instant a wallet is where it
//     may be: nothing that it holds or owes hangs on their being removed late.
//   - Holds add up to what is held, escrows to what the escrow accounts have.
//   - Of no operation more is reversed than it moved.
//   - What is due is never more than what is owed.
//   - Each monitor knows on which side its number is.
//   - New identifiers, references and wallet numbers are new.
type observer struct {
	projects     []ids.Project
	wallets      []ids.Wallet
	keys         []ids.APIKey
	holds        []ids.Hold
	escrows      []ids.Escrow
	scheduled    []ids.Transaction
	transactions []ids.Transaction
	monitors     []*MonitorSet
	completed    map[ids.Transaction]*TransactionCompleted
	seen         map[string]bool // identifiers and numbers
	accounts     map[ids.Wallet]*account
	lowered      map[ids.Wallet]bool // credit limits, below what was used
}

func newObserver() observer {
	return observer{
		completed: map[ids.Transaction]*TransactionCompleted{}, seen: map[string]bool{},
		accounts: map[ids.Wallet]*account{}, lowered: map[ids.Wallet]bool{},
	}
}

// observe checks a fact against those before it.
func (h *observer) observe(event Event) {
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
		h.accounts[e.Wallet] = &account{wallet: e.wallet(), balance: e.Asset.Zero()}
	case *WalletChanged:
		w := h.accounts[e.Wallet].wallet
		if w.Type == Postpaid && e.Terms.CreditLimit.Cmp(w.creditLimit()) < 0 {
			h.lowered[e.Wallet] = true
		}
		w.Terms = e.Terms.shared()
	case *WalletStatusChanged:
		h.accounts[e.Wallet].wallet.Status = e.Status
	case *TransactionScheduled:
		h.new(string(e.Transaction))
		h.new(fmt.Sprintf("reference %s of %s", e.Reference, e.Project))
		h.scheduled = append(h.scheduled, e.Transaction)
	case *TransactionFailed:
		h.outcome(e.Origin, e.Transaction, e.Project, e.Reference)
	case *TransactionCompleted:
		h.outcome(e.Origin, e.Transaction, e.Project, e.Reference)
		h.completed[e.Transaction] = e
		h.transactions = append(h.transactions, e.Transaction)
		h.observeEntries(e)
	case *HoldPlaced:
		h.new(string(e.Hold))
		h.holds = append(h.holds, e.Hold)
	case *EscrowCreated:
		h.new(string(e.Escrow))
		h.escrows = append(h.escrows, e.Escrow)
	case *MonitorSet:
		h.new(string(e.Monitor.ID))
		h.monitors = append(h.monitors, e)
	}
}

// outcome: a transaction's identifier and reference are new, or those of a
// scheduled one without an outcome.
func (h *observer) outcome(origin Origin, id ids.Transaction, project ids.Project, reference ids.Reference) {
	if origin.Kind != ScheduleOrigin {
		h.new(string(id))
		h.new(fmt.Sprintf("reference %s of %s", reference, project))
		return
	}
	if !slices.Contains(h.scheduled, id) {
		wrong("%s was never scheduled", id)
	}
	h.new("outcome of " + string(id))
}

func (h *observer) new(id string) {
	if h.seen[id] {
		wrong("%s was there before", id)
	}
	h.seen[id] = true
}

func (h *observer) observeEntries(e *TransactionCompleted) {
	type key struct {
		operation int
		asset     money.AssetCode
	}
	sums, seen := map[key]money.Amount{}, map[int]bool{}
	for i := range e.Entries {
		entry := &e.Entries[i]
		a := h.accounts[entry.Wallet]
		a.version++
		a.balance = a.balance.Add(entry.Amount)
		h.checkEntry(e, entry, a)
		k := key{entry.Operation, a.wallet.Asset.Code}
		sum, ok := sums[k]
		if !ok {
			sum = a.wallet.Asset.Zero()
		}
		sums[k], seen[entry.Operation] = sum.Add(entry.Amount), true
	}
	for k, sum := range sums {
		if !sum.IsZero() {
			wrong("the entries of operation %d sum to %s %s", k.operation, sum, k.asset)
		}
	}
	if len(seen) != len(e.Operations) {
		wrong("%d of %d operations have entries", len(seen), len(e.Operations))
	}
}

func (h *observer) checkEntry(e *TransactionCompleted, entry *Entry, a *account) {
	expiry, debit := e.Origin.Kind == ExpiryOrigin, entry.Amount.Sign() < 0
	owed := expiry || e.Origin.Kind == ClosingOrigin || entry.Fee && e.Operations[entry.Operation].Type == Issue
	switch {
	case entry.Version != a.version:
		wrong("%+v: the version should be %d", entry, a.version)
	case entry.BalanceAfter.Cmp(a.balance) != 0 || entry.BalanceAfter.Scale() != a.wallet.Asset.Scale:
		wrong("%+v: the balance should be %s", entry, a.balance)
	case a.wallet.Type == Prepaid && a.wallet.Role != IssuanceWallet && a.balance.Sign() < 0:
		wrong("%+v: below zero", entry)
	case a.wallet.Type == Postpaid && debit && a.balance.Add(a.wallet.creditLimit()).Sign() < 0 && !h.lowered[entry.Wallet]:
		wrong("%+v: below the credit limit", entry)
	case !a.balance.Fits():
		wrong("%+v: out of range", entry)
	case a.wallet.Status == Closed, a.wallet.Status == Disabled && !expiry, a.wallet.Status == Frozen && debit && !owed:
		wrong("%+v: the wallet is %s", entry, a.wallet.Status)
	case a.wallet.Project != e.Project:
		wrong("%+v: the wallet is of %s", entry, a.wallet.Project)
	}
	sum := sumLots(entry.Lots, a.wallet.Asset)
	if amount := entry.Amount; debit && sum.Cmp(amount.Neg()) > 0 || !debit && sum.Cmp(amount) > 0 {
		wrong("%+v: the lots are more than the amount", entry)
	}
}

// numbers are those of every wallet that a receipt tells.
func (h *observer) numbers(s *State) map[ids.Wallet]Standing {
	all := map[ids.Wallet]Standing{}
	for _, id := range h.wallets {
		w, _ := s.Wallet(id)
		all[id] = w.Standing(scriptsBegin)
	}
	return all
}

// compare: whichever wallet has another number now is in the standings of the facts.
func (h *history) compare(before map[ids.Wallet]Standing, events []Event) {
	told := map[ids.Wallet]Standing{}
	for _, standing := range h.state.Standings(events, h.now) {
		told[standing.Wallet] = standing
	}
	for id, then := range before {
		w, _ := h.state.Wallet(id)
		now := w.Standing(scriptsBegin)
		if now.Version == then.Version && now.Balance.Cmp(then.Balance) == 0 && now.Held.Cmp(then.Held) == 0 && now.Available.Cmp(then.Available) == 0 {
			continue
		}
		if got, ok := told[id]; !ok || got.Version != w.Version || got.Balance.Cmp(w.Balance) != 0 || got.Held.Cmp(w.Held()) != 0 {
			wrong("wallet %s is %+v now and was %+v, and is told as %+v", id, now, then, got)
		}
	}
}

// inspect checks a state, which is not a fork.
func (h *observer) inspect(s *State, now time.Time) {
	held, holds, granted := map[ids.Wallet]money.Amount{}, map[ids.Wallet]int{}, map[string]money.Amount{}
	count := func(wallet ids.Wallet, parts []LotPart) {
		for _, part := range parts {
			id := ids.Lot(wallet, part.Lot)
			if sum, ok := granted[id]; ok {
				part.Amount = part.Amount.Add(sum)
			}
			if granted[id] = part.Amount; part.Amount.Cmp(part.Original) > 0 || part.Amount.Sign() <= 0 {
				wrong("of lot %s there is %s, and %s were granted", id, part.Amount, part.Original)
			}
		}
	}
	for _, hold := range s.holds.rows {
		if sum, ok := held[hold.Wallet]; ok {
			held[hold.Wallet] = sum.Add(hold.Remaining)
		} else {
			held[hold.Wallet] = hold.Remaining
		}
		holds[hold.Wallet]++
		h.checkParts("hold", hold.Remaining, hold.Lots)
		count(hold.Wallet, hold.Lots)
	}
	for _, escrow := range s.escrows.rows {
		h.checkParts("escrow", escrow.Remaining, escrow.Lots)
		count(escrow.Sender, escrow.Lots)
	}
	for w := range s.Wallets() {
		if sum, ok := held[w.ID]; ok != !w.Held().IsZero() || ok && sum.Cmp(w.Held()) != 0 || !w.unencumbered() && w.activity.holds != holds[w.ID] {
			wrong("wallet %s holds %s, and its holds %s", w.ID, w.Held(), sum)
		}
		for _, lot := range w.Lots() {
			count(w.ID, []LotPart{lot.LotPart})
		}
		h.inspectWallet(w, now)
	}
	h.inspectEscrows(s)
	h.inspectReversals(s)
	inspectAgenda(s, now)
}

func (h *observer) checkParts(of string, remaining money.Amount, parts []LotPart) {
	if remaining.Sign() <= 0 {
		wrong("%s of %s", of, remaining)
	}
	for i := range parts {
		remaining = remaining.Sub(parts[i].Amount)
	}
	if remaining.Sign() < 0 {
		wrong("the lots of a %s are %s more than it", of, remaining)
	}
}

func (h *observer) inspectWallet(w *Wallet, now time.Time) {
	most := w.Balance.Add(w.creditLimit())
	if w.Role != IssuanceWallet && w.Held().Cmp(most) > 0 && !w.Held().IsZero() && !h.lowered[w.ID] {
		wrong("wallet %s holds %s, of %s", w.ID, w.Held(), most)
	}
	if most.Cmp(w.Held()) >= 0 && len(w.Lots()) == 0 {
		delete(h.lowered, w.ID)
	}
	lots, expired := w.Asset.Zero(), w.Asset.Zero()
	for _, lot := range w.Lots() {
		if lot.expired(now) {
			expired = expired.Add(lot.Amount)
		} else {
			lots = lots.Add(lot.Amount)
		}
	}
	free := w.Balance.Sub(w.Held()).Sub(expired)
	if !lots.IsZero() && lots.Cmp(free) > 0 {
		wrong("wallet %s has lots of %s, and %s that is neither owed nor held nor expired", w.ID, lots, free)
	}
	if !expired.IsZero() && free.Add(w.creditLimit()).Sign() < 0 && !h.lowered[w.ID] {
		wrong("wallet %s would be at %s without the %s that expired", w.ID, free, expired)
	}
	if due := w.Due(); due.Sign() < 0 || due.Cmp(w.Debt()) > 0 {
		wrong("wallet %s owes %s, and %s of it is due", w.ID, w.Debt(), due)
	}
	if w.Status == Closed && !w.empty() {
		wrong("wallet %s is closed with %s", w.ID, w.Balance)
	}
	for _, m := range w.Monitors() {
		if value := w.metric(m.Metric); (value.Cmp(m.Threshold) >= 0) != m.Above {
			wrong("%s of wallet %s is %s, and its monitor says %t of %s", m.Metric, w.ID, value, m.Above, m.Threshold)
		}
	}
}

// inspectEscrows: what is open is what the escrow accounts have.
func (h *observer) inspectEscrows(s *State) {
	sums := map[ids.Wallet]money.Amount{}
	open := map[ids.Wallet]int{}
	for _, escrow := range s.escrows.rows {
		project, _ := s.Project(escrow.Project)
		account, _ := project.accounts.get(accountKey{EscrowWallet, escrow.Remaining.Asset()})
		if sum, ok := sums[account]; ok {
			sums[account] = sum.Add(escrow.Remaining)
		} else {
			sums[account] = escrow.Remaining
		}
		open[escrow.Sender]++
		open[escrow.Recipient]++
	}
	for w := range s.Wallets() {
		if n := open[w.ID]; w.activity == nil && n > 0 || w.activity != nil && n != w.activity.escrows {
			wrong("wallet %s has a part in %d open escrows, and knows %+v", w.ID, n, w.activity)
		}
		if sum, ok := sums[w.ID]; w.Role == EscrowWallet && (ok && sum.Cmp(w.Balance) != 0 || !ok && !w.Balance.IsZero()) {
			wrong("the open escrows are %s, and the account has %s", sum, w.Balance)
		}
	}
}

func (h *observer) inspectReversals(s *State) {
	for _, id := range h.transactions {
		for _, sum := range reversed(s.Reversal(id)) {
			o := &h.completed[id].Operations[sum.Operation]
			if sum.Amount.Cmp(o.Amount) > 0 || sum.Fee.Cmp(o.Fee) > 0 || o.Type == Exchange && sum.Received.Cmp(o.Received) > 0 {
				wrong("%+v reversed of %+v", sum, o)
			}
		}
	}
}

func reversed(r *Reversal) []ReversedOperation {
	if r == nil {
		return nil
	}
	return r.Operations
}

// balanceBooks: all balances of an asset sum to zero, and entries lead to them.
func (h *observer) balanceBooks(s *State) {
	sums := map[string]money.Amount{}
	for wallet := range s.Wallets() {
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
