package webhooks

import (
	"fmt"
	"reflect"
	"slices"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
	"tallystick/resource"
)

// announcements says for each fact which events it makes. Events of one fact are
// numbered: the number is a part of the event's id, so it never changes.
var announcements = tableOf(
	announce((*announcement).completed, transactionCompleted, transferCompleted, walletBalanceUpdated, walletCreditGranted, walletCreditExpired),
	announce(func(a *announcement, f *domain.TransactionFailed) error { return a.transaction(f, transactionFailed) }, transactionFailed),
	announce(func(a *announcement, f *domain.TransactionScheduled) error {
		return a.transaction(f, transactionScheduled)
	}, transactionScheduled),
	announce((*announcement).cancelled, transactionCancelled),
	announce((*announcement).reversed, transactionReversed),
	announce((*announcement).created, walletCreated),
	announce((*announcement).updated, walletUpdated),
	announce((*announcement).statusChanged, walletFrozen, walletUnfrozen, walletDisabled, walletEnabled, walletClosed),
	announce((*announcement).settlementDue, walletSettlementDue),
	announce((*announcement).creditExpiring, walletCreditExpiring),
	announce((*announcement).monitorTriggered, walletMonitorTriggered),
	announce((*announcement).holdPlaced, holdPlaced),
	announce((*announcement).holdCaptured, holdCaptured),
	announce((*announcement).holdReleased, holdReleased, holdExpired),
	announce((*announcement).escrowCreated, escrowCreated),
	announce((*announcement).escrowApproved, escrowApproved),
	announce((*announcement).escrowReleased, escrowReleased, escrowExpired),
	announce((*announcement).escrowRefunded, escrowRefunded, escrowExpired),
	noEvents[*domain.ProjectCreated](),
	noEvents[*domain.ProjectChanged](),
	noEvents[*domain.CredentialCreated](),
	noEvents[*domain.CredentialRevoked](),
	noEvents[*domain.AssetDefined](),

	noEvents[*domain.CustomerUpserted](),
	noEvents[*domain.MonitorSet](),
	noEvents[*domain.MonitorRemoved](),
)

// announcer makes the events of one type of fact.
type announcer struct {
	fact   reflect.Type
	events []string // that it can make
	make   func(*announcement, domain.Event) error
}

func announce[F domain.Event](make func(*announcement, F) error, events ...string) announcer {
	return announcer{reflect.TypeFor[F](), events, func(a *announcement, fact domain.Event) error { return make(a, fact.(F)) }}
}

func noEvents[F domain.Event]() announcer {
	return announcer{fact: reflect.TypeFor[F](), make: func(*announcement, domain.Event) error { return nil }}
}

// tableOf panics unless each fact has one row, so that no program starts with a fact
// or an event that was forgotten.
func tableOf(rows ...announcer) map[reflect.Type]announcer {
	table, made := map[reflect.Type]announcer{}, map[string]bool{}
	for _, row := range rows {
		if table[row.fact].make != nil {
			panic(fmt.Sprintf("webhooks: announcements have two rows for %s", row.fact))
		}
		table[row.fact] = row
		for _, kind := range row.events {
			made[kind] = true
		}
	}
	for _, fact := range events.Types() {
		if table[reflect.PointerTo(fact)].make == nil {
			panic(fmt.Sprintf("webhooks: announcements have no row for %s", fact))
		}
	}
	for _, kind := range EventTypes {
		if !made[kind.Name] {
			panic(fmt.Sprintf("webhooks: no fact makes %s", kind.Name))
		}
		delete(made, kind.Name)
	}
	for kind := range made {
		panic(fmt.Sprintf("webhooks: EventTypes do not have %s", kind))
	}
	return table
}

// announcement turns one fact into messages. It is a pure function of the fact, its
// commit and its wallets: reading the log again makes the same ids and bytes.
type announcement struct {
	place   ids.Place
	commit  []domain.Event // all facts of the commit
	project ids.Project
	wallets map[ids.Wallet]*wallet // as they were before the fact
	wanted  func(kind string) bool // events that nobody wants are not rendered
	made    []message
}

// announce makes the wanted messages of a fact. An error means that the log is
// not a history of this ledger.
func (a *announcement) announce(fact domain.Event) error {
	row := announcements[reflect.TypeOf(fact)]
	if !slices.ContainsFunc(row.events, a.wanted) {
		return nil
	}
	return row.make(a, fact)
}

// transaction tells of a transaction as a whole.
func (a *announcement) transaction(fact domain.Event, kind string) error {
	a.add(0, kind, func(w *resource.Writer) {
		w.Name("transaction")
		(&resource.Transaction{Fact: fact, At: a.place.Time}).Write(w)
	})
	return nil
}

// completed numbers its events: the transaction, then its operations, then its
// entries, then the credit of its operations, whether or not each makes an event.
func (a *announcement) completed(f *domain.TransactionCompleted) error {
	_ = a.transaction(f, transactionCompleted)
	if !isBookkeeping(f.Origin.Kind) {
		for i := range f.Operations {
			if f.Operations[i].Type == domain.Transfer {
				a.add(1+i, transferCompleted, func(w *resource.Writer) {
					w.Name("transfer")
					resource.WriteTransfer(w, f, i)
				})
			}
		}
	}
	if err := a.balances(f); err != nil {
		return err
	}
	if f.Origin.Kind == domain.ExpiryOrigin {
		return a.creditExpired(f)
	}
	return a.creditGranted(f)
}

// isBookkeeping reports whether one side of the transfers of such a transaction is
// an account of the ledger's own. To receivers these are no transfers; they have
// events of their own.
func isBookkeeping(origin domain.OriginKind) bool {
	switch origin {
	case domain.ExpiryOrigin, domain.EscrowOrigin, domain.ReleaseOrigin, domain.RefundOrigin:
		return true
	}
	return false
}

// balances tells of each wallet whose balance changed, once.
func (a *announcement) balances(f *domain.TransactionCompleted) error {
	if !a.wanted(walletBalanceUpdated) {
		return nil
	}
	last := make(map[ids.Wallet]int, len(f.Entries))
	for i := range f.Entries {
		last[f.Entries[i].Wallet] = i
	}
	for i := range f.Entries {
		entry := &f.Entries[i]
		if last[entry.Wallet] != i {
			continue
		}
		err := a.about(entry.Wallet, 1+len(f.Operations)+i, walletBalanceUpdated, func(w *resource.Writer, of *wallet) {
			writeWalletAfter(w, of, entry)
			writeCause(w, f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// creditGranted tells of each issue of credit that nobody paid for, or that
// expires. The balance is that of the entry which brought the credit: a fee may
// follow it, and other operations.
func (a *announcement) creditGranted(f *domain.TransactionCompleted) error {
	for i := range f.Operations {
		o := &f.Operations[i]
		if o.Type != domain.Issue || !o.Grant && o.ExpiresAt.IsZero() {
			continue
		}
		at := slices.IndexFunc(f.Entries, func(e domain.Entry) bool { return e.Operation == i && !e.Fee && e.Wallet == o.Recipient })
		if at < 0 {
			return fmt.Errorf("webhooks: operation %d of %s has no entry", i, f.Transaction)
		}
		entry := &f.Entries[at]
		err := a.about(o.Recipient, 1+len(f.Operations)+len(f.Entries)+i, walletCreditGranted, func(w *resource.Writer, of *wallet) {
			writeWalletAfter(w, of, entry)
			w.Object("credit", func() {
				w.Money("amount", o.Amount)
				w.Bool("grant", o.Grant)
				w.TimeOrNull("expires_at", o.ExpiresAt)
			})
			if len(entry.Lots) == 0 {
				w.Null("lot")
			} else {
				w.Name("lot")
				resource.WriteLot(w, of.ID, &entry.Lots[0])
			}
			writeCause(w, f)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// creditExpired tells of a lot; remaining is what the transaction removed of it.
func (a *announcement) creditExpired(f *domain.TransactionCompleted) error {
	if len(f.Entries) == 0 || len(f.Entries[0].Lots) == 0 {
		return fmt.Errorf("webhooks: %s removes a lot and does not say which", f.Transaction)
	}
	entry := &f.Entries[0]
	return a.about(entry.Wallet, 1+len(f.Operations)+len(f.Entries), walletCreditExpired, func(w *resource.Writer, of *wallet) {
		writeWalletAfter(w, of, entry)
		w.Name("lot")
		resource.WriteLot(w, of.ID, &entry.Lots[0])
		writeCause(w, f)
	})
}

func (a *announcement) cancelled(f *domain.TransactionCancelled) error {
	a.add(0, transactionCancelled, func(w *resource.Writer) {
		w.Object("transaction", func() {
			w.Word("id", string(f.Transaction))
			w.Word("status", "cancelled")
		})
		w.Text("actor", f.Actor)
		w.Text("reason", f.Reason)
		w.Word("by", string(f.By))
	})
	return nil
}

func (a *announcement) reversed(f *domain.TransactionReversed) error {
	a.add(0, transactionReversed, func(w *resource.Writer) {
		writeID(w, "transaction", f.Transaction)
		w.Object("reversal", func() {
			w.Word("id", string(f.Reversal))
			w.Bool("whole", f.Whole)
			resource.WriteReversed(w, f.Operations)
		})
	})
	return nil
}

func (a *announcement) created(f *domain.WalletCreated) error {
	if isSilent(f.Role) {
		return nil
	}
	a.add(0, walletCreated, func(w *resource.Writer) {
		writeWallet(w, newWallet(f), func() {
			w.Money("balance", money.New(f.Asset.Code, 0, f.Asset.Scale))
			w.Uint("version", 0)
			w.Metadata(f.Metadata)
			resource.WriteTerms(w, &f.Terms)
		})
	})
	return nil
}

func (a *announcement) updated(f *domain.WalletChanged) error {
	return a.about(f.Wallet, 0, walletUpdated, func(w *resource.Writer, of *wallet) {
		after := *of
		after.Name = f.Name
		writeWallet(w, &after, func() {
			w.Metadata(f.Metadata)
			resource.WriteTerms(w, &f.Terms)
		})
	})
}

// statusChanged names the event by what the wallet was before, too.
func (a *announcement) statusChanged(f *domain.WalletStatusChanged) error {
	of, err := a.of(f.Wallet)
	if err != nil {
		return err
	}
	kind := walletEnabled
	switch {
	case f.Status == domain.Disabled:
		kind = walletDisabled
	case f.Status == domain.Closed:
		kind = walletClosed
	case of.Status == domain.Disabled: // it is enabled, and maybe frozen again
	case f.Status == domain.Frozen:
		kind = walletFrozen
	case of.Status == domain.Frozen:
		kind = walletUnfrozen
	}
	return a.about(f.Wallet, 0, kind, func(w *resource.Writer, of *wallet) {
		after := *of
		after.Status = f.Status
		writeWallet(w, &after)
		w.Text("actor", f.Actor)
		w.Text("reason", f.Reason)
		w.Word("by", string(f.By))
	})
}

func (a *announcement) settlementDue(f *domain.SettlementDue) error {
	if f.Amount.Sign() <= 0 {
		return nil
	}
	return a.about(f.Wallet, 0, walletSettlementDue, func(w *resource.Writer, of *wallet) {
		writeWallet(w, of)
		w.Object("settlement", func() {
			w.Money("amount_due", f.Amount)
			w.Time("period_ended_at", f.PeriodEnd)
			w.Time("next_at", f.Next)
		})
	})
}

func (a *announcement) creditExpiring(f *domain.CreditExpiring) error {
	return a.about(f.Wallet, 0, walletCreditExpiring, func(w *resource.Writer, of *wallet) {
		writeWallet(w, of)
		w.Name("lot")
		resource.WriteLot(w, of.ID, &f.Lot)
	})
}

func (a *announcement) monitorTriggered(f *domain.MonitorTriggered) error {
	return a.about(f.Wallet, 0, walletMonitorTriggered, func(w *resource.Writer, of *wallet) {
		writeWallet(w, of)
		w.Name("monitor")
		resource.WriteMonitor(w, of.ID, &domain.Monitor{ID: f.Monitor, Metric: f.Metric, Threshold: f.Threshold, Above: f.Above})
		w.Money("value", f.Value)
	})
}

func (a *announcement) holdPlaced(f *domain.HoldPlaced) error {
	hold := resource.NewHold(f, a.place.Time)
	return a.hold(f.Wallet, holdPlaced, hold.Write, f.Amount)
}

func (a *announcement) holdCaptured(f *domain.HoldCaptured) error {
	hold := resource.AfterCapture(f)
	return a.hold(f.Wallet, holdCaptured, hold.Write, f.Amount, func(w *resource.Writer) { writeID(w, "transaction", f.Transaction) })
}

func (a *announcement) holdReleased(f *domain.HoldReleased) error {
	hold, kind := resource.AfterRelease(f), holdReleased
	if f.Expired {
		kind = holdExpired
	}
	return a.hold(f.Wallet, kind, hold.Write, f.Amount)
}

// hold tells of a hold, and of the amount of it that was placed, captured or released.
func (a *announcement) hold(of ids.Wallet, kind string, hold func(*resource.Writer), amount money.Amount, more ...func(*resource.Writer)) error {
	return a.about(of, 0, kind, func(w *resource.Writer, of *wallet) {
		writeWallet(w, of)
		w.Name("hold")
		hold(w)
		w.Money("amount", amount)
		for _, fields := range more {
			fields(w)
		}
	})
}

func (a *announcement) escrowCreated(f *domain.EscrowCreated) error {
	var reference ids.Reference // of its transaction, which is in the same commit
	for _, fact := range a.commit {
		if funded, ok := fact.(*domain.TransactionCompleted); ok && funded.Transaction == f.Transaction {
			reference = funded.Reference
		}
	}
	escrow := resource.NewEscrow(f, reference, a.place.Time)
	a.add(0, escrowCreated, func(w *resource.Writer) {
		w.Name("escrow")
		escrow.Write(w)
		w.Money("amount", f.Amount)
		writeID(w, "transaction", f.Transaction)
	})
	return nil
}

func (a *announcement) escrowApproved(f *domain.EscrowApproved) error {
	a.add(0, escrowApproved, func(w *resource.Writer) {
		writeID(w, "escrow", f.Escrow)
		w.Word("party", string(f.Party))
		w.Text("actor", f.Actor)
		w.Word("by", string(f.By))
	})
	return nil
}

func (a *announcement) escrowReleased(f *domain.EscrowReleased) error {
	return a.escrowEnded(escrowReleased, resource.AfterEscrowRelease(f), f)
}

func (a *announcement) escrowRefunded(f *domain.EscrowRefunded) error {
	return a.escrowEnded(escrowRefunded, resource.AfterEscrowRefund(f), (*domain.EscrowReleased)(f))
}

// escrowEnded tells how an escrow, or a part of it, ended; and where time did it,
// that it expired.
func (a *announcement) escrowEnded(kind string, after resource.EscrowState, f *domain.EscrowReleased) error {
	data := func(w *resource.Writer) {
		w.Name("escrow")
		after.Write(w)
		w.Money("amount", f.Amount)
		writeID(w, "transaction", f.Transaction)
		w.Bool("expired", f.AtDeadline)
	}
	a.add(0, kind, data)
	if f.AtDeadline {
		a.add(1, escrowExpired, data)
	}
	return nil
}

// of returns a wallet of a fact.
func (a *announcement) of(id ids.Wallet) (*wallet, error) {
	of, ok := a.wallets[id]
	if !ok {
		return nil, fmt.Errorf("webhooks: %s tells about wallet %s, which was never created", a.place.ID("fact "), id)
	}
	return of, nil
}

// about makes an event of a wallet. A silent wallet has no events but of its monitors.
func (a *announcement) about(id ids.Wallet, index int, kind string, data func(w *resource.Writer, of *wallet)) error {
	if !a.wanted(kind) {
		return nil
	}
	of, err := a.of(id)
	if err == nil && (!isSilent(of.Role) || kind == walletMonitorTriggered) {
		a.add(index, kind, func(w *resource.Writer) { data(w, of) })
	}
	return err
}

// add renders one message. index is its number among the fact's.
func (a *announcement) add(index int, kind string, data func(*resource.Writer)) {
	if !a.wanted(kind) {
		return
	}
	id := messageID(a.place.Location, index)
	a.made = append(a.made, message{
		id: id, project: a.project, kind: kind, occurredAt: a.place.Time, body: render(id, kind, a.place.Time, data),
	})
}
