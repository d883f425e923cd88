package projections_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/projections"
)

// outcome is what became of a transaction, and which wallets it concerns.
type outcome struct {
	projections.Transaction
	id      ids.Transaction
	project ids.Project
	status  string
	wallets map[ids.Wallet]bool
}

// outcomes folds facts, newest first, to what became of each transaction, by
// identifier, the highest first.
func outcomes(facts []recordedFact) []*outcome {
	all := map[ids.Transaction]*outcome{}
	for _, recorded := range slices.Backward(facts) {
		switch f := recorded.fact.(type) {
		case *domain.TransactionScheduled:
			put(all, recorded, f.Transaction, f.Project, projections.Scheduled).names(f.Operations)
		case *domain.TransactionFailed:
			put(all, recorded, f.Transaction, f.Project, projections.Failed).names(f.Operations)
		case *domain.TransactionCompleted:
			to := put(all, recorded, f.Transaction, f.Project, projections.Completed)
			for _, e := range f.Entries {
				to.wallets[e.Wallet] = true
			}
		case *domain.TransactionCancelled:
			of := all[f.Transaction]
			of.Cancelled, of.status = true, projections.Cancelled
		case *domain.TransactionReversed:
			of := all[f.Transaction]
			of.ReversedBy, of.ReversedWhole = append(of.ReversedBy, f.Reversal), f.Whole
		}
	}
	return slices.SortedFunc(maps.Values(all), func(a, b *outcome) int { return cmp.Compare(b.id, a.id) })
}

func put(all map[ids.Transaction]*outcome, recorded recordedFact, id ids.Transaction, project ids.Project, status string) *outcome {
	of, scheduled := all[id]
	if !scheduled {
		of = &outcome{id: id, project: project, wallets: map[ids.Wallet]bool{}}
		all[id] = of
	}
	of.Event, of.Time, of.Sequence, of.status = recorded.fact, recorded.time, recorded.sequence, status
	return of
}

func (o *outcome) names(operations []domain.PostedOperation) {
	for _, operation := range operations {
		o.wallets[operation.Sender], o.wallets[operation.Recipient] = true, true
	}
}

func equalTransactions(t *testing.T, facts []recordedFact, queries *projections.Queries, project ids.Project) {
	t.Helper()
	all := outcomes(facts)
	for _, status := range []string{"", projections.Completed, projections.Failed, projections.Scheduled, projections.Cancelled} {
		filter := projections.TransactionFilter{Project: project, Status: status, Limit: 7}
		equalList(t, all, queries, filter)
		for _, fact := range facts {
			if created, ok := fact.fact.(*domain.WalletCreated); ok && created.Project == project {
				filter.Wallet = created.Wallet
				equalList(t, all, queries, filter)
			}
		}
	}
}

// equalList checks the list of one filter.
func equalList(t *testing.T, all []*outcome, queries *projections.Queries, filter projections.TransactionFilter) {
	t.Helper()
	transactions := everything(t, func(cursor string) (projections.Page[projections.Transaction], error) {
		filter.Cursor = cursor
		return queries.Transactions(t.Context(), filter)
	})
	want := slices.DeleteFunc(slices.Clone(all), func(o *outcome) bool {
		return o.project != filter.Project || filter.Status != "" && filter.Status != o.status || filter.Wallet != "" && !o.wallets[filter.Wallet]
	})
	if len(transactions) != len(want) {
		t.Fatalf("%d transactions of %+v, not %d", len(transactions), filter, len(want))
	}
	for i, got := range transactions {
		same(t, "transaction", got.Event, want[i].Event)
		got.Event = want[i].Event
		same(t, "of transaction "+string(want[i].id), got, want[i].Transaction)
	}
}
