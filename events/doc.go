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
// A fact is a JSON object that begins with "fact", its name, and "v", the version of
// its form. The table forms lists every name and version, and the struct that each is
// written as. The bytes in testdata/golden are read by a test for ever. An unknown
// name, version or field is an error, and so is a field that is missing, there twice,
// or empty: a reader that does not understand a fact does not know the balance.
//
// A change of what a fact says makes a new version. The struct of the old version
// stays as it is, with a function that makes the newest fact of it. The new struct
// gets the next number, a line in forms, and a golden file.
//
// Amounts are decimal strings at their asset's scale. "currency" stands before the
// amounts that are in it; an entry of a transaction has one only where it differs from
// its operation's. Limits and fees are in major units. Times are RFC 3339 in UTC with
// up to nine digits of a second, durations whole seconds, time zones names of the IANA
// database. What is empty, zero or false is left out, but for amounts.
//
// A customer's profile is encrypted with a key of that customer; see [Keyring].
// Destroying the key erases the customer, and the chain of commits still verifies.
//
// # The log
//
// [Stream] is a shard's log in NATS JetStream, [Memory] its twin that keeps the
// same rules (logtest holds both to them) and fails on demand. Appending has
// three outcomes: acknowledged (nil), refused ([ErrConflict], [ErrRefused]: it is
// certainly not in the log) and unknown ([ErrUnknown]: it may be there, or still
// come to be there; read the log before deciding anything).
package events
