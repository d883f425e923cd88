package events_test

import (
	"maps"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

const (
	project = ids.Project("proj_00000000g0003")
	wallet  = ids.Wallet("wall_00000002g0003")
	other   = ids.Wallet("wall_00000003g0003")
)

var (
	asked    = domain.Asked{By: "key_00000001g0003"}
	metadata = domain.Metadata{"order": "A-17", "note": "for \"Ama\" <é>"}
	points   = money.Asset{Code: "POINTS", Scale: 0, Name: "Points", Symbol: "PT", NumericID: 9001}
	transfer = domain.PostedOperation{Type: domain.Transfer, Sender: wallet, Recipient: other, Amount: usd(10000), Fee: usd(150)}
	failure  = domain.Rejection{
		Code: domain.InsufficientFunds, Message: "Insufficient funds", Operation: 0,
		Details: []domain.Detail{{Name: "wallet_id", Value: string(wallet)}, {Name: "available", Value: "100.00"}},
	}
)

func usd(minor int64) money.Amount { return money.New("USD", minor, 2) }

func ghs(minor int64) money.Amount { return money.New("GHS", minor, 2) }

// must returns the value, and panics if ok is false.
func must[T any](value T, ok bool) T {
	if !ok {
		panic("not what it says")
	}
	return value
}

func percentage(text string) money.Percentage { return must(money.ParsePercentage(text)) }

func major(text string) money.Quantity { return must(money.MajorUnits(text)) }

func zone(name string) *time.Location {
	zone, err := time.LoadLocation(name)
	return must(zone, err == nil)
}

// at returns a time in March 2026.
func at(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }

func lot(version uint64, amount, original int64, day int) domain.LotPart {
	return domain.LotPart{Lot: version, Amount: usd(amount), Original: usd(original), ExpiresAt: at(day, 12).Add(time.Microsecond)}
}

// goldens are the facts of the golden files, with every field set.
func goldens() map[string]domain.Event {
	all := map[string]domain.Event{}
	for _, some := range []map[string]domain.Event{goldenProjects(), goldenWallets(), goldenTransactions(), goldenDealings()} {
		maps.Copy(all, some)
	}
	for _, fact := range all {
		domain.Ascribe([]domain.Event{fact}, asked.By)
	}
	return all
}

var (
	fees = []domain.FeeRule{
		{Operation: domain.Transfer, Percentage: percentage("1.5"), Fixed: major("0.10"), Minimum: major("0.25"), Maximum: major("20")},
		{Operation: domain.Transfer, Currency: "JPY", Percentage: percentage("2.00"), Fixed: major("10")},
		{Operation: domain.Exchange, Percentage: percentage("0.5")},
	}
	limits = domain.Limits{
		MaximumBalance: major("10000.00"), MaximumAmount: major("2000"), DailyAmount: major("5000"), MonthlyAmount: major("0"),
		DailyCount: domain.NewCount(20), MonthlyCount: domain.NewCount(0),
	}
	terms = domain.Terms{
		CreditLimit: ghs(50000), Fees: fees[:1], Limits: limits,
		Settlement: domain.Settlement{Period: domain.Monthly, Day: 31, Next: at(31, 0)},
	}
)

func goldenProjects() map[string]domain.Event {
	settings := domain.ProjectSettings{
		Name: "Shop", Currency: "GHS", Locale: "en-GH", Zone: zone("Africa/Accra"), OneWalletPerCustomer: true, Fees: fees, OwnTransfersFree: true,
		Limits:       []domain.CurrencyLimits{{Currency: "GHS", Limits: limits}, {Currency: "JPY", Limits: domain.Limits{DailyCount: domain.NewCount(3)}}},
		ExpiryNotice: 7 * 24 * time.Hour, Backdating: 90 * time.Second,
	}
	return map[string]domain.Event{
		"project.created.v1":    &domain.ProjectCreated{Project: project, Settings: settings},
		"project.changed.v1":    &domain.ProjectChanged{Project: project, Settings: settings},
		"credential.created.v1": &domain.CredentialCreated{Project: project, Key: "key_00000001g0003", Name: "till 1", SecretHash: events.HashOf([]byte("secret"))},
		"credential.revoked.v1": &domain.CredentialRevoked{Project: project, Key: "key_00000001g0003"},
		"asset.defined.v1":      &domain.AssetDefined{Project: project, Asset: points},
		"customer.upserted.v1": &domain.CustomerUpserted{Project: project, Customer: "ama", Profile: domain.Profile{
			Username: "ama", Phone: "+233201234567", Email: "ama@example.com", Name: "Ama Mensah", Description: "a regular", Role: "buyer", Metadata: metadata,
		}},
	}
}

func goldenWallets() map[string]domain.Event {
	return map[string]domain.Event{
		"wallet.created.v1": &domain.WalletCreated{
			Project: project, Wallet: wallet, Customer: "ama", Role: domain.CustomerWallet, Type: domain.Postpaid,
			Asset:  money.Asset{Code: "GHS", Scale: 2, Name: "Cedi", Symbol: "₵", NumericID: 936},
			Number: 12, Name: "Savings", Metadata: metadata, Terms: terms,
		},
		"wallet.changed.v1":        &domain.WalletChanged{Project: project, Wallet: wallet, Name: "Travel", Metadata: metadata, Terms: terms},
		"wallet.status_changed.v1": &domain.WalletStatusChanged{Project: project, Wallet: wallet, Status: domain.Closed, Actor: "support", Reason: "moved away"},
		"settlement.due.v1":        &domain.SettlementDue{Project: project, Wallet: wallet, Amount: ghs(12345), PeriodEnd: at(1, 0), Next: at(31, 0)},
	}
}

func goldenTransactions() map[string]domain.Event {
	points := func(n int64) money.Amount { return money.New("POINTS", n, 0) }
	exchange := domain.PostedOperation{
		Type: domain.Exchange, Sender: wallet, Recipient: other, Amount: usd(1000), Fee: usd(5), Received: points(120), Rate: must(money.ParseRate("12.05")),
	}
	issue := domain.PostedOperation{Type: domain.Issue, Recipient: wallet, Amount: usd(2500), Fee: usd(0), ExpiresAt: at(31, 12).Add(time.Microsecond), Grant: true}
	return map[string]domain.Event{
		"transaction.completed.v1": &domain.TransactionCompleted{
			Project: project, Transaction: "tx_0000000a80003", Reference: "order-17", Origin: domain.Origin{Kind: domain.ScheduleOrigin, ID: "tx_0000000b80003"},
			Operations: []domain.PostedOperation{
				issue, transfer, exchange,
				{Type: domain.Redeem, Sender: other, Amount: usd(500), Fee: usd(0), FeeReturned: usd(25)},
				{Type: domain.Exchange, Sender: other, Recipient: wallet, Amount: points(0), Fee: points(0), Received: usd(1), FeeReturned: usd(0)},
			},
			Entries: []domain.Entry{
				{Wallet: "wall_issuance", Version: 1, Kind: domain.IssueEntry, Amount: usd(-2500), BalanceAfter: usd(-2500)},
				{Wallet: wallet, Version: 4, Kind: domain.IssueEntry, Amount: usd(2500), BalanceAfter: usd(12500), Lots: []domain.LotPart{lot(4, 2500, 2500, 31)}},
				{Wallet: wallet, Version: 5, Kind: domain.DebitEntry, Operation: 1, Amount: usd(-10000), BalanceAfter: usd(2500), Lots: []domain.LotPart{lot(2, 100, 700, 30), lot(4, 2500, 2500, 31)}},
				{Wallet: other, Version: 1, Kind: domain.CreditEntry, Operation: 1, Amount: usd(10000), BalanceAfter: usd(10000)},
				{Wallet: wallet, Version: 6, Kind: domain.DebitEntry, Operation: 1, Fee: true, Amount: usd(-150), BalanceAfter: usd(2350)},
				{Wallet: "wall_fees", Version: 1, Kind: domain.CreditEntry, Operation: 1, Fee: true, Amount: usd(150), BalanceAfter: usd(150)},
				{Wallet: "wall_liquidity", Version: 9, Kind: domain.DebitEntry, Operation: 2, Amount: points(-120), BalanceAfter: points(880)},
				{Wallet: other, Version: 2, Kind: domain.CreditEntry, Operation: 2, Amount: points(120), BalanceAfter: points(120)},
			},
			EffectiveAt: at(5, 23).Add(time.Nanosecond), Date: "2026-03-06", Description: "Dinner split", Metadata: metadata,
		},
		"transaction.failed.v1": &domain.TransactionFailed{
			Project: project, Transaction: "tx_0000000a80103", Reference: "order-18", Origin: domain.Origin{Kind: domain.CaptureOrigin, ID: "hold_0000000180003"},
			Operations: []domain.PostedOperation{exchange}, Failure: failure, EffectiveAt: at(5, 23), Description: "Dinner split", Metadata: metadata,
		},
		"transaction.scheduled.v1": &domain.TransactionScheduled{
			Project: project, Transaction: "tx_0000000a80203", Reference: "order-19", Operations: []domain.PostedOperation{issue, exchange},
			ScheduledFor: at(20, 8), Description: "Allowance", Metadata: metadata,
		},
		"transaction.cancelled.v1": &domain.TransactionCancelled{Project: project, Transaction: "tx_0000000a80203", Actor: "ama", Reason: "changed her mind"},
		"transaction.reversed.v1": &domain.TransactionReversed{
			Project: project, Transaction: "tx_0000000a80003", Reversal: "tx_0000000c80003", Whole: true,
			Operations: []domain.ReversedOperation{
				{Operation: 2, Amount: usd(1000), Received: points(120), Fee: usd(5)},
				{Operation: 0, Amount: usd(2500), Fee: usd(0)},
			},
		},
	}
}

func goldenDealings() map[string]domain.Event {
	const hold, escrow, monitor = "hold_0000000180003", "esc_0000000280103", "mon_0000000380003"
	lots, kept := []domain.LotPart{lot(4, 300, 2500, 31)}, []domain.LotPart{lot(4, 200, 2500, 31), lot(7, 1, 1, 30)}
	return map[string]domain.Event{
		"credit.expiring.v1": &domain.CreditExpiring{Project: project, Wallet: wallet, Lot: lot(4, 2000, 2500, 31)},
		"hold.placed.v1": &domain.HoldPlaced{
			Project: project, Hold: hold, Wallet: wallet, Reference: "room-9", Amount: usd(1000), Lots: lots, ExpiresAt: at(13, 9),
			Description: "Deposit", Metadata: metadata,
		},
		"hold.captured.v1": &domain.HoldCaptured{
			Project: project, Hold: hold, Wallet: wallet, Transaction: "tx_0000000d80103", Amount: usd(300), Lots: lots, Kept: kept, Remaining: usd(700),
		},
		"hold.released.v1": &domain.HoldReleased{
			Project: project, Hold: hold, Wallet: wallet, Amount: usd(700), Lots: lots, Kept: kept, Remaining: usd(0), Expired: true,
		},
		"escrow.created.v1": &domain.EscrowCreated{
			Project: project, Escrow: escrow, Transaction: "tx_0000000e80003", Sender: wallet, Recipient: other, Amount: usd(4000), Lots: lots,
			Deadline: at(25, 17), AtDeadline: domain.RefundAtDeadline, Approval: true,
		},
		"escrow.approved.v1": &domain.EscrowApproved{Project: project, Escrow: escrow, Party: domain.EscrowRecipient, Actor: "kofi"},
		"escrow.released.v1": &domain.EscrowReleased{
			Project: project, Escrow: escrow, Transaction: "tx_0000000f80003", Amount: usd(1500), Kept: kept, Remaining: usd(2500), AtDeadline: true,
		},
		"escrow.refunded.v1": &domain.EscrowRefunded{
			Project: project, Escrow: escrow, Transaction: "tx_0000000g80003", Amount: usd(2500), Kept: kept, Remaining: usd(0), AtDeadline: true,
		},
		"monitor.set.v1": &domain.MonitorSet{Project: project, Wallet: wallet, Monitor: domain.Monitor{
			ID: monitor, Metric: domain.AvailableMetric, Threshold: usd(-500), Above: true,
		}},
		"monitor.removed.v1": &domain.MonitorRemoved{Project: project, Wallet: wallet, Monitor: monitor},
		"monitor.triggered.v1": &domain.MonitorTriggered{
			Project: project, Wallet: wallet, Monitor: monitor, Metric: domain.HeldMetric, Threshold: usd(500), Value: usd(501), Above: true,
		},
	}
}
