package domain

// Cost is what deciding a command takes, in operations: those of a transaction,
// scheduled or reversed ones too, and 1 for everything else. At least 1.
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
