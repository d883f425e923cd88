package events_test

import (
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func (r random) operation() domain.PostedOperation {
	asset, scale := money.AssetCode("A"+r.text()), r.IntN(19)
	other := func() money.Amount { return r.money(money.AssetCode("B"+r.text()), r.IntN(19)) }
	return domain.PostedOperation{
		Type:   one(r, domain.Issue, domain.Redeem, domain.Transfer, domain.Exchange),
		Sender: ids.Wallet(r.maybe()), Recipient: ids.Wallet(r.maybe()),
		Amount: r.money(asset, scale), Fee: money.New(asset, int64(r.IntN(3)), scale), FeeReturned: maybe(r, other), Received: maybe(r, other),
		Rate:      maybe(r, func() money.Rate { return must(money.ParseRate("1" + r.digits(r.IntN(19))[1:])) }),
		ExpiresAt: maybe(r, r.moment), Grant: r.coin(),
	}
}

func (r random) operations() []domain.PostedOperation {
	return append(several(r, 3, r.operation), r.operation())
}

func (r random) lot(asset money.AssetCode, scale int) domain.LotPart {
	return domain.LotPart{Lot: 1 + r.Uint64N(1<<63), Amount: r.money(asset, scale), Original: r.money(asset, scale), ExpiresAt: r.moment()}
}

func (r random) lots(asset money.AssetCode, scale int) []domain.LotPart {
	return several(r, 2, func() domain.LotPart { return r.lot(asset, scale) })
}

func (r random) entries(operations []domain.PostedOperation) []domain.Entry {
	entries := make([]domain.Entry, 1+r.IntN(6))
	for i := range entries {
		operation := r.IntN(len(operations))
		amount := operations[operation].Amount
		if r.IntN(4) == 0 {
			amount = money.New(money.AssetCode("B"+r.text()), 0, r.IntN(19))
		}
		entries[i] = domain.Entry{
			Wallet: ids.Wallet(r.text()), Version: 1 + r.Uint64N(1<<63), Operation: operation, Fee: r.coin(),
			Kind:   one(r, domain.IssueEntry, domain.RedeemEntry, domain.DebitEntry, domain.CreditEntry),
			Amount: r.money(amount.Asset(), amount.Scale()), BalanceAfter: r.money(amount.Asset(), amount.Scale()),
			Lots: r.lots(amount.Asset(), amount.Scale()),
		}
	}
	return entries
}

func (r random) failure() domain.Rejection {
	return domain.Rejection{
		Code: one(r, domain.Codes...), Message: r.maybe(), Operation: r.IntN(3) + domain.NoOperation,
		Details: several(r, 2, func() domain.Detail { return domain.Detail{Name: r.text(), Value: r.text()} }),
	}
}

func (r random) origin() domain.Origin {
	return domain.Origin{ID: r.text(), Kind: one(r,
		domain.CaptureOrigin, domain.EscrowOrigin, domain.ReleaseOrigin, domain.RefundOrigin, domain.ExpiryOrigin,
		domain.ReversalOrigin, domain.ClosingOrigin, domain.SettlementOrigin, domain.ScheduleOrigin,
	)}
}

func (r random) reversed() domain.ReversedOperation {
	asset, scale := money.AssetCode(r.text()), r.IntN(19)
	return domain.ReversedOperation{
		Operation: r.IntN(1000), Amount: r.money(asset, scale), Fee: money.New(asset, int64(r.IntN(3)), scale),
		Received: maybe(r, func() money.Amount { return r.money(money.AssetCode(r.text()), r.IntN(19)) }),
	}
}

func (r random) transactionFact() domain.Event {
	project, id, reference, operations := ids.Project(r.text()), ids.Transaction(r.text()), ids.Reference(r.text()), r.operations()
	switch r.IntN(8) {
	case 0:
		origin := maybe(r, r.origin)
		if r.IntN(4) == 0 {
			origin = domain.Origin{Kind: domain.EscrowOrigin} // an escrow that was never created
		}
		return &domain.TransactionFailed{
			Project: project, Transaction: id, Reference: reference, Origin: origin, Operations: operations,
			Failure: r.failure(), EffectiveAt: maybe(r, r.moment), Description: r.maybe(), Metadata: r.metadata(),
		}
	case 1:
		return &domain.TransactionScheduled{
			Project: project, Transaction: id, Reference: reference, Operations: operations, ScheduledFor: r.moment(),
			Description: r.maybe(), Metadata: r.metadata(),
		}
	case 2:
		return &domain.TransactionCancelled{Project: project, Transaction: id, Actor: r.maybe(), Reason: r.maybe()}
	case 3:
		return &domain.TransactionReversed{
			Project: project, Transaction: id, Reversal: ids.Transaction(r.text()), Whole: r.coin(),
			Operations: append(several(r, 2, r.reversed), r.reversed()),
		}
	}
	return &domain.TransactionCompleted{
		Project: project, Transaction: id, Reference: reference, Origin: maybe(r, r.origin), Operations: operations,
		Entries: r.entries(operations), EffectiveAt: maybe(r, r.moment),
		Date:        maybe(r, func() string { return r.moment().Format("2006-01-02") }),
		Description: r.maybe(), Metadata: r.metadata(),
	}
}

// dealing returns a fact of expiring credit, a hold, an escrow or a monitor.
func (r random) dealing() domain.Event {
	project, wallet, asset, scale := ids.Project(r.text()), ids.Wallet(r.text()), money.AssetCode(r.text()), r.IntN(19)
	transaction, hold := ids.Transaction(r.text()), ids.Hold(r.text())
	amount, remaining := r.money(asset, scale), r.money(asset, scale)
	lots, kept := r.lots(asset, scale), r.lots(asset, scale)
	switch r.IntN(5) {
	case 0:
		return &domain.CreditExpiring{Project: project, Wallet: wallet, Lot: r.lot(asset, scale)}
	case 1:
		return &domain.HoldPlaced{
			Project: project, Hold: hold, Wallet: wallet, Reference: ids.Reference(r.text()), Amount: amount, Lots: lots,
			ExpiresAt: maybe(r, r.moment), Description: r.maybe(), Metadata: r.metadata(),
		}
	case 2:
		return &domain.HoldCaptured{
			Project: project, Hold: hold, Wallet: wallet, Transaction: transaction, Amount: amount, Lots: lots, Kept: kept, Remaining: remaining,
		}
	case 3:
		return &domain.HoldReleased{
			Project: project, Hold: hold, Wallet: wallet, Amount: amount, Lots: lots, Kept: kept, Remaining: remaining, Expired: r.coin(),
		}
	}
	if r.coin() {
		return r.escrowFact(project, amount, remaining, lots)
	}
	return r.monitorFact(project, wallet, amount, remaining)
}

func (r random) escrowFact(project ids.Project, amount, remaining money.Amount, lots []domain.LotPart) domain.Event {
	escrow, transaction := ids.Escrow(r.text()), ids.Transaction(r.text())
	switch r.IntN(4) {
	case 0:
		created := &domain.EscrowCreated{
			Project: project, Escrow: escrow, Transaction: transaction, Sender: ids.Wallet(r.text()), Recipient: ids.Wallet(r.text()),
			Amount: amount, Lots: lots, Approval: r.coin(),
		}
		if r.coin() {
			created.Deadline, created.AtDeadline = r.moment(), one(r, domain.ReleaseAtDeadline, domain.RefundAtDeadline)
		}
		return created
	case 1:
		return &domain.EscrowApproved{Project: project, Escrow: escrow, Party: one(r, domain.EscrowSender, domain.EscrowRecipient), Actor: r.maybe()}
	case 2:
		return &domain.EscrowReleased{
			Project: project, Escrow: escrow, Transaction: transaction, Amount: amount, Kept: lots, Remaining: remaining, AtDeadline: r.coin(),
		}
	}
	return &domain.EscrowRefunded{
		Project: project, Escrow: escrow, Transaction: transaction, Amount: amount, Kept: lots, Remaining: remaining, AtDeadline: r.coin(),
	}
}

func (r random) monitorFact(project ids.Project, wallet ids.Wallet, threshold, value money.Amount) domain.Event {
	id, metric := ids.Monitor(r.text()), one(r, domain.BalanceMetric, domain.AvailableMetric, domain.HeldMetric)
	switch r.IntN(3) {
	case 0:
		return &domain.MonitorSet{Project: project, Wallet: wallet, Monitor: domain.Monitor{ID: id, Metric: metric, Threshold: threshold, Above: r.coin()}}
	case 1:
		return &domain.MonitorRemoved{Project: project, Wallet: wallet, Monitor: id}
	}
	return &domain.MonitorTriggered{Project: project, Wallet: wallet, Monitor: id, Metric: metric, Threshold: threshold, Value: value, Above: r.coin()}
}
