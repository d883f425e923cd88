package domain

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tallystick/domain/ids"
)

// TestHistories makes random histories of all commands, and holds them to what is true of every history:
//
//   - A decision changes nothing; facts do, and those of a fork only once merged.
//   - A rejection comes without facts.
//   - To ask again for what was done does nothing; to repeat a reference is a
//     duplicate, and names the transaction that has it.
//   - What is true of every fact and every state: see observe_test.go.
//   - The facts replayed, the facts applied directly, and the facts applied to
//     forks that were merged make the same state, and what time did is done in
//     all of them.
func TestHistories(t *testing.T) {
	t.Parallel()
	tryMany(t, 40, 400, func() life { return newHistory() })
}

// history is a ledger's life, and what should be true of it, kept apart.
type history struct {
	state    *State // by forks and merges, as the ledger does
	direct   *State // by the facts one after the other
	facts    []Event
	sequence uint64
	now      time.Time
	lost     bool // the next facts never become durable: the ledger goes on as if they had not been
	observer
}

func newHistory() *history {
	h := &history{state: NewState(4), direct: NewState(4), now: scriptsBegin, observer: newObserver()}
	h.begin()
	return h
}

func (h *history) next(r *rand.Rand) Command {
	h.lost = oneIn(10, r)
	return h.command(r)
}

// perform decides a command as the ledger does.
func (h *history) perform(command Command) {
	if p, ok := command.(pass); ok {
		h.now = h.now.Add(p.By)
		if !p.Late {
			h.due()
		}
		return
	}
	h.commit(command)
}

// due does what time asks for, as the ledger does: a batch at a time, and what
// was lost once more.
func (h *history) due() {
	for {
		batch := h.state.Due(h.now, 3)
		if len(batch) == 0 {
			return
		}
		for _, deadline := range batch {
			if h.commit(deadline.Command); h.lost {
				h.state.Postpone(deadline)
			}
		}
		h.lost = false
	}
}

func (h *history) commit(command Command) {
	h.sequence++
	layer := h.state.Fork()
	events, rejection := Decide(layer, command, h.place())
	if !untouched(layer) {
		wrong("deciding changed the state")
	}
	if rejection != nil {
		if len(events) > 0 || rejection.Code == "" || rejection.Message == "" {
			wrong("rejection %+v with facts %v", rejection, events)
		}
		return
	}
	for _, event := range events {
		h.must(layer.Evolve(event))
	}
	h.again(layer, command, events)
	if h.lost {
		return
	}
	before := h.numbers(h.state)
	layer.Merge()
	for _, event := range events {
		h.must(h.direct.Evolve(event))
		h.observe(event)
	}
	h.facts = append(h.facts, events...)
	h.compare(before, events)
	h.inspect(h.state, h.now)
}

func (h *history) place() ids.Place {
	return ids.Place{Location: ids.Location{Shard: 3, Sequence: h.sequence}, Time: h.now}
}

func (h *history) must(err error) {
	if err != nil {
		panic(err)
	}
}

// again asks a second time for what was just done.
func (h *history) again(layer *State, command Command, done []Event) {
	h.sequence++
	events, rejection := Decide(layer, command, h.place())
	want := Code("")
	switch c := command.(type) {
	case CreateProject, CreateCredential:
		return // made anew each time
	case CreateWallet:
		if c.System && !c.Liquidity {
			return
		}
	case ReleaseHold:
		if hold, ok := layer.holds.get(c.Hold); ok && hold != nil {
			return // a part; there is more
		}
	case RemoveMonitor:
		want = NotFound
	case *Transact, *Reverse, CaptureHold, CreateEscrow, EndEscrow, Settle, PlaceHold:
		want = DuplicateReference
	case CloseWallet:
		if len(done) > 0 && transactionOf(done) != "" {
			if _, failed := done[len(done)-1].(*TransactionFailed); failed {
				want = DuplicateReference
			}
		}
	}
	if len(events) != 0 || (rejection == nil) != (want == "") || rejection != nil && rejection.Code != want {
		wrong("%s, again: %s, rejection %+v", describe(command), tell(events), rejection)
	}
	if want == DuplicateReference && rejection.Details[0].Value != transactionOf(done) {
		wrong("again: %+v, and it was %s", rejection, transactionOf(done))
	}
}

// tell prints facts, for the reader of a failure.
func tell(events []Event) string {
	var text strings.Builder
	for _, event := range events {
		fmt.Fprintf(&text, "%T%+v ", event, event)
	}
	return text.String()
}

// transactionOf is the identifier that a repeated reference is answered with.
func transactionOf(events []Event) string {
	for _, event := range events {
		switch e := event.(type) {
		case *TransactionCompleted:
			return string(e.Transaction)
		case *TransactionFailed:
			return string(e.Transaction)
		case *TransactionScheduled:
			return string(e.Transaction)
		case *HoldPlaced:
			return string(e.Hold)
		}
	}
	return ""
}

// end compares the ways to the state, and balances its books.
func (h *history) end() {
	h.lost = false
	h.due()
	replayed := NewState(4)
	for _, fact := range h.facts {
		h.must(replayed.Evolve(fact))
	}
	for name, state := range map[string]*State{"replayed": replayed, "direct": h.direct} {
		for {
			batch := state.Due(h.now, 7)
			if len(batch) == 0 {
				break
			}
			for _, deadline := range batch {
				if events, rejection := Decide(state, deadline.Command, h.place()); len(events) > 0 || rejection != nil {
					wrong("%s: time asks again for %s, and %s comes of it (%v)", name, describe(deadline.Command), tell(events), rejection)
				}
			}
		}
	}
	want := rows(replayed)
	for name, state := range map[string]*State{"forked and merged": h.state, "direct": h.direct} {
		if got := rows(state); got != want {
			wrong("replayed and %s:\n%s", name, firstDifference(want, got))
		}
	}
	h.balanceBooks(replayed)
}
