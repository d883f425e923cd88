package projections_test

import (
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/projections"
)

// recordedFact is a fact of the history with its time.
type recordedFact struct {
	fact     domain.Event
	time     time.Time
	sequence uint64
}

// recordedFacts returns the whole history, newest first.
func (h *history) recordedFacts() []recordedFact {
	var all []recordedFact
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
			all = append(all, recordedFact{fact, commit.Time, sequence})
		}
	}
	slices.Reverse(all)
	return all
}

// equal checks that the read model is what the history folds to: every wallet,
// customer, transaction, entry, hold and escrow, once, in its order, read in
// small pages, and what only analysts read.
func equal(t *testing.T, h *history, pool *pgxpool.Pool) {
	t.Helper()
	queries := projections.NewQueries(pool)
	facts := h.recordedFacts()
	for _, fact := range facts {
		if created, ok := fact.fact.(*domain.ProjectCreated); ok {
			equalWallets(t, h, facts, queries, created.Project)
			equalCustomers(t, h, facts, queries, created.Project)
			equalTransactions(t, facts, queries, created.Project)
			equalHolds(t, facts, queries, created.Project)
			equalEscrows(t, facts, queries, created.Project)
		}
	}
	equalTables(t, h, facts, pool)
	conserved(t, pool)
}

func equalWallets(t *testing.T, h *history, facts []recordedFact, queries *projections.Queries, project ids.Project) {
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
		same(t, "held and due", []any{got.Held, got.Due}, []any{state.Held(), state.Due()})
		same(t, "available", got.Available, available(state))
		same(t, "creation of wallet", got.CreatedAt, fact.time)
		equalEntries(t, facts, queries, got)
	}
	if len(wallets) > 0 {
		t.Fatalf("%d wallets too many: %+v", len(wallets), wallets[0])
	}
}

// available is what a wallet can spend, with credit that has expired and is not
// yet taken back.
func available(w *domain.Wallet) money.Amount {
	available, _ := w.Available(time.Time{})
	return available
}

func equalEntries(t *testing.T, facts []recordedFact, queries *projections.Queries, wallet projections.Wallet) {
	t.Helper()
	entries := everything(t, func(cursor string) (projections.Page[projections.Entry], error) {
		return queries.Entries(t.Context(), projections.EntryFilter{
			Project: wallet.Project, Wallet: wallet.ID, Cursor: cursor, Limit: 4,
		})
	})
	var want []projections.Entry
	for _, fact := range facts {
		if f, ok := fact.fact.(*domain.TransactionCompleted); ok {
			for i, e := range slices.Backward(f.Entries) {
				if e.Wallet == wallet.ID {
					want = append(want, projections.Entry{
						Entry: e, Currency: wallet.Asset.Code, Counterparty: f.Counterparty(i), Transaction: f.Transaction, Reference: f.Reference,
						Description: f.Description, EffectiveAt: f.EffectiveAt, Time: fact.time,
					})
				}
			}
		}
	}
	same(t, "entries", entries, want)
}

func equalCustomers(t *testing.T, h *history, facts []recordedFact, queries *projections.Queries, project ids.Project) {
	t.Helper()
	customers := everything(t, func(cursor string) (projections.Page[projections.Customer], error) {
		return queries.Customers(t.Context(), projections.CustomerFilter{Project: project, Cursor: cursor, Limit: 2})
	})
	want := map[ids.Customer]bool{}
	for _, fact := range facts {
		if upserted, ok := fact.fact.(*domain.CustomerUpserted); ok && upserted.Project == project {
			want[upserted.Customer] = true
		}
	}
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, got := range customers {
		state, _ := h.state.Customer(project, got.ID)
		same(t, "customer", []any{got.Profile, got.UpdatedBy}, []any{state.Profile, state.UpdatedBy})
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
		"what is held is what is left of holds": `
			SELECT count(*) FROM ledger.wallets w
			 WHERE w.held <> (SELECT coalesce(sum(h.remaining), 0) FROM ledger.holds h WHERE h.wallet_id = w.id)`,
		"escrow accounts hold what is left of escrows": `
			SELECT count(*) FROM ledger.wallets w
			 WHERE w.role = 'escrow' AND w.balance <> (SELECT coalesce(sum(e.remaining), 0) FROM ledger.escrows e
			                                            WHERE e.project_id = w.project_id AND e.currency = w.currency)`,
		"what came into a lot and did not leave it is left": `
			SELECT count(*) FROM ledger.credit_lots l
			 WHERE l.remaining + l.held > (SELECT sum(CASE WHEN e.amount > 0 THEN p.amount ELSE -p.amount END)
			                                     FROM ledger.entry_lots p JOIN ledger.entries e ON e.wallet_id = p.wallet_id AND e.version = p.version
			                                    WHERE p.lot_id = l.id)`,
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
