package domain

import (
	"time"

	"github.com/tidwall/btree"

	"tallystick/domain/ids"
)

// agenda lists what time will do: one appointment for each thing that has a
// moment, and none for what is over. The facts keep it up to date. It says only
// when to look: the command that comes of an appointment is decided like any
// other. Each project has a plan of its own, and due work is taken from the
// plans in turn (docs/decisions/0011). Only a state that is not a fork has an
// agenda.
type agenda struct {
	plans map[ids.Project]*plan // that have anything; those with a moment stand in later or ready
	later *btree.BTreeG[*plan]  // by their next moment
	ready *btree.BTreeG[*plan]  // by their turn: their moment has come
	// turn is the turn of the command that was taken last. A plan that becomes
	// ready, or that had its turn, is placed behind it by as many operations as
	// its next command costs.
	turn int
	// taken are the escrows that the last Due took off the agenda and that have
	// not ended. They are planned again when the status of their wallet
	// changes, because their commands may have been decided by the status
	// before.
	taken *btree.BTreeG[appointment]
}

func newAgenda() *agenda {
	return &agenda{
		plans: map[ids.Project]*plan{},
		later: newTree(func(a, b *plan) bool { return a.moment < b.moment || a.moment == b.moment && a.project < b.project }),
		ready: newTree(func(a, b *plan) bool { return a.turn < b.turn || a.turn == b.turn && a.project < b.project }),
		taken: newTree(byWallet),
	}
}

// newTree is an empty sorted set, without locks: a state has one user at a time.
func newTree[T any](less func(a, b T) bool) *btree.BTreeG[T] {
	return btree.NewBTreeGOptions(less, btree.Options{NoLocks: true})
}

// Deadline is a command that time gives.
type Deadline struct {
	Command Command
	of      appointment
}

// NextDeadline returns the next moment at which Due may return something; false
// when the agenda is empty. The state must not be a fork.
func (s *State) NextDeadline() (time.Time, bool) {
	first, ok := s.agenda.ready.Min()
	if !ok {
		first, ok = s.agenda.later.Min()
	}
	if !ok {
		return time.Time{}, false
	}
	return momentOf(first.moment), true
}

// Due takes commands off the agenda whose moment has come: from the projects in
// turn, and the earliest of each first. Together they cost no more than the
// budget (see Cost), unless the first alone does. So a project with cheap
// commands does not wait for another's expensive ones. The caller decides the
// commands, and gives back by Postpone what could not be made durable. The
// state must not be a fork.
func (s *State) Due(now time.Time, budget int) []Deadline {
	a, moment := s.agenda, now.UnixMicro()
	a.taken.Clear()
	for p, ok := a.later.Min(); ok && p.moment <= moment; p, ok = a.later.Min() {
		s.ready(p, moment)
	}
	var due []Deadline
	for budget > 0 {
		p, ok := a.ready.Min()
		if !ok {
			break
		}
		next, command := s.next(p, moment)
		cost := s.Cost(command)
		if cost > budget && len(due) > 0 {
			break
		}
		budget -= cost
		due = append(due, Deadline{command, next})
		a.turn = p.turn
		s.take(p, next, command)
		a.remove(p)
		if s.place(p); p.placed && p.moment <= moment {
			s.ready(p, moment)
		}
	}
	return due
}

// next returns a plan's next appointment and the command that it gives.
func (s *State) next(p *plan, now int64) (appointment, Command) {
	next, _, _ := p.next(s.notice(p))
	return next, p.command(next, now)
}

// ready gives its turn to a plan whose moment has come.
func (s *State) ready(p *plan, now int64) {
	_, command := s.next(p, now)
	s.agenda.later.Delete(p)
	p.turn = s.agenda.turn + s.Cost(command)
	s.agenda.ready.Set(p)
}

// take removes an appointment from a plan and makes the one that follows from
// it.
func (s *State) take(p *plan, a appointment, command Command) {
	if a.kind == escrowEnds {
		s.agenda.taken.Set(a)
		s.regroup(p, a.with, func() { p.escrows.Delete(a) })
		return
	}
	p.cancel(a)
	if _, ok := command.(AnnounceExpiry); ok {
		p.set(a.as(creditExpires))
	}
}

// Postpone puts a command back on the agenda. If another process carried it out
// meanwhile, it comes up once more and changes nothing.
func (s *State) Postpone(d Deadline) {
	s.replan(d.Command.ProjectID(), func(base *State, p *plan) {
		if d.of.kind == escrowEnds {
			base.regroup(p, d.of.with, func() { p.escrows.Set(d.of) })
			return
		}
		p.set(d.of)
	})
}

// afterwards changes the state below all forks: now, or when the fork is
// merged.
func (s *State) afterwards(change func(base *State)) {
	if s.base != nil {
		s.changes = append(s.changes, change)
		return
	}
	change(s)
}

// replan changes the plan of a project.
func (s *State) replan(project ids.Project, change func(base *State, p *plan)) {
	s.afterwards(func(base *State) {
		p, ok := base.agenda.plans[project]
		if !ok {
			p = newPlan(project)
		}
		change(base, p)
		base.place(p)
	})
}

// place puts a plan where it belongs after a change. It stays where it was if
// its next moment is the same. Otherwise it waits among the later ones until
// Due reaches it.
func (s *State) place(p *plan) {
	_, moment, ok := p.next(s.notice(p))
	if ok && p.placed && p.moment == moment {
		return
	}
	s.agenda.remove(p)
	if ok {
		p.moment, p.placed = moment, true
		s.agenda.later.Set(p)
	}
	if ok || p.escrows.Len() > 0 {
		s.agenda.plans[p.project] = p
	}
}

func (a *agenda) remove(p *plan) {
	a.later.Delete(p)
	a.ready.Delete(p)
	delete(a.plans, p.project)
	p.placed = false
}

// notice returns how long before its end credit is announced, in microseconds.
func (s *State) notice(p *plan) int64 {
	if project, ok := s.Project(p.project); ok {
		return project.Settings.ExpiryNotice.Microseconds()
	}
	return 0
}

// appoint plans something for a moment; a zero moment plans nothing. The fact
// that makes a thing, or brings it back, makes its appointment. The fact that
// ends it cancels the appointment.
func (s *State) appoint(project ids.Project, at time.Time, kind appointmentKind, of ids.Location) {
	if !at.IsZero() {
		a := appointment{at: at.UnixMicro(), of: of.Bits(), kind: kind}
		s.replan(project, func(_ *State, p *plan) { p.set(a) })
	}
}

// cancel removes an appointment that appoint made, if it is still there.
func (s *State) cancel(project ids.Project, at time.Time, kind appointmentKind, of ids.Location) {
	if !at.IsZero() {
		a := appointment{at: at.UnixMicro(), of: of.Bits(), kind: kind}
		s.replan(project, func(_ *State, p *plan) { p.cancel(a) })
	}
}

// regroup changes which escrows that pay a wallet are planned.
func (s *State) regroup(p *plan, wallet uint64, change func()) {
	p.regroup(wallet, s.stuck(ids.LocationOf(wallet).Wallet()), change)
}
