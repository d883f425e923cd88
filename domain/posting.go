package domain

import (
	"fmt"
	"strings"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// posting is a transaction that is being decided. Its accounts are the wallets
// as the operations so far left them. It changes the state only through the
// facts that it returns.
type posting struct {
	state    *State
	project  *Project
	at       ids.Place
	origin   Origin
	policy   policy
	accounts map[ids.Wallet]*account
	before   []Event                 // that stand before the transaction
	made     map[accountKey]*account // by those of them that are new accounts
	entries  []Entry
	counted  bool // limits count it by the day
	lots     int  // that were taken parts of
}

func newPosting(s *State, project *Project, at ids.Place, origin Origin) *posting {
	return &posting{state: s, project: project, at: at, origin: origin, policy: policies[origin.Kind], accounts: make(map[ids.Wallet]*account, 4)}
}

// account is a wallet as the posting has left it.
type account struct {
	wallet   *Wallet
	version  uint64
	balance  money.Amount
	activity *activity // the wallet's until changed, then its own; nil for none
	changed  bool
}

// own returns activity that may be changed.
func (a *account) own() *activity {
	if !a.changed {
		a.activity, a.changed = a.activity.clone(a.wallet.Asset), true
	}
	return a.activity
}

func (a *account) lots() *lots {
	if a.activity == nil {
		return nil
	}
	return a.activity.lots
}

func (a *account) available(now time.Time) money.Amount {
	return available(a.wallet, a.balance, a.activity, now)
}

func (p *posting) account(id ids.Wallet) *account {
	if a, ok := p.accounts[id]; ok {
		return a
	}
	wallet, ok := p.state.Wallet(id)
	if !ok {
		panic("domain: posting to a wallet that was not settled: " + string(id))
	}
	a := &account{wallet: wallet, version: wallet.Version, balance: wallet.Balance, activity: wallet.activity}
	p.accounts[id] = a
	return a
}

// system returns the project's account of a role. If there is none, the posting
// creates it.
func (p *posting) system(role WalletRole, asset money.Asset) *account {
	key := accountKey{role, asset.Code}
	if id, ok := p.project.accounts.get(key); ok {
		return p.account(id)
	}
	if a, ok := p.made[key]; ok {
		return a
	}
	created := &WalletCreated{
		Project: p.project.ID, Wallet: p.at.Later(len(p.before)).Wallet(), Role: role, Type: Prepaid,
		Asset: asset, Number: p.state.nextNumber(p.at, len(p.made)), Name: string(role) + " " + string(asset.Code),
	}
	p.before = append(p.before, created)
	a := &account{wallet: created.wallet(), balance: asset.Zero()}
	p.accounts[created.Wallet] = a
	if p.made == nil {
		p.made = map[accountKey]*account{}
	}
	p.made[key] = a
	return a
}

// id returns the identifier of the transaction. No fact may be put before the
// transaction afterwards.
func (p *posting) id() ids.Transaction {
	return p.at.Later(len(p.before)).Transaction()
}

// movement is money that goes from one account to another, with its fee.
type movement struct {
	kind      movementKind
	operation int // index of the operation that it belongs to
	from, to  *account
	amount    money.Amount
	entries   entryKinds

	fee   money.Amount // charged to payer, on top; zero: none
	payer *account     // of the fee; nil: from

	take    []LotPart // taken from from; nil: those that expire first
	give    []LotPart // given back to to, as far as there is room
	expires time.Time // of the lot that to receives; zero: none
}

// movementKind is what is special about a movement.
type movementKind uint8

const (
	ordinary  movementKind = iota
	capturing              // spends what a hold had reserved: the hold no longer counts as held, and take are its lots
	payout                 // of an exchange: from is the project's liquidity wallet
	feeReturn              // the amount is a fee that is given back
)

// entryKinds are the kinds of the two entries of a movement.
type entryKinds struct{ out, in EntryKind }

var (
	transferEntries = entryKinds{DebitEntry, CreditEntry}
	issueEntries    = entryKinds{IssueEntry, IssueEntry}
	redeemEntries   = entryKinds{RedeemEntry, RedeemEntry}
)

// move performs a movement, or returns the recorded rule that it breaks.
func (p *posting) move(m *movement) *Rejection {
	if m.payer == nil {
		m.payer = m.from
	}
	fees := p.feeAccount(m.payer, m.fee)
	if rejection := p.check(m, fees); rejection != nil {
		return rejection
	}
	// From here on only the number of lots can stop the movement.
	if p.policy.counted {
		p.count(m.from, m.amount)
	}
	if m.kind == capturing && len(m.take) > 0 {
		own := m.from.own()
		own.lots = own.lots.with(m.take)
	}
	if rejection := p.debit(m.from, Entry{Kind: m.entries.out, Operation: m.operation, Fee: m.kind == feeReturn, Amount: m.amount}, m.take); rejection != nil {
		return rejection
	}
	p.credit(m.to, Entry{Kind: m.entries.in, Operation: m.operation, Fee: m.kind == feeReturn, Amount: m.amount}, m.give, m.expires)
	if fees != nil {
		if rejection := p.debit(m.payer, Entry{Kind: DebitEntry, Operation: m.operation, Fee: true, Amount: m.fee}, nil); rejection != nil {
			return rejection
		}
		p.credit(fees, Entry{Kind: CreditEntry, Operation: m.operation, Fee: true, Amount: m.fee}, nil, time.Time{})
	}
	return nil
}

func (p *posting) check(m *movement, fees *account) *Rejection {
	if !p.policy.agreed {
		var payers []*account
		if !p.policy.fromFrozen {
			payers = []*account{m.from}
		}
		if rejection := checkStatus([]*account{m.from, m.to, fees}, payers...); rejection != nil {
			return rejection
		}
	}
	if rejection := checkAssets(m.from.wallet, m.to.wallet); rejection != nil {
		return rejection
	}
	if rejection := p.checkLimits(m); rejection != nil {
		return rejection
	}
	if rejection := p.checkFunds(m); rejection != nil {
		return rejection
	}
	return checkRange(m, fees)
}

// checkAssets refuses a movement between two assets.
func checkAssets(from, to *Wallet) *Rejection {
	if from.Asset.Code == to.Asset.Code {
		return nil
	}
	return reject(AssetMismatch, "Wallet %s holds %s and wallet %s holds %s: only an exchange converts",
		from.ID, from.Asset.Code, to.ID, to.Asset.Code)
}

// checkRange refuses a balance of too many digits, before or after the fee.
func checkRange(m *movement, fees *account) *Rejection {
	out, in := m.amount, m.amount
	if m.payer == m.from {
		out = out.Add(m.fee)
	}
	if m.to == fees {
		in = in.Add(m.fee)
	}
	switch {
	case !m.from.balance.Sub(out).Fits():
		return outOfRange(m.from.wallet)
	case !m.to.balance.Add(in).Fits():
		return outOfRange(m.to.wallet)
	case fees != nil && !fees.balance.Add(m.fee).Fits():
		return outOfRange(fees.wallet)
	}
	return nil
}

func outOfRange(w *Wallet) *Rejection {
	return reject(BalanceOutOfRange, "The balance of wallet %s would have more than %d digits", w.ID, money.MaxDigits).
		with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code))
}

// checkFunds refuses what is not available to the payers.
func (p *posting) checkFunds(m *movement) *Rejection {
	from := m.from
	if from.wallet.Role != IssuanceWallet && !p.policy.agreed {
		needed := m.amount
		if m.payer == from {
			needed = needed.Add(m.fee)
		}
		available := from.available(p.at.Time)
		if promised := m.kind == capturing && m.fee.IsZero(); available.Cmp(needed) < 0 && !promised {
			return p.lacking(m, available)
		}
	}
	if m.payer != from && !m.fee.IsZero() {
		if available := m.payer.available(p.at.Time).Add(p.gain(m)); available.Cmp(m.fee) < 0 {
			return insufficient(m.payer.wallet, m.amount, m.fee, available)
		}
	}
	return nil
}

// gain returns how much of a movement its recipient can spend. A lot that a
// scheduled transaction grants can have expired already.
func (p *posting) gain(m *movement) money.Amount {
	if m.expires.IsZero() || p.at.Time.Before(m.expires) {
		return m.amount
	}
	own := m.to.activity.clone(m.to.wallet.Asset)
	expired := []LotPart{{Amount: m.amount, ExpiresAt: m.expires}}
	return m.amount.Sub(sumLots(capped(expired, room(m.to.balance.Add(m.amount), own)), m.to.wallet.Asset))
}

func insufficient(w *Wallet, amount, fee, available money.Amount) *Rejection {
	return reject(InsufficientFunds, "Insufficient funds: the amount is %s and the fee %s, %s %s is available", amount, fee, available, w.Asset.Code).
		with("wallet_id", string(w.ID)).with("currency", string(w.Asset.Code)).
		with("amount", amount.String()).with("fee", fee.String()).with("available", available.String())
}

// lacking returns the rejection of a movement that its payer cannot pay. It
// names an account of the project, because the caller did not.
func (p *posting) lacking(m *movement, available money.Amount) *Rejection {
	payer := m.from.wallet
	rejection := insufficient(payer, m.amount, m.fee, available)
	_, exists := p.state.Wallet(payer.ID)
	switch {
	case m.kind == payout && !exists:
		return reject(InsufficientLiquidity, "The project has no liquidity wallet in %s", payer.Asset.Code).
			with("currency", string(payer.Asset.Code)).with("amount", m.amount.String())
	case m.kind == payout:
		rejection.Code = InsufficientLiquidity
		rejection.Message = "Insufficient liquidity of the project" + strings.TrimPrefix(rejection.Message, "Insufficient funds")
	case m.kind == feeReturn:
		rejection.Message = fmt.Sprintf("Insufficient funds of the project's fee account %s: a fee of %s is to be returned, %s %s is available",
			payer.ID, m.amount, available, payer.Asset.Code)
	}
	return rejection
}

// debit takes an amount out of an account, together with the parts of lots that
// take lists; where it is nil, of the lots that expire first. It refuses more than
// MaxLots parts over all entries of the transaction.
func (p *posting) debit(a *account, e Entry, take []LotPart) *Rejection {
	if a.lots() != nil {
		if take == nil {
			take = a.lots().first(e.Amount, p.at.Time)
		}
		if p.lots += len(take); p.lots > MaxLots {
			return tooManyLots(a.wallet)
		}
		if len(take) > 0 {
			own := a.own()
			left, ok := own.lots.without(take)
			if !ok {
				panic("domain: taking a lot that wallet " + string(a.wallet.ID) + " does not have")
			}
			own.lots, e.Lots = left, take
		}
	}
	e.Amount = e.Amount.Neg()
	p.entry(a, e)
	return nil
}

// credit adds an amount to an account. New credit first covers what the wallet
// owes and holds; only the remainder expires.
func (p *posting) credit(a *account, e Entry, give []LotPart, expires time.Time) {
	if !expires.IsZero() {
		give = []LotPart{{Lot: a.version + 1, Amount: e.Amount, ExpiresAt: expires}}
	}
	if len(give) > 0 {
		own := a.own()
		if give = capped(give, room(a.balance.Add(e.Amount), own)); len(give) > 0 {
			if !expires.IsZero() {
				give[0].Original = give[0].Amount
			}
			own.lots, e.Lots = own.lots.with(give), give
		}
	}
	p.entry(a, e)
}

func (p *posting) entry(a *account, e Entry) {
	a.version++
	a.balance = a.balance.Add(e.Amount)
	e.Wallet, e.Version, e.BalanceAfter = a.wallet.ID, a.version, a.balance
	p.entries = append(p.entries, e)
}
