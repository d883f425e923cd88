package events

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors of reading a log are of two kinds.
//
// Errors that wrap ErrDamaged are permanent: the log, or what is read from it, is not
// what was written. The reader stops there, uses nothing that it has not verified, and
// says what an operator must do. Every other error may pass: a timeout, a missing
// leader, a lost connection, a key that cannot be read now. The reader waits until it
// passes, however long that takes.
var (
	// ErrDamaged means that a commit is missing or changed, or cannot be decoded.
	ErrDamaged = errors.New("the log is damaged")

	// ErrLostCommits is the ErrDamaged of a log that ends before a commit that it is
	// known to have had, or that has another commit at that sequence.
	ErrLostCommits = fmt.Errorf("%w: it has lost commits", ErrDamaged)
)

// Tail is the part of a log that Cursor.VerifyIn uses. Stream and Memory implement it.
type Tail interface {
	Last(ctx context.Context) (uint64, error)
	Get(ctx context.Context, sequence uint64) (Message, error)
}

// A leader that was paused reports an old state until it learns that another leader was
// elected. A log therefore counts as shorter only after it was shorter for this long.
const (
	surelyShorter = 3 * time.Second
	lookAgain     = 500 * time.Millisecond
)

// VerifyIn checks that the log still has the commit of the cursor, and returns the
// sequence of the newest commit. seenBy names the witness of that commit in the error
// message. The error is ErrLostCommits, ErrDamaged, or one that may pass.
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
	if errors.Is(err, ErrNotFound) { // although it is not after the last commit
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

// surelyLast returns the sequence of the newest commit. It returns a sequence below
// least only if the log was that short for surelyShorter.
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

// Remedy returns what an operator must do after an ErrDamaged of a shard.
func Remedy(shard int) string { return remedy(StreamName(shard)) }

func remedy(stream string) string {
	return "Nothing repairs this by itself. Keep every copy: do not delete stream " + stream + ", and do not drop the read model, " +
		"which may be the only copy of what is missing. Restore the stream from a replica or a backup " +
		"(if a newer version wrote it, run that version), then start this process again."
}
