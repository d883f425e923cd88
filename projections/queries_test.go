package projections_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/projections"
)

// shop is a projected history: ten customers with two wallets each, of which
// the first paid the second five times, and failed once.
func shop(t *testing.T) (*history, ids.Project, []ids.Wallet, *projections.Queries) {
	t.Helper()
	h := newHistory(t)
	owner := h.project("shop", "0")
	h.project("another", "0")
	var wallets []ids.Wallet
	for i := range 10 {
		customer := h.customer(owner, fmt.Sprintf("customer %d", i))
		for _, currency := range []money.AssetCode{"GHS", "USD"} {
			created := h.do(domain.CreateWallet{
				Project: owner, Customer: customer, Currency: currency, Name: "purse",
				Metadata: domain.Metadata{"color": []string{"red", "blue"}[i%2], "n": fmt.Sprint(i)},
			})
			wallets = append(wallets, created[0].(*domain.WalletCreated).Wallet)
		}
		h.commit()
	}
	h.do(domain.CreateWallet{Project: owner, System: true, Currency: "GHS"})
	h.do(domain.ChangeStatus{Project: owner, Wallet: wallets[4], Change: domain.Disable, Actor: "ama", Reason: `a\b`})
	h.transact(owner, issue(wallets[0], "100"))
	h.commit()
	for range 5 {
		h.transact(owner, transfer(wallets[0], wallets[2], "1.50"), transfer(wallets[0], wallets[2], "0.50"))
		h.commit()
	}
	h.transact(owner, transfer(wallets[2], wallets[0], "9999"))
	h.commit()
	pool := database(t)
	project(t, h, pool)
	caughtUp(t, h, pool)
	return h, owner, wallets, projections.NewQueries(pool)
}

func TestWalletFilters(t *testing.T) {
	t.Parallel()
	_, owner, _, queries := shop(t)
	yes, no := true, false
	for _, test := range []struct {
		filter projections.WalletFilter
		want   int
	}{
		{projections.WalletFilter{}, 22}, // a system wallet and an issuance account too
		{projections.WalletFilter{Customer: "customer 3"}, 2},
		{projections.WalletFilter{Currency: "GHS"}, 12},
		{projections.WalletFilter{Status: domain.Disabled}, 1},
		{projections.WalletFilter{Name: "purse"}, 20},
		{projections.WalletFilter{Name: "purs"}, 0},
		{projections.WalletFilter{Type: domain.Prepaid}, 22},
		{projections.WalletFilter{System: &yes}, 2},
		{projections.WalletFilter{System: &no}, 20},
		{projections.WalletFilter{Metadata: map[string]string{"color": "red"}}, 10},
		{projections.WalletFilter{Metadata: map[string]string{"color": "red", "n": "4"}, Currency: "USD"}, 1},
	} {
		test.filter.Project = owner
		page, err := queries.Wallets(t.Context(), test.filter)
		if err != nil || len(page.Rows) != test.want {
			t.Errorf("%+v: %d wallets (%v), not %d", test.filter, len(page.Rows), err, test.want)
		}
		rows, total, err := queries.NumberedWallets(t.Context(), test.filter, 2, 3)
		if want := min(3, max(0, test.want-3)); err != nil || total != test.want || len(rows) != want {
			t.Errorf("%+v: %d wallets on page 2 of %d (%v)", test.filter, len(rows), total, err)
		}
		for _, row := range rows {
			if !slices.ContainsFunc(page.Rows, func(w projections.Wallet) bool { return w.ID == row.ID }) {
				t.Errorf("%+v: %s is on a numbered page only", test.filter, row.ID)
			}
		}
	}
}

func TestEntryFilters(t *testing.T) {
	t.Parallel()
	h, owner, wallets, queries := shop(t)
	all, err := queries.Entries(t.Context(), projections.EntryFilter{Project: owner, Wallet: wallets[0]})
	if err != nil || len(all.Rows) != 11 {
		t.Fatal(len(all.Rows), err)
	}
	third := all.Rows[6].Time // two entries each: rows 5 and 6 are the third transaction from the end
	for _, test := range []struct {
		filter projections.EntryFilter
		want   int
	}{
		{projections.EntryFilter{Kind: domain.DebitEntry}, 10},
		{projections.EntryFilter{Kind: domain.IssueEntry}, 1},
		{projections.EntryFilter{From: third}, 8},
		{projections.EntryFilter{From: third.Add(1)}, 6},
		{projections.EntryFilter{To: third}, 3},
		{projections.EntryFilter{To: third.Add(1)}, 5},
		{projections.EntryFilter{From: third, To: third.Add(time.Second)}, 2},
		{projections.EntryFilter{From: h.now}, 0},
	} {
		test.filter.Project, test.filter.Wallet = owner, wallets[0]
		page, err := queries.Entries(t.Context(), test.filter)
		if err != nil || len(page.Rows) != test.want {
			t.Errorf("%+v: %d entries (%v), not %d", test.filter, len(page.Rows), err, test.want)
		}
	}
	page, err := queries.Entries(t.Context(), projections.EntryFilter{Project: "proj_other", Wallet: wallets[0]})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("another project sees %d entries (%v)", len(page.Rows), err)
	}
}

func TestBalanceAtATime(t *testing.T) {
	t.Parallel()
	_, owner, wallets, queries := shop(t)
	for _, wallet := range []ids.Wallet{wallets[0], wallets[2]} {
		page, err := queries.Entries(t.Context(), projections.EntryFilter{Project: owner, Wallet: wallet})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range page.Rows {
			if i > 0 && page.Rows[i-1].Time.Equal(want.Time) {
				continue // not the newest at its time
			}
			for _, later := range []time.Duration{0, time.Nanosecond, 999 * time.Millisecond} {
				got, ok, err := queries.BalanceAt(t.Context(), owner, wallet, want.Time.Add(later))
				if err != nil || !ok {
					t.Fatal(ok, err)
				}
				same(t, "balance", got, want)
			}
		}
		first := page.Rows[len(page.Rows)-1].Time
		if _, ok, err := queries.BalanceAt(t.Context(), owner, wallet, first.Add(-time.Microsecond)); ok || err != nil {
			t.Error("a balance before the first entry", err)
		}
		if _, ok, err := queries.BalanceAt(t.Context(), "proj_other", wallet, first); ok || err != nil {
			t.Error("another project sees a balance", err)
		}
	}
	if _, ok, err := queries.BalanceAt(t.Context(), owner, "wall_none", time.Now()); ok || err != nil {
		t.Error("a balance of no wallet", err)
	}
}

func TestTransactionsOfWallet(t *testing.T) {
	t.Parallel()
	_, owner, wallets, queries := shop(t)
	for status, want := range map[string]int{"": 7, projections.Completed: 6, projections.Failed: 1, "other": 0} {
		for _, limit := range []int{1, 2, 3, 100} {
			got := everything(t, func(cursor string) (projections.Page[projections.Transaction], error) {
				return queries.Transactions(t.Context(), projections.TransactionFilter{
					Project: owner, Wallet: wallets[0], Status: status, Cursor: cursor, Limit: limit,
				})
			})
			if len(got) != want {
				t.Errorf("status %q, limit %d: %d transactions, not %d", status, limit, len(got), want)
			}
			if !slices.IsSortedFunc(got, func(a, b projections.Transaction) int { return b.Time.Compare(a.Time) }) {
				t.Errorf("status %q, limit %d: not newest first", status, limit)
			}
		}
	}
	page, err := queries.Transactions(t.Context(), projections.TransactionFilter{Project: "proj_other", Wallet: wallets[0]})
	if err != nil || len(page.Rows) != 0 {
		t.Errorf("another project sees %d transactions (%v)", len(page.Rows), err)
	}
}

func TestBadCursors(t *testing.T) {
	t.Parallel()
	_, owner, wallets, queries := shop(t)
	page, err := queries.Wallets(t.Context(), projections.WalletFilter{Project: owner, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	for _, cursor := range []string{"?", "abc", page.Next[1:], strings.Repeat("A", 1000)} {
		_, err := queries.Wallets(t.Context(), projections.WalletFilter{Project: owner, Cursor: cursor})
		if !errors.Is(err, projections.ErrBadCursor) {
			t.Errorf("cursor %q of wallets: %v", cursor, err)
		}
	}
	_, entries := queries.Entries(t.Context(), projections.EntryFilter{Project: owner, Wallet: wallets[0], Cursor: page.Next})
	_, transactions := queries.Transactions(t.Context(), projections.TransactionFilter{Project: owner, Cursor: page.Next})
	_, customers := queries.Customers(t.Context(), projections.CustomerFilter{Project: owner, Cursor: page.Next})
	_, holds := queries.Holds(t.Context(), projections.HoldFilter{Project: owner, Cursor: page.Next})
	_, escrows := queries.Escrows(t.Context(), projections.EscrowFilter{Project: owner, Cursor: page.Next})
	for _, err := range []error{entries, transactions, customers, holds, escrows} {
		if !errors.Is(err, projections.ErrBadCursor) {
			t.Errorf("the cursor of another list: %v", err)
		}
	}
}

func TestWaitFor(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pool := database(t)
	queries := projections.NewQueries(pool)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := queries.WaitFor(ctx, 0, 1); !errors.Is(err, projections.ErrBehind) {
		t.Errorf("with a context that is over: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	err := queries.WaitFor(short, 0, 12)
	if !errors.Is(err, projections.ErrBehind) || !strings.Contains(err.Error(), "12") {
		t.Errorf("behind: %v", err)
	}

	const waiters = 20
	ended := make(chan error, waiters)
	for i := range waiters {
		go func() { ended <- queries.WaitFor(t.Context(), 0, uint64(1+i)) }()
	}
	project(t, p.history, pool)
	p.transfers(waiters)
	for range waiters {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := queries.WaitFor(t.Context(), 0, 1); err != nil {
		t.Error(err)
	}
}

func TestStatusHistory(t *testing.T) {
	t.Parallel()
	p := newPair(t)
	pool := database(t)
	project(t, p.history, pool)
	for _, change := range []domain.StatusChange{domain.Disable, domain.Enable, domain.Freeze} {
		p.do(domain.ChangeStatus{Project: p.project, Wallet: p.to, Change: change, Actor: "ama", Reason: `lost "card"` + "\t\\N"})
	}
	p.commit()
	caughtUp(t, p.history, pool)
	var history string
	err := pool.QueryRow(t.Context(), `
		SELECT string_agg(status || ' ' || actor || ' ' || reason, ', ' ORDER BY sequence, position)
		  FROM ledger.wallet_status_changes WHERE wallet_id = $1`, p.to).Scan(&history)
	if err != nil {
		t.Fatal(err)
	}
	const why = ` ama lost "card"` + "\t\\N"
	same(t, "history", history, "disabled"+why+", active"+why+", frozen"+why)
	equal(t, p.history, pool)
}

// An entry of a list tells what a statement shows: which transaction it is of, and
// who is on the other side.
func TestEntriesNameTransactionAndCounterparty(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	owner := h.project("fees", "10")
	ama, kofi, esi := h.wallet(owner, "ama", "GHS"), h.wallet(owner, "kofi", "GHS"), h.wallet(owner, "esi", "USD")
	liquidity := map[money.AssetCode]ids.Wallet{}
	for _, currency := range []money.AssetCode{"GHS", "USD"} {
		created := h.do(domain.CreateWallet{Project: owner, System: true, Liquidity: true, Currency: currency})[0].(*domain.WalletCreated)
		liquidity[currency] = created.Wallet
		h.transact(owner, issue(created.Wallet, "100"))
	}
	h.transact(owner, issue(ama, "50"))
	h.do(&domain.Transact{
		Project: owner, Reference: "rent", Description: "for\tMarch", Operations: []domain.Operation{
			transfer(ama, kofi, "10"), {Type: domain.Redeem, Sender: kofi, Quantity: quantity("3")},
		},
	})
	rate, _ := money.ParseRate("0.5")
	h.do(&domain.Transact{Project: owner, Reference: "dollars", Operations: []domain.Operation{
		{Type: domain.Exchange, Sender: ama, Recipient: esi, Quantity: quantity("4"), Rate: rate},
	}})
	h.commit()
	pool := database(t)
	project(t, h, pool)
	caughtUp(t, h, pool)
	queries := projections.NewQueries(pool)
	names := map[ids.Wallet]string{"": "-", ama: "ama", kofi: "kofi", esi: "esi", liquidity["GHS"]: "GHS", liquidity["USD"]: "USD"}
	var issuance, fees ids.Wallet
	for w := range h.state.Wallets() {
		switch {
		case w.Role == domain.IssuanceWallet && w.Asset.Code == "GHS":
			issuance, names[w.ID] = w.ID, "issuance"
		case w.Role == domain.FeeWallet:
			fees, names[w.ID] = w.ID, "fees"
		}
	}
	for wallet, want := range map[ids.Wallet]string{
		ama:              "issue 50.00 GHS - reference 3, debit -10.00 GHS kofi rent for\tMarch, debit -1.00 GHS fees rent for\tMarch, debit -4.00 GHS esi dollars",
		kofi:             "credit 10.00 GHS ama rent for\tMarch, redeem -3.00 GHS - rent for\tMarch",
		esi:              "credit 2.00 USD ama dollars",
		fees:             "credit 1.00 GHS ama rent for\tMarch",
		issuance:         "issue -100.00 GHS GHS reference 1, issue -50.00 GHS ama reference 3, redeem 3.00 GHS kofi rent for\tMarch",
		liquidity["GHS"]: "issue 100.00 GHS - reference 1, credit 4.00 GHS ama dollars",
		liquidity["USD"]: "issue 100.00 USD - reference 2, debit -2.00 USD esi dollars",
	} {
		page, err := queries.Entries(t.Context(), projections.EntryFilter{Project: owner, Wallet: wallet})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range slices.Backward(page.Rows) {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s %s %s", e.Kind, e.Amount, e.Currency, names[e.Counterparty], e.Reference, e.Description)))
		}
		same(t, "entries of "+names[wallet], strings.Join(got, ", "), want)
	}
}
