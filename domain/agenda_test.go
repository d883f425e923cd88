package domain

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// planned are all appointments of a state that is not a fork.
func planned(s *State) map[appointment]bool {
	all := map[appointment]bool{}
	add := func(a appointment) bool {
		all[a] = true
		return true
	}
	for _, p := range s.agenda.plans {
		p.queue.Scan(add)
		p.unannounced.Scan(add)
		p.escrows.Scan(add)
	}
	return all
}

// wanted are the appointments that there should be: of each live thing one.
func wanted(s *State) map[appointment]bool {
	all := map[appointment]bool{}
	for id, h := range s.holds.rows {
		if at, _ := id.Location(); !h.ExpiresAt.IsZero() {
			all[appointment{at: h.ExpiresAt.UnixMicro(), of: at.Bits(), kind: holdExpires}] = true
		}
	}
	for id, e := range s.escrows.rows {
		to := e.Recipient
		if e.AtDeadline == RefundAtDeadline {
			to = e.Sender
		}
		wallet, _ := to.Location()
		if at, _ := id.Location(); !e.Deadline.IsZero() {
			all[appointment{at: e.Deadline.UnixMicro(), of: at.Bits(), with: wallet.Bits(), kind: escrowEnds}] = true
		}
	}
	for id, of := range s.schedule.rows {
		if at, _ := id.Location(); of.pending != nil {
			all[appointment{at: of.pending.ScheduledFor.UnixMicro(), of: at.Bits(), kind: transactionIsDue}] = true
		}
	}
	for w := range s.Wallets() {
		at, _ := w.ID.Location()
		if next := w.Terms.Settlement.Next; w.Status != Closed && !next.IsZero() {
			all[appointment{at: next.UnixMicro(), of: at.Bits(), kind: periodEnds}] = true
		}
		for _, lot := range w.Lots() {
			kind := creditIsUnannounced
			if lot.Noticed {
				kind = creditExpires
			}
			all[appointment{at: lot.ExpiresAt.UnixMicro(), of: at.Bits(), with: lot.Lot, kind: kind}] = true
		}
	}
	return all
}

// inspectAgenda: nothing is planned for what is over, and everything that is to
// come is planned. What has come may have been taken off already: it is being
// done, or nothing came of it.
func inspectAgenda(s *State, now time.Time) {
	has, wants := planned(s), wanted(s)
	for a := range has {
		unannounced := a.kind == creditExpires && wants[a.as(creditIsUnannounced)] // the announcement is under way
		if !wants[a] && !unannounced {
			wrong("%+v is planned, and over", a)
		}
	}
	for a := range wants {
		if !has[a] && a.at > now.UnixMicro() && !(a.kind == creditIsUnannounced && has[a.as(creditExpires)]) {
			wrong("%+v is to come, and not planned", a)
		}
	}
	inspectTurns(s)
}

// inspectTurns: each plan stands in its place, and of the escrows of each wallet
// that is not disabled the first is in the queue.
func inspectTurns(s *State) {
	placed := 0
	for id, p := range s.agenda.plans {
		_, moment, ok := p.next(s.notice(p))
		_, later := s.agenda.later.Get(p)
		_, ready := s.agenda.ready.Get(p)
		if ok && moment != p.moment || ok != (later != ready) || !ok && p.escrows.Len() == 0 || p.project != id {
			wrong("plan of %s: next at %d (%t), placed at %d, later %t, ready %t", id, moment, ok, p.moment, later, ready)
		}
		if ok {
			placed++
		}
		var before uint64
		p.escrows.Scan(func(a appointment) bool {
			_, queued := p.queue.Get(a)
			if stuck := s.stuck(ids.LocationOf(a.with).Wallet()); queued != (a.with != before && !stuck) {
				wrong("escrow %+v: queued %t, its wallet is stuck: %t", a, queued, stuck)
			}
			before = a.with
			return true
		})
	}
	if n := s.agenda.later.Len() + s.agenda.ready.Len(); n != placed {
		wrong("%d plans stand somewhere, and %d have a moment", n, placed)
	}
}

// TestAppointmentsAreTakenBack: what is planned is bounded by what lives, however
// often it was changed.
func TestAppointmentsAreTakenBack(t *testing.T) {
	t.Parallel()
	const things = 20
	s := newScript(t)
	s.set("project shop currency=USD\nwallet till system=yes\nwallet a system=yes\nwallet owes system=yes type=POSTPAID limit=9 settle=weekly:1\n" +
		"transact start: issue 1000 to till\n")
	for i := range things {
		s.set(fmt.Sprintf("hold h%d from=till amount=1 expires=2027-01-01\nescrow e%[1]d from=till to=a amount=1 deadline=2027-01-01\n"+
			"transact l%[1]d: issue 1 to a expires 2027-01-01\ntransact t%[1]d: issue 1 to a; scheduled_for=2027-01-01\n", i))
	}
	const live = 4*things + 1
	for i := range 50 {
		s.set(fmt.Sprintf("change shop notice=%dd\n", 1+i%3) +
			"disable a\nenable a\nchangewallet owes settle=monthly:3\nchangewallet owes settle=weekly:1\nchangewallet owes name=again\n" +
			fmt.Sprintf("hold x%d from=a amount=%d expires=2027-02-01\nrelease x%[1]d\n", i, things) + // takes all lots, and brings them back
			fmt.Sprintf("hold y%d from=till amount=1 expires=2027-02-01\ncapture cy%[1]d hold=y%[1]d\n", i) +
			fmt.Sprintf("escrow z%d from=till to=a amount=1 deadline=2027-02-01\nrefund rz%[1]d escrow=z%[1]d\n", i) +
			fmt.Sprintf("transact n%d: issue 1 to a; scheduled_for=2027-02-01\ncancel n%[1]d\n", i) +
			fmt.Sprintf("transact c%d: issue 1 to till expires 2027-02-01\ntransact s%[1]d: redeem 1 from till\n", i))
		inspectAgenda(s.state, s.now)
		if n := len(planned(s.state)); n != live {
			t.Fatalf("%d appointments after %d rounds, for %d things", n, i+1, live)
		}
	}
}

// TestDueTakesInTurn: one project's hold does not wait for another's thousand
// lots, nor for a third's transactions of a thousand operations; and these come in
// slices that cost no more than was asked for.
func TestDueTakesInTurn(t *testing.T) {
	t.Parallel()
	const budget = 1300
	s := newScript(t)
	s.set("project lots currency=USD\nwallet many system=yes\n")
	one, _ := money.MinorUnits("1")
	end := s.now.Add(time.Hour)
	thousand := func(of Operation) []Operation { return slices.Repeat([]Operation{of}, MaxOperations) }
	for n := range 5 {
		s.decide(&Transact{Project: s.projectID(), Reference: ids.Reference(fmt.Sprint(n)),
			Operations: thousand(Operation{Type: Issue, Recipient: s.wallet("many"), Quantity: one, ExpiresAt: end})})
	}
	s.set("project large currency=USD\nwallet b system=yes\n")
	for n := range 10 {
		s.decide(&Transact{Project: s.projectID(), Reference: ids.Reference(fmt.Sprint(n)), ScheduledFor: end,
			Operations: thousand(Operation{Type: Issue, Recipient: s.wallet("b"), Quantity: one})})
	}
	s.set("project small currency=USD\nwallet c system=yes\ntransact all: issue 5 to c\n" +
		"hold h1 from=c amount=1 expires=2026-01-01T01:30\nhold h2 from=c amount=1 expires=2026-01-01T01:30\n")
	s.now = end.Add(time.Hour)
	taken := map[ids.Project]int{}
	for slice := 0; ; slice++ {
		cost := 0
		due := s.state.Due(s.now, budget)
		for _, d := range due {
			cost += s.state.Cost(d.Command)
			taken[d.Command.ProjectID()]++
		}
		for _, d := range due {
			s.decide(d.Command)
		}
		if cost > budget {
			t.Errorf("slice %d costs %d", slice, cost)
		}
		if slice == 0 && taken[s.projectID()] != 2 {
			t.Error("the two holds wait")
		}
		large := taken[ids.Project(s.id("large"))]
		if lots := taken[ids.Project(s.id("lots"))]; lots < 5000 && large > 0 && lots < 1000*(large-1) || lots > 1000*(large+2) && large < 10 {
			t.Errorf("after slice %d, %d lots to %d large transactions", slice, lots, large)
		}
		if len(due) == 0 {
			break
		}
	}
	if taken[ids.Project(s.id("lots"))] != 5000 || taken[ids.Project(s.id("large"))] != 10 {
		t.Errorf("taken: %v", taken)
	}
}

// TestDueCostsMoreThanAsked: what costs more than the budget is taken alone.
func TestDueCostsMoreThanAsked(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.set("project shop currency=USD\nwallet a system=yes\n" +
		"transact one: issue 1 to a, then issue 1 to a, then issue 1 to a; scheduled_for=2026-02-01\n" +
		"transact two: issue 1 to a; scheduled_for=2026-02-01\n")
	s.now = s.time("2026-02-01")
	if due := s.state.Due(s.now, 2); len(due) != 1 {
		t.Errorf("%+v", due)
	}
	if due := s.state.Due(s.now, 2); len(due) != 1 || s.state.Cost(due[0].Command) != 1 {
		t.Errorf("%+v", due)
	}
}

// TestEscrowOfAnotherWritersWallet: an escrow was taken off the agenda, and comes
// to nothing because another writer had just disabled the wallet: it ends when
// that is over.
func TestEscrowOfAnotherWritersWallet(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.set("project shop currency=USD\nwallet a system=yes\nwallet b system=yes\ntransact start: issue 9 to a\n" +
		"escrow e from=a to=b amount=5 deadline=2026-02-01 at_deadline=release\n")
	s.now = s.time("2026-02-01")
	due := s.state.Due(s.now, 10)
	if len(due) != 1 {
		t.Fatalf("%+v", due)
	}
	s.ask(s.command("disable", "b"), "disable", "b")
	if events := s.decide(due[0].Command); len(events) > 0 {
		t.Fatalf("moved to a disabled wallet: %s", tell(events))
	}
	if due := s.state.Due(s.now, 10); len(due) > 0 {
		t.Errorf("%+v is due although nothing can move", due)
	}
	s.set("enable b\n")
	if w, _ := s.state.Wallet(s.wallet("b")); w.Balance.String() != "5.00" {
		t.Errorf("the recipient has %s", w.Balance)
	}
}
