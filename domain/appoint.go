package domain

import (
	"time"

	"tallystick/domain/ids"
)

// What has a moment is put on the agenda by the facts that make it or bring it
// back, and taken off by those that end it.

// appoint plans something at its moment; at none, not.
func (s *State) appoint(project ids.Project, at time.Time, kind appointmentKind, of ids.Location) {
	if !at.IsZero() {
		a := appointment{at: at.UnixMicro(), of: of.Bits(), kind: kind}
		s.replan(project, func(_ *State, p *plan) { p.set(a) })
	}
}

// cancel takes it back, if it is still planned.
func (s *State) cancel(project ids.Project, at time.Time, kind appointmentKind, of ids.Location) {
	if !at.IsZero() {
		a := appointment{at: at.UnixMicro(), of: of.Bits(), kind: kind}
		s.replan(project, func(_ *State, p *plan) { p.cancel(a) })
	}
}

// appointLots plans the ends of the lots that parts came to, once the wallet has them.
func (s *State) appointLots(w *Wallet, parts []LotPart) {
	s.replanLots(w, parts, true, (*plan).set)
}

// cancelLots takes those back of which nothing is left, once the parts are taken.
func (s *State) cancelLots(w *Wallet, parts []LotPart) {
	s.replanLots(w, parts, false, (*plan).cancel)
}

// replanLots changes the appointments of the parts whose lots a wallet has, or of
// those whose it has not.
func (s *State) replanLots(w *Wallet, parts []LotPart, has bool, change func(*plan, appointment)) {
	var all []appointment
	of, _ := w.ID.Location()
	for i := range parts {
		lot, ok := w.lots().get(parts[i].key())
		if ok != has {
			continue
		}
		a := parts[i].appointment(of)
		if ok && !lot.Noticed {
			a.kind = creditIsUnannounced
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		return
	}
	s.replan(w.Project, func(_ *State, p *plan) {
		for _, a := range all {
			change(p, a)
		}
	})
}

// appointment is that of a lot whose end was announced.
func (l *LotPart) appointment(wallet ids.Location) appointment {
	return appointment{at: l.ExpiresAt.UnixMicro(), of: wallet.Bits(), with: l.Lot, kind: creditExpires}
}

// resettle moves the end of a wallet's period.
func (s *State) resettle(w *Wallet, before, after Settlement) {
	if of, ok := w.ID.Location(); ok && !before.Next.Equal(after.Next) {
		s.cancel(w.Project, before.Next, periodEnds, of)
		s.appoint(w.Project, after.Next, periodEnds, of)
	}
}

// appointEscrow plans the deadline of an escrow that has one.
func (s *State) appointEscrow(e *Escrow) {
	if a, ok := e.appointment(); ok {
		s.replan(e.Project, func(base *State, p *plan) {
			base.regroup(p, a.with, func() { p.escrows.Set(a) })
		})
	}
}

func (s *State) cancelEscrow(e *Escrow) {
	if a, ok := e.appointment(); ok {
		s.replan(e.Project, func(base *State, p *plan) {
			base.agenda.taken.Delete(a)
			base.regroup(p, a.with, func() { p.escrows.Delete(a) })
		})
	}
}

// reappointEscrows plans the escrows again whose money goes to a wallet, when its
// status has changed: none as long as it is disabled, but all those that were
// stopped by that.
func (s *State) reappointEscrows(w *Wallet) {
	of, ok := w.ID.Location()
	if !ok {
		return
	}
	wallet := of.Bits()
	s.replan(w.Project, func(base *State, p *plan) {
		base.regroup(p, wallet, func() {
			taken := base.agenda.taken
			for a, ok := firstOf(taken, wallet); ok; a, ok = firstOf(taken, wallet) {
				taken.Delete(a)
				p.escrows.Set(a)
			}
		})
	})
}
