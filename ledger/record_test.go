package ledger_test

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
)

func (b *book) hold(reference, amount string, expires time.Time) ids.Hold {
	b.t.Helper()
	receipt := b.must(domain.PlaceHold{
		Project: b.project, Wallet: b.wallets[0], Reference: ids.Reference(reference), Quantity: major(amount), ExpiresAt: expires,
	})
	return receipt.Events[0].(*domain.HoldPlaced).Hold
}

func (b *book) escrow(reference, amount string, change domain.CreateEscrow) ids.Escrow {
	b.t.Helper()
	change.Project, change.Sender, change.Recipient = b.project, b.wallets[0], b.wallets[1]
	change.Reference, change.Quantity = ids.Reference(reference), major(amount)
	for _, event := range b.must(change).Events {
		if created, ok := event.(*domain.EscrowCreated); ok {
			return created.Escrow
		}
	}
	b.t.Fatal("no escrow was made")
	return ""
}

// said is a record in one line: status, spent, remaining, approvals, whether time
// did it, how many transactions.
func said(p *ledger.Progress) string {
	return fmt.Sprintf("%s %s %s %v %t %d", p.Status, p.Spent, p.Remaining, p.Approved, p.Expired, len(p.Transactions))
}

func (b *book) expectHold(id ids.Hold, want string) ledger.HoldRecord {
	b.t.Helper()
	record, ok, err := b.ledger.Hold(b.t.Context(), id)
	if err != nil || !ok || record.Placed.Hold != id || said(&record.Progress) != want {
		b.t.Errorf("hold %s: %s, want %s (%t %v)", id, said(&record.Progress), want, ok, err)
	}
	return record
}

func (b *book) expectEscrow(id ids.Escrow, want string) ledger.EscrowRecord {
	b.t.Helper()
	record, ok, err := b.ledger.Escrow(b.t.Context(), id)
	if err != nil || !ok || record.Created.Escrow != id || said(&record.Progress) != want {
		b.t.Errorf("escrow %s: %s, want %s (%t %v)", id, said(&record.Progress), want, ok, err)
	}
	return record
}

func (b *book) capture(hold ids.Hold, reference, amount string, releaseRest bool) ledger.Receipt {
	b.t.Helper()
	command := domain.CaptureHold{Project: b.project, Hold: hold, Reference: ids.Reference(reference), ReleaseRest: releaseRest}
	if amount != "" {
		command.Quantity = major(amount)
	}
	return b.must(command)
}

// TestRecords: holds and escrows are read as they are, whatever happened to them,
// by the ledger that did it, by another that follows the log, and by one that
// starts from it.
func TestRecords(t *testing.T) {
	fakeTime(func(t *testing.T) {
		clock := newClock()
		a := newBook(t, 2, clock.config)
		follower := open(t, a.log, a.keys, clock.config)
		soon := clock.time().Add(time.Minute)

		active := a.hold("active", "1", time.Time{})
		a.expectHold(active, "active 0.00 1.00 [] false 0") // of the newest commit
		whole, parts, rest := a.hold("whole", "2", time.Time{}), a.hold("parts", "3", time.Time{}), a.hold("rest", "4", time.Time{})
		released, expired := a.hold("released", "5", time.Time{}), a.hold("expired", "6", soon)
		open1 := a.escrow("open", "1", domain.CreateEscrow{})
		approved := a.escrow("approved", "2", domain.CreateEscrow{Approval: true})
		mixed := a.escrow("mixed", "3", domain.CreateEscrow{})
		overdue := a.escrow("overdue", "4", domain.CreateEscrow{Deadline: soon, AtDeadline: domain.RefundAtDeadline})

		clock.advance(time.Second)
		captured := a.capture(whole, "c1", "", false)
		a.capture(parts, "c2", "1", false)
		a.must(domain.ReleaseHold{Project: a.project, Hold: parts, Quantity: major("0.50")})
		a.expectHold(parts, "active 1.00 1.50 [] false 1")
		last := a.capture(parts, "c3", "", false)
		a.capture(rest, "c4", "1", true)
		a.must(domain.ReleaseHold{Project: a.project, Hold: released})
		for _, party := range []domain.EscrowParty{domain.EscrowRecipient, domain.EscrowSender} {
			a.must(domain.ApproveEscrow{Project: a.project, Escrow: approved, Party: party})
		}
		a.must(domain.EndEscrow{Project: a.project, Escrow: mixed, How: domain.ReleaseAtDeadline, Reference: "m1", Quantity: major("1")})
		a.must(domain.EndEscrow{Project: a.project, Escrow: mixed, How: domain.RefundAtDeadline, Reference: "m2"})
		clock.advance(time.Minute)
		a.poke()

		read := func(b *book) []any {
			b.t.Helper()
			all := []any{
				b.expectHold(active, "active 0.00 1.00 [] false 0"),
				b.expectHold(whole, "captured 2.00 0.00 [] false 1"),
				b.expectHold(parts, "captured 2.50 0.00 [] false 2"),
				b.expectHold(rest, "released 1.00 0.00 [] false 1"),
				b.expectHold(released, "released 0.00 0.00 [] false 0"),
				b.expectHold(expired, "expired 0.00 0.00 [] true 0"),
				b.expectEscrow(open1, "open 0.00 1.00 [] false 0"),
				b.expectEscrow(approved, "open 0.00 2.00 [recipient sender] false 0"),
				b.expectEscrow(mixed, "refunded 1.00 0.00 [] false 2"),
				b.expectEscrow(overdue, "refunded 0.00 0.00 [] true 1"),
			}
			if record := b.expectHold(whole, "captured 2.00 0.00 [] false 1"); !record.UpdatedAt.Equal(captured.Time) ||
				record.Transactions[0] != captured.Events[1].(*domain.TransactionCompleted).Transaction {
				b.t.Errorf("captured at %s by %v", record.UpdatedAt, record.Transactions)
			}
			if record := b.expectHold(parts, "captured 2.50 0.00 [] false 2"); !record.UpdatedAt.Equal(last.Time) {
				b.t.Errorf("changed at %s, not at %s", record.UpdatedAt, last.Time)
			}
			if record := b.expectEscrow(mixed, "refunded 1.00 0.00 [] false 2"); record.Reference != "mixed" {
				b.t.Errorf("the escrow has the reference %q", record.Reference)
			}
			return all
		}
		want := read(a)
		follower.project, follower.wallets = a.project, a.wallets
		for name, other := range map[string]*book{"the one that follows": follower, "the one that starts": open(t, a.log, a.keys, clock.config)} {
			if got := read(other); !reflect.DeepEqual(got, want) {
				t.Errorf("%s reads\n%+v, want\n%+v", name, got, want)
			}
		}
	})(t)
}

// TestNoRecord: what is not the place of a hold or escrow is not found.
func TestNoRecord(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 1, nil)
		at, _ := b.hold("h", "1", time.Time{}).Location()
		elsewhere, past := at, at
		elsewhere.Shard, past.Index = 1, 1
		for _, place := range []ids.Location{{Sequence: 1}, {Sequence: at.Sequence + 1}, {}, elsewhere, past} {
			if _, ok, err := b.ledger.Transaction(t.Context(), ids.Transaction(place.ID("tx_"))); ok || err != nil {
				t.Errorf("transaction at %+v: %t %v", place, ok, err)
			}
			if _, ok, err := b.ledger.Hold(t.Context(), ids.Hold(place.ID("hold_"))); ok || err != nil {
				t.Errorf("hold at %+v: %t %v", place, ok, err)
			}
			if _, ok, err := b.ledger.Escrow(t.Context(), ids.Escrow(place.ID("esc_"))); ok || err != nil {
				t.Errorf("escrow at %+v: %t %v", place, ok, err)
			}
		}
		if _, ok, err := b.ledger.Hold(t.Context(), "nonsense"); ok || err != nil {
			t.Errorf("nonsense: %t %v", ok, err)
		}
		if _, ok, err := b.ledger.Escrow(t.Context(), ids.Escrow(at.ID("esc_"))); ok || err != nil {
			t.Errorf("a hold's place as an escrow: %t %v", ok, err)
		}
		b.log.SetOffline(true)
		if _, _, err := b.ledger.Hold(t.Context(), ids.Hold(at.ID("hold_"))); err == nil {
			t.Error("a hold is read from a log that is away")
		}
	})(t)
}

// TestScheduledRecord: a scheduled transaction reads as what became of it, when the log
// can be read.
func TestScheduledRecord(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newBook(t, 2, at.config)
		schedule := func(reference string) ids.Transaction {
			later := b.transfer(reference, 0, 1, "10.00")
			later.ScheduledFor = at.time().Add(time.Hour)
			return b.must(later).Events[0].(*domain.TransactionScheduled).Transaction
		}
		performed, cancelled := schedule("performed"), schedule("cancelled")
		read := func(id ids.Transaction) (kind string, cancelled bool) {
			record, ok, err := b.ledger.Transaction(t.Context(), id)
			if !ok || err != nil {
				t.Errorf("%s: %t %v", id, ok, err)
			}
			return fmt.Sprintf("%T", record.Event), record.Cancelled
		}
		expect := func(id ids.Transaction, kind string, cancelled bool) {
			t.Helper()
			if k, c := read(id); k != "*domain.Transaction"+kind || c != cancelled {
				t.Errorf("%s reads %s, cancelled %t", id, k, c)
			}
		}
		expect(performed, "Scheduled", false)
		expect(cancelled, "Scheduled", false)
		b.must(domain.CancelScheduled{Project: b.project, Transaction: cancelled})
		expect(cancelled, "Scheduled", true)
		at.advance(time.Hour)
		b.poke()
		expect(performed, "Completed", false)
		expect(cancelled, "Scheduled", true)
		for reads := range 4 { // of the log: the commit, its newest, and the commit that performed it
			b.log.FailReads(append(make([]error, reads), events.ErrUnknown)...)
			record, ok, err := b.ledger.Transaction(t.Context(), performed)
			var unavailable *ledger.Unavailable
			if reads < 3 && (ok || !errors.As(err, &unavailable)) {
				t.Errorf("when read %d fails: %+v %t %v", reads, record.Event, ok, err)
			}
		}
	})(t)
}

// TestTime is that of the commit at a place, the zero time where there is none, and an
// error where it cannot be read.
func TestTime(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newBook(t, 2, nil)
		receipt := b.must(b.transfer("one", 0, 1, "1.00"))
		var unavailable *ledger.Unavailable
		expect := func(sequence uint64, want time.Time) {
			t.Helper()
			if got, err := b.ledger.Time(t.Context(), ids.Location{Sequence: sequence}); err != nil || !got.Equal(want) {
				t.Errorf("commit %d is of %s, %v", sequence, got, err)
			}
		}
		expect(receipt.Sequence, receipt.Time)
		expect(receipt.Sequence+1, time.Time{})
		expect(0, time.Time{})
		b.log.SetOffline(true)
		if _, err := b.ledger.Time(t.Context(), ids.Location{Sequence: receipt.Sequence}); !errors.As(err, &unavailable) {
			t.Errorf("of a log that is away: %v", err)
		}
		b.log.SetOffline(false)
		b.log.Damage(receipt.Sequence, []byte("{"))
		if _, err := b.ledger.Time(t.Context(), ids.Location{Sequence: receipt.Sequence}); !errors.As(err, &unavailable) {
			t.Errorf("of a damaged commit: %v", err)
		}
		if err := b.ledger.Ready(); !errors.Is(err, events.ErrDamaged) {
			t.Errorf("it is ready: %v", err)
		}
	})(t)
}
