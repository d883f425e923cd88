package api

import (
	"bytes"
	"encoding/json"
	"strconv"
	"sync"

	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

var (
	jsonType   = []string{"application/json"}
	ndjsonType = []string{"application/x-ndjson"}
)

// send writes a whole body. That the caller is gone is not an error of this process.
func send(c echo.Context, status int, contentType []string, body []byte) error {
	header := c.Response().Header()
	header["Content-Type"] = contentType
	header["Content-Length"] = []string{strconv.Itoa(len(body))}
	c.Response().WriteHeader(status)
	_, _ = c.Response().Write(body)
	return nil
}

// mostKept is how much memory a pool keeps in one buffer: a large body would
// otherwise keep its memory for small ones.
const mostKept = 64 << 10

var writers = sync.Pool{New: func() any { return new(resource.Writer) }}

func newWriter() *resource.Writer {
	w := writers.Get().(*resource.Writer)
	w.Reset(resource.CutNothing)
	return w
}

func putWriter(w *resource.Writer) {
	if cap(w.Bytes()) <= mostKept {
		writers.Put(w)
	}
}

// answer sends what write writes.
func answer(c echo.Context, status int, write func(*resource.Writer)) error {
	w := newWriter()
	defer putWriter(w)
	write(w)
	return send(c, status, jsonType, w.Bytes())
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func putBuffer(buffer *bytes.Buffer) {
	if buffer.Cap() <= mostKept {
		buffers.Put(buffer)
	}
}

// answerJSON sends a value of a generated type.
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
