// Package ids has the identifiers of the ledger and the places in the log that
// they are made of. An identifier is a prefix and the place of the first fact of
// what it names, so it is unique without a generator, sorts by time, and leads
// straight back to that fact.
package ids

import (
	"cmp"
	"strconv"
	"strings"
	"time"
)

// Identifiers of different kinds have different types.
type (
	Project     string // proj_…
	Wallet      string // wall_…
	Transaction string // tx_…
	APIKey      string // key_…
	Hold        string // hold_…
	Escrow      string // esc_…
	Monitor     string // mon_…
	Customer    string // the caller's own, 1 to 255 bytes
)

const (
	projectPrefix     = "proj_"
	walletPrefix      = "wall_"
	transactionPrefix = "tx_"
	apiKeyPrefix      = "key_"
	holdPrefix        = "hold_"
	escrowPrefix      = "esc_"
	monitorPrefix     = "mon_"
	lotPrefix         = "lot_"
)

// Limits of a Location: a shard is one of 256, a commit holds at most 65,536
// facts, and a shard's log can grow to 2^40 commits.
const (
	MaxShards         = 1 << 8
	MaxFactsPerCommit = 1 << 16
	maxSequence       = 1<<40 - 1
)

// Location is the place of one fact: which shard's log, which commit of it
// (counted from 1), which fact of the commit (counted from 0).
type Location struct {
	Shard    uint8
	Sequence uint64
	Index    int
}

// Place is where and when the facts of a decision will stand if they are
// appended. Time is UTC in whole microseconds and never goes back within a
// shard.
type Place struct {
	Location
	Time time.Time
}

const (
	idAlphabet = "0123456789abcdefghijklmnopqrstuv" // base32hex: sorts as it counts
	idDigits   = 13                                 // 64 bits, five a digit
)

// Bits packs the location into a number. Locations of one shard compare as their
// numbers do.
func (l Location) Bits() uint64 {
	return l.Sequence<<24 | uint64(l.Index)<<8 | uint64(l.Shard)
}

// LocationOf unpacks Bits.
func LocationOf(bits uint64) Location {
	return Location{Shard: uint8(bits), Sequence: bits >> 24, Index: int(bits >> 8 & 0xffff)}
}

// ID spells the location as an identifier: prefix, then 13 digits that sort in
// the order of the log.
func (l Location) ID(prefix string) string {
	var buf [32]byte
	id := append(buf[:0], prefix...)
	bits := l.Bits()
	for shift := 60; shift >= 0; shift -= 5 {
		id = append(id, idAlphabet[bits>>uint(shift)&31])
	}
	return string(id)
}

// Later returns the location n facts later in the same commit.
func (l Location) Later(n int) Location {
	l.Index += n
	return l
}

// Locate reads a location back from an identifier that ID made. It returns
// false for anything else, so that a caller's stray text is "not found" and not
// a wrong place.
func Locate(prefix, id string) (Location, bool) {
	digits, ok := strings.CutPrefix(id, prefix)
	if !ok || len(digits) != idDigits {
		return Location{}, false
	}
	var bits uint64
	for i := range idDigits {
		value := idValue(digits[i])
		if value < 0 || (i == 0 && value > 15) {
			return Location{}, false
		}
		bits = bits<<5 | uint64(value)
	}
	return LocationOf(bits), true
}

func idValue(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'v':
		return int(c-'a') + 10
	}
	return -1
}

// Location returns where the transaction's fact stands, false when the id is
// not one of ours.
func (id Transaction) Location() (Location, bool) { return Locate(transactionPrefix, string(id)) }

// Location returns where the wallet was created.
func (id Wallet) Location() (Location, bool) { return Locate(walletPrefix, string(id)) }

// Location returns where the project was created: it lives in that shard for ever.
func (id Project) Location() (Location, bool) { return Locate(projectPrefix, string(id)) }

// Location returns where the credential was created, and so which shard knows it.
func (id APIKey) Location() (Location, bool) { return Locate(apiKeyPrefix, string(id)) }

// Location returns where the hold was placed.
func (id Hold) Location() (Location, bool) { return Locate(holdPrefix, string(id)) }

// Location returns where the escrow was created.
func (id Escrow) Location() (Location, bool) { return Locate(escrowPrefix, string(id)) }

// Project is the identifier of a project that is created here.
func (l Location) Project() Project { return Project(l.ID(projectPrefix)) }

// Wallet is the identifier of a wallet that is created here.
func (l Location) Wallet() Wallet { return Wallet(l.ID(walletPrefix)) }

// Transaction is the identifier of a transaction whose first fact stands here.
func (l Location) Transaction() Transaction { return Transaction(l.ID(transactionPrefix)) }

// APIKey is the identifier of a credential that is created here.
func (l Location) APIKey() APIKey { return APIKey(l.ID(apiKeyPrefix)) }

// Hold is the identifier of a hold that is placed here.
func (l Location) Hold() Hold { return Hold(l.ID(holdPrefix)) }

// Escrow is the identifier of an escrow that is created here.
func (l Location) Escrow() Escrow { return Escrow(l.ID(escrowPrefix)) }

// Monitor is the identifier of a monitor that is set here.
func (l Location) Monitor() Monitor { return Monitor(l.ID(monitorPrefix)) }

// Lot returns the identifier of a lot: lot_<wallet>_<version of the entry that
// granted it>.
func Lot(wallet Wallet, lot uint64) string {
	return lotPrefix + strings.TrimPrefix(string(wallet), walletPrefix) + "_" + strconv.FormatUint(lot, 10)
}

// Compare orders wallets as they were created in their shard.
func (id Wallet) Compare(other Wallet) int { return cmp.Compare(id, other) }

// Compare orders credentials as they were created in their shard.
func (id APIKey) Compare(other APIKey) int { return cmp.Compare(id, other) }
