package projections

import (
	"bytes"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain/money"
)

// copyRows are rows for one table in the text format of COPY. They are made without
// the driver's conversion of single values, since amounts are decimal text already.
//
// The function that appends a row gives the name of a column together with its value.
// The first row of a batch thereby tells the columns; each later one must have the same
// in the same order, so one function appends all rows of a table.
//
// Each column ends with a tab. The last tab of a row becomes its newline.
type copyRows struct {
	table   string
	columns []string
	buf     []byte
	n       int
}

func (r *copyRows) reset() { r.columns, r.buf, r.n = r.columns[:0], r.buf[:0], 0 }

// write copies the rows into the table.
func (r *copyRows) write(ctx context.Context, conn *pgconn.PgConn) error {
	if r.n == 0 {
		return nil
	}
	_, err := conn.CopyFrom(ctx, bytes.NewReader(r.buf), "COPY "+r.table+" ("+strings.Join(r.columns, ", ")+") FROM STDIN")
	return err
}

func (r *copyRows) endRow() {
	r.buf[len(r.buf)-1] = '\n'
	r.n++
}

func (r *copyRows) column(name string) {
	if r.n == 0 {
		r.columns = append(r.columns, name)
	}
}

func (r *copyRows) null(name string) {
	r.column(name)
	r.buf = append(r.buf, '\\', 'N', '\t')
}

// plain is for texts of our own that have nothing to escape.
func (r *copyRows) plain(name, text string) {
	r.column(name)
	r.buf = append(append(r.buf, text...), '\t')
}

func (r *copyRows) text(name, text string) {
	r.column(name)
	r.buf = append(appendEscaped(r.buf, text), '\t')
}

// optionalText is NULL for an empty text.
func (r *copyRows) optionalText(name, text string) {
	if text == "" {
		r.null(name)
		return
	}
	r.text(name, text)
}

func (r *copyRows) uint(name string, n uint64) {
	r.column(name)
	r.buf = append(strconv.AppendUint(r.buf, n, 10), '\t')
}

func (r *copyRows) int(name string, n int) {
	r.column(name)
	r.buf = append(strconv.AppendInt(r.buf, int64(n), 10), '\t')
}

func (r *copyRows) bool(name string, b bool) {
	text := "f"
	if b {
		text = "t"
	}
	r.plain(name, text)
}

func (r *copyRows) money(name string, m money.Amount) {
	r.column(name)
	r.buf = append(m.AppendText(r.buf), '\t')
}

// optionalTime is NULL for the zero time.
func (r *copyRows) optionalTime(name string, t time.Time) {
	if t.IsZero() {
		r.null(name)
		return
	}
	r.plain(name, timestamp(t))
}

func (r *copyRows) json(name string, e *jx.Encoder) {
	r.column(name)
	r.buf = append(appendEscaped(r.buf, e.Bytes()), '\t')
}

// appendEscaped escapes what has a meaning in COPY: the ends of columns and rows, and
// the backslash, with which \N and \. begin.
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

// timestamp is a time as PostgreSQL reads it: UTC, to the microsecond.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999Z07:00") }
