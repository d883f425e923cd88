package events_test

import (
	"bytes"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// There is no flag to change a golden file. Existing logs may contain such bytes, and
// they must always be readable. A type that is encoded differently gets a new version
// and a new file.
var update = flag.Bool("update", false, "write the golden files that are missing")

const goldenDir = "testdata/golden"

var (
	place    = ids.Place{Location: ids.Location{Shard: 3, Sequence: 42}, Time: time.Date(2026, 3, 6, 9, 30, 0, 123456000, time.UTC)}
	previous = events.HashOf([]byte("the commit before"))
)

// encode returns a commit of the facts, and creates keys for their customers.
func encode(t testing.TB, codec *events.Codec, facts ...domain.Event) []byte {
	t.Helper()
	ensure(t, codec, facts...)
	builder := codec.NewBuilder(place, previous)
	if ok, err := builder.Add(facts, 1<<20); err != nil || !ok {
		t.Fatalf("add: %t, %v", ok, err)
	}
	return builder.JSON()
}

func ensure(t testing.TB, codec *events.Codec, facts ...domain.Event) {
	t.Helper()
	for _, fact := range facts {
		if f, ok := fact.(*domain.CustomerUpserted); ok {
			if err := codec.Keys.(*events.MemoryKeys).Ensure(t.Context(), f.Project, f.Customer); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func newCodec() *events.Codec { return &events.Codec{Keys: events.NewMemoryKeys()} }

// TestGolden: a fact is encoded as in its file, and the file is decoded to that fact.
func TestGolden(t *testing.T) {
	t.Parallel()
	for name, fact := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codec := newCodec()
			got := encode(t, codec, fact)
			file := filepath.Join(goldenDir, name+".json")
			if *update {
				writeMissing(t, file, got)
			}
			want := readGolden(t, name)
			if !bytes.Equal(got, want) {
				t.Errorf("is written otherwise than before, which needs a new version:\n got %s\nwant %s", got, want)
			}
			reads(t, codec, want, fact)
		})
	}
}

func readGolden(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(goldenDir, name+".json"))
	if err != nil {
		t.Fatalf("%v (a new type or version? go test ./events -run Golden -update)", err)
	}
	return data
}

func reads(t *testing.T, codec *events.Codec, data []byte, fact domain.Event) {
	t.Helper()
	commit, err := codec.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	want := &events.Commit{Shard: place.Shard, Sequence: place.Sequence, Time: place.Time, Previous: previous, Facts: []domain.Event{fact}}
	if !reflect.DeepEqual(commit, want) {
		t.Errorf("%s\nreads as\n%+v, want\n%+v", data, commit.Facts[0], fact)
	}
}

// writeMissing creates the file, and never changes an existing file.
func writeMissing(t *testing.T, file string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoldenIsComplete: every type of fact and every form that can be decoded has a
// file, and every file has a fact.
func TestGoldenIsComplete(t *testing.T) {
	t.Parallel()
	types := map[string]bool{}
	for _, fact := range goldens() {
		types[reflect.TypeOf(fact).Elem().Name()] = true
	}
	for _, name := range factTypes(t) {
		if !types[name] {
			t.Errorf("domain.%s has no golden file: add it to goldens(), then go test ./events -run Golden -update", name)
		}
	}
	read := slices.Sorted(maps.Keys(goldens()))
	files, err := filepath.Glob(goldenDir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for i, file := range files {
		files[i] = strings.TrimSuffix(filepath.Base(file), ".json")
	}
	if !slices.Equal(files, read) {
		t.Errorf("golden files are read for ever. There are\n%v\nand read are\n%v", files, read)
	}
	forms := events.Forms()
	slices.Sort(forms)
	if !slices.Equal(forms, read) {
		t.Errorf("these forms can be read:\n%v\nand these have golden files:\n%v", forms, read)
	}
}

// factTypes returns the types in the source of domain that have a method evolve.
func factTypes(t *testing.T) (names []string) {
	t.Helper()
	sources, err := filepath.Glob("../domain/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "evolve" {
				continue
			}
			if pointer, ok := f.Recv.List[0].Type.(*ast.StarExpr); ok {
				names = append(names, pointer.X.(*ast.Ident).Name)
			}
		}
	}
	if len(names) < 26 {
		t.Fatalf("found the facts %v only", names)
	}
	return names
}
