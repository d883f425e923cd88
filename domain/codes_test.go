package domain

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestEveryCommandHasATable: every type with a method decide has one of the tables
// of precedence.
func TestEveryCommandHasATable(t *testing.T) {
	t.Parallel()
	commands := withMethod(t, "decide")
	for _, name := range commands {
		if tables[name] == nil {
			t.Errorf("command %s has no table of precedence", name)
		}
	}
	if len(commands) != len(tables) {
		t.Errorf("%d commands, %d tables", len(commands), len(tables))
	}
}

// withMethod lists the types of the package that have a method.
func withMethod(t *testing.T, method string) (names []string) {
	t.Helper()
	for _, file := range parseSources(t) {
		for _, declared := range file.Decls {
			function, ok := declared.(*ast.FuncDecl)
			if !ok || function.Recv == nil || function.Name.Name != method {
				continue
			}
			kind := function.Recv.List[0].Type
			if pointer, ok := kind.(*ast.StarExpr); ok {
				kind = pointer.X
			}
			names = append(names, kind.(*ast.Ident).Name)
		}
	}
	return names
}

// TestEveryFactIsTold: every type with a method evolve comes up in at least one
// story.
func TestEveryFactIsTold(t *testing.T) {
	t.Parallel()
	told := map[string]bool{}
	scripts, _ := filepath.Glob("testdata/scripts/*.txt")
	for _, name := range scripts {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		s := newScript(t)
		s.play(string(text))
		for _, fact := range s.facts {
			told[strings.TrimPrefix(fmt.Sprintf("%T", fact), "*domain.")] = true
		}
	}
	facts := withMethod(t, "evolve")
	for _, name := range facts {
		if !told[name] {
			t.Errorf("no script of testdata/scripts comes to a %s", name)
		}
	}
	if len(facts) != len(told) {
		t.Errorf("%d types of facts, and the scripts come to %d", len(facts), len(told))
	}
}

// TestEveryScriptShowsARule: the package comment names every script, and each of its
// numbered paragraphs names scripts that are there.
func TestEveryScriptShowsARule(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]bool{}
	for _, paragraph := range strings.Split(file.Doc.Text(), "\n\n") {
		paragraph = strings.Join(strings.Fields(paragraph), " ")
		if !regexp.MustCompile(`^[0-9]+\.[0-9]+ `).MatchString(paragraph) {
			continue
		}
		last := paragraph[strings.LastIndex(paragraph, "(")+1:]
		for _, name := range strings.Split(strings.TrimSuffix(last, ")"), ", ") {
			named[name] = true
			_, err := os.Stat("testdata/scripts/" + name + ".txt")
			if _, other := os.Stat(name); err != nil && other != nil {
				t.Errorf("doc.go: %q names no script: %s", name, paragraph)
			}
		}
	}
	scripts, _ := filepath.Glob("testdata/scripts/*.txt")
	for _, path := range scripts {
		if name := strings.TrimSuffix(filepath.Base(path), ".txt"); !named[name] {
			t.Errorf("doc.go names no rule that %s shows", name)
		}
	}
}

// TestEveryCodeIsShown: every code is a constant with a place in Codes, and in
// at least one story.
func TestEveryCodeIsShown(t *testing.T) {
	t.Parallel()
	var shown strings.Builder
	scripts, _ := filepath.Glob("testdata/scripts/*.txt")
	for _, file := range scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	constants := constantsOf(t, "Code")
	for _, constant := range constants {
		code := Code(constant)
		if !slices.Contains(Codes, code) {
			t.Errorf("%s is not in Codes: it has no place in the order of precedence", code)
		}
		if !strings.Contains(shown.String(), "rejected "+string(code)) && !strings.Contains(shown.String(), "failed "+string(code)) {
			t.Errorf("no script of testdata/scripts shows %s", code)
		}
	}
	if len(constants) != len(Codes) {
		t.Errorf("%d constants, %d Codes", len(constants), len(Codes))
	}
}

// TestEveryOriginHasAPolicy: without a policy, a transaction would be free and
// unlimited.
func TestEveryOriginHasAPolicy(t *testing.T) {
	t.Parallel()
	origins := constantsOf(t, "OriginKind")
	for _, origin := range origins {
		if _, ok := policies[OriginKind(origin)]; !ok {
			t.Errorf("transactions of origin %s have no policy", origin)
		}
	}
	if len(origins)+1 != len(policies) { // and one without an origin
		t.Errorf("%d origins, %d policies", len(origins), len(policies))
	}
}

// constantsOf reads the constants of a type from the source.
func constantsOf(t *testing.T, kind string) (values []string) {
	t.Helper()
	for _, file := range parseSources(t) {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == 1 {
				if named, ok := spec.Type.(*ast.Ident); ok && named.Name == kind {
					values = append(values, strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`))
				}
			}
			return true
		})
	}
	return values
}

// parseSources parses the files of the package that are not tests.
func parseSources(t *testing.T) (files []*ast.File) {
	t.Helper()
	paths, _ := filepath.Glob("*.go")
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
