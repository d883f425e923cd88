package api

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/webhooks"
)

// readModel answers what projections.Queries does, by reading the logs anew.
type readModel struct {
	codec *events.Codec
	logs  []ledger.Log
	err   error  // what everything answers, as when PostgreSQL is down
	lag   uint64 // commits that it does not have yet
}

// fold calls fn with each fact of a project.
func (r *readModel) fold(ctx context.Context, project ids.Project, fn func(domain.Event, *events.Commit)) error {
	at, _ := project.Location()
	last, err := r.Checkpoint(ctx, int(at.Shard))
	if err != nil {
		return err
	}
	return r.logs[at.Shard].Read(ctx, 1, last, func(m events.Message) error {
		commit, err := r.codec.Decode(m.Data)
		if err != nil {
			return err
		}
		for _, fact := range commit.Facts {
			fn(fact, commit)
		}
		return nil
	})
}

func newestFirst[T any](rows []T, cursor string, limit int) (projections.Page[T], error) {
	slices.Reverse(rows)
	start := 0
	if cursor != "" {
		var err error
		if start, err = strconv.Atoi(cursor); err != nil || start > len(rows) {
			return projections.Page[T]{}, fmt.Errorf("%w: %q", projections.ErrBadCursor, cursor)
		}
	}
	end := min(start+limit, len(rows))
	page := projections.Page[T]{Rows: rows[start:end]}
	if end < len(rows) {
		page.Next = strconv.Itoa(end)
	}
	return page, nil
}

func (r *readModel) Wallets(ctx context.Context, f projections.WalletFilter) (projections.Page[projections.Wallet], error) {
	rows, err := r.wallets(ctx, f)
	if err != nil {
		return projections.Page[projections.Wallet]{}, err
	}
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) NumberedWallets(ctx context.Context, f projections.WalletFilter, number, size int) ([]projections.Wallet, int, error) {
	rows, err := r.wallets(ctx, f)
	slices.Reverse(rows)
	start := min((number-1)*size, len(rows))
	return rows[start:min(start+size, len(rows))], len(rows), err
}

// wallets folds the shard's facts into a state, and answers what that has.
func (r *readModel) wallets(ctx context.Context, f projections.WalletFilter) ([]projections.Wallet, error) {
	state := domain.NewState(len(r.logs))
	var rows []projections.Wallet
	err := r.fold(ctx, f.Project, func(fact domain.Event, commit *events.Commit) {
		if err := state.Evolve(fact); err != nil {
			panic(err)
		}
		if e, ok := fact.(*domain.WalletCreated); ok && e.Project == f.Project {
			rows = append(rows, projections.Wallet{Wallet: domain.Wallet{ID: e.Wallet}, CreatedAt: commit.Time})
		}
	})
	for i := range rows {
		w, _ := state.Wallet(rows[i].ID)
		available, _ := w.Available(time.Now())
		rows[i].Wallet, rows[i].Held, rows[i].Available, rows[i].Due = *w, w.Held(), available, w.Due()
	}
	return slices.DeleteFunc(rows, func(w projections.Wallet) bool { return !matches(&w.Wallet, &f) }), err
}

func matches(w *domain.Wallet, f *projections.WalletFilter) bool {
	for key, value := range f.Metadata {
		if w.Metadata[key] != value {
			return false
		}
	}
	return (f.System == nil || *f.System == (w.Role != domain.CustomerWallet)) && (f.Customer == "" || f.Customer == w.Customer) &&
		(f.Currency == "" || f.Currency == w.Asset.Code) && (f.Name == "" || f.Name == w.Name) &&
		(f.Status == "" || f.Status == w.Status) && (f.Type == "" || f.Type == w.Type)
}

func (r *readModel) Entries(ctx context.Context, f projections.EntryFilter) (projections.Page[projections.Entry], error) {
	rows, err := r.entries(ctx, f.Project, f.Wallet)
	if err != nil {
		return projections.Page[projections.Entry]{}, err
	}
	rows = slices.DeleteFunc(rows, func(e projections.Entry) bool {
		return f.Kind != "" && e.Kind != f.Kind || e.Time.Before(f.From) || !f.To.IsZero() && !e.Time.Before(f.To)
	})
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) entries(ctx context.Context, project ids.Project, wallet ids.Wallet) ([]projections.Entry, error) {
	var rows []projections.Entry
	err := r.fold(ctx, project, func(fact domain.Event, commit *events.Commit) {
		if e, ok := fact.(*domain.TransactionCompleted); ok && e.Project == project {
			for i, entry := range e.Entries {
				if entry.Wallet == wallet {
					rows = append(rows, projections.Entry{
						Entry: entry, Counterparty: e.Counterparty(i), Transaction: e.Transaction, Reference: e.Reference, Description: e.Description,
						EffectiveAt: e.EffectiveAt, Time: commit.Time,
					})
				}
			}
		}
	})
	return rows, err
}

func (r *readModel) History(ctx context.Context, f projections.HistoryFilter) (projections.Page[projections.StatusChange], error) {
	var rows []projections.StatusChange
	err := r.fold(ctx, f.Project, func(fact domain.Event, commit *events.Commit) {
		if e, ok := fact.(*domain.WalletStatusChanged); ok && e.Wallet == f.Wallet && e.Project == f.Project {
			rows = append(rows, projections.StatusChange{Status: e.Status, Actor: e.Actor, Reason: e.Reason, By: e.By, Time: commit.Time})
		}
	})
	if err != nil {
		return projections.Page[projections.StatusChange]{}, err
	}
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) Transactions(ctx context.Context, f projections.TransactionFilter) (projections.Page[projections.Transaction], error) {
	var rows []projections.Transaction
	at := map[ids.Transaction]int{}
	err := r.fold(ctx, f.Project, func(fact domain.Event, commit *events.Commit) {
		switch e := fact.(type) {
		case *domain.TransactionCancelled:
			rows[at[e.Transaction]].Cancelled = true
		case *domain.TransactionReversed:
			row := &rows[at[e.Transaction]]
			row.ReversedBy, row.ReversedWhole = append(row.ReversedBy, e.Reversal), e.Whole
		}
		id, known := transactionIn(fact)
		if !known {
			return
		}
		row := projections.Transaction{Event: fact, Time: commit.Time, Sequence: commit.Sequence}
		if i, scheduled := at[id]; scheduled {
			rows[i] = row
			return
		}
		at[id] = len(rows)
		rows = append(rows, row)
	})
	if err != nil {
		return projections.Page[projections.Transaction]{}, err
	}
	rows = slices.DeleteFunc(rows, func(row projections.Transaction) bool {
		return listed(&row).Project() != f.Project || f.Status != "" && f.Status != statusIn(&row) || !touches(row.Event, f.Wallet)
	})
	return newestFirst(rows, f.Cursor, f.Limit)
}

func transactionIn(fact domain.Event) (ids.Transaction, bool) {
	switch e := fact.(type) {
	case *domain.TransactionCompleted:
		return e.Transaction, true
	case *domain.TransactionFailed:
		return e.Transaction, true
	case *domain.TransactionScheduled:
		return e.Transaction, true
	}
	return "", false
}

func statusIn(row *projections.Transaction) string {
	switch row.Event.(type) {
	case *domain.TransactionCompleted:
		return projections.Completed
	case *domain.TransactionFailed:
		return projections.Failed
	}
	if row.Cancelled {
		return projections.Cancelled
	}
	return projections.Scheduled
}

func touches(fact domain.Event, wallet ids.Wallet) bool {
	var operations []domain.PostedOperation
	switch e := fact.(type) {
	case *domain.TransactionCompleted:
		return wallet == "" || slices.ContainsFunc(e.Entries, func(entry domain.Entry) bool { return entry.Wallet == wallet })
	case *domain.TransactionFailed:
		operations = e.Operations
	case *domain.TransactionScheduled:
		operations = e.Operations
	}
	return wallet == "" || slices.ContainsFunc(operations, func(o domain.PostedOperation) bool { return o.Sender == wallet || o.Recipient == wallet })
}

func (r *readModel) Customers(ctx context.Context, f projections.CustomerFilter) (projections.Page[projections.Customer], error) {
	var rows []projections.Customer
	err := r.fold(ctx, f.Project, func(fact domain.Event, commit *events.Commit) {
		if e, ok := fact.(*domain.CustomerUpserted); ok && e.Project == f.Project {
			rows = slices.DeleteFunc(rows, func(c projections.Customer) bool { return c.ID == e.Customer })
			customer := domain.Customer{Project: e.Project, ID: e.Customer, Profile: e.Profile}
			rows = append(rows, projections.Customer{Customer: customer, CreatedAt: commit.Time, UpdatedAt: commit.Time})
		}
	})
	if err != nil {
		return projections.Page[projections.Customer]{}, err
	}
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) BalanceAt(ctx context.Context, project ids.Project, wallet ids.Wallet, at time.Time) (found projections.Entry, ok bool, err error) {
	rows, err := r.entries(ctx, project, wallet)
	for _, row := range rows {
		if !row.Time.After(at) {
			found, ok = row, true
		}
	}
	return found, ok, err
}

func (r *readModel) Checkpoint(ctx context.Context, shard int) (uint64, error) {
	if r.err != nil {
		return 0, r.err
	}
	last, err := r.logs[shard].Last(ctx)
	return last - min(last, r.lag), err
}

// WaitFor does not wait: what is not there yet never comes.
func (r *readModel) WaitFor(ctx context.Context, shard int, sequence uint64) error {
	have, err := r.Checkpoint(ctx, shard)
	if err == nil && have < sequence {
		err = fmt.Errorf("%w: %d of %d", projections.ErrBehind, have, sequence)
	}
	return err
}

// endpoints is a store of webhook endpoints in memory.
type endpoints struct {
	mu    sync.Mutex
	all   []webhooks.Endpoint
	from  []map[int]uint64
	err   error
	limit int // 0: none
}

func (s *endpoints) CreateEndpoint(_ context.Context, n webhooks.NewEndpoint) (webhooks.Endpoint, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n.URL == "" {
		return webhooks.Endpoint{}, "", &webhooks.InvalidEndpoint{Field: "url", Message: "is required"}
	}
	if s.limit > 0 && len(s.all) >= s.limit {
		return webhooks.Endpoint{}, "", &webhooks.TooManyEndpoints{Limit: s.limit}
	}
	made := webhooks.Endpoint{
		ID: fmt.Sprint("we_", len(s.all)), Project: n.Project, URL: n.URL, EventTypes: n.EventTypes, Description: n.Description,
		Status: "enabled", CreatedAt: time.Now().UTC(),
	}
	s.all, s.from = append(s.all, made), append(s.from, n.From)
	return made, "whsec_secret", s.err
}

func (s *endpoints) Endpoints(_ context.Context, project ids.Project, cursor string, _ int) ([]webhooks.Endpoint, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cursor != "" {
		return nil, "", webhooks.ErrBadCursor
	}
	var own []webhooks.Endpoint
	for _, e := range s.all {
		if e.Project == project {
			own = append(own, e)
		}
	}
	return own, "", s.err
}

func (s *endpoints) Endpoint(_ context.Context, project ids.Project, id string) (webhooks.Endpoint, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.all {
		if e.Project == project && e.ID == id {
			return e, true, s.err
		}
	}
	return webhooks.Endpoint{}, false, s.err
}

func (s *endpoints) DeleteEndpoint(ctx context.Context, project ids.Project, id string) (bool, error) {
	_, ok, err := s.Endpoint(ctx, project, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok {
		s.all = slices.DeleteFunc(s.all, func(e webhooks.Endpoint) bool { return e.ID == id })
	}
	return ok, err
}
