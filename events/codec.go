package events

import (
	"errors"
	"fmt"
	"reflect"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"

	"github.com/go-faster/jx"
)

// form is one version of one type of fact.
type form struct {
	name    string
	version int
	fact    reflect.Type // the struct in domain
	record  *record
	new     func() any // a pointer to the struct that record is of
	// from makes what is written of a fact, and to a fact of what was read. Both take
	// and return pointers.
	from func(Keyring, domain.Event) (any, error)
	to   func(Keyring, any) (domain.Event, error)
}

// pointer says that P is *T, and a fact.
type pointer[T any] interface {
	*T
	domain.Event
}

// written is the form of a fact that is written as it is, with the words of W.
func written[W, T any, P pointer[T]](name string, version int, fact func(*W) P) form {
	return form{
		name: name, version: version, fact: reflect.TypeFor[T](), record: recordOf(reflect.TypeFor[W]()),
		new:  func() any { return new(W) },
		from: func(_ Keyring, event domain.Event) (any, error) { return event, nil },
		to:   func(_ Keyring, w any) (domain.Event, error) { return fact(w.(*W)), nil },
	}
}

// sealed is the form of a fact of which a part is encrypted.
func sealed[W, T any, P pointer[T]](name string, version int, seal func(Keyring, P) (*W, error), open func(Keyring, *W) (P, error)) form {
	return form{
		name: name, version: version, fact: reflect.TypeFor[T](), record: recordOf(reflect.TypeFor[W]()),
		new:  func() any { return new(W) },
		from: func(keys Keyring, event domain.Event) (any, error) { return seal(keys, event.(P)) },
		to:   func(keys Keyring, w any) (domain.Event, error) { return open(keys, w.(*W)) },
	}
}

// newest and byName find a form. Of each fact the first in the table is the newest.
var newest, byName = index(forms)

func index(all []form) (map[reflect.Type]*form, map[string][]*form) {
	newest, byName := map[reflect.Type]*form{}, map[string][]*form{}
	for i := range all {
		f := &all[i]
		for _, other := range byName[f.name] {
			if other.version <= f.version || other.fact != f.fact {
				panic(fmt.Sprintf("events: %s has two versions %d, or they are not in order", f.name, f.version))
			}
		}
		if newest[f.fact] == nil {
			newest[f.fact] = f
		}
		byName[f.name] = append(byName[f.name], f)
	}
	return newest, byName
}

// Types returns the types of all facts, as structs: whoever handles facts by their
// type can look at its start whether it handles each.
func Types() []reflect.Type {
	var all []reflect.Type
	for i := range forms {
		if newest[forms[i].fact] == &forms[i] {
			all = append(all, forms[i].fact)
		}
	}
	return all
}

// twins are the pairs of part.
func twins(pairs ...[2]reflect.Type) map[reflect.Type]reflect.Type {
	all := map[reflect.Type]reflect.Type{}
	for _, pair := range pairs {
		all[pair[0]] = pair[1]
	}
	return all
}

// part pairs a struct of domain with one that has the words of the log. The function,
// a conversion, proves that both have the same fields.
func part[W, T any](func(W) T) [2]reflect.Type {
	return [2]reflect.Type{reflect.TypeFor[T](), reflect.TypeFor[W]()}
}

// taggedTwin returns the struct that has the words for t.
func taggedTwin(t reflect.Type) reflect.Type {
	if twin, ok := parts[t]; ok {
		return twin
	}
	return t
}

// writer writes facts, one after the other.
type writer struct {
	jx.Writer
	posted []domain.PostedOperation // those of the fact, for its entries
}

// fact writes one in the newest version of its type.
func (w *writer) fact(keys Keyring, fact domain.Event) error {
	t := reflect.TypeOf(fact)
	if t == nil || newest[t.Elem()] == nil {
		return fmt.Errorf("events: no form for %T", fact)
	}
	f := newest[t.Elem()]
	from, err := f.from(keys, fact)
	if err != nil {
		return err
	}
	w.ObjStart()
	defer w.ObjEnd()
	w.text("fact", f.name)
	w.field("v")
	w.Int(f.version)
	return f.record.write(w, reflect.ValueOf(from).Elem())
}

// field begins a field of the object that is open. The name needs no escapes.
func (w *writer) field(name string) {
	if w.Buf[len(w.Buf)-1] != '{' {
		w.Comma()
	}
	w.RawStr(`"`)
	w.RawStr(name)
	w.RawStr(`":`)
}

// item begins an item of the list that is open.
func (w *writer) item() {
	if w.Buf[len(w.Buf)-1] != '[' {
		w.Comma()
	}
}

func (w *writer) text(name, value string) {
	w.field(name)
	w.Str(value)
}

// optional leaves out an empty text.
func (w *writer) optional(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

// optionalMoment leaves out the zero time.
func (w *writer) optionalMoment(name string, at time.Time) {
	if !at.IsZero() {
		w.field(name)
		w.moment(&at) //nolint:errcheck // never fails
	}
}

func (w *writer) amount(name string, m *money.Amount) {
	w.field(name)
	w.money(m) //nolint:errcheck // never fails
}

// reader reads the facts of one commit. Short texts that repeat are kept from the
// fact before instead of being made anew.
type reader struct {
	keys        Keyring
	d           *jx.Decoder
	lastBy      domain.Principal
	lastProject ids.Project
	lastAsset   money.AssetCode

	currency money.AssetCode          // of the amounts of the object that is read
	posted   []domain.PostedOperation // those of the fact, for its entries
}

func (r *reader) fact() (domain.Event, error) {
	r.currency, r.posted = "", nil
	var versions []*form
	var f *form
	var to any
	var value reflect.Value
	var seen uint64
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch {
		case f != nil:
			return f.record.readField(r, value, &seen, key)
		case string(key) == "fact" && versions == nil:
			versions, err = r.versions()
		case string(key) == "v" && versions != nil:
			if f, err = r.form(versions); err == nil {
				to = f.new()
				value = reflect.ValueOf(to).Elem()
			}
		default:
			err = errors.New(`a fact begins with "fact" and "v"`)
		}
		return err
	})
	if err == nil && f == nil {
		err = errors.New("a fact without name and version")
	}
	if err == nil {
		err = f.record.complete(seen)
	}
	if checked, ok := to.(interface{ check() error }); ok && err == nil {
		err = checked.check()
	}
	if err != nil {
		return nil, err
	}
	return f.to(r.keys, to)
}

func (r *reader) versions() ([]*form, error) {
	name, err := r.d.StrBytes()
	if err != nil {
		return nil, err
	}
	versions := byName[string(name)]
	if versions == nil {
		err = fmt.Errorf("fact %q is not known here: a newer tallystick wrote it", name)
	}
	return versions, err
}

func (r *reader) form(versions []*form) (*form, error) {
	version, err := r.d.Int()
	if err != nil {
		return nil, err
	}
	for _, f := range versions {
		if f.version == version {
			return f, nil
		}
	}
	return nil, fmt.Errorf("fact %q of version %d is not known here: a newer tallystick wrote it", versions[0].name, version)
}
