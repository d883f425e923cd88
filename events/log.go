package events

import (
	"errors"
	"fmt"
	"math"
)

// Outcomes of Append other than nil (acknowledged). Any other error is a bug.
var (
	// ErrConflict means that another commit is at the expected sequence, or soon will
	// be. The commit is certainly not in the log. The caller reads the new commits and
	// decides again.
	ErrConflict = errors.New("events: the log has moved on")

	// ErrRefused means that the log did not accept the commit (storage full, too
	// large). The commit is certainly not in the log. The cause is wrapped.
	ErrRefused = errors.New("events: the log refused the commit")

	// ErrUnknown means that no response arrived. The commit may be in the log. It may
	// also still be written, as long as its sequence has no other commit.
	ErrUnknown = errors.New("events: no answer from the log")
)

// ErrNotFound is returned by Get for a sequence that the log does not have (yet).
var ErrNotFound = errors.New("events: no such commit")

// ErrGap is returned by Read when commits did not arrive one after the other. It may
// pass: the reader starts again from its cursor. A gap that does not pass is
// ErrDamaged.
var ErrGap = errors.New("events: a gap in the log")

// Forever is the argument `to` for a Read that follows the log until its context ends.
const Forever = math.MaxUint64

// Message is one commit as the log stores it. Data must not be changed.
type Message struct {
	Sequence uint64
	Data     []byte
}

// Cursor is how far a reader has read. It checks that messages arrive one after the
// other, and that each contains the hash of the one before. The zero Cursor is before
// the first message of a log.
type Cursor struct {
	Sequence uint64
	Hash     Hash
}

// Next moves the cursor over a message; commit was decoded from data. The error is
// ErrDamaged: the log is not complete, and nothing in the message may be used.
func (c *Cursor) Next(commit *Commit, data []byte) error {
	if commit.Sequence != c.Sequence+1 {
		return fmt.Errorf("%w: commit %d follows commit %d", ErrDamaged, commit.Sequence, c.Sequence)
	}
	if commit.Previous != c.Hash {
		return fmt.Errorf("%w: commit %d contains the hash %x, but commit %d has %x: one of them was changed",
			ErrDamaged, commit.Sequence, commit.Previous[:8], c.Sequence, c.Hash[:8])
	}
	c.Sequence, c.Hash = commit.Sequence, HashOf(data)
	return nil
}
