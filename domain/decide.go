package domain

import "tallystick/domain/ids"

// Command asks for something to happen in one project. The set is closed.
type Command interface {
	// ProjectID is the project that the command is about; "" where it creates one.
	ProjectID() ids.Project
	decide(s *State, at ids.Place) ([]Event, *Rejection)
}

// Event is a fact: something that happened and never changes. The set is
// closed.
type Event interface {
	// ProjectID is the project that the fact belongs to.
	ProjectID() ids.Project
	// WalletIDs lists the wallets whose balances, terms or status the fact
	// changes or reports, without a wallet that the fact creates. A wallet can
	// be listed twice.
	WalletIDs() []ids.Wallet
	evolve(s *State) error
	askedBy(Principal)
}

// Decide returns the facts that a command makes of a state, or the first rule
// that the command breaks. The facts are to stand in the log from the place on.
// Neither facts nor a rejection: what was asked for is already so.
func Decide(s *State, command Command, at ids.Place) ([]Event, *Rejection) {
	events, rejection := command.decide(s, at)
	if rejection == nil {
		rejection = tooLarge(command, events)
	}
	if rejection != nil {
		return nil, rejection
	}
	return s.watch(events), nil
}

// tooLarge returns the rejection of a transaction that takes parts of too many
// lots. It leaves nothing behind, unless it was scheduled and has to end.
func tooLarge(command Command, events []Event) *Rejection {
	if _, scheduled := command.(PerformScheduled); scheduled || len(events) != 1 {
		return nil
	}
	if failed, ok := events[0].(*TransactionFailed); ok && failed.Failure.Code == BadRequest {
		return &failed.Failure
	}
	return nil
}

// Evolve applies a fact. It never refuses a fact that Decide made: an error
// means that the log is not a history of this ledger, and the reader must stop.
func (s *State) Evolve(event Event) error { return event.evolve(s) }

// Cost returns how much work a command is to decide, in operations: the
// operations of a transaction, also of a scheduled or reversed one, and 1 for
// everything else. At least 1.
func (s *State) Cost(command Command) int {
	operations := 1
	switch c := command.(type) {
	case *Transact:
		operations = len(c.Operations)
	case *Reverse:
		if c.Original != nil {
			operations = len(c.Original.Operations)
		}
	case PerformScheduled:
		if of, ok := s.schedule.get(c.Transaction); ok && of.pending != nil {
			operations = len(of.pending.Operations)
		}
	}
	return max(operations, 1)
}
