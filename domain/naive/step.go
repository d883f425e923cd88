package naive

import (
	"math/big"
	"time"
)

// flow is money on its way from one wallet to another.
type flow struct {
	from, to *wallet // from is nil where the liquidity wallet it should be does not exist
	amount   *big.Int
	pieces   []piece   // that go; nil: those that expire first
	held     bool      // they were a hold's until now
	bring    []piece   // lots that come back to `to`
	expires  time.Time // of the lot that `to` gets; zero: none
}

// maxLots is how many parts of lots the entries of a transaction take, or a hold.
const maxLots = 2000

// step is one operation under way: one flow, or the two of an exchange, and a fee.
type step struct {
	flows    []flow
	fee      *big.Int
	payer    *wallet
	concerns *wallet // whose status counts as well
	mismatch bool    // its two ends cannot be in one operation
	out      bool    // the limits of who pays hold
	further  bool    // only the counts among them
	in       bool    // the maximum balance of who gets holds
	counted  bool    // it counts against limits
	closing  bool    // takes the last out of a frozen wallet
	expiring bool    // agreed beforehand: no status stands in its way
}

// taken says what a step took, and the lot that it granted.
type taken struct {
	spent, fee []piece // of the first flow, and for the fee
	granted    int
}

// run takes the step, or ends the command with the first broken rule in the
// order of precedence.
func (l *Ledger) run(s step) taken {
	var fees *wallet
	if s.fee == nil {
		s.fee = nothing
	}
	if s.fee.Sign() > 0 {
		fees = l.account(s.payer.project, "fees", s.payer.asset)
	}
	for _, f := range s.flows { // also of an exchange from, or to, the liquidity wallet itself
		l.check(f.from != f.to || s.mismatch, "SAME_WALLET")
	}
	l.checkStatus(s, fees)
	l.check(!s.mismatch, "ASSET_MISMATCH")
	var all taken
	for i, f := range s.flows {
		if f.amount.Sign() == 0 {
			continue // of a reversal: rounding took it with a part before
		}
		l.checkLimits(s, f)
		if i == 0 {
			l.checkFunds(s)
		} else {
			l.check(f.from != nil && l.available(f.from).Cmp(f.amount) >= 0, "INSUFFICIENT_LIQUIDITY")
		}
		if s.counted {
			l.count(f.from, f.amount)
		}
		spent := l.let(&f)
		if i > 0 {
			continue
		}
		all.spent = spent
		if !f.expires.IsZero() {
			all.granted = f.to.version()
			l.grant(f.to, piece{lot: all.granted, amount: f.amount, expires: f.expires})
		}
		if fees != nil {
			all.fee = l.let(&flow{from: s.payer, to: fees, amount: s.fee})
		}
		l.check(l.lots <= maxLots, "BAD_REQUEST")
	}
	return all
}

// let money flow; it returns the pieces that went.
func (l *Ledger) let(f *flow) []piece {
	if f.pieces == nil {
		f.pieces = l.choose(f.from, 0, f.amount)
	}
	if !f.held {
		f.from.removeLots(f.pieces)
	}
	l.lots += len(ofLots(f.pieces))
	l.entry(f.from, minus(nothing, f.amount))
	l.entry(f.to, f.amount)
	l.bringLots(f.to, f.bring)
	return f.pieces
}

// grant makes a new lot, as far as there is room for it: credit covers first what
// is owed or held.
func (l *Ledger) grant(w *wallet, p piece) {
	for _, kept := range l.bringLots(w, []piece{p}) {
		fresh := w.lots[kept.lot]
		fresh.original = fresh.amount
		w.lots[kept.lot] = fresh
	}
}

// checkStatus: closed before disabled before frozen.
func (l *Ledger) checkStatus(s step, fees *wallet) {
	if s.expiring {
		return
	}
	all := []*wallet{s.concerns, fees}
	for _, f := range s.flows {
		all = append(all, f.from, f.to)
	}
	for _, status := range []string{"closed", "disabled"} {
		for _, w := range all {
			if w != nil && w.status == status {
				l.refuse(map[string]string{"closed": "WALLET_CLOSED", "disabled": "WALLET_DISABLED"}[status])
			}
		}
	}
	for _, f := range s.flows {
		l.check(s.closing || f.from == nil || f.from.status != "frozen", "WALLET_FROZEN")
	}
}

// checkFunds: nobody gives what is not available. What a hold reserved is there.
func (l *Ledger) checkFunds(s step) {
	if s.expiring {
		return
	}
	f := s.flows[0]
	if f.from.role != "issuance" {
		needed := f.amount
		if s.payer == f.from {
			needed = plus(needed, s.fee)
		}
		promised := f.held && s.fee.Sign() == 0
		l.check(promised || l.available(f.from).Cmp(needed) >= 0, "INSUFFICIENT_FUNDS")
	}
	if s.payer == f.to && s.fee.Sign() > 0 {
		usable := f.amount
		if !f.expires.IsZero() && l.over(f.expires) { // scheduled, and decided too late: what becomes a lot is lost
			usable = minus(usable, least(usable, l.room(f.to, plus(f.to.balance(), f.amount))))
		}
		l.check(plus(l.available(s.payer), usable).Cmp(s.fee) >= 0, "INSUFFICIENT_FUNDS")
	}
}
