package projections

import (
	"strconv"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/money"
)

// copyRows are rows in the text format of COPY, made without a conversion of
// single values by the driver: amounts are decimal text already.
// Each column ends with a tab; the last tab of a row becomes its newline.
type copyRows struct {
	buf []byte
	n   int
}

func (r *copyRows) reset() { r.buf, r.n = r.buf[:0], 0 }

func (r *copyRows) endRow() {
	r.buf[len(r.buf)-1] = '\n'
	r.n++
}

func (r *copyRows) null() { r.buf = append(r.buf, '\\', 'N', '\t') }

// plain is for texts of our own that have nothing to escape.
func (r *copyRows) plain(text string) {
	r.buf = append(r.buf, text...)
	r.buf = append(r.buf, '\t')
}

func (r *copyRows) text(text string) {
	r.buf = append(appendEscaped(r.buf, text), '\t')
}

func (r *copyRows) uint(n uint64) {
	r.buf = append(strconv.AppendUint(r.buf, n, 10), '\t')
}

func (r *copyRows) int(n int) { r.buf = append(strconv.AppendInt(r.buf, int64(n), 10), '\t') }

func (r *copyRows) bool(b bool) {
	if b {
		r.plain("t")
	} else {
		r.plain("f")
	}
}

func (r *copyRows) money(m money.Amount) { r.buf = append(m.AppendText(r.buf), '\t') }

func (r *copyRows) json(e *jx.Encoder) {
	r.buf = append(appendEscaped(r.buf, e.Bytes()), '\t')
}

// appendEscaped escapes what means something to COPY: the ends of columns and
// rows, and the backslash, with which \N and \. begin too.
func appendEscaped[T string | []byte](dst []byte, text T) []byte {
	start := 0
	for i := range len(text) {
		var letter byte
		switch text[i] {
		case '\\':
			letter = '\\'
		case '\t':
			letter = 't'
		case '\n':
			letter = 'n'
		case '\r':
			letter = 'r'
		default:
			continue
		}
		dst = append(dst, text[start:i]...)
		dst = append(dst, '\\', letter)
		start = i + 1
	}
	return append(dst, text[start:]...)
}

// timestamp is a time as PostgreSQL reads it: to the microsecond, in UTC.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00") }

// optional is null for an empty text.
func (r *copyRows) optional(text string) {
	if text == "" {
		r.null()
		return
	}
	r.text(text)
}

// optionalTime is null for the zero time.
func (r *copyRows) optionalTime(t time.Time) {
	if t.IsZero() {
		r.null()
		return
	}
	r.plain(timestamp(t))
}

func (r *copyRows) origin(o domain.Origin) {
	r.optional(string(o.Kind))
	r.optional(o.ID)
}

// orNull is an argument of a statement: null for the zero time.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// textOrNull is null for an empty text.
func textOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
