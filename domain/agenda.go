package domain

import (
	"container/heap"
	"time"
)

// The agenda is what time will do: a heap of appointments, rebuilt by folding
// the facts. It says only when to look. Whether anything is to be done is seen in
// the state, so that an appointment which came to nothing is harmless.

// kinds of appointments.
type appointmentKind uint8

const (
	creditExpires appointmentKind = iota
	creditIsAnnounced
	holdExpires
	escrowEnds
	periodEnds
	transactionIsDue
)

// appointment is 40 bytes: there may be as many as there are lots.
type appointment struct {
	at      int64  // microseconds since 1970
	of      uint64 // place of the wallet, hold, escrow or transaction
	lot     uint64
	expires int64 // of the lot
	kind    appointmentKind
}

type agenda []appointment

// Len, Less, Swap, Push and Pop are for container/heap.
func (a agenda) Len() int { return len(a) }

// Less puts what comes first first.
func (a agenda) Less(i, j int) bool {
	if a[i].at != a[j].at {
		return a[i].at < a[j].at
	}
	return a[i].of < a[j].of
}

// Swap swaps.
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push adds at the end.
func (a *agenda) Push(x any) { *a = append(*a, x.(appointment)) }

// Pop takes from the end.
func (a *agenda) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

// appoint puts something on the agenda; in a fork it waits for the merge.
func (s *State) appoint(at time.Time, kind appointmentKind, of Location) {
	s.add(appointment{at: at.UnixMicro(), of: of.bits(), kind: kind})
}

func (s *State) appointLot(at time.Time, kind appointmentKind, of Location, lot LotPart) {
	s.add(appointment{at: at.UnixMicro(), of: of.bits(), lot: lot.Lot, expires: lot.Expires.UnixMicro(), kind: kind})
}

func (s *State) add(a appointment) {
	if s.base != nil {
		s.agenda = append(s.agenda, a)
		return
	}
	heap.Push(&s.agenda, a)
}

// appointLots looks to a wallet's lots at their ends, and ahead of those.
func (s *State) appointLots(wallet WalletID, project *Project, parts []LotPart) {
	of, ok := wallet.Location()
	if !ok {
		return
	}
	for i := range parts {
		s.appointLot(parts[i].Expires, creditExpires, of, parts[i])
		if notice := project.Settings.ExpiryNotice; notice > 0 {
			s.appointLot(parts[i].Expires.Add(-notice), creditIsAnnounced, of, parts[i])
		}
	}
}

// Deadline is a command that time gives.
type Deadline struct {
	Command Command
	of      appointment
}

// NextDeadline answers the next moment at which Due may answer something; false
// when nothing is on the agenda. Of a state that is not a fork.
func (s *State) NextDeadline() (time.Time, bool) {
	if len(s.agenda) == 0 {
		return time.Time{}, false
	}
	return time.UnixMicro(s.agenda[0].at).UTC(), true
}

// Due takes up to n commands off the agenda whose moment has come, earliest
// first. They have to be decided; one that could not be made durable goes back
// by Postpone. Of a state that is not a fork.
func (s *State) Due(now time.Time, n int) []Deadline {
	var due []Deadline
	for len(due) < n && len(s.agenda) > 0 && s.agenda[0].at <= now.UnixMicro() {
		a := heap.Pop(&s.agenda).(appointment)
		if command := s.commandOf(a, now); command != nil {
			due = append(due, Deadline{command, a})
		}
	}
	return due
}

// Postpone puts a command back on the agenda.
func (s *State) Postpone(d Deadline) { s.add(d.of) }

// commandOf answers what is to be done at an appointment, nil for nothing.
func (s *State) commandOf(a appointment, now time.Time) Command {
	at := locationOf(a.of)
	switch a.kind {
	case creditExpires, creditIsAnnounced:
		return s.lotCommand(a, now)
	case holdExpires:
		if hold, ok := s.holds.get(HoldID(at.ID(holdPrefix))); ok && hold != nil {
			return ExpireHold{hold.Project, hold.ID}
		}
	case escrowEnds:
		if escrow, ok := s.escrows.get(EscrowID(at.ID(escrowPrefix))); ok && escrow != nil && !s.blocked(escrow) {
			return MeetDeadline{escrow.Project, escrow.ID}
		}
	case periodEnds:
		wallet, ok := s.Wallet(WalletID(at.ID(walletPrefix)))
		if ok && wallet.Status != Closed && wallet.Terms.Settlement.Next.UnixMicro() == a.at {
			return CallSettlement{wallet.Project, wallet.ID}
		}
	case transactionIsDue:
		if of, ok := s.schedule.get(TransactionID(at.ID(transactionPrefix))); ok && of.pending != nil {
			return PerformScheduled{Project: of.pending.Project, Transaction: of.pending.Transaction}
		}
	}
	return nil
}

func (s *State) lotCommand(a appointment, now time.Time) Command {
	wallet, lot, ok := s.lotOf(WalletID(locationOf(a.of).ID(walletPrefix)), a.lot, time.UnixMicro(a.expires).UTC())
	switch {
	case !ok:
		return nil
	case a.kind == creditExpires:
		return ExpireCredit{wallet.Project, wallet.ID, a.lot, lot.Expires}
	case lot.Noticed || lot.expired(now):
		return nil
	}
	project, _ := s.Project(wallet.Project)
	notice := project.Settings.ExpiryNotice
	if notice <= 0 {
		return nil
	}
	if when := lot.Expires.Add(-notice); when.After(now) {
		s.appointLot(when, creditIsAnnounced, locationOf(a.of), lot.LotPart) // the lead time was shortened
		return nil
	}
	return AnnounceExpiry{wallet.Project, wallet.ID, a.lot, lot.Expires}
}
