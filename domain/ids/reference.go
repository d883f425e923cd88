package ids

import "crypto/sha256"

// Reference is the caller's own name of a transaction or a hold: 1 to
// MaxReferenceLength bytes, unique in its project for ever.
type Reference string

// MaxReferenceLength is how many bytes a reference has at most.
const MaxReferenceLength = 255

// ReservedReferences is the beginning of the references that the ledger gives
// to its own transactions.
const ReservedReferences = "tallystick:"

// OwnReference returns a reference for the ledger's own transaction about
// something. It includes the place, because the same can happen again: a lot
// that came back after its expiry expires again.
func OwnReference(what string, at Place) Reference {
	return Reference(ReservedReferences + what + ":" + at.ID(""))
}

// ReferenceKey stands for a reference in memory: the first 128 bits of the
// SHA-256 of project and reference. No way is known to find two references with
// the same key.
type ReferenceKey [16]byte

// Key returns the key of a transaction's reference in a project.
func (r Reference) Key(project Project) ReferenceKey { return r.key(project, 0) }

// HoldKey returns the key of a hold's reference. Holds and transactions have
// separate references.
func (r Reference) HoldKey(project Project) ReferenceKey { return r.key(project, 1) }

func (r Reference) key(project Project, kind byte) ReferenceKey {
	var buf [MaxReferenceLength + 64]byte
	text := append(append(append(buf[:0], project...), kind), r...)
	sum := sha256.Sum256(text)
	return ReferenceKey(sum[:16])
}
