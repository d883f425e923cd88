package events

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors of reading a log are of two kinds.
//
// Those that wrap ErrDamaged never pass: the log, or what is read from it, is not
// what was written. Whoever reads stops there, concludes nothing from what it has
// not verified, and says what an operator must do. Every other error may pass: a
// time-out, no leader, a connection lost, a key that cannot be read now. Those are
// waited out, however long they last.
var (
	// ErrDamaged: a commit is missing, changed, or cannot be decoded.
	ErrDamaged = errors.New("the log is damaged")

	// ErrLostCommits is damage: the log ends before a commit that it is known to
	// have had, or has another commit at its place.
	ErrLostCommits = fmt.Errorf("%w: it has lost commits", ErrDamaged)
)

// Tail is what Cursor.VerifyIn asks of a log; Stream and Memory have it.
type Tail interface {
	Last(ctx context.Context) (uint64, error)
	Get(ctx context.Context, sequence uint64) (Message, error)
}

// A leader that was paused answers with the past until it hears of its successor.
// So a log is found shorter only when it stays so for as long as this.
const (
	surelyShorter = 3 * time.Second
	lookAgain     = 500 * time.Millisecond
)

// VerifyIn checks that the log still has the commit that the cursor stands at, and
// returns the sequence of the newest commit. seenBy names who has seen the commit,
// for the message. The error is ErrLostCommits, ErrDamaged, or one that may pass.
func (c Cursor) VerifyIn(ctx context.Context, log Tail, seenBy string) (last uint64, err error) {
	if last, err = surelyLast(ctx, log, c.Sequence); err != nil {
		return 0, err
	}
	if last < c.Sequence {
		return last, fmt.Errorf("%w: it ends with commit %d, but %s has seen commit %d (hash %x): %d commits are missing",
			ErrLostCommits, last, seenBy, c.Sequence, c.Hash[:8], c.Sequence-last)
	}
	if c.Sequence == 0 {
		return last, nil
	}
	message, err := log.Get(ctx, c.Sequence)
	if errors.Is(err, ErrNotFound) { // Last is beyond it
		return last, fmt.Errorf("%w: commit %d of %d is missing or cannot be read", ErrDamaged, c.Sequence, last)
	}
	if err != nil {
		return last, err
	}
	if hash := HashOf(message.Data); hash != c.Hash {
		return last, fmt.Errorf("%w: commit %d has the hash %x, but %s has seen it with %x: other commits stand where it was",
			ErrLostCommits, c.Sequence, hash[:8], seenBy, c.Hash[:8])
	}
	return last, nil
}

// surelyLast returns the sequence of the newest commit, and one below `least` only
// when it stays below.
func surelyLast(ctx context.Context, log Tail, least uint64) (uint64, error) {
	for begin := time.Now(); ; {
		last, err := log.Last(ctx)
		if err != nil || last >= least || time.Since(begin) >= surelyShorter {
			return last, err
		}
		select {
		case <-time.After(lookAgain):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// Remedy says what an operator must do about an ErrDamaged of a shard.
func Remedy(shard int) string { return remedy(StreamName(shard)) }

func remedy(stream string) string {
	return "Nothing repairs this by itself. Keep every copy: do not delete stream " + stream + ", and do not drop the read model, " +
		"which may be the only copy of what is missing. Restore the stream from a replica or a backup " +
		"(if a newer version wrote it, run that version), then start this process again."
}
