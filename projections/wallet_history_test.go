package projections_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"tallystick/domain"
	"tallystick/projections"
)

// TestHistory: the changes of one wallet's status, newest first, page by page; two of
// them in one commit.
func TestHistory(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	owner, other := h.project("shop", "0"), h.project("another", "0")
	var wallets []*domain.WalletCreated
	for range 2 {
		wallets = append(wallets, h.do(domain.CreateWallet{Project: owner, System: true, Currency: "GHS"})[0].(*domain.WalletCreated))
	}
	h.commit()
	for i, change := range []domain.StatusChange{domain.Freeze, domain.Unfreeze, domain.Disable} {
		h.do(domain.ChangeStatus{Project: owner, Wallet: wallets[0].Wallet, Change: change, Actor: "ama", Reason: fmt.Sprint(i)})
		if i > 0 {
			h.commit()
		}
	}
	h.do(domain.ChangeStatus{Project: owner, Wallet: wallets[1].Wallet, Change: domain.Freeze})
	h.commit()
	pool := database(t)
	project(t, h, pool)
	caughtUp(t, h, pool)
	queries := projections.NewQueries(pool)

	filter := projections.HistoryFilter{Project: owner, Wallet: wallets[0].Wallet, Limit: 1}
	var all []string
	for {
		page, err := queries.History(t.Context(), filter)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Rows {
			all = append(all, fmt.Sprint(c.Status, " ", c.By, " ", c.Actor, " ", c.Reason, " ", !c.Time.IsZero()))
		}
		if filter.Cursor = page.Next; page.Next == "" {
			break
		}
	}
	if want := []string{"disabled key_1 ama 2 true", "active operator ama 1 true", "frozen ledger ama 0 true"}; !slices.Equal(all, want) {
		t.Errorf("history %q, want %q", all, want)
	}
	if page, err := queries.History(t.Context(), projections.HistoryFilter{Project: other, Wallet: wallets[0].Wallet}); err != nil || len(page.Rows) > 0 {
		t.Errorf("another project sees %v, %v", page.Rows, err)
	}
	if _, err := queries.History(t.Context(), projections.HistoryFilter{Project: owner, Cursor: "x"}); !errors.Is(err, projections.ErrBadCursor) {
		t.Errorf("a cursor of no list: %v", err)
	}
}
