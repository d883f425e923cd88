// Package tallystick_test holds the whole module to the rules of the house.
package tallystick_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "tallystick"

// banned imports: no package at or below `from` imports one at or below `to`
// directly (every standard package leads to os in the end). The tests of a
// package may.
var banned = []struct{ from, to, why string }{
	{"domain", module, "the rules depend on nothing of ours: they must be readable alone"},
	{"domain/money", module, "arithmetic on amounts knows nothing of who holds them"},
	{"domain/ids", module, "identifiers are places in the log, whatever they name"},
	{"embedded", module, "it runs servers, and would run them for any program"},
	{"schema", module, "it makes tables, and knows nothing of what they hold"},
	{"events", "resource ledger projections webhooks api cmd", "the log knows nothing of who reads and writes it"},
	{"resource", "ledger projections webhooks api cmd", "how a thing is shown does not depend on who asks for it"},
	{"ledger", "resource projections webhooks api cmd", "the command side does not wait for, or know of, read models"},
	{"projections", "resource ledger webhooks api cmd", "a read model is made from the log alone"},
	{"webhooks", "ledger projections api cmd", "deliveries are made from the log alone"},
	{"api", "cmd", "a command wires packages together, and is wired by none"},

	{"domain", "os net", "no I/O: a decision must come out the same in a replay on another machine"},
	{"domain", "log", "no logging: what is worth telling is a fact or a rejection"},
	{"domain", "context", "a decision takes no time, so there is nothing to cancel"},
	{"domain", "math/rand crypto/rand", "no randomness: identifiers are places in the log"},
	{"domain", "database/sql github.com/jackc/pgx github.com/nats-io github.com/labstack/echo", "storage and transport are others' business"},
}

func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	imports := imports(t)
	for pkg, direct := range imports {
		for _, to := range direct {
			for _, b := range banned {
				if within(pkg, b.from) && !within(to, b.from) && within(to, b.to) {
					t.Errorf("%s imports %s: %s", pkg, to, b.why)
				}
			}
			if within(to, "cmd") && !within(pkg, "cmd") {
				t.Errorf("%s imports %s: nothing imports a command", pkg, to)
			}
		}
	}
}

// within tells whether a package is one of the trees: paths of ours without the
// module's name, or of others.
func within(pkg, trees string) bool {
	for _, tree := range strings.Fields(trees) {
		for _, root := range []string{tree, module + "/" + tree} {
			if pkg == root || strings.HasPrefix(pkg, root+"/") {
				return true
			}
		}
	}
	return false
}

// imports returns the direct imports of each of our packages.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	all := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var pkg struct {
			ImportPath string
			Imports    []string
		}
		if err := decoder.Decode(&pkg); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all[pkg.ImportPath] = pkg.Imports
	}
}

// source is one .go file that people wrote and that is not a test.
type source struct {
	path string
	fset *token.FileSet
	file *ast.File
}

func (s source) line(pos token.Pos) int { return s.fset.Position(pos).Line }

func (s source) at(n ast.Node) string { return fmt.Sprintf("%s:%d", s.path, s.line(n.Pos())) }

// sources returns all files, or those under a directory.
func sources(t *testing.T, under string) (all []source) {
	t.Helper()
	err := filepath.WalkDir(under, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != "." && (entry.Name() == "testdata" || strings.HasPrefix(entry.Name(), ".") || entry.Name() == "node_modules"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go"):
			return nil
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err == nil && !ast.IsGenerated(file) {
			all = append(all, source{path, fset, file})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// flat tells whether a function is a table written as a switch: nothing else, but
// for what follows when no case matches, and no case longer than three lines.
func (s source) flat(f *ast.FuncDecl) bool {
	if f.Body == nil || len(f.Body.List) == 0 || len(f.Body.List) > 2 {
		return false
	}
	var cases *ast.BlockStmt
	switch n := f.Body.List[0].(type) {
	case *ast.SwitchStmt:
		cases = n.Body
	case *ast.TypeSwitchStmt:
		cases = n.Body
	default:
		return false
	}
	for _, one := range cases.List {
		body := one.(*ast.CaseClause).Body
		if len(body) > 0 && s.line(body[len(body)-1].End())-s.line(body[0].Pos()) >= 3 {
			return false
		}
	}
	return true
}

func TestSizes(t *testing.T) {
	t.Parallel()
	const functionLines, fileLines, results, methods = 70, 550, 3, 5
	for _, s := range sources(t, ".") {
		if n := s.line(s.file.FileEnd); n > fileLines {
			t.Errorf("%s has %d lines, at most %d: it is about more than one thing", s.path, n, fileLines)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if lines := s.line(n.End()) - s.line(n.Pos()) + 1; lines > functionLines && !s.flat(n) {
					t.Errorf("%s: %s has %d lines, at most %d", s.at(n), n.Name.Name, lines, functionLines)
				}
				if got := n.Type.Results.NumFields(); got > results {
					t.Errorf("%s: %s has %d results, at most %d: they want to be a struct", s.at(n), n.Name.Name, got, results)
				}
			case *ast.InterfaceType:
				if got := n.Methods.NumFields(); got > methods {
					t.Errorf("%s: an interface of %d methods, at most %d: ask for what is used", s.at(n), got, methods)
				}
			}
			return true
		})
	}
}

// TestDomainIsPure: the one impurity that its imports would let through is the
// clock, since time.Time is how a place has its time.
func TestDomainIsPure(t *testing.T) {
	t.Parallel()
	clock := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, s := range sources(t, "domain") {
		ast.Inspect(s.file, func(n ast.Node) bool {
			selector, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains(clock, selector.Sel.Name) {
				t.Errorf("%s: time.%s: time is an input, in Place", s.at(n), selector.Sel.Name)
			}
			return true
		})
	}
}

func TestNoFloatNearMoney(t *testing.T) {
	t.Parallel()
	for _, s := range append(sources(t, "domain"), sources(t, "events")...) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if name, ok := n.(*ast.Ident); ok && strings.Contains(strings.ToLower(name.Name), "float") {
				t.Errorf("%s: %s: money is exact, and a float is not", s.at(n), name.Name)
			}
			if number, ok := n.(*ast.BasicLit); ok && number.Kind == token.FLOAT {
				t.Errorf("%s: %s: money is exact, and a float is not", s.at(n), number.Value)
			}
			return true
		})
	}
}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	comments := map[string]int{}
	for _, s := range sources(t, ".") {
		dir := filepath.Dir(s.path)
		comments[dir] += 0
		if s.file.Doc != nil {
			comments[dir]++
		}
		if name := s.file.Name.Name; slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "model", "models", "misc", "base"}, name) {
			t.Errorf("%s: package %s: name a package for what it does", s.path, name)
		}
	}
	for dir, n := range comments {
		if n != 1 {
			t.Errorf("%s has %d package comments, and should have one", dir, n)
		}
	}
}

func TestNothingIsLeftToDo(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t, ".") {
		for _, group := range s.file.Comments {
			for _, comment := range group.List {
				for _, mark := range []string{"TODO", "FIXME", "XXX", "HACK"} {
					if strings.Contains(comment.Text, mark) {
						t.Errorf("%s: %s: do it, or write down as a known flaw why not", s.at(comment), comment.Text)
					}
				}
			}
		}
	}
}

// TestPlainWords: the comment of a function says returns. Only what serves HTTP
// answers, with something.
func TestPlainWords(t *testing.T) {
	t.Parallel()
	answers := regexp.MustCompile(`\b(\w+) answers\s+(\w+)`)
	for _, s := range sources(t, ".") {
		for _, declaration := range s.file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok {
				continue
			}
			for _, found := range answers.FindAllStringSubmatch(f.Doc.Text(), -1) {
				if subject := found[1]; (subject == f.Name.Name || subject == "It" || subject == "it") && found[2] != "with" {
					t.Errorf("%s: %q: a function returns", s.at(f), found[0])
				}
			}
		}
	}
}
