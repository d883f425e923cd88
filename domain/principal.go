package domain

// Principal is who asks for something, as the ledger knows it: the api-key of a
// credential, Operator, or Ledger.
type Principal string

const (
	Operator Principal = "operator" // the operator of the installation
	Ledger   Principal = "ledger"   // the ledger itself: what comes due, see State.Due
)

// Asked is in every fact.
type Asked struct {
	By Principal // who asked for it
}

func (a *Asked) askedBy(by Principal) { a.By = by }

// Ascribe notes in the events of a decision who asked for it.
func Ascribe(events []Event, by Principal) {
	for _, event := range events {
		event.askedBy(by)
	}
}
