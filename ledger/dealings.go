package ledger

import (
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// dealings is what became of holds and escrows, by the places that their
// identifiers name. Readers want it and decisions do not, so it stands beside the
// state; it is folded from the same commits, under the same lock. What a hold or
// escrow was made as is read from the log. One that nothing has changed yet has
// no row.
type dealings map[uint64]dealing

// dealing is what became of one hold or escrow. Most end at once: then end is the
// place of the fact that did it, and the rest stands there. Of the others progress
// adds up the changes, so that reading costs the same however many there were.
type dealing struct {
	end      uint64
	progress *Progress
}

// Progress is what became of a hold or escrow.
type Progress struct {
	Status       string               // active, captured, released, expired; open, released, refunded: where the last of it went
	Spent        money.Amount         // captured, or released to the recipient
	Remaining    money.Amount         // the rest of the amount is released, or refunded
	Approved     []domain.EscrowParty // in order
	Expired      bool                 // time made the last change
	Transactions []ids.Transaction    // that paid out of it, in order
	UpdatedAt    time.Time            // UTC
}

// rowOf packs a place in the log of one shard.
func rowOf(at ids.Location) uint64 { return at.Sequence<<16 | uint64(at.Index) }

// placeOf is rowOf backwards.
func placeOf(shard uint8, row uint64) ids.Location {
	return ids.Location{Shard: shard, Sequence: row >> 16, Index: int(row & (ids.MaxFactsPerCommit - 1))}
}

// fold notes the changes that a commit makes.
func (d dealings) fold(commit *events.Commit) {
	for i, fact := range commit.Facts {
		at, remaining, ok := changeOf(fact)
		if !ok {
			continue
		}
		row := d[rowOf(at)]
		switch {
		case row.progress != nil:
			row.progress.apply(fact, commit.Time)
		case remaining != nil && remaining.IsZero():
			d[rowOf(at)] = dealing{end: rowOf(commit.Place(i).Location)}
		default:
			row.progress = new(Progress)
			row.progress.apply(fact, commit.Time)
			d[rowOf(at)] = row
		}
	}
}

// changeOf returns the place of the hold or escrow that a fact changes, and what
// the fact leaves of it, nil when it takes nothing. False for other facts.
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

// apply adds a change.
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
