package projections

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ErrBadCursor is returned for a cursor that does not come from the same list.
var ErrBadCursor = errors.New("projections: the cursor is not one of this list")

// Each list has its own prefix of cursors. Its number is raised when the content of the
// cursors changes, so that old ones are refused and not misread.
const (
	walletCursor      = "w1"
	entryCursor       = "e1"
	transactionCursor = "t1"
	customerCursor    = "c1"
	holdCursor        = "h1"
	escrowCursor      = "x1"
	historyCursor     = "s1"
)

// encodeCursor makes a cursor from the key of a page's last row.
func encodeCursor(list, key string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(list + ":" + key))
}

// decodeCursor returns the key.
func decodeCursor(list, cursor string) (string, error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		return "", ErrBadCursor
	}
	key, ok := strings.CutPrefix(string(text), list+":")
	if !ok || strings.ContainsRune(key, 0) {
		return "", ErrBadCursor
	}
	return key, nil
}

func encodeEntryCursor(e Entry) string {
	return encodeTimedCursor(entryCursor, e.Time, strconv.FormatUint(e.Version, 10))
}

func decodeEntryCursor(cursor string) (at time.Time, version int64, err error) {
	at, key, err := decodeTimedCursor(entryCursor, cursor)
	if err == nil {
		if version, err = strconv.ParseInt(key, 10, 64); err != nil {
			err = ErrBadCursor
		}
	}
	return at, version, err
}

func encodeCustomerCursor(c Customer) string {
	return encodeTimedCursor(customerCursor, c.CreatedAt, string(c.ID))
}

// encodeTimedCursor is for lists that are ordered by a time, in whole microseconds, and
// a second key.
func encodeTimedCursor(list string, at time.Time, key string) string {
	return encodeCursor(list, fmt.Sprintf("%d:%s", at.UnixMicro(), key))
}

func decodeTimedCursor(list, cursor string) (at time.Time, key string, err error) {
	text, err := decodeCursor(list, cursor)
	if err != nil {
		return at, "", err
	}
	micros, key, ok := strings.Cut(text, ":")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil || n < 0 || n > lastMicro {
		return at, "", ErrBadCursor
	}
	return time.UnixMicro(n).UTC(), key, nil
}

// lastMicro is in the year 9999. PostgreSQL does not have all later times.
const lastMicro = 253402300799999999
