package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// sample makes commits as a busy ledger writes them: most of one transaction,
// some of many; transfers first, with a fee and without, then the other movements
// of money. It is the same for each call.
func sample(commits int) [][]byte {
	s := newSampler()
	all := make([][]byte, commits)
	for i := range all {
		all[i] = s.commit([]int{1, 1, 1, 1, 2, 3, 8, 30}[i%8])
	}
	return all
}

// examples are whole commits of one transaction: the rarer operations first, then
// transfers, with a fee and without.
func examples() [][]byte {
	s := newSampler()
	var all [][]byte
	add := func(project ids.Project, operation domain.Operation) {
		s.begin()
		s.do(s.transact(project, operation))
		all = append(all, append([]byte(nil), s.builder.JSON()...))
	}
	for _, project := range s.projects[:2] {
		add(project, domain.Operation{Type: domain.Issue, Recipient: s.wallet(project), Quantity: s.amount(100_000)})
		add(project, domain.Operation{Type: domain.Redeem, Sender: s.wallet(project), Quantity: s.amount(5000)})
	}
	for range 2 {
		for _, project := range []ids.Project{s.projects[1], s.projects[0]} { // the one that takes fees first
			add(project, domain.Operation{Type: domain.Transfer, Sender: s.wallet(project), Recipient: s.wallet(project), Quantity: s.amount(5000)})
		}
	}
	return all
}

type sampler struct {
	*rand.Rand
	codec   *events.Codec
	builder *events.Builder
	state   *domain.State
	place   ids.Place
	random  [32]byte // what stands for the hash of the commit before

	projects []ids.Project
	asking   map[ids.Project]domain.Principal
	wallets  map[ids.Project][]ids.Wallet
	holds    map[ids.Project][]ids.Hold
	count    int
}

func newSampler() *sampler {
	codec := &events.Codec{Keys: events.NewMemoryKeys()}
	s := &sampler{
		Rand: rand.New(rand.NewPCG(1, 2)), codec: codec, builder: codec.NewBuilder(ids.Place{}, events.Hash{}), state: domain.NewState(1),
		place:   ids.Place{Time: time.Date(2026, 3, 6, 9, 30, 0, 0, time.UTC)},
		asking:  map[ids.Project]domain.Principal{"": domain.Operator},
		wallets: map[ids.Project][]ids.Wallet{}, holds: map[ids.Project][]ids.Hold{},
	}
	fixed, _ := money.MajorUnits("0.25")
	percentage, _ := money.ParsePercentage("1.5")
	for _, settings := range []domain.ProjectSettings{
		{Name: "Without fees", Currency: "GHS"},
		{Name: "Fees", Currency: "USD", Fees: []domain.FeeRule{{Operation: domain.Transfer, Percentage: percentage, Fixed: fixed}}},
		{Name: "Large", Currency: "EUR"},
	} {
		s.begin()
		created := s.do(domain.CreateProject{Settings: settings})
		project := created[0].(*domain.ProjectCreated).Project
		s.projects = append(s.projects, project)
		s.asking[project] = domain.Operator
		s.begin()
		s.asking[project] = domain.Principal(s.do(domain.CreateCredential{Project: project})[0].(*domain.CredentialCreated).Key)
		for range 100 {
			s.begin()
			wallet := s.do(domain.CreateWallet{Project: project, System: true, Name: "Till"})[0].(*domain.WalletCreated).Wallet
			s.wallets[project] = append(s.wallets[project], wallet)
			s.do(s.transact(project, domain.Operation{Type: domain.Issue, Recipient: wallet, Quantity: s.amount(9_000_000)}))
		}
	}
	return s
}

// begin starts the next commit, some milliseconds after the one before.
func (s *sampler) begin() {
	s.place.Sequence += 1 + s.Uint64N(3)
	s.place.Index = 0
	s.place.Time = s.place.Time.Add(time.Duration(1+s.IntN(40_000)) * time.Microsecond)
	for i := range s.random {
		s.random[i] = byte(s.Uint32())
	}
	s.builder.Reset(s.place, s.random)
}

// do decides a command and adds its facts. What is rejected adds none.
func (s *sampler) do(command domain.Command) []domain.Event {
	facts, _ := domain.Decide(s.state, command, s.place)
	domain.Ascribe(facts, s.asking[command.ProjectID()])
	for _, fact := range facts {
		if err := s.state.Evolve(fact); err != nil {
			panic(err)
		}
	}
	if _, err := s.builder.Add(facts, events.MaxCommitBytes); err != nil {
		panic(err)
	}
	s.place.Index += len(facts)
	return facts
}

func (s *sampler) commit(commands int) []byte {
	s.begin()
	for range commands {
		project := s.projects[s.IntN(len(s.projects))]
		for _, fact := range s.do(s.command(project)) {
			if placed, ok := fact.(*domain.HoldPlaced); ok {
				s.holds[project] = append(s.holds[project], placed.Hold)
			}
		}
	}
	return append([]byte(nil), s.builder.JSON()...)
}

func (s *sampler) command(project ids.Project) domain.Command {
	from, to := s.wallet(project), s.wallet(project)
	switch n := s.IntN(20); {
	case n < 12:
		c := s.transact(project, domain.Operation{Type: domain.Transfer, Sender: from, Recipient: to, Quantity: s.amount(5000)})
		if n < 2 {
			c.Description = []string{"Order", "Payment", "Rent", "Salary"}[s.IntN(4)]
			c.Metadata = domain.Metadata{"order_id": fmt.Sprint(s.IntN(1_000_000_000)), "source": "app"}
		}
		return c
	case n == 12:
		return s.transact(project, domain.Operation{Type: domain.Transfer, Sender: from, Recipient: to, Quantity: s.amount(99_000_000_000)})
	case n < 15:
		return s.transact(project, domain.Operation{Type: domain.Issue, Recipient: to, Quantity: s.amount(100_000)})
	case n < 17:
		return s.transact(project, domain.Operation{Type: domain.Redeem, Sender: from, Quantity: s.amount(5000)})
	case n < 18 || len(s.holds[project]) == 0:
		return domain.PlaceHold{Project: project, Wallet: from, Reference: s.reference(), Quantity: s.amount(5000), ExpiresAt: s.place.Time.AddDate(0, 0, 7)}
	default:
		hold := s.holds[project][0]
		s.holds[project] = s.holds[project][1:]
		if n == 18 {
			return domain.ReleaseHold{Project: project, Hold: hold}
		}
		return domain.CaptureHold{Project: project, Hold: hold, Recipient: to, Reference: s.reference()}
	}
}

func (s *sampler) transact(project ids.Project, operation domain.Operation) *domain.Transact {
	return &domain.Transact{Project: project, Reference: s.reference(), Operations: []domain.Operation{operation}}
}

func (s *sampler) wallet(project ids.Project) ids.Wallet {
	return s.wallets[project][s.IntN(len(s.wallets[project]))]
}

// amount is from 0.01 up to so many minor units.
func (s *sampler) amount(up int) money.Quantity {
	minor := 1 + s.IntN(up)
	quantity, _ := money.MajorUnits(fmt.Sprintf("%d.%02d", minor/100, minor%100))
	return quantity
}

// reference is a UUID, as most are, or a word with a number.
func (s *sampler) reference() ids.Reference {
	s.count++
	if s.IntN(4) == 0 {
		return ids.Reference(fmt.Sprintf("%s-%d", []string{"order", "invoice", "payout"}[s.IntN(3)], s.count))
	}
	var id [16]byte
	for i := range id {
		id[i] = byte(s.Uint32())
	}
	digits := hex.EncodeToString(id[:])
	return ids.Reference(digits[:8] + "-" + digits[8:12] + "-4" + digits[13:16] + "-8" + digits[17:20] + "-" + digits[20:])
}
