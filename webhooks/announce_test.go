package webhooks

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// told is an event as a receiver reads it.
type told struct {
	Type string
	Data map[string]any
}

// told returns the events of the last n commits, in order.
func (b *book) told(n int) (all []told) {
	b.t.Helper()
	since := ids.Location{Sequence: b.cursor.Sequence - uint64(n) + 1}.ID("evt_")
	for _, m := range allMessages(b.t.(*testing.T), b.log, b.project) {
		if m.id < since {
			continue
		}
		var event told
		if err := json.Unmarshal(m.body, &event); err != nil {
			b.t.Fatal(err)
		}
		all = append(all, event)
	}
	return all
}

func kindsOf(all []told) (kinds []string) {
	for _, event := range all {
		kinds = append(kinds, event.Type)
	}
	return kinds
}

func wantKinds(t *testing.T, all []told, want ...string) {
	t.Helper()
	if got := kindsOf(all); !slices.Equal(got, want) {
		t.Errorf("events %v,\nwant %v", got, want)
	}
}

// only returns the one event of a type.
func only(t *testing.T, all []told, kind string) told {
	t.Helper()
	all = slices.DeleteFunc(slices.Clone(all), func(event told) bool { return event.Type != kind })
	if len(all) != 1 {
		t.Fatalf("%d events %s", len(all), kind)
	}
	return all[0]
}

// at follows a path of names and numbers; "(none)" where it leads nowhere.
func (e told) at(path string) string {
	var value any = e.Data
	for name := range strings.SplitSeq(path, ".") {
		switch of := value.(type) {
		case map[string]any:
			inner, ok := of[name]
			if !ok {
				return "(none)"
			}
			value = inner
		case []any:
			var index int
			if _, err := fmt.Sscan(name, &index); err != nil || index >= len(of) {
				return "(none)"
			}
			value = of[index]
		default:
			return "(none)"
		}
	}
	return fmt.Sprint(value)
}

// want compares values at paths.
func (e told) want(t *testing.T, pairs ...string) {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if got := e.at(pairs[i]); got != pairs[i+1] {
			t.Errorf("%s: %s is %s, want %s", e.Type, pairs[i], got, pairs[i+1])
		}
	}
}

// What a wallet was before says what happened to it.
func TestStatusEvents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	changes := []domain.StatusChange{
		domain.Freeze, domain.Freeze, domain.Unfreeze, // repeating does nothing
		domain.Disable, domain.Enable,
		domain.Freeze, domain.Disable, domain.Enable, // it is frozen again
		domain.Unfreeze,
	}
	for _, change := range changes {
		b.do(domain.ChangeStatus{Project: b.project, Wallet: ama, Change: change, Actor: "ops", Reason: string(change)})
	}
	b.do(domain.CloseWallet{Project: b.project, Wallet: ama, Reason: "close"})
	all := b.told(len(changes) + 1)
	wantKinds(t, all, walletFrozen, walletUnfrozen, walletDisabled, walletEnabled, walletFrozen, walletDisabled, walletEnabled, walletUnfrozen, walletClosed)
	for i, status := range []string{"frozen", "active", "disabled", "active", "frozen", "disabled", "frozen", "active", "closed"} {
		all[i].want(t, "wallet.status", status, "wallet.balance", "(none)")
	}
	all[1].want(t, "actor", "ops", "reason", "unfreeze")
}

// The status of one commit is seen by the next fact of the same commit.
func TestStatusWithinACommit(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	name := "Ama's"
	b.do(
		domain.ChangeStatus{Project: b.project, Wallet: ama, Change: domain.Freeze},
		domain.ChangeWallet{Project: b.project, Wallet: ama, Name: &name},
		domain.ChangeStatus{Project: b.project, Wallet: ama, Change: domain.Unfreeze},
	)
	all := b.told(1)
	wantKinds(t, all, walletFrozen, walletUpdated, walletUnfrozen)
	all[1].want(t, "wallet.status", "frozen", "wallet.name", name)
	all[2].want(t, "wallet.status", "active", "wallet.name", name)
}

func TestTermsOfAWallet(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	one, two := percentage(t, "1"), percentage(t, "2")
	b.do(domain.ChangeWallet{Project: b.project, Wallet: ama, Terms: domain.TermsChange{
		Fees: []domain.FeeRule{
			{Operation: domain.Transfer, Percentage: one}, {Operation: domain.Issue, Fixed: quantity(t, "0.50")},
			{Operation: domain.Transfer, Currency: "JPY", Percentage: two, Minimum: quantity(t, "10")},
		},
		Limits: &domain.Limits{MaximumBalance: quantity(t, "1000"), DailyCount: domain.NewCount(0)},
	}})
	b.do(domain.CreateWallet{Project: b.project, System: true, Type: domain.Postpaid, Terms: domain.TermsChange{
		CreditLimit: quantity(t, "5"), Settlement: &domain.Settlement{Period: domain.Monthly, Day: 31},
	}})
	all := b.told(2)
	wantKinds(t, all, walletUpdated, walletCreated)
	all[0].want(t,
		"wallet.fees.transfer", "map[currencies:map[JPY:map[minimum:10 percentage:2]] percentage:1]",
		"wallet.fees.issue", "map[fixed:0.50 percentage:0]",
		"wallet.limits", "map[daily_count:0 maximum_balance:1000]",
		"wallet.credit_limit", "(none)", "wallet.type", "PREPAID", "wallet.settlement", "(none)")
	all[1].want(t, "wallet.type", "POSTPAID", "wallet.credit_limit", "5.00", "wallet.credit_limit_minor", "500",
		"wallet.settlement.next_at", "2026-11-30T00:00:00Z", "wallet.fees", "(none)", "wallet.version", "0")
}

func TestSettlementIsDueAboveZeroOnly(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.wallet("ama")
	kofi := b.wallet("kofi")
	b.do(domain.UpsertCustomer{Project: b.project, Customer: "esi"})
	esi := created(b.do(domain.CreateWallet{Project: b.project, Customer: "esi", Type: domain.Postpaid, Terms: domain.TermsChange{
		CreditLimit: quantity(t, "100"), Settlement: &domain.Settlement{Period: domain.Weekly, Day: 1},
	}}))
	b.wait(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	if due := b.do(domain.CallSettlement{Project: b.project, Wallet: esi}); len(due) != 1 {
		t.Fatal("the period did not end")
	}
	wantKinds(t, b.told(1))
	b.do(b.transfer(esi, kofi, "10"))
	b.wait(time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC))
	b.do(domain.CallSettlement{Project: b.project, Wallet: esi})
	wantKinds(t, b.told(1), walletSettlementDue)
	b.told(1)[0].want(t, "settlement.amount_due", "10.10", "settlement.next_at", "2026-12-07T00:00:00Z", "wallet.id", string(esi))
}

func TestCreditGranted(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	expires := b.now().Add(time.Hour)
	issue := func(o domain.Operation) domain.Operation {
		o.Type, o.Recipient, o.Quantity = domain.Issue, ama, quantity(t, "10")
		return o
	}
	b.do(b.transact(issue(domain.Operation{}), issue(domain.Operation{Grant: true}), issue(domain.Operation{ExpiresAt: expires})))
	all := b.told(1)
	wantKinds(t, all, transactionCompleted, walletBalanceUpdated, walletCreditGranted, walletCreditGranted)
	all[0].want(t, "transaction.operations.0.grant", "(none)", "transaction.operations.1.grant", "true",
		"transaction.operations.1.expires_at", "(none)", "transaction.operations.2.expires_at", expires.Format(time.RFC3339))
	all[2].want(t, "credit.amount_minor", "1000", "credit.grant", "true", "credit.expires_at", "<nil>", "lot", "<nil>",
		"wallet.balance", "20.00", "wallet.version", "2", "transaction.reference", "ref-1")
	all[3].want(t, "credit.grant", "false", "credit.expires_at", expires.Format(time.RFC3339),
		"lot.id", ids.Lot(ama, 3), "lot.original", "10.00", "wallet.balance", "30.00", "wallet.version", "3")
}

// Of credit that pays a debt only the rest is a lot.
func TestCreditThatPaysADebt(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	kofi := b.wallet("kofi")
	ama := created(b.do(domain.CreateWallet{Project: b.project, Customer: "ama", Type: domain.Postpaid, Terms: domain.TermsChange{CreditLimit: quantity(t, "50")}}))
	b.do(b.transfer(ama, kofi, "10")) // and 0.10 as a fee
	b.do(b.transact(domain.Operation{Type: domain.Issue, Recipient: ama, Quantity: quantity(t, "15"), Grant: true, ExpiresAt: b.now().Add(time.Hour)}))
	only(t, b.told(1), walletCreditGranted).want(t, "credit.amount", "15.00", "lot.original", "4.90", "lot.remaining", "4.90", "wallet.balance", "4.90")
	b.do(b.transact(domain.Operation{Type: domain.Redeem, Sender: ama, Quantity: quantity(t, "40")}))
	b.do(b.transact(domain.Operation{Type: domain.Issue, Recipient: ama, Quantity: quantity(t, "1"), ExpiresAt: b.now().Add(time.Hour)}))
	only(t, b.told(1), walletCreditGranted).want(t, "credit.amount", "1.00", "lot", "<nil>")
}

func TestCreditExpires(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	expires := b.now().Add(time.Hour)
	b.do(b.transact(domain.Operation{Type: domain.Issue, Recipient: ama, Quantity: quantity(t, "10"), ExpiresAt: expires}))
	b.do(b.transfer(ama, kofi, "3"))
	only(t, b.told(1), transactionCompleted).want(t, "transaction.entries.0.lots.0.id", ids.Lot(ama, 1),
		"transaction.entries.0.lots.0.amount", "3.00", "transaction.entries.0.lots.0.original_minor", "1000", "transaction.entries.1.lots", "(none)",
		"transaction.origin", "<nil>")
	b.do(domain.ChangeStatus{Project: b.project, Wallet: ama, Change: domain.Disable})
	b.wait(expires)
	b.do(domain.ExpireCredit{Project: b.project, Wallet: ama, Lot: 1, ExpiresAt: expires})
	all := b.told(1)
	// The breakage account is made for it; credit that expires is no transfer.
	wantKinds(t, all, walletCreated, transactionCompleted, walletBalanceUpdated, walletBalanceUpdated, walletCreditExpired)
	all[0].want(t, "wallet.role", "breakage")
	all[1].want(t, "transaction.origin", "map[id:"+ids.Lot(ama, 1)+" kind:expiry]")
	all[4].want(t, "lot.id", ids.Lot(ama, 1), "lot.original", "10.00", "lot.remaining", "6.97", "lot.remaining_minor", "697",
		"lot.expires_at", expires.Format(time.RFC3339), "wallet.id", string(ama), "wallet.status", "disabled", "wallet.balance", "0.00",
		"transaction.id", all[1].at("transaction.id"))
}

func TestScheduledOutcomes(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	b.do(b.issue(ama, "10"))
	due := b.now().Add(time.Hour)
	var ids []ids.Transaction
	for range 2 {
		pay := b.transfer(ama, kofi, "6")
		pay.ScheduledFor = due
		ids = append(ids, b.do(pay)[0].(*domain.TransactionScheduled).Transaction)
	}
	b.told(1)[0].want(t, "transaction.status", "scheduled", "transaction.scheduled_for", due.Format(time.RFC3339), "transaction.id", string(ids[1]))
	b.wait(due)
	for i, kind := range []string{transactionCompleted, transactionFailed} {
		b.do(domain.PerformScheduled{Project: b.project, Transaction: ids[i]})
		only(t, b.told(1), kind).want(t, "transaction.id", string(ids[i]), "transaction.origin.kind", "schedule", "transaction.origin.id", string(ids[i]))
	}
	only(t, b.told(2), transferCompleted).want(t, "transfer.transaction_id", string(ids[0]), "transfer.origin.kind", "schedule")
}

func TestExchangeAndItsReversal(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	dollars := created(b.do(domain.CreateWallet{Project: b.project, Customer: "ama", Currency: "USD"}))
	liquidity := created(b.do(domain.CreateWallet{Project: b.project, System: true, Liquidity: true, Currency: "USD"}))
	b.do(b.issue(ama, "100"), b.issue(liquidity, "100"))
	rate, ok := money.ParseRate("0.08")
	if !ok {
		t.Fatal("no rate")
	}
	paid := completed(b.do(b.transact(domain.Operation{Type: domain.Exchange, Sender: ama, Recipient: dollars, Quantity: quantity(t, "50"), Rate: rate})))
	all := b.told(1)
	done := only(t, all, transactionCompleted)
	done.want(t, "transaction.operations.0.currency", "GHS", "transaction.operations.0.amount", "50.00",
		"transaction.operations.0.received_currency", "USD", "transaction.operations.0.received", "4.00",
		"transaction.operations.0.received_minor", "400", "transaction.operations.0.rate", "0.08",
		"transaction.entries.0.currency", "GHS", "transaction.entries.3.currency", "USD", "transaction.entries.3.amount", "4.00")
	if slices.Contains(kindsOf(all), transferCompleted) {
		t.Error("an exchange is no transfer")
	}
	b.do(&domain.Reverse{Project: b.project, Original: paid, Reference: "back"})
	all = b.told(1)
	only(t, all, transactionReversed).want(t, "transaction.id", string(paid.Transaction), "reversal.whole", "true",
		"reversal.id", only(t, all, transactionCompleted).at("transaction.id"),
		"reversal.operations.0.amount", "50.00", "reversal.operations.0.received", "4.00", "reversal.operations.0.received_currency", "USD")
	only(t, all, transactionCompleted).want(t, "transaction.origin.kind", "reversal", "transaction.operations.0.rate", "(none)")
}

func TestReturnedFeesAndBusinessTime(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.do(domain.ChangeProject{Project: b.project, Settings: domain.ProjectSettings{
		Name: "shop", Currency: "GHS", Backdating: time.Hour, Fees: []domain.FeeRule{{Operation: domain.Transfer, Percentage: percentage(t, "1")}},
	}})
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	b.do(b.issue(ama, "100"))
	pay := b.transfer(ama, kofi, "50")
	pay.EffectiveAt = b.now().Add(-time.Minute)
	paid := completed(b.do(pay))
	only(t, b.told(1), transactionCompleted).want(t, "transaction.effective_at", pay.EffectiveAt.Format(time.RFC3339),
		"transaction.operations.0.fee_returned", "(none)")
	b.do(&domain.Reverse{Project: b.project, Original: paid, Reference: "back", ReturnFees: true})
	only(t, b.told(1), transferCompleted).want(t, "transfer.fee_returned", "0.50", "transfer.sender_wallet_id", string(kofi), "transfer.origin.id", string(paid.Transaction))
	only(t, b.told(1), transactionCompleted).want(t, "transaction.operations.0.fee_returned_minor", "50", "transaction.effective_at", "<nil>")
}

// One event on crossing, none on the same side, one on crossing back.
func TestMonitors(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama := b.wallet("ama")
	issuance := b.do(b.issue(ama, "10"))[0].(*domain.WalletCreated).Wallet
	b.do(
		domain.SetMonitor{Project: b.project, Wallet: ama, Metric: domain.BalanceMetric, Threshold: quantity(t, "50")},
		domain.SetMonitor{Project: b.project, Wallet: issuance, Metric: domain.BalanceMetric, Threshold: quantity(t, "-60")},
	)
	wantKinds(t, b.told(1))
	b.do(b.issue(ama, "40"))
	b.do(b.issue(ama, "1"))
	wantKinds(t, b.told(2), transactionCompleted, walletBalanceUpdated, walletMonitorTriggered, transactionCompleted, walletBalanceUpdated)
	only(t, b.told(2), walletMonitorTriggered).want(t, "wallet.id", string(ama), "monitor.metric", "balance", "value", "50.00", "monitor.above", "true")
	b.do(b.transact(domain.Operation{Type: domain.Redeem, Sender: ama, Quantity: quantity(t, "2")}))
	only(t, b.told(1), walletMonitorTriggered).want(t, "value_minor", "4900", "monitor.threshold_minor", "5000", "monitor.above", "false")
	b.do(b.issue(ama, "12"))
	for _, event := range b.told(1) {
		if event.Type == walletMonitorTriggered && event.at("wallet.id") == string(issuance) {
			event.want(t, "value", "-61.00", "monitor.above", "false")
			return
		}
	}
	t.Error("a monitor of an issuance account is silent")
}

func TestHoldEvents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	b.do(b.issue(ama, "100"))
	hold := b.hold(ama, "12")
	b.do(domain.CaptureHold{Project: b.project, Hold: hold, Recipient: kofi, Reference: "capture", Quantity: quantity(t, "5"), ReleaseRest: true})
	all := b.told(1)
	wantKinds(t, all, holdCaptured, holdReleased, transactionCompleted, transferCompleted, walletBalanceUpdated, walletBalanceUpdated)
	all[0].want(t, "hold.id", string(hold), "hold.status", "active", "hold.remaining", "7.00", "amount_minor", "500",
		"transaction.id", all[2].at("transaction.id"), "wallet.id", string(ama))
	all[2].want(t, "transaction.origin.kind", "capture", "transaction.origin.id", string(hold))
	all[1].want(t, "hold.status", "released", "hold.remaining_minor", "0", "amount", "7.00")

	whole := b.hold(ama, "1")
	b.do(domain.CaptureHold{Project: b.project, Hold: whole, Reference: "all of it"})
	only(t, b.told(1), holdCaptured).want(t, "hold.status", "captured", "hold.remaining", "0.00")

	forgotten := b.hold(ama, "2")
	b.wait(b.now().Add(time.Hour))
	b.do(domain.ExpireHold{Project: b.project, Hold: forgotten})
	all = b.told(1)
	wantKinds(t, all, holdExpired)
	all[0].want(t, "hold.status", "expired", "amount", "2.00")
}

// Time that ends an escrow is told beside how; and no transfer is, since one end
// of it is an account of the ledger's own.
func TestEscrowEvents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	b.do(b.issue(ama, "100"))
	deadline := b.now().Add(time.Hour)
	paid := b.escrow(domain.CreateEscrow{Sender: ama, Recipient: kofi, Quantity: quantity(t, "10"), Deadline: deadline, AtDeadline: domain.ReleaseAtDeadline})
	all := b.told(1)
	wantKinds(t, all, walletCreated, transactionCompleted, walletBalanceUpdated, walletBalanceUpdated, escrowCreated)
	all[4].want(t, "escrow.id", string(paid), "escrow.status", "open", "escrow.at_deadline", "release", "escrow.deadline", deadline.Format(time.RFC3339),
		"escrow.sender_wallet_id", string(ama), "escrow.recipient_wallet_id", string(kofi), "transaction.id", all[1].at("transaction.id"))
	b.do(domain.EndEscrow{Project: b.project, Escrow: paid, How: domain.RefundAtDeadline, Reference: "a part", Quantity: quantity(t, "4")})
	all = b.told(1)
	wantKinds(t, all, transactionCompleted, walletBalanceUpdated, walletBalanceUpdated, escrowRefunded)
	all[3].want(t, "escrow.status", "open", "escrow.remaining", "6.00", "amount", "4.00", "expired", "false")
	b.wait(deadline)
	b.do(domain.MeetDeadline{Project: b.project, Escrow: paid})
	all = b.told(1)
	wantKinds(t, all, transactionCompleted, walletBalanceUpdated, walletBalanceUpdated, escrowReleased, escrowExpired)
	for _, event := range all[3:] {
		event.want(t, "escrow.id", string(paid), "escrow.status", "released", "amount_minor", "600", "expired", "true", "transaction.id", all[0].at("transaction.id"))
	}
}

func TestIssuanceAccountsAreSilent(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	issuance := b.do(b.issue(b.wallet("ama"), "10"))[0].(*domain.WalletCreated).Wallet
	name := "the mint"
	b.do(domain.ChangeWallet{Project: b.project, Wallet: issuance, Name: &name},
		domain.ChangeStatus{Project: b.project, Wallet: issuance, Change: domain.Disable})
	wantKinds(t, b.told(1))
}

// Ingest reads just the wallets that unknown lists: none may be missing.
func TestUnknownWalletsAreAllThatEventsNeed(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	history(b)
	listening := subscribers{}
	listening.add(subscriber{id: "we_1", project: b.project})
	kept := &output{subscribers: listening, wallets: map[ids.Wallet]*wallet{}}
	err := b.log.Read(t.Context(), 1, b.cursor.Sequence, func(m events.Message) error {
		commit, err := codec.Decode(m.Data)
		if err != nil {
			return err
		}
		alone := &output{subscribers: listening, wallets: map[ids.Wallet]*wallet{}}
		for _, id := range alone.unknown([]*events.Commit{commit}) {
			of := *kept.wallets[id]
			alone.wallets[id] = &of
		}
		if err := alone.add(commit); err != nil {
			t.Error(err)
		}
		return kept.add(commit)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A wallet that the log never made is an error, not an event that is missing.
func TestStrangersAreErrors(t *testing.T) {
	t.Parallel()
	for fact, wallet := range map[domain.Event]string{
		&domain.WalletStatusChanged{Wallet: "wall_x"}:                                                         "wall_x",
		&domain.HoldPlaced{Wallet: "wall_x"}:                                                                  "wall_x",
		&domain.TransactionCompleted{Entries: []domain.Entry{{Wallet: "wall_x"}}}:                             "wall_x",
		&domain.TransactionCompleted{Transaction: "tx_x", Origin: domain.Origin{Kind: domain.ExpiryOrigin}}:   "tx_x",
		&domain.TransactionCompleted{Operations: []domain.PostedOperation{{Type: domain.Issue, Grant: true}}}: "no entry",
	} {
		a := announcement{wanted: func(string) bool { return true }}
		if err := a.announce(fact); err == nil || !strings.Contains(err.Error(), wallet) {
			t.Errorf("%T: %v", fact, err)
		}
	}
}
