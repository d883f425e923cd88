package ledger

import (
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// progressTable has the progress of holds and escrows, by the places that their
// identifiers name. Readers need it and decisions do not, so it is kept beside the
// state; it is folded from the same commits, under the same lock. The terms of a hold
// or escrow are read from the log. A hold or escrow that has not changed has no row.
type progressTable map[uint64]progressRow

// progressRow is the progress of one hold or escrow. Most end with their first change:
// then end is the place of that fact, from which the progress is read. Of the others
// progress sums up the changes, so that the cost of a read does not depend on their
// number.
type progressRow struct {
	end      uint64
	progress *Progress
}

// Progress is what happened to a hold or an escrow so far.
type Progress struct {
	Status       string               // active, captured, released, expired; open, released, refunded: by where the last part went
	Spent        money.Amount         // captured, or released to the recipient
	Remaining    money.Amount         // the rest of the amount is released, or refunded
	Approved     []domain.EscrowParty // in order
	Expired      bool                 // the last change was made by its expiry or deadline
	Transactions []ids.Transaction    // that paid out of it, in order
	UpdatedAt    time.Time            // UTC
}

// rowOf packs a place in the log of one shard into a key of the table.
func rowOf(at ids.Location) uint64 { return at.Sequence<<16 | uint64(at.Index) }

// placeOf returns the place of a key.
func placeOf(shard uint8, row uint64) ids.Location {
	return ids.Location{Shard: shard, Sequence: row >> 16, Index: int(row & (ids.MaxFactsPerCommit - 1))}
}

// fold adds the changes of a commit.
func (t progressTable) fold(commit *events.Commit) {
	for i, fact := range commit.Facts {
		at, remaining, ok := changeOf(fact)
		if !ok {
			continue
		}
		row := t[rowOf(at)]
		switch {
		case row.progress != nil:
			row.progress.apply(fact, commit.Time)
		case remaining != nil && remaining.IsZero():
			t[rowOf(at)] = progressRow{end: rowOf(commit.Place(i).Location)}
		default:
			row.progress = new(Progress)
			row.progress.apply(fact, commit.Time)
			t[rowOf(at)] = row
		}
	}
}

// changeOf returns the place of the hold or escrow that a fact changes, and the amount
// that remains after it, nil when the amount does not change. It returns false for
// other facts.
func changeOf(fact domain.Event) (of ids.Location, remaining *money.Amount, ok bool) {
	switch f := fact.(type) {
	case *domain.HoldCaptured:
		of, ok = f.Hold.Location()
		return of, &f.Remaining, ok
	case *domain.HoldReleased:
		of, ok = f.Hold.Location()
		return of, &f.Remaining, ok
	case *domain.EscrowApproved:
		of, ok = f.Escrow.Location()
		return of, nil, ok
	case *domain.EscrowReleased:
		of, ok = f.Escrow.Location()
		return of, &f.Remaining, ok
	case *domain.EscrowRefunded:
		of, ok = f.Escrow.Location()
		return of, &f.Remaining, ok
	}
	return of, nil, false
}

// apply adds one change.
func (p *Progress) apply(fact domain.Event, at time.Time) {
	p.UpdatedAt = at
	switch f := fact.(type) {
	case *domain.HoldCaptured:
		p.spend(f.Amount, f.Transaction)
		p.take(f.Remaining, "captured", false)
	case *domain.HoldReleased:
		end := "released"
		if f.Expired {
			end = "expired"
		}
		p.take(f.Remaining, end, f.Expired)
	case *domain.EscrowApproved:
		p.Approved = append(p.Approved, f.Party)
	case *domain.EscrowReleased:
		p.spend(f.Amount, f.Transaction)
		p.take(f.Remaining, "released", f.AtDeadline)
	case *domain.EscrowRefunded:
		p.Transactions = append(p.Transactions, f.Transaction)
		p.take(f.Remaining, "refunded", f.AtDeadline)
	}
}

func (p *Progress) spend(amount money.Amount, by ids.Transaction) {
	p.Transactions = append(p.Transactions, by)
	if p.Spent.Asset() == "" { // the first of it
		p.Spent = amount
		return
	}
	p.Spent = p.Spent.Add(amount)
}

func (p *Progress) take(remaining money.Amount, end string, expired bool) {
	p.Remaining, p.Expired = remaining, expired
	if remaining.IsZero() {
		p.Status = end
	}
}
