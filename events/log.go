package events

import (
	"errors"
	"fmt"
	"math"
)

// Outcomes of Append other than acknowledged. Anything else than these is a bug.
var (
	// ErrConflict: another commit stands, or is about to stand, at the expected
	// place. Certainly not in the log: read on, decide again.
	ErrConflict = errors.New("events: the log has moved on")

	// ErrRefused: the log would not take the commit (storage full, too large).
	// Certainly not in the log; the cause is wrapped.
	ErrRefused = errors.New("events: the log refused the commit")

	// ErrUnknown: no answer came. The commit may be in the log, or may still
	// come to be there until something else stands at its place.
	ErrUnknown = errors.New("events: no answer from the log")
)

// ErrNotFound is returned by Get for a place that the log does not have (yet).
var ErrNotFound = errors.New("events: no such commit")

// ErrGap is returned by Read when commits did not come one after the other. It may
// pass: the reader starts again from where it knows that it is. A gap that stays
// is ErrDamaged.
var ErrGap = errors.New("events: a gap in the log")

// Forever is the `to` of a Read that follows the log until its context ends.
const Forever = math.MaxUint64

// Message is one commit as it stands in the log. Data must not be changed.
type Message struct {
	Sequence uint64
	Data     []byte
}

// Cursor checks that messages come one after the other and that each carries the
// hash of the one before. The zero Cursor stands before the first message of a log.
type Cursor struct {
	Sequence uint64
	Hash     Hash
}

// Next moves the cursor over a message that was decoded from data. The error is
// ErrDamaged: the log is not whole, and nothing may be concluded from it.
func (c *Cursor) Next(commit *Commit, data []byte) error {
	if commit.Sequence != c.Sequence+1 {
		return fmt.Errorf("%w: commit %d follows commit %d", ErrDamaged, commit.Sequence, c.Sequence)
	}
	if commit.Previous != c.Hash {
		return fmt.Errorf("%w: commit %d carries the hash %x, but commit %d has %x: one of them was changed",
			ErrDamaged, commit.Sequence, commit.Previous[:8], c.Sequence, c.Hash[:8])
	}
	c.Sequence, c.Hash = commit.Sequence, HashOf(data)
	return nil
}
