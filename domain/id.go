package domain

import (
	"strings"
	"time"
)

// Identifiers of one kind cannot be passed for another.
type (
	ProjectID     string // proj_…
	WalletID      string // wall_…
	TransactionID string // tx_…
	APIKey        string // key_…
	HoldID        string // hold_…
	EscrowID      string // esc_…
	MonitorID     string // mon_…
	CustomerID    string // the caller's own, 1 to 255 bytes
	Reference     string // the caller's own, 1 to 255 bytes, unique in its project for ever
	AssetCode     string // an ISO 4217 code, or one that the project defined
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

// Place is where, and when, the events of a decision will stand if they are
// appended. Time is UTC in whole microseconds and never goes back in a shard.
type Place struct {
	Location
	Time time.Time
}

const (
	idAlphabet = "0123456789abcdefghijklmnopqrstuv" // base32hex: sorts as it counts
	idDigits   = 13                                 // 64 bits, five a digit
)

func (l Location) bits() uint64 {
	return l.Sequence<<24 | uint64(l.Index)<<8 | uint64(l.Shard)
}

func locationOf(bits uint64) Location {
	return Location{Shard: uint8(bits), Sequence: bits >> 24, Index: int(bits >> 8 & 0xffff)}
}

// ID spells the location as an identifier: prefix, then 13 digits that sort in
// the order of the log.
func (l Location) ID(prefix string) string {
	var buf [32]byte
	id := append(buf[:0], prefix...)
	bits := l.bits()
	for shift := 60; shift >= 0; shift -= 5 {
		id = append(id, idAlphabet[bits>>uint(shift)&31])
	}
	return string(id)
}

// offset is the location n facts later in the same commit.
func (l Location) offset(n int) Location {
	l.Index += n
	return l
}

// Locate reads a location back from an identifier made by ID. It answers
// false for anything else, so that a caller's stray string is "not found"
// rather than a wrong place.
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
	return locationOf(bits), true
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

// Location answers where the transaction's fact stands, false when the id is
// not one of ours.
func (id TransactionID) Location() (Location, bool) { return Locate(transactionPrefix, string(id)) }

// Location answers where the wallet was created.
func (id WalletID) Location() (Location, bool) { return Locate(walletPrefix, string(id)) }

// Location answers where the project was created: it lives in that shard for ever.
func (id ProjectID) Location() (Location, bool) { return Locate(projectPrefix, string(id)) }

// Location answers where the credential was created, and so which shard knows it.
func (id APIKey) Location() (Location, bool) { return Locate(apiKeyPrefix, string(id)) }

// Location answers where the hold was placed.
func (id HoldID) Location() (Location, bool) { return Locate(holdPrefix, string(id)) }

// Location answers where the escrow was created.
func (id EscrowID) Location() (Location, bool) { return Locate(escrowPrefix, string(id)) }
