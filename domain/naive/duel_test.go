package naive_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/domain/naive"
)

var (
	seed     = flag.Uint64("seed", 0, "repeat the random commands of this seed; 0 takes a new one")
	commands = flag.Int("commands", 8_000, "how many random commands the two ledgers are to agree on")
)

// commandsOfLife is how many commands one pair of ledgers lives through.
const commandsOfLife = 400

// TestDuel lets the naive ledger run beside the domain on the same random
// commands. They must agree on every outcome, and on every number after it. What
// they do not agree on is printed as a short script.
func TestDuel(t *testing.T) {
	t.Parallel()
	repeat := seedOf(t)
	for done := uint64(0); done < uint64(*commands); done += commandsOfLife {
		d := newDuel()
		if wrong := d.live(rand.New(rand.NewPCG(repeat, done)), commandsOfLife); wrong != "" {
			t.Fatalf("with -seed %d, after %d commands, cut to what matters:\n%s", repeat, done, shorten(d.said, wrong))
		}
	}
}

func seedOf(t *testing.T) uint64 {
	repeat := *seed
	if repeat == 0 {
		repeat = rand.Uint64()
	}
	t.Logf("-seed %d", repeat)
	return repeat
}

// duel is a domain and a naive ledger, and what is called what.
type duel struct {
	naive     *naive.Ledger
	state     *domain.State
	sequence  uint64
	now       time.Time
	ids       map[string]string // by the name that the naive ledger gives
	names     map[string]string // by identifier
	completed map[string]*domain.TransactionCompleted
	promises  map[string]promise // holds and escrows
	reference map[string]string  // by project and reference: the transaction
	said      []naive.Command
	answered  naive.Answer // by the domain to the last of them
}

// promise is a hold or an escrow, as the domain's facts tell of it.
type promise struct {
	left     money.Amount
	lots     []domain.LotPart
	ended    string
	approved int // of an escrow; -1 of a hold
}

func newDuel() *duel {
	return &duel{
		naive: naive.New(map[string]int{"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}), state: domain.NewState(1),
		ids: map[string]string{}, names: map[string]string{}, completed: map[string]*domain.TransactionCompleted{},
		promises: map[string]promise{}, reference: map[string]string{},
	}
}

// live gives random commands to both until they disagree.
func (d *duel) live(r *rand.Rand, n int) (wrong string) {
	g := newGenerator(r, d)
	for i := range n {
		c := g.command(i)
		d.said = append(d.said, c)
		if wrong = d.both(c); wrong != "" {
			return wrong
		}
	}
	return ""
}

// replay returns what goes wrong with the commands, "" for nothing.
func replay(all []naive.Command) string {
	d := newDuel()
	for _, c := range all {
		if wrong := d.both(c); wrong != "" {
			return wrong
		}
	}
	return ""
}

// shorten leaves out every command without which something still goes wrong, and
// prints the rest.
func shorten(all []naive.Command, wrong string) string {
	for n := len(all) / 2; n > 0; n /= 2 {
		for i := 0; i+n <= len(all); {
			without := slices.Delete(slices.Clone(all), i, i+n)
			if other := replay(without); other != "" {
				all, wrong = without, other
			} else {
				i += n
			}
		}
	}
	var script strings.Builder
	for _, c := range all {
		script.WriteString(describe(c) + "\n")
	}
	return script.String() + wrong
}

// both gives a command to both, after all that is due by then, and answers what
// they disagree on.
func (d *duel) both(c naive.Command) (wrong string) {
	defer func() {
		if crash := recover(); crash != nil {
			wrong = fmt.Sprintf("panic: %v\n%s", crash, debug.Stack())
		}
	}()
	d.now = c.At
	if wrong := d.deadlines(c); wrong != "" {
		return wrong
	}
	wanted := d.naive.Do(c)
	base := d.state
	d.state = base.Fork()
	events, rejection := d.decide(d.translate(c.Do))
	got := d.answer(c.Tag, events, rejection)
	d.answered = got
	if again, _ := domain.Decide(base, d.translate(c.Do), d.place()); len(again) != len(events) {
		return fmt.Sprintf("decided again without the facts it made, it makes %d facts, not %d", len(again), len(events))
	}
	d.state.Merge()
	d.state = base
	d.sequence++
	return d.compare(got, wanted, "the command")
}

func (d *duel) place() ids.Place {
	return ids.Place{Location: ids.Location{Sequence: d.sequence}, Time: d.now}
}

// decide decides and evolves.
func (d *duel) decide(command domain.Command) ([]domain.Event, *domain.Rejection) {
	events, rejection := domain.Decide(d.state, command, d.place())
	for _, event := range events {
		if err := d.state.Evolve(event); err != nil {
			panic(err)
		}
	}
	return events, rejection
}

// deadlines does all that is due, as the ledger does before each command.
func (d *duel) deadlines(c naive.Command) string {
	n := 0
	for due := d.state.Due(d.now, 1000); len(due) > 0; due = d.state.Due(d.now, 1000) {
		base := d.state
		d.state = base.Fork()
		for _, one := range due {
			n++
			tag := fmt.Sprintf("%s.%d", c.Tag, n)
			deadline := d.deadline(one.Command)
			wanted := d.naive.Do(naive.Command{Tag: tag, At: d.now, Do: deadline})
			events, rejection := d.decide(one.Command)
			got := d.answer(tag, events, rejection)
			d.sequence++
			if wrong := difference(got, wanted); wrong != "" {
				return fmt.Sprintf("at %s: %+v: %s", d.now.Format(time.RFC3339Nano), deadline, wrong)
			}
		}
		d.state.Merge()
		d.state = base
	}
	if left := d.naive.Due(d.now); len(left) > 0 {
		return fmt.Sprintf("at %s the domain does nothing about %+v", d.now.Format(time.RFC3339Nano), left)
	}
	if n == 0 {
		return ""
	}
	return d.compare(naive.Answer{}, naive.Answer{}, "deadlines")
}

// answer is the domain's, in words of the naive ledger.
func (d *duel) answer(tag string, events []domain.Event, rejection *domain.Rejection) naive.Answer {
	if rejection != nil {
		return naive.Answer{Code: string(rejection.Code), Operation: rejection.Operation}
	}
	answer := naive.Answer{Operation: -1, Nothing: len(events) == 0}
	for _, event := range events {
		d.learn(tag, event)
		switch e := event.(type) {
		case *domain.TransactionFailed:
			answer = naive.Answer{Code: string(e.Failure.Code), Operation: e.Failure.Operation, Recorded: true}
		case *domain.MonitorTriggered:
			answer.Crossed = append(answer.Crossed, d.names[string(e.Monitor)]+map[bool]string{true: " above", false: " below"}[e.Above])
		}
	}
	return answer
}

func difference(got, wanted naive.Answer) string {
	slices.Sort(got.Crossed)
	slices.Sort(wanted.Crossed)
	if fmt.Sprint(got) == fmt.Sprint(wanted) {
		return ""
	}
	return fmt.Sprintf("the domain answers %+v\n\t the naive ledger %+v", got, wanted)
}

// compare answers, and all that there is.
func (d *duel) compare(got, wanted naive.Answer, after string) string {
	if wrong := difference(got, wanted); wrong != "" {
		return wrong
	}
	domains, naives := d.show(), d.naive.Show(d.now)
	if maps.Equal(domains, naives) {
		return d.punctual()
	}
	all := maps.Clone(naives)
	maps.Copy(all, domains)
	wrong := "after " + after + ":"
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if domains[name] != naives[name] {
			wrong += fmt.Sprintf("\n%s\n\tdomain %s\n\tnaive  %s", name, domains[name], naives[name])
		}
	}
	return wrong
}

// punctual: the domain looks up in time for all that is going to be due.
func (d *duel) punctual() string {
	looks, looking := d.state.NextDeadline()
	for what, at := range d.naive.Pending() {
		if at.After(d.now) && (!looking || looks.After(at)) {
			return fmt.Sprintf("the domain does not look up at %s for %+v", at.Format(time.RFC3339Nano), what)
		}
	}
	return ""
}
