package api

import (
	"bytes"
	"errors"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"
)

const (
	maxBody      = 1 << 20
	maxBatchBody = 10 << 20
)

// decode reads a body that must be there.
func decode(c echo.Context, into any) error { return decodeBody(c, into, true) }

// decodeOptional reads a body that may be missing; into then stays as it is.
func decodeOptional(c echo.Context, into any) error { return decodeBody(c, into, false) }

func decodeBody(c echo.Context, into any, required bool) error {
	buffer := buffers.Get().(*bytes.Buffer) // decoded values share no memory with it
	defer putBuffer(buffer)
	if err := readBody(c, buffer, maxBody, "application/json"); err != nil {
		return err
	}
	if !required && len(bytes.TrimSpace(buffer.Bytes())) == 0 {
		return nil
	}
	leave, err := turnFor(c)
	if err != nil {
		return err
	}
	defer leave()
	return decodeObject(buffer.Bytes(), into)
}

// readBody reads a body of at most limit bytes in one of the media types. A
// missing Content-Type is taken to be right.
func readBody(c echo.Context, buffer *bytes.Buffer, limit int64, types ...string) error {
	request := c.Request()
	buffer.Reset()
	if request.ContentLength > bytes.MinRead {
		buffer.Grow(int(min(request.ContentLength, limit)) + bytes.MinRead) // once, not by doubling
	}
	if _, err := buffer.ReadFrom(http.MaxBytesReader(c.Response(), request.Body, limit)); err != nil {
		var more *http.MaxBytesError
		if errors.As(err, &more) {
			return tooLarge("The body", limit)
		}
		return errUnreadable
	}
	if written := request.Header.Get("Content-Type"); written != "" && written != types[0] && buffer.Len() > 0 {
		media, _, err := mime.ParseMediaType(written)
		if err != nil || !slices.Contains(types, media) {
			return badRequest("the Content-Type %q is not one that this route takes: %s", written, strings.Join(types, ", "))
		}
	}
	return nil
}

var errUnreadable = badRequest("the body could not be read to its end")

func tooLarge(what string, limit int64) error {
	return problemf(payloadTooLarge, "%s is larger than %d bytes, the most that this route takes", what, limit)
}

// strict refuses unknown names. The decoder itself refuses names in other case or given
// twice, and text that is not UTF-8 or has lone surrogates.
var strict = json.RejectUnknownMembers(true)

// decodeObject reads one JSON object, strictly: every mistake in a name or a type is
// an error, none is ignored. It is the one decoder of this package
// (docs/decisions/0010).
func decodeObject(data []byte, into any) error {
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return badRequest("the body must be a JSON object: {…}")
	}
	if err := json.Unmarshal(data, into, strict); err != nil {
		return explain(err, reflect.TypeOf(into))
	}
	if bytes.Contains(data, []byte(`\u0000`)) {
		return refuseNUL(data, reflect.TypeOf(into))
	}
	return nil
}

// refuseNUL returns an error that names the text with a NUL character, which
// PostgreSQL cannot store; nil if there is none: "\\u0000" is six other characters.
func refuseNUL(data []byte, into reflect.Type) error {
	for d := jsontext.NewDecoder(bytes.NewReader(data)); ; {
		token, err := d.ReadToken()
		if err != nil { // the end: all else was refused before
			return nil
		}
		if token.Kind() == '"' && strings.IndexByte(token.String(), 0) >= 0 {
			return badRequest("%s contains a NUL character", fieldAt(into, d.StackPointer()))
		}
	}
}

// timeOf reads a time of a body; "" gives the zero time.
func timeOf(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.IsZero() {
		return time.Time{}, badRequest("%s must be a time of RFC 3339, such as 2026-01-31T12:00:00Z, not %q", name, text)
	}
	return at.UTC(), nil
}

// param returns a parameter of the path, decoded. Echo matches the path as it was
// written, if that differs.
func param(c echo.Context, name string) string {
	value := c.Param(name)
	if c.Request().URL.RawPath == "" {
		return value
	}
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}
