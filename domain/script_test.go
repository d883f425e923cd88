package domain

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain/ids"
)

var update = flag.Bool("update", false, "rewrite what the scripts answer: read the diff before you believe it")

// TestScripts plays the stories of testdata/scripts. A line at the margin is a
// command (or, with #, a remark); the indented lines under it are the facts that
// it made, or the rule that it broke. script_command_test.go has the words that
// they ask in, script_say_test.go those that they answer in.
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
	t         testing.TB
	state     *State
	facts     []Event
	sequence  uint64
	now       time.Time
	late      bool              // the clock went on, and what time does is not done yet
	unread    []string          // of the command: what is no number, or one of too many digits
	project   string            // the one that commands are about: the last made, or entered by `in`
	ids       map[string]string // by name
	names     map[string]string // by identifier
	completed map[ids.Transaction]*TransactionCompleted
}

// scriptsBegin is the first moment of every story.
var scriptsBegin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newScript(t testing.TB) *script {
	return &script{
		t: t, state: NewState(1), now: scriptsBegin, ids: map[string]string{}, names: map[string]string{},
		completed: map[ids.Transaction]*TransactionCompleted{},
	}
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
	case "lots":
		return s.lots()
	case "find":
		if customer, ok := s.state.CustomerByIdentifier(s.projectID(), words(rest)[0]); ok {
			return []string{string(customer.ID)}
		}
		return []string{"nobody"}
	case "at":
		return s.until(s.time(rest))
	case "wait":
		return s.until(s.now.Add(s.duration(rest)))
	case "late":
		s.now, s.late = s.time(rest), true
		return nil
	case "down":
		return s.restart(s.time(rest))
	}
	s.unread = nil
	command := s.command(verb, rest)
	if s.unread != nil {
		return []string{"cannot be asked: " + strings.Join(s.unread, ", ") + " is not read"}
	}
	answers := s.ask(command, verb, words(rest)[0])
	if !s.late {
		answers = append(answers, s.due()...)
	}
	return answers
}

// ask has a command decided, and its facts applied.
func (s *script) ask(command Command, verb, name string) []string {
	s.sequence++
	events, rejection := Decide(s.state, command, ids.Place{Location: ids.Location{Sequence: s.sequence}, Time: s.now})
	if rejection != nil {
		return s.refusal("rejected", rejection)
	}
	if len(events) == 0 {
		return []string{"nothing to do"}
	}
	var answers []string
	for _, event := range events {
		if err := s.state.Evolve(event); err != nil {
			s.t.Fatalf("%s %s: %v", verb, name, err)
		}
		s.facts = append(s.facts, event)
		s.learn(event, verb, name)
	}
	for _, event := range events {
		answers = append(answers, s.say(event)...)
	}
	return answers
}

// until lets time pass, doing what it does at its moment.
func (s *script) until(end time.Time) []string {
	if end.Before(s.now) {
		s.t.Fatalf("%s is over: it is %s", sayTime(end), sayTime(s.now))
	}
	s.late = false
	var answers []string
	for {
		next, ok := s.state.NextDeadline()
		if !ok || next.After(end) {
			s.now = end
			return answers
		}
		if next.After(s.now) {
			s.now = next
		}
		answers = append(answers, s.due()...)
	}
}

// restart is a ledger that was down until a moment: all it knows is the facts.
func (s *script) restart(end time.Time) []string {
	s.now, s.late, s.state = end, false, NewState(1)
	for _, fact := range s.facts {
		if err := s.state.Evolve(fact); err != nil {
			s.t.Fatal(err)
		}
	}
	return s.due()
}

// due does what the clock asks for now.
func (s *script) due() []string {
	var answers []string
	for {
		due := s.state.Due(s.now, 3)
		if len(due) == 0 {
			return answers
		}
		for _, deadline := range due {
			did := s.ask(deadline.Command, "due", "")
			if did[0] == "nothing to do" {
				continue
			}
			answers = append(answers, "("+sayTime(s.now)+")")
			answers = append(answers, did...)
		}
	}
}

// learn keeps the name of what a fact made.
func (s *script) learn(event Event, verb, name string) {
	call := func(id, name string) { s.ids[name], s.names[id] = id, name }
	switch e := event.(type) {
	case *ProjectCreated:
		s.project = name
		call(string(e.Project), name)
	case *CredentialCreated:
		call(string(e.Key), name)
	case *WalletCreated:
		if verb != "wallet" {
			name = string(e.Role) + "/" + string(e.Asset.Code)
		}
		call(string(e.Wallet), name)
	case *TransactionCompleted:
		s.completed[e.Transaction] = e
		call(string(e.Transaction), "that of "+s.named(string(e.Reference)))
		for i := range e.Entries {
			for _, part := range e.Entries[i].Lots {
				s.learnLot(e.Entries[i].Wallet, part.Lot)
			}
		}
	case *TransactionFailed:
		call(string(e.Transaction), "that of "+s.named(string(e.Reference)))
	case *TransactionScheduled:
		call(string(e.Transaction), "that of "+string(e.Reference))
	case *HoldPlaced:
		call(string(e.Hold), name)
	case *EscrowCreated:
		call(string(e.Escrow), name)
	case *MonitorSet:
		call(string(e.Monitor.ID), name)
	}
}

func (s *script) learnLot(wallet ids.Wallet, lot uint64) {
	s.names[ids.Lot(wallet, lot)] = fmt.Sprintf("lot %s/%d", s.names[string(wallet)], lot)
}

// named is a text with names for the identifiers in it.
func (s *script) named(text string) string {
	ids := slices.Sorted(maps.Keys(s.names))
	slices.Reverse(ids) // the longer of two that begin alike goes first
	var pairs []string
	for _, id := range ids {
		pairs = append(pairs, id, s.names[id])
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// id answers the identifier of a name; a name that nothing has is as good as any
// stray identifier.
func (s *script) id(name string) string {
	if id, ok := s.ids[name]; ok {
		return id
	}
	return name
}

func (s *script) projectID() ids.Project        { return ids.Project(s.id(s.project)) }
func (s *script) wallet(name string) ids.Wallet { return ids.Wallet(s.id(name)) }

// transaction is the identifier of the one with a reference.
func (s *script) transaction(reference string) ids.Transaction {
	return ids.Transaction(s.id("that of " + reference))
}

// time reads a day, a minute or a moment, or how long from now.
func (s *script) time(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	if ahead, ok := strings.CutPrefix(text, "+"); ok {
		return s.now.Add(s.duration(ahead))
	}
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", time.RFC3339Nano} {
		if moment, err := time.Parse(layout, text); err == nil {
			return moment
		}
	}
	s.t.Fatalf("%q is no moment", text)
	return time.Time{}
}

// duration reads "36h", "1s", and days: "7d".
func (s *script) duration(text string) time.Duration {
	days, ok := strings.CutSuffix(text, "d")
	if ok {
		text = days + "h"
	}
	length, err := time.ParseDuration(text)
	if err != nil {
		s.t.Fatal(err)
	}
	if ok {
		length *= 24
	}
	return length
}

func sayTime(at time.Time) string {
	if text, ok := strings.CutSuffix(timestamp(at), "T00:00:00Z"); ok {
		return text
	}
	return timestamp(at)
}

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
