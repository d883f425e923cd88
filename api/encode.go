package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"
)

var (
	jsonType   = []string{"application/json"}
	ndjsonType = []string{"application/x-ndjson"}
)

// answer writes what encode makes.
func answer(c echo.Context, status int, encode func(*jx.Encoder)) error {
	e := jx.GetEncoder()
	defer jx.PutEncoder(e)
	encode(e)
	return send(c, status, jsonType, e.Bytes())
}

// send writes a whole body. That a caller is gone is no error of ours.
func send(c echo.Context, status int, contentType []string, body []byte) error {
	header := c.Response().Header()
	header["Content-Type"] = contentType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(body)
	return nil
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// putBuffer gives a buffer back, unless it has grown: one large body would
// otherwise keep its memory for small ones.
func putBuffer(buffer *bytes.Buffer) {
	const most = 64 << 10
	if buffer.Cap() <= most {
		buffers.Put(buffer)
	}
}

// answerJSON writes one of the generated types.
func answerJSON(c echo.Context, status int, value any) error {
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	buffer.Reset()
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return send(c, status, jsonType, bytes.TrimSuffix(buffer.Bytes(), []byte{'\n'}))
}

// nextCursor is a cursor as lists answer it: null at the end.
func nextCursor(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

// answerList writes a list whose rows are encoded by hand.
func answerList[T any](c echo.Context, rows []T, next string, row func(*jx.Encoder, *T)) error {
	return answer(c, http.StatusOK, func(e *jx.Encoder) {
		e.ObjStart()
		e.FieldStart("data")
		e.ArrStart()
		for i := range rows {
			row(e, &rows[i])
		}
		e.ArrEnd()
		e.FieldStart("next_cursor")
		if next == "" {
			e.Null()
		} else {
			e.Str(next)
		}
		e.ObjEnd()
	})
}

// converted answers f of every row; never nil, which JSON would show as null.
func converted[From, To any](rows []From, f func(*From) To) []To {
	all := make([]To, 0, len(rows))
	for i := range rows {
		all = append(all, f(&rows[i]))
	}
	return all
}

func field(e *jx.Encoder, name, value string) {
	e.FieldStart(name)
	e.Str(value)
}

// fieldOrNull writes null for "".
func fieldOrNull(e *jx.Encoder, name, value string) {
	e.FieldStart(name)
	if value == "" {
		e.Null()
		return
	}
	e.Str(value)
}
