package naive

import (
	"slices"
	"time"
)

// Pending are all things that time will do, each with its moment; things that
// cannot be done as they stand are left out.
func (l *Ledger) Pending() map[Deadline]time.Time {
	all := map[Deadline]time.Time{}
	for name, w := range l.wallets {
		notice := l.projects[w.project].settings.Notice
		for id, lot := range w.lots {
			if !lot.tried {
				all[Deadline{"expire", name, id}] = lot.expires
			}
			if notice > 0 && !lot.noticed {
				all[Deadline{"announce", name, id}] = lot.expires.Add(-notice)
			}
		}
		if w.settlement.Period != "" && w.status != "closed" {
			all[Deadline{"settlement", name, 0}] = w.next
		}
	}
	for name, h := range l.holds {
		if h.ended == "" && !h.expires.IsZero() {
			all[Deadline{"hold", name, 0}] = h.expires
		}
	}
	for name, e := range l.escrows {
		to := l.wallets[map[string]string{"release": e.to, "refund": e.from}[e.atDeadline]]
		if e.ended == "" && !e.deadline.IsZero() && !e.tried && to.status != "disabled" && to.status != "closed" {
			all[Deadline{"escrow", name, 0}] = e.deadline
		}
	}
	for name, t := range l.transactions {
		if t.status == "scheduled" {
			all[Deadline{"scheduled", name, 0}] = t.at
		}
	}
	return all
}

// Due are the deadlines that have come: all that should be done before anything
// else is. The end of credit is not announced once it has come.
func (l *Ledger) Due(now time.Time) (due []Deadline) {
	for d, at := range l.Pending() {
		late := d.Kind == "announce" && !now.Before(l.wallets[d.Of].lots[d.Lot].expires)
		if !now.Before(at) && !late {
			due = append(due, d)
		}
	}
	return due
}

// meet does what is due; of what is not, nothing.
func (l *Ledger) meet(d Deadline) (bool, *refusal) {
	if !slices.Contains(l.Due(l.now), d) {
		return false, nil
	}
	switch d.Kind {
	case "expire":
		return true, l.expire(d)
	case "announce":
		lot := l.wallets[d.Of].lots[d.Lot]
		lot.noticed = true
		l.wallets[d.Of].lots[d.Lot] = lot
	case "hold":
		l.free(l.holds[d.Of], nil, nothing, "expired")
	case "escrow":
		e := l.escrows[d.Of]
		e.tried = true
		return true, l.pay(d.Of, e.atDeadline, "deadline of "+d.Of, total(e.pieces), true)
	case "settlement":
		w := l.wallets[d.Of]
		w.asked, w.askedAt, w.next = w.owed(), len(w.entries), l.endOfPeriod(w)
	case "scheduled":
		return true, l.perform(d.Of, l.transactions[d.Of])
	}
	return true, nil
}

// expire moves what is left of a lot to the project's breakage account, whatever
// the wallet's status.
func (l *Ledger) expire(d Deadline) *refusal {
	w := l.wallets[d.Of]
	lot := w.lots[d.Lot]
	lot.tried = true
	w.lots[d.Lot] = lot
	t := &transaction{project: w.project, reference: "end of a lot " + l.tag, origin: "expiry", status: "completed"}
	broken := l.try(func() {
		w := l.wallets[d.Of]
		p := piece{d.Lot, lot.amount, lot.original, lot.expires}
		breakage := l.account(w.project, "breakage", w.asset)
		l.run(step{flows: []flow{{from: w, to: breakage, amount: lot.amount, pieces: []piece{p}}}, expiring: true})
		l.keep("t"+l.tag, t)
	})
	return l.end("t"+l.tag, t, broken)
}
