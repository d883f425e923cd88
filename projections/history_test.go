package projections_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// history decides commands and appends the outcome to a log, as the command
// side does, and keeps the state that they fold to.
type history struct {
	t       testing.TB
	log     *events.Memory
	codec   *events.Codec
	state   *domain.State
	cursor  events.Cursor
	now     time.Time
	shard   uint8
	facts   []domain.Event // of the commit under way
	counted int            // references made
	asked   int            // commands decided: somebody else asks for each
}

// plainKeys is a Keyring that hides nothing.
type plainKeys struct{}

func (plainKeys) Seal(_ ids.Project, _ ids.Customer, plain []byte) ([]byte, error) {
	return plain, nil
}

func (plainKeys) Open(_ ids.Project, _ ids.Customer, sealed []byte) ([]byte, error) {
	return sealed, nil
}

func newHistory(t testing.TB) *history {
	return &history{
		t: t, log: events.NewMemory(), codec: &events.Codec{Keys: plainKeys{}}, state: domain.NewState(1),
		now: time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC),
	}
}

// do decides a command in the current commit and returns its facts.
func (h *history) do(command domain.Command) []domain.Event {
	h.t.Helper()
	facts, rejection := domain.Decide(h.state, command, h.place())
	h.asked++
	domain.Ascribe(facts, []domain.Principal{domain.Operator, "key_1", domain.Ledger}[h.asked%3])
	if rejection != nil {
		h.t.Fatalf("%T: %v", command, rejection)
	}
	for _, fact := range facts {
		if err := h.state.Evolve(fact); err != nil {
			h.t.Fatal(err)
		}
	}
	h.facts = append(h.facts, facts...)
	return facts
}

func (h *history) place() ids.Place {
	return ids.Place{
		Location: ids.Location{Shard: h.shard, Sequence: h.cursor.Sequence + 1, Index: len(h.facts)}, Time: h.now,
	}
}

// commit appends what was done since the last commit; time goes on by a second.
func (h *history) commit() {
	h.t.Helper()
	place := h.place()
	place.Index = 0
	builder := h.codec.NewBuilder(place, h.cursor.Hash)
	if ok, err := builder.Add(h.facts, 64<<20); err != nil || !ok {
		h.t.Fatal(ok, err)
	}
	data := builder.Bytes()
	if err := h.log.Append(context.Background(), h.cursor.Sequence, fmt.Sprint(place.Sequence), data); err != nil {
		h.t.Fatal(err)
	}
	h.cursor = events.Cursor{Sequence: place.Sequence, Hash: events.HashOf(data)}
	h.facts, h.now = nil, h.now.Add(time.Second)
}

func (h *history) project(name, fee string) ids.Project {
	h.t.Helper()
	percentage, ok := money.ParsePercentage(fee)
	if !ok {
		h.t.Fatal(fee)
	}
	settings := domain.ProjectSettings{Name: name, Currency: "GHS", Locale: "en-GH"}
	if !percentage.IsZero() {
		settings.Fees = []domain.FeeRule{{Operation: domain.Transfer, Percentage: percentage}}
	}
	return h.do(domain.CreateProject{Settings: settings})[0].(*domain.ProjectCreated).Project
}

// passes lets time go by in which nobody asks for anything, and commits what it
// brings.
func (h *history) passes(d time.Duration) {
	h.t.Helper()
	h.now = h.now.Add(d)
	for {
		due := h.state.Due(h.now, 100)
		for _, deadline := range due {
			h.do(deadline.Command)
		}
		if len(h.facts) > 0 {
			h.commit()
		}
		if len(due) == 0 {
			return
		}
	}
}

func (h *history) customer(project ids.Project, id string) ids.Customer {
	h.t.Helper()
	h.do(domain.UpsertCustomer{Project: project, Customer: ids.Customer(id), Change: domain.ProfileChange{Username: &id}})
	return ids.Customer(id)
}

// wallet makes a customer's wallet, and the customer.
func (h *history) wallet(project ids.Project, customer string, currency money.AssetCode) ids.Wallet {
	h.t.Helper()
	h.customer(project, customer)
	return h.do(domain.CreateWallet{
		Project: project, Customer: ids.Customer(customer), Currency: currency,
	})[0].(*domain.WalletCreated).Wallet
}

func (h *history) transact(project ids.Project, operations ...domain.Operation) []domain.Event {
	h.t.Helper()
	h.counted++
	return h.do(&domain.Transact{
		Project: project, Reference: ids.Reference(fmt.Sprintf("reference %d", h.counted)), Operations: operations,
	})
}

func issue(to ids.Wallet, amount string) domain.Operation {
	return domain.Operation{Type: domain.Issue, Recipient: to, Quantity: quantity(amount)}
}

func transfer(from, to ids.Wallet, amount string) domain.Operation {
	return domain.Operation{Type: domain.Transfer, Sender: from, Recipient: to, Quantity: quantity(amount)}
}

func quantity(amount string) money.Quantity {
	q, ok := money.MajorUnits(amount)
	if !ok {
		panic(amount)
	}
	return q
}
