package domain

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite what the scripts answer: read the diff before you believe it")

// TestScripts plays the stories of testdata/scripts. A line at the margin is a
// command (or, with #, a remark); the indented lines under it are the facts that
// it made, or the rule that it broke. script_say_test.go has the words.
func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newScript(t).play(string(text))
			if *update {
				err = os.WriteFile(file, []byte(got), 0o644)
			} else if got != string(text) {
				t.Errorf("%s has another answer now; go test ./domain -run Scripts -update, and read the diff\n%s", file, firstDifference(string(text), got))
			}
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func firstDifference(want, got string) string {
	a, b := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "-" + a[i] + "\n+" + b[i]
		}
	}
	return "one ends before the other"
}

// script is a story under way. Things are called by the names that the story
// gives them, never by their identifiers.
type script struct {
	t        *testing.T
	state    *State
	sequence uint64
	project  string            // the one that commands are about: the last made, or entered by `in`
	ids      map[string]string // by name
	names    map[string]string // by identifier
}

func newScript(t *testing.T) *script {
	return &script{t: t, state: NewState(1), ids: map[string]string{}, names: map[string]string{}}
}

// play answers the text with every answer as it is now.
func (s *script) play(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, " ") {
			continue // an answer of before
		}
		out.WriteString(line + "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		for _, answer := range s.answer(line) {
			out.WriteString(strings.TrimRight("    "+answer, " ") + "\n")
		}
	}
	return out.String()
}

func (s *script) answer(line string) []string {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "in":
		s.project = rest
		return nil
	case "balances":
		return s.balances()
	case "find":
		if customer, ok := s.state.CustomerByIdentifier(s.projectID(), words(rest)[0]); ok {
			return []string{string(customer.ID)}
		}
		return []string{"nobody"}
	}
	command := s.command(verb, rest)
	s.sequence++
	at := Place{Location{Sequence: s.sequence}, time.Unix(int64(s.sequence), 0).UTC()}
	events, rejection := Decide(s.state, command, at)
	if rejection != nil {
		return s.refusal("rejected", rejection)
	}
	if len(events) == 0 {
		return []string{"nothing to do"}
	}
	var answers []string
	for _, event := range events {
		if err := s.state.Evolve(event); err != nil {
			s.t.Fatalf("%s: %v", line, err)
		}
		s.learn(event, words(rest)[0])
		answers = append(answers, s.say(event)...)
	}
	return answers
}

// learn keeps the name of what a fact made.
func (s *script) learn(event Event, name string) {
	call := func(id string) { s.ids[name], s.names[id] = id, name }
	switch e := event.(type) {
	case *ProjectCreated:
		s.project = name
		call(string(e.Project))
	case *CredentialCreated:
		call(string(e.Key))
	case *WalletCreated:
		if e.Role == IssuanceWallet || e.Role == FeeWallet {
			name = string(e.Role) + "/" + string(e.Asset.Code)
		}
		call(string(e.Wallet))
	case *TransactionCompleted:
		s.names[string(e.Transaction)] = "that of " + string(e.Reference)
	case *TransactionFailed:
		s.names[string(e.Transaction)] = "that of " + string(e.Reference)
	}
}

// id answers the identifier of a name; a name that nothing has is as good as any
// stray identifier.
func (s *script) id(name string) string {
	if id, ok := s.ids[name]; ok {
		return id
	}
	return name
}

func (s *script) projectID() ProjectID        { return ProjectID(s.id(s.project)) }
func (s *script) wallet(name string) WalletID { return WalletID(s.id(name)) }

// words splits at spaces, but not between quotes.
func words(line string) []string {
	quoted := false
	all := strings.FieldsFunc(line, func(r rune) bool {
		quoted = quoted != (r == '"')
		return r == ' ' && !quoted
	})
	for i := range all {
		all[i] = strings.ReplaceAll(all[i], `"`, "")
	}
	return append(all, "")[:max(len(all), 1)]
}
