package bench

import (
	"crypto/rand"
	"encoding/hex"
)

// reference has the form of a UUID: a random part for the run, then 12 hexadecimal digits
// of a counter.
type reference [36]byte

func newRunPrefix() reference {
	var random [12]byte
	rand.Read(random[:]) //nolint:errcheck // Never fails.
	digits := hex.AppendEncode(nil, random[:])
	var r reference
	copy(r[:], "00000000-0000-4000-8000-000000000000")
	copy(r[0:8], digits[0:8])
	copy(r[9:13], digits[8:12])
	copy(r[15:18], digits[12:15]) // After the version, 4.
	copy(r[20:23], digits[15:18]) // After the variant, 8.
	return r
}

// number sets the counter to the lower 48 bits of n.
func (r *reference) number(n uint64) {
	const digits = "0123456789abcdef"
	for i := len(r) - 1; i >= len(r)-12; i-- {
		r[i] = digits[n&15]
		n >>= 4
	}
}
