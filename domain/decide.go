package domain

import "fmt"

// Command asks for something to happen. The set is closed.
type Command interface{ command() }

func (CreateProject) command()    {}
func (ChangeProject) command()    {}
func (CreateCredential) command() {}
func (RevokeCredential) command() {}
func (DefineAsset) command()      {}
func (UpsertCustomer) command()   {}
func (CreateWallet) command()     {}
func (ChangeWallet) command()     {}
func (ChangeStatus) command()     {}
func (CloseWallet) command()      {}
func (*Transact) command()        {}
func (*Reverse) command()         {}
func (CancelScheduled) command()  {}
func (PlaceHold) command()        {}
func (CaptureHold) command()      {}
func (ReleaseHold) command()      {}
func (CreateEscrow) command()     {}
func (ApproveEscrow) command()    {}
func (EndEscrow) command()        {}
func (Settle) command()           {}
func (SetMonitor) command()       {}
func (RemoveMonitor) command()    {}

// Commands that time gives; see State.Due.
func (ExpireCredit) command()     {}
func (AnnounceExpiry) command()   {}
func (ExpireHold) command()       {}
func (MeetDeadline) command()     {}
func (CallSettlement) command()   {}
func (PerformScheduled) command() {}

// Decide answers the facts that a command makes of a state, to stand in the log
// from place on, or the first rule that it breaks. No events and no rejection:
// what was asked for is already so.
//
// A transaction that breaks a recorded rule is not rejected: it makes a
// TransactionFailed. Decide changes nothing; the caller evolves the state.
func Decide(s *State, command Command, at Place) ([]Event, *Rejection) {
	events, rejection := decide(s, command, at)
	if rejection != nil {
		return nil, rejection
	}
	return s.watch(events), nil
}

func decide(s *State, command Command, at Place) ([]Event, *Rejection) {
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
func decideRare(s *State, command Command, at Place) ([]Event, *Rejection) {
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
