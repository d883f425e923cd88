// Package events is the wire form of facts, and the log that holds them.
//
// # A commit
//
// One message of the log is one commit: everything that a shard's writer decided
// in one go, whole or not at all.
//
//	{"commit":1,"shard":0,"sequence":42,"time":"…","previous":"<sha-256>","facts":[…]}
//
// sequence is the message's own place in the log, previous the SHA-256 of the
// bytes of the commit before (64 zeros for the first): whoever reads the log in
// order notices anything missing, changed or put in between. All facts of a
// commit happened at its time, which never goes back.
//
// It is stored as a zstd frame of this JSON, compressed with the dictionary that
// the frame's head names (docs/decisions/0008). The hash is that of the stored
// bytes. Limits on a commit's size are limits on the JSON.
//
// # A fact
//
// A fact is a JSON object that begins with "type" and "v", its version. What a
// type and version mean never changes: the bytes in testdata/golden are read by
// a test for ever, and a new meaning is a new version. An unknown type, version
// or field is an error, never skipped, and so is a missing one: a reader that
// does not understand a fact does not know the balance.
//
// Amounts are decimal strings at their asset's scale; "asset" stands before the
// amounts that are of it, and an entry of a transaction says its own only where
// it is not that of its operation. Limits and fees are in major units. Times are
// RFC 3339 in UTC with up to nine digits of a second, durations whole seconds,
// zones names of the IANA database. What is empty, zero or false is left out,
// but for amounts.
//
// Personal data (a customer's profile) stands in the log only encrypted, with a
// key per customer; see [Keyring]. Destroying the key erases the customer, and
// the chain still verifies.
//
// # The log
//
// [Stream] is a shard's log in NATS JetStream, [Memory] its twin that keeps the
// same rules (logtest holds both to them) and fails on demand. Appending has
// three outcomes: acknowledged (nil), refused ([ErrConflict], [ErrRefused]: it is
// certainly not in the log) and unknown ([ErrUnknown]: it may be there, or still
// come to be there; read the log before deciding anything).
package events
