package api

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// explain returns an error that says what is wrong with a body of type into, and where.
func explain(err error, into reflect.Type) error {
	var (
		syntax  *jsontext.SyntacticError
		meaning *json.SemanticError
		known   wrongValue
	)
	switch {
	case errors.As(err, &meaning) && errors.As(meaning.Err, &known):
		return badRequest("%s %s", fieldAt(into, meaning.JSONPointer), string(known))
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badRequest("the body is not valid JSON: it ends too early")
	case errors.As(err, &syntax) && syntax.Err == jsontext.ErrDuplicateName:
		return badRequest("%s is given twice", fieldAt(into, syntax.JSONPointer))
	case errors.As(err, &syntax) && syntax.JSONPointer != "":
		return badRequest("the body is not valid JSON: %s, in %s, at byte %d", syntax.Err, fieldAt(into, syntax.JSONPointer), syntax.ByteOffset)
	case errors.As(err, &syntax):
		return badRequest("the body is not valid JSON: %s, at byte %d", syntax.Err, syntax.ByteOffset)
	case errors.As(err, &meaning) && meaning.Err == json.ErrUnknownName:
		return unknownField(fieldAt(into, meaning.JSONPointer))
	case errors.As(err, &meaning):
		return explainType(meaning, fieldAt(into, meaning.JSONPointer))
	}
	return badRequest("the body is not what this route takes")
}

func unknownField(field string) error {
	if strings.ToLower(field) != field {
		return badRequest(`unknown field "%s"; names are told apart by case`, field)
	}
	return badRequest(`unknown field "%s"`, field)
}

// wrongValue says what is wrong with a field, without the field's name.
type wrongValue string

// Error returns the text.
func (w wrongValue) Error() string { return string(w) }

// wrong returns an error of one of our own unmarshalers; explain adds the name of the field.
func wrong(place jsontext.Pointer, format string, args ...any) error {
	return &json.SemanticError{JSONPointer: place, Err: wrongValue(fmt.Sprintf(format, args...))}
}

func explainType(err *json.SemanticError, field string) error {
	got := jsonName(err.JSONKind)
	if last := field[strings.LastIndexByte(field, '.')+1:]; err.JSONKind == '0' && slices.Contains([]string{"amount", "credit_limit", "threshold"}, last) {
		return badRequest(`%s must not be a JSON number, which says nothing of its unit: write "%s": "10.00" in major units, or "%[2]s_minor": 1000 in minor units`, field, last)
	}
	if err.JSONKind == '0' && goName(err.GoType) == wholeNumber {
		got = abridged(string(err.JSONValue))
	}
	return badRequest("%s must be %s, not %s", field, goName(err.GoType), got)
}

func jsonName(kind jsontext.Kind) string {
	switch kind {
	case '"':
		return "string"
	case '0':
		return "number"
	case '{':
		return "object"
	case '[':
		return "array"
	}
	return kind.String() // null, true, false
}

const wholeNumber = "a whole number"

func goName(t reflect.Type) string {
	switch concrete(t).Kind() {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return wholeNumber
}

// fieldAt returns a place in a body of type into, as people write it:
// operations[3].amount, metadata.order, metadata["two words"].
func fieldAt(into reflect.Type, place jsontext.Pointer) string {
	var path strings.Builder
	t := concrete(into)
	for name := range place.Tokens() {
		if path.Len() > abridgedLength {
			path.WriteString("…")
			break
		}
		kind := reflect.Invalid
		if t != nil {
			kind = t.Kind()
		}
		switch {
		case kind == reflect.Slice:
			path.WriteString("[" + name + "]")
		case !isPlain(name):
			path.WriteString("[" + strconv.Quote(abridged(name)) + "]")
		case path.Len() > 0:
			path.WriteString("." + name)
		default:
			path.WriteString(name)
		}
		t = member(t, kind, name)
	}
	if path.Len() == 0 {
		return "the body"
	}
	return path.String()
}

// member returns the type of a member of a type; nil if there is none.
func member(t reflect.Type, kind reflect.Kind, name string) reflect.Type {
	switch kind {
	case reflect.Slice, reflect.Map:
		return concrete(t.Elem())
	case reflect.Struct:
		for _, field := range reflect.VisibleFields(t) {
			if written, _, _ := strings.Cut(field.Tag.Get("json"), ","); written == name {
				return concrete(field.Type)
			}
		}
	}
	return nil
}

// concrete returns the type that pointers lead to; nil for JSON that is kept as it is.
func concrete(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 {
		return nil
	}
	return t
}

// isPlain reports whether a name can stand in a path without quotes.
func isPlain(name string) bool {
	return name != "" && len(name) <= abridgedLength && strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

const abridgedLength = 100

// abridged returns the beginning of a caller's text, for a message.
func abridged(text string) string {
	if len(text) <= abridgedLength {
		return text
	}
	return strings.ToValidUTF8(text[:abridgedLength], "") + "…"
}
