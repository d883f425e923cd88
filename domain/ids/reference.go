package ids

import "crypto/sha256"

// Reference is the caller's own name of a transaction or a hold: 1 to
// MaxReferenceLength bytes, unique in its project for ever.
type Reference string

// MaxReferenceLength is how many bytes a reference has at most.
const MaxReferenceLength = 255

// ReservedReferences begin the references that the ledger gives to what it does
// itself.
const ReservedReferences = "tallystick:"

// OwnReference is the reference of what the ledger does itself: of what it is
// about, and where that stands, since the same may happen again (a lot that came
// back after its end ends again).
func OwnReference(what string, at Place) Reference {
	return Reference(ReservedReferences + what + ":" + at.ID(""))
}

// ReferenceKey stands for a reference in memory: the first 128 bits of the
// SHA-256 of project and reference. Two references of one key are not to be
// found by any known means.
type ReferenceKey [16]byte

// Key of a transaction's reference in a project.
func (r Reference) Key(project Project) ReferenceKey { return r.key(project, 0) }

// HoldKey is the key of a hold's reference: holds have references of their own.
func (r Reference) HoldKey(project Project) ReferenceKey { return r.key(project, 1) }

func (r Reference) key(project Project, kind byte) ReferenceKey {
	var buf [MaxReferenceLength + 64]byte
	text := append(append(append(buf[:0], project...), kind), r...)
	sum := sha256.Sum256(text)
	return ReferenceKey(sum[:16])
}
