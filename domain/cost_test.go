package domain

import (
	"fmt"
	"strings"
	"testing"
)

// TestCosts: every command has its project, and costs its operations.
func TestCosts(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	s.set("project shop currency=USD\nwallet a system=yes\nwallet b system=yes\n" +
		"transact later: issue 1 to a, then issue 2 to a, then transfer 1 from a to b; scheduled_for=2026-02-01\n" +
		"transact gone: issue 1 to a, then issue 2 to a; scheduled_for=2026-02-01\ncancel gone\n" +
		"transact done: issue 1 to a, then issue 2 to a\n")
	shop, four := s.projectID(), make([]Operation, 4)
	costs := []struct {
		command Command
		cost    int
	}{
		{&Transact{Project: shop, Operations: four}, 4},
		{&Transact{Project: shop}, 1},
		{&Reverse{Project: shop, Original: s.completed[s.transaction("done")]}, 2},
		{&Reverse{Project: shop}, 1},
		{PerformScheduled{Project: shop, Transaction: s.transaction("later")}, 3},
		{PerformScheduled{Project: shop, Transaction: s.transaction("gone")}, 1},
		{PerformScheduled{Project: shop, Transaction: "none"}, 1},
		{CreateProject{}, 1}, {ChangeProject{Project: shop}, 1}, {CreateCredential{Project: shop}, 1}, {RevokeCredential{Project: shop}, 1},
		{DefineAsset{Project: shop}, 1}, {UpsertCustomer{Project: shop}, 1}, {CreateWallet{Project: shop}, 1}, {ChangeWallet{Project: shop}, 1},
		{ChangeStatus{Project: shop}, 1}, {CloseWallet{Project: shop}, 1}, {CancelScheduled{Project: shop}, 1}, {PlaceHold{Project: shop}, 1},
		{CaptureHold{Project: shop}, 1}, {ReleaseHold{Project: shop}, 1}, {CreateEscrow{Project: shop}, 1}, {ApproveEscrow{Project: shop}, 1},
		{EndEscrow{Project: shop}, 1}, {Settle{Project: shop}, 1}, {SetMonitor{Project: shop}, 1}, {RemoveMonitor{Project: shop}, 1},
		{ExpireCredit{Project: shop}, 1}, {AnnounceExpiry{Project: shop}, 1}, {ExpireHold{Project: shop}, 1}, {MeetDeadline{Project: shop}, 1},
		{CallSettlement{Project: shop}, 1},
	}
	missing := map[string]bool{}
	for _, name := range withMethod(t, "decide") {
		missing[name] = true
	}
	for _, c := range costs {
		name := fmt.Sprintf("%T", c.command)
		delete(missing, name[strings.Index(name, ".")+1:])
		if got := s.state.Cost(c.command); got != c.cost {
			t.Errorf("%s costs %d, want %d", name, got, c.cost)
		}
		want := shop
		if _, first := c.command.(CreateProject); first {
			want = ""
		}
		if got := c.command.ProjectID(); got != want {
			t.Errorf("%s is of project %q", name, got)
		}
	}
	if len(missing) > 0 {
		t.Errorf("not in the table: %v", missing)
	}
}
