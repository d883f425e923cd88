package projections_test

import (
	"slices"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/projections"

	"github.com/jackc/pgx/v5/pgxpool"
)

// told is a fact of the history with its time.
type told struct {
	fact     domain.Event
	time     time.Time
	sequence uint64
}

// told answers the whole history, newest first.
func (h *history) told() []told {
	var all []told
	for sequence := uint64(1); sequence <= h.cursor.Sequence; sequence++ {
		message, err := h.log.Get(h.t.Context(), sequence)
		if err != nil {
			h.t.Fatal(err)
		}
		commit, err := h.codec.Decode(message.Data)
		if err != nil {
			h.t.Fatal(err)
		}
		for _, fact := range commit.Facts {
			all = append(all, told{fact, commit.Time, sequence})
		}
	}
	slices.Reverse(all)
	return all
}

// equal checks that the read model is what the history folds to: every wallet,
// customer, transaction and entry, once, in its order, read in small pages.
func equal(t *testing.T, h *history, pool *pgxpool.Pool) {
	t.Helper()
	queries := projections.NewQueries(pool)
	facts := h.told()
	for _, fact := range facts {
		if created, ok := fact.fact.(*domain.ProjectCreated); ok {
			equalWallets(t, h, facts, queries, created.Project)
			equalCustomers(t, h, facts, queries, created.Project)
			equalTransactions(t, facts, queries, created.Project)
		}
	}
	conserved(t, pool)
}

func equalWallets(t *testing.T, h *history, facts []told, queries *projections.Queries, project domain.ProjectID) {
	t.Helper()
	wallets := everything(t, func(cursor string) (projections.Page[projections.Wallet], error) {
		return queries.Wallets(t.Context(), projections.WalletFilter{Project: project, Cursor: cursor, Limit: 3})
	})
	for _, fact := range facts {
		created, ok := fact.fact.(*domain.WalletCreated)
		if !ok || created.Project != project {
			continue
		}
		if len(wallets) == 0 {
			t.Fatalf("wallet %s is missing", created.Wallet)
		}
		got := wallets[0]
		wallets = wallets[1:]
		state, _ := h.state.Wallet(created.Wallet)
		want := *state
		owner, _ := h.state.Project(project)
		want.Asset, _ = owner.Asset(want.Asset.Code) // as it is named now
		same(t, "wallet", got.Wallet, want)
		same(t, "asset of balance", got.Balance.Asset(), want.Asset.Code)
		same(t, "creation of wallet", got.CreatedAt, fact.time)
		equalEntries(t, facts, queries, got)
	}
	if len(wallets) > 0 {
		t.Fatalf("%d wallets too many: %+v", len(wallets), wallets[0])
	}
}

func equalEntries(t *testing.T, facts []told, queries *projections.Queries, wallet projections.Wallet) {
	t.Helper()
	entries := everything(t, func(cursor string) (projections.Page[projections.Entry], error) {
		return queries.Entries(t.Context(), projections.EntryFilter{
			Project: wallet.Project, Wallet: wallet.ID, Cursor: cursor, Limit: 4,
		})
	})
	var want []projections.Entry
	for _, fact := range facts {
		if f, ok := fact.fact.(*domain.TransactionCompleted); ok {
			for _, e := range slices.Backward(f.Entries) {
				if e.Wallet == wallet.ID {
					want = append(want, projections.Entry{Entry: e, Transaction: f.Transaction, Time: fact.time})
				}
			}
		}
	}
	same(t, "entries", entries, want)
}

func equalCustomers(t *testing.T, h *history, facts []told, queries *projections.Queries, project domain.ProjectID) {
	t.Helper()
	customers := everything(t, func(cursor string) (projections.Page[projections.Customer], error) {
		return queries.Customers(t.Context(), projections.CustomerFilter{Project: project, Cursor: cursor, Limit: 2})
	})
	want := map[domain.CustomerID]bool{}
	for _, fact := range facts {
		if upserted, ok := fact.fact.(*domain.CustomerUpserted); ok && upserted.Project == project {
			want[upserted.Customer] = true
		}
	}
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, got := range customers {
		state, _ := h.state.Customer(project, got.ID)
		same(t, "customer", got.Profile, state.Profile)
		if !want[got.ID] || got.CreatedAt.After(before) {
			t.Errorf("customer %q comes twice or out of order", got.ID)
		}
		before = got.CreatedAt
		delete(want, got.ID)
	}
	if len(want) > 0 {
		t.Errorf("customers missing: %v", want)
	}
}

func equalTransactions(t *testing.T, facts []told, queries *projections.Queries, project domain.ProjectID) {
	t.Helper()
	for _, status := range []string{"", projections.Completed, projections.Failed} {
		transactions := everything(t, func(cursor string) (projections.Page[projections.Transaction], error) {
			return queries.Transactions(t.Context(), projections.TransactionFilter{Project: project, Status: status, Cursor: cursor, Limit: 7})
		})
		var want []projections.Transaction
		for _, fact := range facts {
			if of, is := transactionOf(fact.fact); of == project && (status == "" || status == is) {
				want = append(want, projections.Transaction{Event: fact.fact, Time: fact.time, Sequence: fact.sequence})
			}
		}
		if len(transactions) != len(want) {
			t.Fatalf("%d transactions of status %q, not %d", len(transactions), status, len(want))
		}
		for i := range want {
			same(t, "transaction", transactions[i].Event, want[i].Event)
			same(t, "time of transaction", transactions[i].Time, want[i].Time)
			same(t, "sequence of transaction", transactions[i].Sequence, want[i].Sequence)
		}
	}
}

func transactionOf(fact domain.Event) (project domain.ProjectID, status string) {
	switch f := fact.(type) {
	case *domain.TransactionCompleted:
		return f.Project, projections.Completed
	case *domain.TransactionFailed:
		return f.Project, projections.Failed
	}
	return "", ""
}

// conserved checks in SQL, as an analyst would, that nothing was made or lost,
// and that balances are the sums of entries.
func conserved(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	for rule, statement := range map[string]string{
		"balances of an asset sum to zero": `
			SELECT count(*) FROM (SELECT 1 FROM ledger.wallets GROUP BY project_id, currency HAVING sum(balance) <> 0) broken`,
		"entries of a transaction sum to zero": `
			SELECT count(*) FROM (SELECT 1 FROM ledger.entries e JOIN ledger.wallets w ON w.id = e.wallet_id
			                       GROUP BY e.transaction_id, w.currency HAVING sum(e.amount) <> 0) broken`,
		"a balance is the sum of the entries, and the version their count": `
			SELECT count(*) FROM ledger.wallets w
			  LEFT JOIN (SELECT wallet_id, sum(amount) AS balance, count(*) AS version FROM ledger.entries GROUP BY 1) e ON e.wallet_id = w.id
			 WHERE (w.balance, w.version) IS DISTINCT FROM (coalesce(e.balance, 0), coalesce(e.version, 0))`,
	} {
		var broken int
		if err := pool.QueryRow(t.Context(), statement).Scan(&broken); err != nil {
			t.Fatal(err)
		}
		if broken != 0 {
			t.Errorf("%s: %d times not", rule, broken)
		}
	}
}
