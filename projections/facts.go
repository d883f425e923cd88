package projections

import (
	"fmt"
	"reflect"

	"tallystick/domain"
	"tallystick/events"
)

// effects says what each fact does to the tables. The program does not start if one
// is missing.
var effects = effectsOf(
	of((*batch).projectCreated),
	of((*batch).projectChanged),
	of((*batch).assetDefined),
	of(nothing[*domain.CredentialCreated]), // only the command side asks for credentials
	of(nothing[*domain.CredentialRevoked]),
	of((*batch).customerUpserted),
	of((*batch).walletCreated),
	of((*batch).walletChanged),
	of((*batch).walletStatusChanged),
	of((*batch).settlementDue),
	effectOf((*batch).transactionCompleted),
	of((*batch).transactionFailed),
	of((*batch).transactionScheduled),
	of((*batch).transactionCancelled),
	of((*batch).transactionReversed),
	of((*batch).creditExpiring),
	of((*batch).holdPlaced),
	of((*batch).holdCaptured),
	of((*batch).holdReleased),
	of((*batch).escrowCreated),
	of((*batch).escrowApproved),
	of((*batch).escrowReleased),
	of((*batch).escrowRefunded),
	of((*batch).monitorSet),
	of((*batch).monitorRemoved),
	of((*batch).monitorTriggered),
)

// effect is what one type of fact does. An error means that the log is not the history
// of a ledger.
type effect struct {
	fact reflect.Type
	do   func(b *batch, fact domain.Event, at *moment) error
}

func effectOf[F domain.Event](do func(*batch, F, *moment) error) effect {
	return effect{reflect.TypeFor[F](), func(b *batch, fact domain.Event, at *moment) error { return do(b, fact.(F), at) }}
}

// of is for facts that cannot contradict what came before.
func of[F domain.Event](do func(*batch, F, *moment)) effect {
	return effectOf(func(b *batch, fact F, at *moment) error { do(b, fact, at); return nil })
}

func nothing[F domain.Event](*batch, F, *moment) {}

// effectsOf indexes effects by their facts. It panics unless there is one for each
// type of fact.
func effectsOf(all ...effect) map[reflect.Type]effect {
	byFact := map[reflect.Type]effect{}
	for _, e := range all {
		byFact[e.fact] = e
	}
	for _, fact := range events.Types() {
		if byFact[reflect.PointerTo(fact)].do == nil {
			panic(fmt.Sprintf("projections: no effect of %s", fact))
		}
	}
	return byFact
}

// project collects what a fact does.
func (b *batch) project(fact domain.Event, at *moment) error {
	return effects[reflect.TypeOf(fact)].do(b, fact, at)
}
