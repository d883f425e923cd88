package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// TransactionRecord is a transaction as the log has it.
type TransactionRecord struct {
	Event     domain.Event // *domain.TransactionCompleted, *domain.TransactionFailed, or while it waits, and when it was cancelled, *domain.TransactionScheduled
	Time      time.Time    // of the event
	Location  ids.Location
	Cancelled bool
	Reversal  *domain.Reversal // what was taken back so far; nil for nothing
	Sequence  uint64           // the record holds as of this commit
}

// Transaction reads one from the log, where its identifier says that it stands,
// or, of a scheduled one, where it was decided. False when there is none. The
// error is an *Unavailable.
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

// record reads the transaction that stands at a place, false for none.
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

// Time answers when the commit at a location was made; the zero time when there
// is none. The error is an *Unavailable.
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

// get reads one commit; false when there is none.
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

// missing tells why the log has no commit at a place: nil when none was ever there,
// events.ErrDamaged when this process has folded it, or an error that may pass.
func (s *shard) missing(ctx context.Context, sequence uint64) error {
	if s.peek(func(*domain.State) {}) < sequence {
		return nil
	}
	// The log is asked again, and how far it goes: a leader that was paused answers
	// with the past until it hears of its successor.
	last, err := s.log.Last(ctx)
	if err == nil && last >= sequence {
		if _, err = s.log.Get(ctx, sequence); errors.Is(err, events.ErrNotFound) {
			return fmt.Errorf("%w: commit %d of %d is missing or cannot be read", events.ErrDamaged, sequence, last)
		}
	}
	if err == nil {
		err = errors.New("the log did not have it when it was first asked")
	}
	return err
}

// unreadable is the answer to a caller who needs a commit that cannot be read, and
// stops the shard when it never will be.
func (s *shard) unreadable(sequence uint64, err error) *Unavailable {
	if errors.Is(err, events.ErrDamaged) {
		s.stopFor(err)
		return s.unavailable(s.notReady())
	}
	s.logger.Warn("a commit cannot be read", "sequence", sequence, "error", err)
	return s.unavailable("the log cannot be read now")
}
