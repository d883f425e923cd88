package naive

// leads says where a change of status leads from where.
var leads = map[string]string{
	"freeze active": "frozen", "freeze frozen": "frozen",
	"unfreeze frozen": "active", "unfreeze active": "active",
	"disable active": "disabled", "disable frozen": "disabled", "disable disabled": "disabled",
	"enable active": "active", "enable frozen": "frozen", // of a disabled one: what it was before
}

var refused = map[string]string{"closed": "WALLET_CLOSED", "disabled": "WALLET_DISABLED", "frozen": "WALLET_FROZEN"}

func (l *Ledger) changeStatus(c ChangeStatus) bool {
	l.check(c.Change == "freeze" || c.Change == "unfreeze" || c.Change == "disable" || c.Change == "enable", "BAD_REQUEST")
	w := l.walletOf(c.Project, c.Wallet)
	l.check(w.role != "escrow" && w.role != "breakage", "BAD_REQUEST")
	old, next := w.status, leads[c.Change+" "+w.status]
	if c.Change == "enable" && old == "disabled" {
		next = w.before
	}
	l.check(next != "", refused[w.status])
	if old != "disabled" {
		w.before = old
	}
	w.status = next
	return old != next
}

// promised tells whether a wallet has holds or a part in open escrows.
func (l *Ledger) promised(w *wallet) bool {
	if l.holdsOf(w) > 0 {
		return true
	}
	for _, e := range l.escrows {
		if e.ended == "" && (e.from == w.name || e.to == w.name) {
			return true
		}
	}
	return false
}

func (l *Ledger) closeWallet(c CloseWallet) (bool, *refusal) {
	l.check(c.RefundTo == "" || !c.Redeem, "BAD_REQUEST")
	goes := c.RefundTo != "" || c.Redeem
	l.check(!goes || c.Reference != "", "BAD_REQUEST")
	l.projectOf(c.Project)
	w := l.walletOf(c.Project, c.Wallet)
	if w.status == "closed" {
		return false, nil
	}
	l.check(w.role == "customer" || w.role == "system", "BAD_REQUEST")
	left := w.balance()
	if !goes || left.Sign() == 0 {
		l.check(left.Sign() == 0 && !l.promised(w), "WALLET_NOT_EMPTY")
		w.status = "closed"
		return true, nil
	}
	l.unused(c.Project, c.Reference)
	if c.RefundTo != "" {
		l.nameable(l.walletOf(c.Project, c.RefundTo))
	}
	l.check(left.Sign() > 0 && !l.promised(w) && l.available(w).Cmp(plus(left, w.credit)) == 0, "WALLET_NOT_EMPTY")
	l.check(w.status != "disabled", "WALLET_DISABLED")
	operation := &posted{Operation: Operation{Type: "transfer", From: c.Wallet, To: c.RefundTo}, amount: left}
	if c.Redeem {
		operation.Type = "redeem"
	}
	broken := l.perform("t"+l.tag, &transaction{project: c.Project, reference: c.Reference, origin: "closing", operations: []*posted{operation}})
	if broken == nil {
		l.wallets[c.Wallet].status = "closed"
	}
	return true, broken
}
