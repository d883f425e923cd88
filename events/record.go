package events

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"tallystick/domain"
	"tallystick/domain/money"

	"github.com/go-faster/jx"
)

// record is how a struct is written as a JSON object. It is made once, from the
// tags of the struct's fields:
//
//	`fact:"wallet_id"`        the field has this name, is always there, and is not empty
//	`fact:"actor,optional"`   it is left out when it is empty, zero or false
//	`fact:"scale,zero"`       it is always there, and can be zero
//	`fact:"amount,currency"`  "currency" stands before it, and tells the currency of all amounts of the object
//	`fact:"received,own"`     it is written as the kind in specialKinds says
//	`fact:",inline"`          its own fields stand among those of the object
//
// A record reads only what it would write: a field that is unknown, missing, there
// twice, or empty where it would be left out is an error.
type record struct {
	what   string // for errors
	fields []field
	byName map[string]int
	money  bool // it has a currency of its own
}

type field struct {
	name     string
	index    []int // of the field, in the structs that it stands in
	optional bool
	zero     bool
	kind     kind
}

// of returns the field of a struct.
func (f *field) of(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		v = v.Field(i)
	}
	return v
}

// kind is how the values of one type are written and read. The values are
// addressable. read may leave what is invalid as zero.
type kind struct {
	write func(*writer, reflect.Value) error
	read  func(*reader, reflect.Value) error
}

// recordOf makes the record of a tagged struct.
func recordOf(tagged reflect.Type) *record {
	rec := &record{what: tagged.Name(), byName: map[string]int{}}
	rec.add(tagged, nil)
	if len(rec.fields) > 64 {
		panic(fmt.Sprintf("events: %s has more than 64 fields", tagged))
	}
	return rec
}

func (rec *record) add(tagged reflect.Type, path []int) {
	for i := range tagged.NumField() {
		f := tagged.Field(i)
		tag, ok := f.Tag.Lookup("fact")
		if !ok {
			panic(fmt.Sprintf("events: %s.%s has no tag", tagged, f.Name))
		}
		name, list, _ := strings.Cut(tag, ",")
		options := strings.Split(list, ",")
		index := append(slices.Clone(path), i)
		if slices.Contains(options, "inline") {
			rec.add(taggedTwin(f.Type), index)
			continue
		}
		if slices.Contains(options, "currency") {
			rec.append(field{name: "currency", index: index, zero: true, kind: currencyOf(f.Type)})
			rec.money = true
		}
		one := field{name: name, index: index, optional: slices.Contains(options, "optional"), zero: slices.Contains(options, "zero")}
		if special, ok := specialKinds[options[len(options)-1]]; ok {
			one.kind = special
		} else {
			one.kind = kindOf(f.Type)
		}
		rec.append(one)
	}
}

func (rec *record) append(f field) {
	if _, twice := rec.byName[f.name]; twice || f.name == "" {
		panic(fmt.Sprintf("events: %s has no name for a field, or two fields %q", rec.what, f.name))
	}
	rec.byName[f.name] = len(rec.fields)
	rec.fields = append(rec.fields, f)
}

// write writes the fields of a struct into the object that is open.
func (rec *record) write(w *writer, v reflect.Value) error {
	for i := range rec.fields {
		f := &rec.fields[i]
		value := f.of(v)
		if !f.zero && empty(value) {
			if f.optional {
				continue
			}
			return fmt.Errorf("events: field %q of %s is empty, and could not be read again", f.name, rec.what)
		}
		w.field(f.name)
		if err := f.kind.write(w, value); err != nil {
			return err
		}
	}
	return nil
}

// readField reads one field. seen has a bit for each field that was there.
func (rec *record) readField(r *reader, v reflect.Value, seen *uint64, key []byte) error {
	i, ok := rec.byName[string(key)]
	if !ok {
		return fmt.Errorf("unknown field %q of %s", key, rec.what)
	}
	f := &rec.fields[i]
	if *seen&(1<<i) != 0 {
		return fmt.Errorf("field %q of %s is there twice", key, rec.what)
	}
	*seen |= 1 << i
	value := f.of(v)
	if err := f.kind.read(r, value); err != nil {
		return err
	}
	if !f.zero && empty(value) {
		return fmt.Errorf("field %q of %s is empty", key, rec.what)
	}
	return nil
}

// complete returns an error for a field that is missing.
func (rec *record) complete(seen uint64) error {
	for i := range rec.fields {
		if f := &rec.fields[i]; !f.optional && seen&(1<<i) == 0 {
			return fmt.Errorf("field %q of %s is missing", f.name, rec.what)
		}
	}
	return nil
}

// read reads a whole object.
func (rec *record) read(r *reader, v reflect.Value) error {
	if rec.money {
		defer func(outer money.AssetCode) { r.currency = outer }(r.currency)
		r.currency = ""
	}
	var seen uint64
	err := r.d.ObjBytes(func(_ *jx.Decoder, key []byte) error { return rec.readField(r, v, &seen, key) })
	if err != nil {
		return err
	}
	return rec.complete(seen)
}

// empty returns whether a value is what an optional field leaves out.
func empty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	case reflect.Struct:
		if amount, ok := v.Addr().Interface().(*money.Amount); ok {
			return amount.Asset() == "" // the sum of no amounts is another zero than none
		}
	}
	return v.IsZero()
}

// kindOf returns how values of a type are written: as kinds has it, or by what the
// type is made of.
func kindOf(t reflect.Type) kind {
	if known, ok := kinds[t]; ok {
		return known
	}
	switch t.Kind() {
	case reflect.String:
		return stringKind
	case reflect.Bool:
		return boolKind
	case reflect.Int:
		return intKind
	case reflect.Uint64:
		return uintKind
	case reflect.Slice:
		return listKind(kindOf(t.Elem()))
	case reflect.Struct:
		return objectKind(recordOf(taggedTwin(t)))
	}
	panic(fmt.Sprintf("events: a field of type %s cannot be written", t))
}

var (
	stringKind = kind{
		func(w *writer, v reflect.Value) error { w.Str(v.String()); return nil },
		func(r *reader, v reflect.Value) error {
			text, err := r.d.Str()
			v.SetString(text)
			return err
		},
	}
	boolKind = kind{
		func(w *writer, v reflect.Value) error { w.Bool(v.Bool()); return nil },
		func(r *reader, v reflect.Value) error {
			yes, err := r.d.Bool()
			v.SetBool(yes)
			return err
		},
	}
	intKind = kind{
		func(w *writer, v reflect.Value) error { w.Int64(v.Int()); return nil },
		func(r *reader, v reflect.Value) error {
			n, err := r.d.Int()
			if err == nil && n < 0 {
				err = fmt.Errorf("%d is below zero", n)
			}
			v.SetInt(int64(n))
			return err
		},
	}
	uintKind = kind{
		func(w *writer, v reflect.Value) error { w.UInt64(v.Uint()); return nil },
		func(r *reader, v reflect.Value) error {
			n, err := r.d.UInt64()
			v.SetUint(n)
			return err
		},
	}
)

func objectKind(rec *record) kind {
	return kind{
		func(w *writer, v reflect.Value) error {
			w.ObjStart()
			defer w.ObjEnd()
			return rec.write(w, v)
		},
		rec.read,
	}
}

func listKind(item kind) kind {
	return kind{
		func(w *writer, v reflect.Value) error {
			w.ArrStart()
			defer w.ArrEnd()
			for i := range v.Len() {
				w.item()
				if err := item.write(w, v.Index(i)); err != nil {
					return err
				}
			}
			return nil
		},
		func(r *reader, v reflect.Value) error {
			return r.d.Arr(func(*jx.Decoder) error {
				v.Set(reflect.Append(v, reflect.Zero(v.Type().Elem())))
				return item.read(r, v.Index(v.Len()-1))
			})
		},
	}
}

// kindFor is a kind of which each value is a *T.
func kindFor[T any](write func(*writer, *T) error, read func(*reader) (T, error)) kind {
	return kind{
		func(w *writer, v reflect.Value) error { return write(w, v.Addr().Interface().(*T)) },
		func(r *reader, v reflect.Value) (err error) {
			*v.Addr().Interface().(*T), err = read(r)
			return err
		},
	}
}

// currencyOf writes the currency of an amount, or of a part of a lot, before it.
func currencyOf(t reflect.Type) kind {
	read := func(r *reader, _ reflect.Value) (err error) {
		r.currency, err = r.assetCode()
		return err
	}
	switch t {
	case reflect.TypeFor[money.Amount]():
		return kind{func(w *writer, v reflect.Value) error {
			w.Str(string(v.Addr().Interface().(*money.Amount).Asset()))
			return nil
		}, read}
	case reflect.TypeFor[domain.LotPart]():
		return kind{func(w *writer, v reflect.Value) error {
			w.Str(string(v.Addr().Interface().(*domain.LotPart).Amount.Asset()))
			return nil
		}, read}
	}
	panic(fmt.Sprintf("events: %s has no currency", t))
}

// errNoCurrency is of an amount that stands before its currency, or without one.
var errNoCurrency = errors.New("an amount before its currency")
