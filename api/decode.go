package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

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
	buffer := buffers.Get().(*bytes.Buffer) // what is decoded shares nothing with it
	defer buffers.Put(buffer)
	if err := readBody(c, buffer, maxBody, "application/json"); err != nil {
		return err
	}
	if !required && len(bytes.TrimSpace(buffer.Bytes())) == 0 {
		return nil
	}
	return decodeObject(buffer.Bytes(), into)
}

// readBody reads a body of at most limit bytes in one of the media types. A
// missing Content-Type is taken to be right.
func readBody(c echo.Context, buffer *bytes.Buffer, limit int64, types ...string) error {
	request := c.Request()
	buffer.Reset()
	if _, err := buffer.ReadFrom(http.MaxBytesReader(c.Response(), request.Body, limit)); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return problemf(payloadTooLarge, "The body is larger than %d bytes, the most that this route takes", limit)
		}
		return badRequest("the body could not be read to its end")
	}
	if written := request.Header.Get("Content-Type"); written != "" && written != types[0] && buffer.Len() > 0 {
		media, _, err := mime.ParseMediaType(written)
		if err != nil || !slices.Contains(types, media) {
			return badRequest("the Content-Type %q is not one that this route takes: %s", written, strings.Join(types, ", "))
		}
	}
	return nil
}

// decodeObject reads one JSON object, strictly: every mistake that a caller can
// make in a name or a type is told, never passed over.
func decodeObject(data []byte, into any) error {
	if !utf8.Valid(data) {
		return badRequest("the body is not valid UTF-8")
	}
	if trimmed := bytes.TrimLeft(data, " \t\r\n"); len(trimmed) == 0 || trimmed[0] != '{' {
		return badRequest("the body must be a JSON object: {…}")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return explain(err)
	}
	if rest := bytes.TrimSpace(data[decoder.InputOffset():]); len(rest) > 0 {
		return badRequest("the body goes on after the JSON object")
	}
	return nil
}

// explain says what is wrong with a body, and where.
func explain(err error) error {
	var (
		syntax  *json.SyntaxError
		badType *json.UnmarshalTypeError
	)
	switch {
	case errors.As(err, &badType):
		return explainType(badType)
	case errors.As(err, &syntax):
		return badRequest("the body is not valid JSON: %s, at byte %d", syntax, syntax.Offset)
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return badRequest("the body is not valid JSON: it ends too early")
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return badRequest("unknown field %s", name)
	}
	return badRequest("the body is not what this route takes: %s", strings.TrimPrefix(err.Error(), "json: "))
}

func explainType(err *json.UnmarshalTypeError) error {
	field := err.Field
	if field == "" {
		field = "the body"
	}
	got, _, _ := strings.Cut(err.Value, " ")
	if last := field[strings.LastIndexByte(field, '.')+1:]; got == "number" && slices.Contains([]string{"amount", "credit_limit", "threshold"}, last) {
		return badRequest(`%s must not be a JSON number, which says nothing of its unit: write "%s": "10.00" in major units, or "%[2]s_minor": 1000 in minor units`, field, last)
	}
	if got == "number" && kindName(err.Type) == "a whole number" {
		got = strings.TrimPrefix(err.Value, "number ")
	}
	return badRequest("%s must be %s, not %s", field, kindName(err.Type), got)
}

func kindName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a whole number"
}

// timeOf reads a time of a body; "" is none, the zero time.
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

// param is a parameter of the path, decoded. Echo matches the path as it was
// written, where that differs.
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
