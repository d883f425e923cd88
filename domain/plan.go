package domain

import (
	"cmp"
	"math"
	"time"

	"github.com/tidwall/btree"

	"tallystick/domain/ids"
)

// appointmentKind says what an appointment is about.
type appointmentKind uint8

const (
	creditExpires       appointmentKind = iota // of a lot whose end was announced
	creditIsUnannounced                        // of a lot whose end was not, whether or not it is to be
	holdExpires
	escrowEnds
	periodEnds
	transactionIsDue
)

// appointment takes 32 bytes: there can be as many as there are lots. The
// appointment of a thing depends only on the thing and its time, so it is
// cancelled without a search.
type appointment struct {
	at   int64  // microseconds since 1970: of a lot, its end
	of   uint64 // place of the hold, escrow or transaction, or of the wallet of a lot or period
	with uint64 // version of the lot, or place of the wallet that an escrow's money goes to
	kind appointmentKind
}

func (a appointment) as(kind appointmentKind) appointment {
	a.kind = kind
	return a
}

func byMoment(a, b appointment) bool {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.of, b.of), cmp.Compare(a.with, b.with), cmp.Compare(a.kind, b.kind)) < 0
}

func byWallet(a, b appointment) bool {
	return cmp.Or(cmp.Compare(a.with, b.with), cmp.Compare(a.at, b.at), cmp.Compare(a.of, b.of)) < 0
}

// plan is the agenda of one project. A change of it takes time in proportion to
// the logarithm of its size.
type plan struct {
	project ids.Project
	// queue has all appointments that are not in the next two fields.
	queue *btree.BTreeG[appointment]
	// unannounced are lots, earliest end first. How long before its end a lot
	// is announced is looked up when the agenda is asked, because a project can
	// change that at once for all lots. The lots are here even while nothing is
	// announced.
	unannounced *btree.BTreeG[appointment]
	// escrows are grouped by the wallet that receives the money. The first of
	// each wallet is also in the queue, unless the wallet is disabled: then
	// nothing moves.
	escrows *btree.BTreeG[appointment]

	moment int64 // of the next appointment
	turn   int   // see agenda
	placed bool  // stands on the agenda
}

func newPlan(project ids.Project) *plan {
	return &plan{project: project, queue: newTree(byMoment), unannounced: newTree(byMoment), escrows: newTree(byWallet)}
}

// next returns the next appointment and its moment, false when nothing is planned.
func (p *plan) next(notice int64) (next appointment, moment int64, ok bool) {
	next, ok = p.queue.Min()
	moment = next.at
	if lot, more := p.unannounced.Min(); more && (!ok || lot.at-notice < moment) {
		return lot, lot.at - notice, true
	}
	return next, moment, ok
}

// command returns the command of an appointment whose moment has come.
func (p *plan) command(a appointment, now int64) Command {
	at := ids.LocationOf(a.of)
	switch a.kind {
	case creditIsUnannounced, creditExpires:
		wallet, end := at.Wallet(), momentOf(a.at)
		if a.kind == creditIsUnannounced && a.at > now {
			return AnnounceExpiry{p.project, wallet, a.with, end}
		}
		return ExpireCredit{p.project, wallet, a.with, end}
	case holdExpires:
		return ExpireHold{p.project, at.Hold()}
	case escrowEnds:
		return MeetDeadline{p.project, at.Escrow()}
	case periodEnds:
		return CallSettlement{p.project, at.Wallet()}
	}
	return PerformScheduled{Project: p.project, Transaction: at.Transaction()}
}

// set makes an appointment. The appointment of a lot replaces the one that the
// lot had.
func (p *plan) set(a appointment) {
	p.cancel(a)
	if a.kind == creditIsUnannounced {
		p.unannounced.Set(a)
	} else {
		p.queue.Set(a)
	}
}

// cancel removes an appointment if it is there; of a lot, whether announced or
// not.
func (p *plan) cancel(a appointment) {
	if a.kind == creditExpires || a.kind == creditIsUnannounced {
		p.unannounced.Delete(a.as(creditIsUnannounced))
		a.kind = creditExpires
	}
	p.queue.Delete(a)
}

// regroup runs a change of the escrows that pay a wallet, and keeps the first
// of them in the queue.
func (p *plan) regroup(wallet uint64, blocked bool, change func()) {
	if first, ok := firstOf(p.escrows, wallet); ok {
		p.queue.Delete(first)
	}
	change()
	if first, ok := firstOf(p.escrows, wallet); ok && !blocked {
		p.queue.Set(first)
	}
}

// firstOf returns the first of the escrows whose money goes to a wallet.
func firstOf(all *btree.BTreeG[appointment], wallet uint64) (first appointment, ok bool) {
	all.Ascend(appointment{at: math.MinInt64, with: wallet}, func(a appointment) bool {
		first, ok = a, a.with == wallet
		return false
	})
	return first, ok
}

func momentOf(micro int64) time.Time { return time.UnixMicro(micro).UTC() }
