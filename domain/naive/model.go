// Package naive is a second ledger, written anew from the documentation of
// package domain in the slowest and most obvious way, to run beside it: balances
// are sums of all entries, held money is the sum of the holds, a command that
// fails restores a copy of everything. It shares no code with the domain.
//
// Amounts are whole numbers of minor units. A [big.Int] is never changed once it
// is in the ledger, so copies may share it.
package naive

import (
	"maps"
	"math/big"
	"slices"
	"time"
)

// Ledger is all there is.
type Ledger struct {
	now          time.Time
	tag          string
	operation    int // under way, or -1
	lots         int // of which the command took a part; one that two entries took of counts twice
	scales       map[string]int
	projects     map[string]*project
	customers    map[string]*customer // by project/customer
	wallets      map[string]*wallet
	opened       []string // wallets in the order they were made
	holds        map[string]*hold
	escrows      map[string]*escrow
	transactions map[string]*transaction
	references   map[string]bool // by project/kind/reference
	touched      map[string]bool // wallets whose numbers this command may have changed
}

type project struct {
	settings Settings
	assets   map[string]int // scales of its own assets
}

type customer struct{ project, name, username, phone, email string }

type wallet struct {
	name, project, customer string
	role, kind, asset       string
	scale                   int
	status, before          string     // before it was last changed from anything but disabled
	entries                 []*big.Int // all of them
	credit                  *big.Int
	fees                    []Fee
	limits                  Limits
	settlement              Settlement
	next                    time.Time // end of the period
	asked                   *big.Int  // for by the last settlement
	askedAt                 int       // how many entries there were then
	used                    []used
	lots                    map[int]lot
	monitors                []monitor
}

// used counts against limits.
type used struct {
	date   string
	amount *big.Int
}

type lot struct {
	amount, original *big.Int
	expires          time.Time
	noticed, tried   bool
}

type monitor struct {
	name, metric string
	threshold    *big.Int
	above        bool
}

// piece of money: of a lot, or plain where lot is 0.
type piece struct {
	lot              int
	amount, original *big.Int
	expires          time.Time
}

type hold struct {
	project, wallet string
	pieces          []piece // in the order they are spent
	expires         time.Time
	ended           string // captured, released, expired
}

type escrow struct {
	project, from, to string
	pieces            []piece
	deadline          time.Time
	atDeadline        string
	approval          bool
	approved          map[string]bool
	tried             bool // at the deadline, in vain
	ended             string
}

type transaction struct {
	project, origin, status, reference string // status: completed, failed, scheduled, cancelled
	operations                         []*posted
	at                                 time.Time // that it is scheduled for
}

// posted is an operation as it was, and what was taken back of it.
type posted struct {
	Operation
	amount, fee, received       *big.Int
	spent, feeSpent             []piece // what is left to bring back
	granted                     int     // the lot
	back, backFee, backReceived *big.Int
}

// refusal is how a rule ends a command: by panic, caught in Do.
type refusal struct {
	code      string
	operation int
}

// New is an empty ledger that knows currencies by their scales.
func New(scales map[string]int) *Ledger {
	return &Ledger{
		scales: scales, projects: map[string]*project{}, customers: map[string]*customer{}, wallets: map[string]*wallet{},
		holds: map[string]*hold{}, escrows: map[string]*escrow{}, transactions: map[string]*transaction{}, references: map[string]bool{},
	}
}

// copyOf copies everything that can change.
func (l *Ledger) copyOf() Ledger {
	c := *l
	c.projects = rows(l.projects)
	c.customers = rows(l.customers)
	c.wallets = rows(l.wallets)
	c.holds = rows(l.holds)
	c.escrows = rows(l.escrows)
	c.transactions = rows(l.transactions)
	c.references = maps.Clone(l.references)
	c.opened = slices.Clone(l.opened)
	for _, p := range c.projects {
		p.assets = maps.Clone(p.assets)
	}
	for _, w := range c.wallets {
		w.entries, w.used, w.monitors, w.lots = slices.Clone(w.entries), slices.Clone(w.used), slices.Clone(w.monitors), maps.Clone(w.lots)
	}
	for _, e := range c.escrows {
		e.approved = maps.Clone(e.approved)
	}
	for _, t := range c.transactions {
		t.operations = slices.Clone(t.operations)
		for i, o := range t.operations {
			own := *o
			t.operations[i] = &own
		}
	}
	return c
}

func rows[T any](of map[string]*T) map[string]*T {
	c := make(map[string]*T, len(of))
	for name, row := range of {
		own := *row
		c[name] = &own
	}
	return c
}

// refuse ends the command.
func (l *Ledger) refuse(code string) { panic(refusal{code, l.operation}) }

func (l *Ledger) check(ok bool, code string) {
	if !ok {
		l.refuse(code)
	}
}

// try does something all or not at all.
func (l *Ledger) try(do func()) (broken *refusal) {
	before := l.copyOf()
	defer func() {
		if wrong := recover(); wrong != nil {
			r, ok := wrong.(refusal)
			if !ok {
				panic(wrong)
			}
			*l, broken = before, &r
		}
	}()
	do()
	return nil
}

// Do decides a command and does it.
func (l *Ledger) Do(c Command) (answer Answer) {
	l.now, l.tag, l.operation, l.lots, l.touched = c.At, c.Tag, -1, 0, map[string]bool{}
	answer.Operation = -1
	var recorded *refusal
	broken := l.try(func() {
		var happened bool
		happened, recorded = l.do(c.Do)
		answer.Nothing = !happened
	})
	if broken != nil {
		return Answer{Code: broken.code, Operation: broken.operation}
	}
	if recorded != nil {
		return Answer{Code: recorded.code, Operation: recorded.operation, Recorded: true}
	}
	if !answer.Nothing {
		answer.Crossed = l.crossings()
	}
	return answer
}

// do returns whether anything happened, and for what a transaction was kept as failed.
func (l *Ledger) do(command any) (bool, *refusal) {
	switch c := command.(type) {
	case Transact:
		return l.transact(c)
	case Reverse:
		return true, l.reverse(c)
	case CaptureHold:
		return true, l.capture(c)
	case CreateEscrow:
		return true, l.createEscrow(c)
	case EndEscrow:
		return true, l.endEscrow(c)
	case Settle:
		return true, l.settle(c)
	case CloseWallet:
		return l.closeWallet(c)
	case Deadline:
		return l.meet(c)
	}
	return l.doOther(command), nil
}

// doOther is the rest: what records no failed transactions.
func (l *Ledger) doOther(command any) bool {
	switch c := command.(type) {
	case CreateProject:
		return l.createProject(c)
	case ChangeProject:
		return l.changeProject(c)
	case DefineAsset:
		return l.defineAsset(c)
	case UpsertCustomer:
		return l.upsertCustomer(c)
	case CreateWallet:
		return l.createWallet(c)
	case ChangeWallet:
		return l.changeWallet(c)
	case ChangeStatus:
		return l.changeStatus(c)
	case CancelScheduled:
		return l.cancel(c)
	case PlaceHold:
		return l.placeHold(c)
	case ReleaseHold:
		return l.release(c)
	case ApproveEscrow:
		return l.approve(c)
	case SetMonitor:
		return l.setMonitor(c)
	case RemoveMonitor:
		return l.removeMonitor(c)
	}
	panic("naive: a command of unknown kind")
}
