package domain

import (
	"math/rand/v2"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// dealing is a command about holds, escrows, reversals, settlements, monitors, or
// the end of a wallet.
func (h *history) dealing(r *rand.Rand, project ids.Project) Command {
	wallet := h.wallet(r, project)
	switch n := r.IntN(40); {
	case n < 7:
		return PlaceHold{Project: project, Wallet: wallet, Reference: reference(r), Quantity: quantity(r), ExpiresAt: h.ahead(r)}
	case n < 15:
		return h.endHold(r, project)
	case n < 26:
		return h.escrow(r, project)
	case n < 31:
		return h.reverse(r, project)
	case n < 33:
		return h.settle(r, project)
	case n < 35:
		return CancelScheduled{Project: project, Transaction: pickOr(r, "tx_none", h.scheduled)}
	case n < 36:
		c := CloseWallet{Project: project, Wallet: wallet, Redeem: oneIn(2, r), Reference: reference(r)}
		if !c.Redeem {
			c.Recipient = h.walletOrNone(r, project)
		}
		return c
	case n < 37 && len(h.monitors) > 0:
		m := pick(r, h.monitors)
		return RemoveMonitor{m.Project, m.Wallet, m.Monitor.ID}
	}
	threshold, _ := money.MajorUnits(pick(r, []string{"0", "1", "10", "-5", "150"}))
	return SetMonitor{project, wallet, pick(r, []MonitorMetric{BalanceMetric, AvailableMetric, HeldMetric}), threshold}
}

// settle is mostly of one who owes.
func (h *history) settle(r *rand.Rand, project ids.Project) Command {
	c := Settle{Project: project, Wallet: h.wallet(r, project), Reference: reference(r), Quantity: some(r)}
	for _, id := range h.wallets {
		if a := h.accounts[id]; a.balance.Sign() < 0 && a.wallet.Type == Postpaid && oneIn(2, r) {
			c.Project, c.Wallet = a.wallet.Project, id
		}
	}
	if oneIn(2, r) {
		c.Sender = h.other(r, c.Project, c.Wallet, false)
	}
	return c
}

func (h *history) walletOrNone(r *rand.Rand, project ids.Project) ids.Wallet {
	if oneIn(2, r) {
		return ""
	}
	return h.wallet(r, project)
}

// some is a quantity, or none: all.
func some(r *rand.Rand) money.Quantity {
	if oneIn(3, r) {
		return money.Quantity{}
	}
	return quantity(r)
}

func (h *history) endHold(r *rand.Rand, project ids.Project) Command {
	hold := pickOr(r, "hold_none", h.holds)
	if known, ok := h.state.holds.get(hold); ok && !oneIn(10, r) {
		project = known.Project
	}
	if oneIn(3, r) {
		return ReleaseHold{project, hold, some(r)}
	}
	return CaptureHold{
		Project: project, Hold: hold, Recipient: h.walletOrNone(r, project), Reference: reference(r), Quantity: some(r), ReleaseRest: oneIn(3, r),
	}
}

func (h *history) escrow(r *rand.Rand, project ids.Project) Command {
	if oneIn(2, r) || len(h.escrows) == 0 {
		c := CreateEscrow{
			Project: project, Sender: h.wallet(r, project), Reference: reference(r), Quantity: quantity(r), Deadline: h.ahead(r), Approval: oneIn(4, r),
		}
		if !c.Deadline.IsZero() {
			c.AtDeadline = pick(r, []EscrowEnd{"", ReleaseAtDeadline, RefundAtDeadline})
		}
		if oneIn(5, r) {
			c.RecipientIdentifier = pick(r, someIdentifiers)
		} else {
			c.Recipient = h.other(r, project, c.Sender, false)
		}
		return c
	}
	id := pick(r, h.escrows)
	if known, ok := h.state.escrows.get(id); ok {
		project = known.Project
	}
	if oneIn(3, r) {
		return ApproveEscrow{Project: project, Escrow: id, Party: pick(r, []EscrowParty{EscrowSender, EscrowRecipient})}
	}
	return EndEscrow{Project: project, Escrow: id, How: pick(r, []EscrowEnd{ReleaseAtDeadline, RefundAtDeadline}), Reference: reference(r), Quantity: some(r)}
}

func (h *history) reverse(r *rand.Rand, project ids.Project) Command {
	c := &Reverse{Project: project, Reference: reference(r), ReturnFees: oneIn(2, r)}
	if len(h.completed) == 0 {
		return c
	}
	c.Original = h.completed[pick(r, h.transactions)]
	if !oneIn(20, r) {
		c.Project = c.Original.Project
	}
	for i := range c.Original.Operations {
		if oneIn(3, r) {
			c.Parts = append(c.Parts, ReversalPart{i, some(r)})
		}
	}
	return c
}
