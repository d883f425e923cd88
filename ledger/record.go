package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// TransactionRecord is a transaction, in any status.
type TransactionRecord struct {
	Event     domain.Event // *domain.TransactionCompleted or *domain.TransactionFailed; *domain.TransactionScheduled when it waits or was cancelled
	Time      time.Time    // of the event
	Location  ids.Location
	Cancelled bool
	Reversal  *domain.Reversal // what was reversed so far; nil for nothing
	Sequence  uint64           // the record holds as of this commit
}

// Transaction reads a transaction from the log, at the place that its identifier names;
// a scheduled transaction at the place where it was decided. It returns false when
// there is none. The error is an *Unavailable.
func (l *Ledger) Transaction(ctx context.Context, id ids.Transaction) (TransactionRecord, bool, error) {
	at, ok := id.Location()
	if !ok {
		return TransactionRecord{}, false, nil
	}
	record, ok, err := l.record(ctx, at)
	if !ok || err != nil {
		return TransactionRecord{}, false, err
	}
	var status domain.ScheduleStatus
	var outcome ids.Location
	record.Sequence, err = l.View(ctx, int(at.Shard), func(state *domain.State) {
		record.Reversal = state.Reversal(id)
		status, outcome, _ = state.Scheduled(id)
	})
	if _, waited := record.Event.(*domain.TransactionScheduled); !waited || err != nil {
		return record, err == nil, err
	}
	record.Cancelled = status == domain.ScheduleCancelled
	if status != domain.SchedulePerformed {
		return record, true, nil
	}
	performed, ok, err := l.record(ctx, outcome)
	performed.Reversal, performed.Sequence = record.Reversal, record.Sequence
	return performed, ok, err
}

// record reads the transaction at a place, false when there is none.
func (l *Ledger) record(ctx context.Context, at ids.Location) (TransactionRecord, bool, error) {
	message, ok, err := l.get(ctx, at)
	if !ok || err != nil {
		return TransactionRecord{}, false, err
	}
	commit, err := l.codec.Decode(message.Data)
	if err != nil {
		return TransactionRecord{}, false, l.shards[at.Shard].unreadable(at.Sequence, err)
	}
	switch fact := factAt(commit, at.Index).(type) {
	case *domain.TransactionCompleted, *domain.TransactionFailed, *domain.TransactionScheduled:
		return TransactionRecord{Event: fact, Time: commit.Time, Location: at}, true, nil
	}
	return TransactionRecord{}, false, nil
}

// Time returns the time of the commit at a location, the zero time when there is none.
// The error is an *Unavailable.
func (l *Ledger) Time(ctx context.Context, at ids.Location) (time.Time, error) {
	message, ok, err := l.get(ctx, at)
	if !ok || err != nil {
		return time.Time{}, err
	}
	when, err := events.TimeOf(message.Data)
	if err != nil {
		return when, l.shards[at.Shard].unreadable(at.Sequence, err)
	}
	return when, nil
}

// get reads one commit, false when there is none.
func (l *Ledger) get(ctx context.Context, at ids.Location) (events.Message, bool, error) {
	if int(at.Shard) >= len(l.shards) || at.Sequence == 0 {
		return events.Message{}, false, nil
	}
	s := l.shards[at.Shard]
	message, err := s.log.Get(ctx, at.Sequence)
	if errors.Is(err, events.ErrNotFound) {
		if err = s.missing(ctx, at.Sequence); err == nil {
			return message, false, nil
		}
	}
	if err != nil {
		return message, false, s.unreadable(at.Sequence, err)
	}
	return message, true, nil
}

// missing returns the reason for which the log has no commit at a sequence: nil when it
// never had one, events.ErrDamaged when this process has folded it, or an error that
// may pass.
func (s *shard) missing(ctx context.Context, sequence uint64) error {
	if s.peek(func(*domain.State) {}) < sequence {
		return nil
	}
	// Ask again, and for the last sequence too: a leader that was paused returns old
	// data until it learns of its successor.
	last, err := s.log.Last(ctx)
	if err == nil && last >= sequence {
		if _, err = s.log.Get(ctx, sequence); errors.Is(err, events.ErrNotFound) {
			return fmt.Errorf("%w: commit %d of %d is missing or cannot be read", events.ErrDamaged, sequence, last)
		}
	}
	if err == nil {
		err = errors.New("the log did not have the commit when it was first asked")
	}
	return err
}

// unreadable returns the error for a caller who needs a commit that cannot be read. It
// stops the shard when the error is events.ErrDamaged.
func (s *shard) unreadable(sequence uint64, err error) *Unavailable {
	if errors.Is(err, events.ErrDamaged) {
		s.stopFor(err)
		return s.unavailable(s.notReady())
	}
	s.logger.Warn("a commit cannot be read", "sequence", sequence, "error", err)
	return s.unavailable("the log cannot be read now")
}

// HoldRecord is a hold, active or ended.
type HoldRecord struct {
	Progress
	Placed    *domain.HoldPlaced
	CreatedAt time.Time // UTC
	Sequence  uint64    // the record holds as of this commit
}

// EscrowRecord is an escrow, open or ended.
type EscrowRecord struct {
	Progress
	Created   *domain.EscrowCreated
	Reference ids.Reference // of the transaction that took the sender's money
	CreatedAt time.Time     // UTC
	Sequence  uint64        // the record holds as of this commit
}

// Hold returns the present state of a hold of any project, false when there is none.
// The error is an *Unavailable, or an error of decoding the commit.
func (l *Ledger) Hold(ctx context.Context, id ids.Hold) (HoldRecord, bool, error) {
	at, ok := id.Location()
	if !ok {
		return HoldRecord{}, false, nil
	}
	found, err := l.find(ctx, at)
	placed, ok := found.made.(*domain.HoldPlaced)
	if err != nil || !ok {
		return HoldRecord{}, false, err
	}
	found.progress.begin("active", placed.Amount, found.commit.Time)
	return HoldRecord{found.progress, placed, found.commit.Time, found.sequence}, true, nil
}

// Escrow returns the present state of an escrow of any project, false when there is
// none. The error is an *Unavailable, or an error of decoding the commit.
func (l *Ledger) Escrow(ctx context.Context, id ids.Escrow) (EscrowRecord, bool, error) {
	at, ok := id.Location()
	if !ok {
		return EscrowRecord{}, false, nil
	}
	found, err := l.find(ctx, at)
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

// begin sets the fields that no change has set.
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

// found is a hold or escrow: the fact that made it, and its progress.
type found struct {
	made     domain.Event // nil for none
	commit   *events.Commit
	progress Progress
	sequence uint64
}

// find reads the hold or escrow that was made at a place. It confirms the state first,
// so that a hold or escrow that was made before the call is found.
func (l *Ledger) find(ctx context.Context, at ids.Location) (found, error) {
	if int(at.Shard) >= len(l.shards) || at.Sequence == 0 {
		return found{}, nil
	}
	s := l.shards[at.Shard]
	if err := s.confirm(ctx); err != nil {
		return found{}, err
	}
	var row progressRow
	var f found
	f.sequence = s.peek(func(*domain.State) {
		if row = s.progress[rowOf(at)]; row.progress != nil {
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

// commit reads a commit that the log must have.
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

// factAt returns a fact of a commit, nil when there is none at the index.
func factAt(commit *events.Commit, index int) domain.Event {
	if index >= len(commit.Facts) {
		return nil
	}
	return commit.Facts[index]
}
