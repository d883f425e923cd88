package projections_test

import (
	"fmt"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/projections"
)

// market is a projected history of three wallets, the last of them postpaid, and
// what they have to do with each other.
func market(t *testing.T) (owner ids.Project, wallets []ids.Wallet, queries *projections.Queries) {
	t.Helper()
	h := newHistory(t)
	owner = h.do(domain.CreateProject{Settings: domain.ProjectSettings{
		Name: "market", Currency: "GHS", Backdating: time.Hour,
	}})[0].(*domain.ProjectCreated).Project
	wallets = []ids.Wallet{h.wallet(owner, "ama", "GHS"), h.wallet(owner, "kofi", "GHS")}
	h.customer(owner, "esi")
	wallets = append(wallets, h.do(domain.CreateWallet{
		Project: owner, Customer: "esi", Type: domain.Postpaid, Terms: domain.TermsChange{
			CreditLimit: quantity("50"), Limits: &domain.Limits{DailyAmount: quantity("40.00")},
			Settlement: &domain.Settlement{Period: domain.Weekly, Day: 1},
		},
	})[0].(*domain.WalletCreated).Wallet)
	h.transact(owner, issue(wallets[0], "100"))
	h.do(&domain.Transact{
		Project: owner, Reference: "backdated", EffectiveAt: h.now.Add(-time.Minute),
		Operations: []domain.Operation{transfer(wallets[2], wallets[0], "30.00")},
	})
	for i, wallet := range []ids.Wallet{wallets[0], wallets[0], wallets[2]} {
		h.do(domain.PlaceHold{Project: owner, Wallet: wallet, Reference: ids.Reference(fmt.Sprint("hold ", i)), Quantity: quantity("5")})
	}
	h.do(domain.CreateEscrow{Project: owner, Sender: wallets[0], Recipient: wallets[1], Reference: "escrow 1", Quantity: quantity("7")})
	h.do(domain.CreateEscrow{Project: owner, Sender: wallets[2], Recipient: wallets[0], Reference: "escrow 2", Quantity: quantity("3")})
	h.commit()
	h.passes(8 * 24 * time.Hour)
	h.do(domain.Settle{Project: owner, Wallet: wallets[2], Reference: "settle", Quantity: quantity("10")})
	h.do(domain.ChangeStatus{Project: owner, Wallet: wallets[1], Change: domain.Freeze})
	h.commit()
	pool := database(t)
	project(t, h, pool)
	caughtUp(t, h, pool)
	equal(t, h, pool)
	return owner, wallets, projections.NewQueries(pool)
}

func TestHoldsAndEscrowsOfAWallet(t *testing.T) {
	t.Parallel()
	owner, wallets, queries := market(t)
	for i, want := range []struct{ holds, escrows int }{{2, 2}, {0, 1}, {1, 1}} {
		holds, err := queries.Holds(t.Context(), projections.HoldFilter{Project: owner, Wallet: wallets[i], Status: "active"})
		if err != nil || len(holds.Rows) != want.holds {
			t.Errorf("wallet %d has %d holds (%v), not %d", i, len(holds.Rows), err, want.holds)
		}
		escrows, err := queries.Escrows(t.Context(), projections.EscrowFilter{Project: owner, Wallet: wallets[i], Status: "open"})
		if err != nil || len(escrows.Rows) != want.escrows {
			t.Errorf("wallet %d has a part in %d escrows (%v), not %d", i, len(escrows.Rows), err, want.escrows)
		}
	}
	holds, err := queries.Holds(t.Context(), projections.HoldFilter{Project: owner, Limit: 1})
	if err != nil || len(holds.Rows) != 1 || holds.Next == "" {
		t.Fatal(holds, err)
	}
	escrows, err := queries.Escrows(t.Context(), projections.EscrowFilter{Project: owner, Limit: 1})
	if err != nil || len(escrows.Rows) != 1 || escrows.Next == "" {
		t.Fatal(escrows, err)
	}
}

func TestNumbersOfAPostpaidWallet(t *testing.T) {
	t.Parallel()
	owner, wallets, queries := market(t)
	page, err := queries.Wallets(t.Context(), projections.WalletFilter{Project: owner, Type: domain.Postpaid})
	if err != nil || len(page.Rows) != 1 || page.Rows[0].ID != wallets[2] {
		t.Fatal(page.Rows, err)
	}
	w := page.Rows[0]
	same(t, "balance, held, available, due", []any{w.Balance, w.Held, w.Available, w.Due}, "[-23.00 5.00 22.00 23.00]")
	same(t, "terms", []any{w.Terms.CreditLimit, w.Terms.Limits.DailyAmount, w.Terms.Settlement.Next.Weekday()}, "[50.00 40.00 Monday]")
	frozen, err := queries.Wallets(t.Context(), projections.WalletFilter{Project: owner, Status: domain.Frozen})
	if err != nil || len(frozen.Rows) != 1 || frozen.Rows[0].ID != wallets[1] {
		t.Error(frozen.Rows, err)
	}
}

func TestBusinessTimeOfEntries(t *testing.T) {
	t.Parallel()
	owner, wallets, queries := market(t)
	page, err := queries.Entries(t.Context(), projections.EntryFilter{Project: owner, Wallet: wallets[2]})
	if err != nil {
		t.Fatal(err)
	}
	backdated := 0
	for _, e := range page.Rows {
		if !e.EffectiveAt.IsZero() {
			backdated++
			same(t, "business time", e.EffectiveAt, e.Time.Add(-time.Minute))
		}
	}
	if backdated != 1 {
		t.Errorf("%d entries with a time of the business", backdated)
	}
}
