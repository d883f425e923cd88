package tallystick_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/projections"
	"tallystick/webhooks"

	"github.com/jackc/pgx/v5"
	"gopkg.in/yaml.v3"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// TestVocabulary compares docs/vocabulary.md with every word that leaves the
// program: one that the page lacks is a second name for something, or wants a
// line there; one that nothing uses is a name that has gone.
func TestVocabulary(t *testing.T) {
	t.Parallel()
	used := usage{}
	used.specification(t)
	used.golden(t, "fact", "events/testdata/golden")
	used.golden(t, "webhook body", "webhooks/testdata/golden")
	for _, event := range webhooks.EventTypes {
		used.parts(event.Name, "event "+event.Name)
	}
	used.tables(t)

	listed := vocabulary(t)
	for _, word := range slices.Sorted(maps.Keys(used)) {
		if !listed[word] {
			t.Errorf("%s is not in docs/vocabulary.md: %s", word, used[word][0])
		}
	}
	for _, word := range []string{"from", "to"} {
		for _, where := range used[word] {
			if !strings.HasPrefix(where, "parameter") {
				t.Errorf("%s is a side, not a period: %s", word, where)
			}
		}
	}
	for _, word := range slices.Sorted(maps.Keys(listed)) {
		if len(used[word]) == 0 {
			t.Errorf("docs/vocabulary.md lists %s, which nothing uses", word)
		}
	}
}

// vocabulary returns the words of the first column of the page's tables.
func vocabulary(t *testing.T) map[string]bool {
	t.Helper()
	page, err := os.ReadFile("docs/vocabulary.md")
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		for word := range strings.SplitSeq(cell, ", ") {
			word = strings.Trim(word, "`")
			if words[word] {
				t.Errorf("docs/vocabulary.md has two lines for %s", word)
			}
			words[word] = true
		}
	}
	return words
}

// usage maps a word to the places that use it.
type usage map[string][]string

// add records a word. The minor twin of an amount is no word of its own, and the
// names of headers are not told apart by case.
func (u usage) add(word, where string) {
	if strings.Contains(word, "-") {
		word = strings.ToLower(word)
	}
	word = strings.TrimSuffix(word, "_minor")
	u[word] = append(u[word], where)
}

// parts records what a name is made of: wallet.balance.updated is three words.
func (u usage) parts(name, where string) {
	for part := range strings.SplitSeq(name, ".") {
		u.add(part, where)
	}
}

// specification records the segments of paths, parameters, headers, properties
// and enum values of openapi.yaml.
func (u usage) specification(t *testing.T) {
	t.Helper()
	content, err := os.ReadFile("api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := yaml.Unmarshal(content, &root); err != nil {
		t.Fatal(err)
	}
	for path := range root["paths"].(map[string]any) {
		for segment := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
			u.add(strings.Trim(segment, "{}"), "path "+path)
		}
	}
	u.node(root, "openapi.yaml")
}

// node records the words of a node of openapi.yaml and of what is below it.
func (u usage) node(node any, where string) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			u.node(item, where)
		}
	case map[string]any:
		if name, ok := node["name"].(string); ok && node["in"] != nil && node["schema"] != nil {
			u.add(name, "parameter in "+where)
		}
		for key, value := range node {
			if names, ok := value.(map[string]any); ok && (key == "properties" || key == "headers") {
				for name := range names {
					u.add(name, where)
				}
			}
			if values, ok := value.([]any); ok && key == "enum" {
				u.values(values, where)
			}
			u.node(value, where+" "+key)
		}
	}
}

// values records the texts of an enum. Names of events are recorded by their parts.
func (u usage) values(values []any, where string) {
	for _, value := range values {
		if text, ok := value.(string); ok {
			u.parts(text, "enum in "+where)
		}
	}
}

// golden records the keys of the JSON documents of a directory, and the names of
// facts.
func (u usage) golden(t *testing.T, what, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no golden files: %v", dir, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(content, &document); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		u.keys(document, what+" in "+file)
	}
}

// assetCode is what some objects are keyed by instead of words.
var assetCode = regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`)

// keys records the keys of objects, but not those that the caller chose.
func (u usage) keys(node any, where string) {
	switch node := node.(type) {
	case []any:
		for _, item := range node {
			u.keys(item, where)
		}
	case map[string]any:
		for key, value := range node {
			if !assetCode.MatchString(key) {
				u.add(key, where)
			}
			if name, ok := value.(string); ok && key == "fact" {
				u.parts(name, where)
			}
			if key != "metadata" {
				u.keys(value, where)
			}
		}
	}
}

// literal is a text in the definition of a constraint or a generated column.
var literal = regexp.MustCompile(`'([A-Za-z_]+)'::text`)

// tables records the columns of the migrated database, and the values that
// constraints and generated columns name.
func (u usage) tables(t *testing.T) {
	t.Helper()
	url := embeddedtest.Database(t)
	for _, migrate := range []func(context.Context, string) error{projections.Migrate, webhooks.Migrate} {
		if err := migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	database, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer database.Close(context.WithoutCancel(t.Context())) //nolint:errcheck // only read from
	rows, err := database.Query(t.Context(), `
		SELECT c.oid::regclass::text, a.attname::text,
		       concat(CASE WHEN a.attgenerated <> '' THEN pg_get_expr(d.adbin, d.adrelid) END, (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_constraint k WHERE k.conrelid = c.oid))
		  FROM pg_class c
		  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
		  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
		 WHERE c.relkind = 'r' AND c.relnamespace IN ('ledger'::regnamespace, 'webhooks'::regnamespace) AND c.relname <> 'schema_version'`)
	if err != nil {
		t.Fatal(err)
	}
	var table, column, definitions string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column, &definitions}, func() error {
		u.add(column, "column of "+table)
		for _, found := range literal.FindAllStringSubmatch(definitions, -1) {
			u.add(found[1], "value in "+table)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
