package resource

import (
	"slices"
	"strconv"
	"time"

	"tallystick/domain/money"

	"github.com/go-faster/jx"
)

// Cut is what a Writer leaves out of large things. Each step leaves out what the
// steps before it do, too.
type Cut int

const (
	CutNothing    Cut = iota
	CutOperations     // the operations and entries of transactions
	CutMetadata       // metadata, and the limits and fees of wallets
	// CutMost leaves out all that can be left out.
	CutMost = CutMetadata
)

// maxSafeInteger is the largest integer that every reader of JSON reads exactly.
const maxSafeInteger = 1<<53 - 1

// Writer appends JSON to a buffer. The zero Writer is ready for use. It writes
// commas where they are needed; that objects and arrays are closed is up to the
// caller. It is not safe for concurrent use.
type Writer struct {
	buffer  []byte
	follows bool // a value stands before: the next one needs a comma
	cut     Cut
	cutAny  bool
}

// Reset empties the Writer, keeps its memory, and says what is left out from now on.
func (w *Writer) Reset(cut Cut) { *w = Writer{buffer: w.buffer[:0], cut: cut} }

// Grow makes room for n bytes.
func (w *Writer) Grow(n int) { w.buffer = slices.Grow(w.buffer, n) }

// Bytes returns what was written. It is valid until the next write.
func (w *Writer) Bytes() []byte { return w.buffer }

// Truncated reports whether anything was left out.
func (w *Writer) Truncated() bool { return w.cutAny }

// leavesOut reports whether a part is left out, and remembers that it was.
func (w *Writer) leavesOut(part Cut) bool {
	if w.cut < part {
		return false
	}
	w.cutAny = true
	return true
}

// value begins a value.
func (w *Writer) value() {
	if w.follows {
		w.buffer = append(w.buffer, ',')
	}
	w.follows = true
}

// Name begins a field. Names have nothing to escape.
func (w *Writer) Name(name string) {
	w.value()
	w.buffer = append(append(append(w.buffer, '"'), name...), `":`...)
	w.follows = false
}

// Begin opens an object, and End closes it.
func (w *Writer) Begin() { w.open('{') }

// End closes an object.
func (w *Writer) End() { w.close('}') }

func (w *Writer) open(bracket byte) {
	w.value()
	w.buffer = append(w.buffer, bracket)
	w.follows = false
}

func (w *Writer) close(bracket byte) {
	w.buffer = append(w.buffer, bracket)
	w.follows = true
}

// Line ends a line of NDJSON.
func (w *Writer) Line() {
	w.buffer = append(w.buffer, '\n')
	w.follows = false
}

// Object writes a field that is an object.
func (w *Writer) Object(name string, fields func()) {
	w.Name(name)
	w.Begin()
	fields()
	w.End()
}

// Array writes a field that is an array. element writes one value.
func (w *Writer) Array(name string, count int, element func(i int)) {
	w.Name(name)
	w.List(count, element)
}

// List writes an array. element writes one value.
func (w *Writer) List(count int, element func(i int)) {
	w.open('[')
	for i := range count {
		element(i)
	}
	w.close(']')
}

// Raw writes a value that is JSON already.
func (w *Writer) Raw(json []byte) {
	w.value()
	w.buffer = append(w.buffer, json...)
}

// Null writes a field that is null.
func (w *Writer) Null(name string) {
	w.Name(name)
	w.null()
}

func (w *Writer) null() {
	w.value()
	w.buffer = append(w.buffer, "null"...)
}

// Text writes a field of text of any kind.
func (w *Writer) Text(name, value string) {
	w.Name(name)
	w.String(value)
}

// String writes a value that is text of any kind, in valid UTF-8.
func (w *Writer) String(value string) {
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' {
			var e jx.Encoder
			e.Str(value)
			w.Raw(e.Bytes())
			return
		}
	}
	w.word(value)
}

// Word writes a field of text that has nothing to escape: an identifier, a code,
// a status.
func (w *Writer) Word(name, value string) {
	w.Name(name)
	w.word(value)
}

func (w *Writer) word(value string) {
	w.value()
	w.buffer = append(append(append(w.buffer, '"'), value...), '"')
}

// WordOrNull is Word, and null for "".
func (w *Writer) WordOrNull(name, value string) {
	if value == "" {
		w.Null(name)
		return
	}
	w.Word(name, value)
}

// TextOrNull is Text, and null for "".
func (w *Writer) TextOrNull(name, value string) {
	if value == "" {
		w.Null(name)
		return
	}
	w.Text(name, value)
}

// Time writes a time as RFC 3339 in UTC, with as many digits of a second as it has.
func (w *Writer) Time(name string, at time.Time) {
	w.Name(name)
	w.value()
	w.buffer = append(at.UTC().AppendFormat(append(w.buffer, '"'), time.RFC3339Nano), '"')
}

// TimeOrNull is Time, and null for the zero time, which is never.
func (w *Writer) TimeOrNull(name string, at time.Time) {
	if at.IsZero() {
		w.Null(name)
		return
	}
	w.Time(name, at)
}

// Bool writes a boolean.
func (w *Writer) Bool(name string, value bool) {
	w.Name(name)
	w.value()
	w.buffer = strconv.AppendBool(w.buffer, value)
}

// Int writes an integer that stays small.
func (w *Writer) Int(name string, value int) {
	w.Name(name)
	w.value()
	w.buffer = strconv.AppendInt(w.buffer, int64(value), 10)
}

// Uint writes a count, a version or a number, which count from 0 and stay small.
func (w *Writer) Uint(name string, value uint64) {
	w.Name(name)
	w.value()
	w.buffer = strconv.AppendUint(w.buffer, value, 10)
}

// Money writes an amount in two fields: name has the decimal in major units,
// name_minor the integer of minor units, null beyond 2^53-1.
func (w *Writer) Money(name string, m money.Amount) {
	w.Name(name)
	w.value()
	w.buffer = append(m.AppendText(append(w.buffer, '"')), '"', ',', '"')
	w.buffer = append(append(w.buffer, name...), `_minor":`...)
	if minor, ok := SafeMinor(m); ok {
		w.buffer = strconv.AppendInt(w.buffer, minor, 10)
	} else {
		w.buffer = append(w.buffer, "null"...)
	}
}

// MoneyOrNull is Money, and null in both fields where there is none.
func (w *Writer) MoneyOrNull(name string, m money.Amount, some bool) {
	if some {
		w.Money(name, m)
		return
	}
	w.Null(name)
	w.Null(name + "_minor")
}

// SafeMinor returns an amount in minor units; false beyond 2^53-1.
func SafeMinor(m money.Amount) (int64, bool) {
	minor, ok := m.Minor()
	return minor, ok && minor <= maxSafeInteger && minor >= -maxSafeInteger
}

// Quantity writes an amount of no currency in major units, if it is set.
func (w *Writer) Quantity(name string, q money.Quantity) {
	if q.Set() {
		w.Word(name, q.String())
	}
}

// words writes an array of text that has nothing to escape.
func words[T ~string](w *Writer, name string, all []T) {
	w.Array(name, len(all), func(i int) { w.word(string(all[i])) })
}
