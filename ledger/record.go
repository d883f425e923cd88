package ledger

import (
	"context"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// HoldRecord is a hold as the log has it, ended ones too.
type HoldRecord struct {
	Progress
	Placed    *domain.HoldPlaced
	CreatedAt time.Time // UTC
	Sequence  uint64    // the record holds as of this commit
}

// EscrowRecord is an escrow as the log has it, ended ones too.
type EscrowRecord struct {
	Progress
	Created   *domain.EscrowCreated
	Reference ids.Reference // of the transaction that took the sender's money
	CreatedAt time.Time     // UTC
	Sequence  uint64        // the record holds as of this commit
}

// Hold returns a hold of any project, as of now; false when there is none. The
// error is an *Unavailable, or says that the commit cannot be decoded.
func (l *Ledger) Hold(ctx context.Context, id ids.Hold) (HoldRecord, bool, error) {
	at, ok := id.Location()
	if !ok {
		return HoldRecord{}, false, nil
	}
	found, err := l.dealing(ctx, at)
	placed, ok := found.made.(*domain.HoldPlaced)
	if err != nil || !ok {
		return HoldRecord{}, false, err
	}
	found.progress.begin("active", placed.Amount, found.commit.Time)
	return HoldRecord{found.progress, placed, found.commit.Time, found.sequence}, true, nil
}

// Escrow returns an escrow of any project, as of now; false when there is none.
// The error is an *Unavailable, or says that the commit cannot be decoded.
func (l *Ledger) Escrow(ctx context.Context, id ids.Escrow) (EscrowRecord, bool, error) {
	at, ok := id.Location()
	if !ok {
		return EscrowRecord{}, false, nil
	}
	found, err := l.dealing(ctx, at)
	created, ok := found.made.(*domain.EscrowCreated)
	if err != nil || !ok {
		return EscrowRecord{}, false, err
	}
	found.progress.begin("open", created.Amount, found.commit.Time)
	record := EscrowRecord{Progress: found.progress, Created: created, CreatedAt: found.commit.Time, Sequence: found.sequence}
	if at, ok := created.Transaction.Location(); ok { // of the same commit
		if completed, ok := factAt(found.commit, at.Index).(*domain.TransactionCompleted); ok {
			record.Reference = completed.Reference
		}
	}
	return record, true, nil
}

// begin fills in what no change has set.
func (p *Progress) begin(status string, amount money.Amount, made time.Time) {
	if p.Status == "" {
		p.Status = status
	}
	if p.Spent.Asset() == "" {
		p.Spent = amount.Sub(amount)
	}
	if p.Remaining.Asset() == "" {
		p.Remaining = amount
	}
	if p.UpdatedAt.IsZero() {
		p.UpdatedAt = made
	}
}

// found is a hold or escrow: what it was made as, and what became of it.
type found struct {
	made     domain.Event // nil for none
	commit   *events.Commit
	progress Progress
	sequence uint64
}

// dealing reads the hold or escrow that was made at a place. The state is
// confirmed first: what it has is in the log, and what it does not have was not
// there when the caller asked.
func (l *Ledger) dealing(ctx context.Context, at ids.Location) (found, error) {
	if int(at.Shard) >= len(l.shards) || at.Sequence == 0 {
		return found{}, nil
	}
	s := l.shards[at.Shard]
	if err := s.confirm(ctx); err != nil {
		return found{}, err
	}
	var row dealing
	var f found
	f.sequence = s.peek(func(*domain.State) {
		if row = s.dealings[rowOf(at)]; row.progress != nil {
			f.progress = *row.progress
		}
	})
	if at.Sequence > f.sequence {
		return found{}, nil
	}
	var err error
	if f.commit, err = l.commit(ctx, at); err != nil {
		return found{}, err
	}
	f.made = factAt(f.commit, at.Index)
	if row.end == 0 {
		return f, nil
	}
	end := placeOf(at.Shard, row.end)
	ending, err := l.commit(ctx, end)
	if err != nil {
		return found{}, err
	}
	f.progress.apply(factAt(ending, end.Index), ending.Time)
	return f, nil
}

// commit reads a commit that is there.
func (l *Ledger) commit(ctx context.Context, at ids.Location) (*events.Commit, error) {
	message, ok, err := l.get(ctx, at)
	if err == nil && !ok {
		err = l.shards[at.Shard].unavailable("the log cannot be read now")
	}
	if err != nil {
		return nil, err
	}
	return l.codec.Decode(message.Data)
}

// factAt returns a fact of a commit, nil for none.
func factAt(commit *events.Commit, index int) domain.Event {
	if index >= len(commit.Facts) {
		return nil
	}
	return commit.Facts[index]
}
