package api

import (
	"reflect"

	"tallystick/domain"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Elements and keys are counted while a body is read, and reading stops at the limit:
// otherwise a megabyte of {} would take a hundred megabytes of memory.

const (
	maxElements = domain.MaxOperations // of an array
	maxRules    = domain.MaxRules      // of an object with keys that the caller chooses, which are currencies
)

// list is an array of up to maxElements.
type list[T any] []T

// UnmarshalJSONFrom reads an array, or null for none.
func (l *list[T]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	*l = nil
	if opened, err := open(d, '[', reflect.TypeFor[[]T]()); !opened {
		return err
	}
	*l = list[T]{}
	for d.PeekKind() != ']' {
		if len(*l) == maxElements {
			return wrong(d.StackPointer().Parent(), "has more than %d elements", maxElements)
		}
		var element T
		*l = append(*l, element)
		if err := json.UnmarshalDecode(d, &(*l)[len(*l)-1]); err != nil {
			return err
		}
	}
	_, err := d.ReadToken()
	return err
}

// table is an object of up to maxRules keys.
type table[V any] map[string]V

// UnmarshalJSONFrom reads an object, or null for none.
func (t *table[V]) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readKeys(d, (*map[string]V)(t), maxRules, unmarshal)
}

// UnmarshalJSONFrom reads an object, or null for none.
func (l *ProjectLimits) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readKeys(d, (*map[string]Limits)(l), maxRules, unmarshal)
}

// UnmarshalJSONFrom reads an object, or null for none.
func (m *Metadata) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readKeys(d, (*map[string]string)(m), domain.MaxMetadataKeys, unmarshal)
}

// scalars is metadata whose values may also be numbers and booleans. They become
// strings, as they were written; null becomes the empty string.
type scalars map[string]string

// UnmarshalJSONFrom reads an object, or null for none.
func (s *scalars) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	return readKeys(d, (*map[string]string)(s), domain.MaxMetadataKeys, func(d *jsontext.Decoder, into *string) error {
		token, err := d.ReadToken()
		if err != nil {
			return err
		}
		switch token.Kind() {
		case '{', '[':
			return wrong(d.StackPointer(), "must be a string, a number or a boolean")
		case 'n':
			return nil
		}
		*into = token.String()
		return nil
	})
}

func unmarshal[V any](d *jsontext.Decoder, into *V) error { return json.UnmarshalDecode(d, into) }

// readKeys reads an object of up to most keys.
func readKeys[V any](d *jsontext.Decoder, into *map[string]V, most int, read func(*jsontext.Decoder, *V) error) error {
	*into = nil
	if opened, err := open(d, '{', reflect.TypeFor[map[string]V]()); !opened {
		return err
	}
	*into = map[string]V{}
	for d.PeekKind() != '}' {
		if len(*into) == most {
			return wrong(d.StackPointer().Parent(), "has more than %d keys", most)
		}
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		var value V
		if err := read(d, &value); err != nil {
			return err
		}
		(*into)[key] = value
	}
	_, err := d.ReadToken()
	return err
}

// open reads the beginning of an array or an object. It returns false for null and
// with an error.
func open(d *jsontext.Decoder, begin jsontext.Kind, t reflect.Type) (opened bool, err error) {
	token, err := d.ReadToken()
	switch {
	case err != nil:
		return false, err
	case token.Kind() == begin:
		return true, nil
	case token.Kind() == 'n':
		return false, nil
	}
	return false, &json.SemanticError{JSONPointer: d.StackPointer(), JSONKind: token.Kind(), GoType: t}
}
