package domain

import (
	"tallystick/domain/ids"
)

// Command asks for something to happen in one project. The set is closed.
type Command interface {
	// ProjectID is the project that the command is about; "" where it creates one.
	ProjectID() ids.Project
	decide(s *State, at ids.Place) ([]Event, *Rejection)
}

func (CreateProject) ProjectID() ids.Project      { return "" }
func (c ChangeProject) ProjectID() ids.Project    { return c.Project }
func (c CreateCredential) ProjectID() ids.Project { return c.Project }
func (c RevokeCredential) ProjectID() ids.Project { return c.Project }
func (c DefineAsset) ProjectID() ids.Project      { return c.Project }
func (c UpsertCustomer) ProjectID() ids.Project   { return c.Project }
func (c CreateWallet) ProjectID() ids.Project     { return c.Project }
func (c ChangeWallet) ProjectID() ids.Project     { return c.Project }
func (c ChangeStatus) ProjectID() ids.Project     { return c.Project }
func (c CloseWallet) ProjectID() ids.Project      { return c.Project }
func (c *Transact) ProjectID() ids.Project        { return c.Project }
func (c *Reverse) ProjectID() ids.Project         { return c.Project }
func (c CancelScheduled) ProjectID() ids.Project  { return c.Project }
func (c PlaceHold) ProjectID() ids.Project        { return c.Project }
func (c CaptureHold) ProjectID() ids.Project      { return c.Project }
func (c ReleaseHold) ProjectID() ids.Project      { return c.Project }
func (c CreateEscrow) ProjectID() ids.Project     { return c.Project }
func (c ApproveEscrow) ProjectID() ids.Project    { return c.Project }
func (c EndEscrow) ProjectID() ids.Project        { return c.Project }
func (c Settle) ProjectID() ids.Project           { return c.Project }
func (c SetMonitor) ProjectID() ids.Project       { return c.Project }
func (c RemoveMonitor) ProjectID() ids.Project    { return c.Project }

// Commands that time gives; see State.Due.
func (c ExpireCredit) ProjectID() ids.Project     { return c.Project }
func (c AnnounceExpiry) ProjectID() ids.Project   { return c.Project }
func (c ExpireHold) ProjectID() ids.Project       { return c.Project }
func (c MeetDeadline) ProjectID() ids.Project     { return c.Project }
func (c CallSettlement) ProjectID() ids.Project   { return c.Project }
func (c PerformScheduled) ProjectID() ids.Project { return c.Project }

// Decide answers the facts that a command makes of a state, to stand in the log
// from place on, or the first rule that it breaks. No events and no rejection:
// what was asked for is already so.
//
// A transaction that breaks a recorded rule is not rejected: it makes a
// TransactionFailed. Decide changes nothing; the caller evolves the state.
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
