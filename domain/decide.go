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
func (SetWalletStatus) command()  {}
func (*Transact) command()        {}

// Decide answers the facts that a command makes of a state, to stand in the log
// from place on, or the first rule that it breaks. No events and no rejection:
// what was asked for is already so.
//
// A transaction that breaks a recorded rule is not rejected: it makes a
// TransactionFailed. Decide changes nothing; the caller evolves the state.
func Decide(s *State, command Command, at Place) ([]Event, *Rejection) {
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
	case CreateWallet:
		return decideCreateWallet(s, c, at)
	case SetWalletStatus:
		return decideSetWalletStatus(s, c)
	case *Transact:
		return decideTransact(s, c, at)
	}
	panic(fmt.Sprintf("domain: no rule to decide %T", command))
}
