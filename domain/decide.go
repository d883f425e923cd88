package domain

import (
	"fmt"

	"tallystick/domain/ids"
)

// Command asks for something to happen in one project. The set is closed.
type Command interface{ project() ids.Project }

func (CreateProject) project() ids.Project      { return "" }
func (c ChangeProject) project() ids.Project    { return c.Project }
func (c CreateCredential) project() ids.Project { return c.Project }
func (c RevokeCredential) project() ids.Project { return c.Project }
func (c DefineAsset) project() ids.Project      { return c.Project }
func (c UpsertCustomer) project() ids.Project   { return c.Project }
func (c CreateWallet) project() ids.Project     { return c.Project }
func (c ChangeWallet) project() ids.Project     { return c.Project }
func (c ChangeStatus) project() ids.Project     { return c.Project }
func (c CloseWallet) project() ids.Project      { return c.Project }
func (c *Transact) project() ids.Project        { return c.Project }
func (c *Reverse) project() ids.Project         { return c.Project }
func (c CancelScheduled) project() ids.Project  { return c.Project }
func (c PlaceHold) project() ids.Project        { return c.Project }
func (c CaptureHold) project() ids.Project      { return c.Project }
func (c ReleaseHold) project() ids.Project      { return c.Project }
func (c CreateEscrow) project() ids.Project     { return c.Project }
func (c ApproveEscrow) project() ids.Project    { return c.Project }
func (c EndEscrow) project() ids.Project        { return c.Project }
func (c Settle) project() ids.Project           { return c.Project }
func (c SetMonitor) project() ids.Project       { return c.Project }
func (c RemoveMonitor) project() ids.Project    { return c.Project }

// Commands that time gives; see State.Due.
func (c ExpireCredit) project() ids.Project     { return c.Project }
func (c AnnounceExpiry) project() ids.Project   { return c.Project }
func (c ExpireHold) project() ids.Project       { return c.Project }
func (c MeetDeadline) project() ids.Project     { return c.Project }
func (c CallSettlement) project() ids.Project   { return c.Project }
func (c PerformScheduled) project() ids.Project { return c.Project }

// Decide answers the facts that a command makes of a state, to stand in the log
// from place on, or the first rule that it breaks. No events and no rejection:
// what was asked for is already so.
//
// A transaction that breaks a recorded rule is not rejected: it makes a
// TransactionFailed. Decide changes nothing; the caller evolves the state.
func Decide(s *State, command Command, at ids.Place) ([]Event, *Rejection) {
	events, rejection := decide(s, command, at)
	if rejection == nil {
		rejection = tooLarge(command, events)
	}
	if rejection != nil {
		return nil, rejection
	}
	return s.watch(events), nil
}

// tooLarge is the rejection of a transaction that turned out to be too large: it
// leaves nothing behind, unless it was scheduled and has to end.
func tooLarge(command Command, events []Event) *Rejection {
	if _, scheduled := command.(PerformScheduled); scheduled || len(events) != 1 {
		return nil
	}
	if failed, ok := events[0].(*TransactionFailed); ok && failed.Failure.Code == BadRequest {
		return &failed.Failure
	}
	return nil
}

func decide(s *State, command Command, at ids.Place) ([]Event, *Rejection) {
	switch c := command.(type) {
	case *Transact:
		return decideTransact(s, c, at)
	case *Reverse:
		return decideReverse(s, c, at)
	case CancelScheduled:
		return decideCancelScheduled(s, c)
	case PlaceHold:
		return decidePlaceHold(s, c, at)
	case CaptureHold:
		return decideCaptureHold(s, c, at)
	case ReleaseHold:
		return decideReleaseHold(s, c, at)
	case CreateEscrow:
		return decideCreateEscrow(s, c, at)
	case ApproveEscrow:
		return decideApproveEscrow(s, c)
	case EndEscrow:
		return decideEndEscrow(s, c, at)
	case Settle:
		return decideSettle(s, c, at)
	case CreateWallet:
		return decideCreateWallet(s, c, at)
	case ChangeWallet:
		return decideChangeWallet(s, c, at)
	case ChangeStatus:
		return decideChangeStatus(s, c)
	case CloseWallet:
		return decideCloseWallet(s, c, at)
	case SetMonitor:
		return decideSetMonitor(s, c, at)
	case RemoveMonitor:
		return decideRemoveMonitor(s, c)
	}
	return decideRare(s, command, at)
}

// decideRare is the rest of decide: what only time and administrators ask for.
func decideRare(s *State, command Command, at ids.Place) ([]Event, *Rejection) {
	switch c := command.(type) {
	case CreateProject:
		return decideCreateProject(c, at)
	case ChangeProject:
		return decideChangeProject(s, c)
	case CreateCredential:
		return decideCreateCredential(s, c, at)
	case RevokeCredential:
		return decideRevokeCredential(s, c)
	case DefineAsset:
		return decideDefineAsset(s, c)
	case UpsertCustomer:
		return decideUpsertCustomer(s, c)
	case ExpireCredit:
		return decideExpireCredit(s, c, at)
	case AnnounceExpiry:
		return decideAnnounceExpiry(s, c)
	case ExpireHold:
		return decideExpireHold(s, c, at)
	case MeetDeadline:
		return decideMeetDeadline(s, c, at)
	case CallSettlement:
		return decideCallSettlement(s, c, at)
	case PerformScheduled:
		return decidePerformScheduled(s, c, at)
	}
	panic(fmt.Sprintf("domain: no rule to decide %T", command))
}
