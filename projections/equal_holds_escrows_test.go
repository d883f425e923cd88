package projections_test

import (
	"slices"
	"testing"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/projections"
)

func equalHolds(t *testing.T, facts []recordedFact, queries *projections.Queries, project ids.Project) {
	t.Helper()
	want := holdsOf(facts, project)
	for _, status := range []string{"", "active", "captured", "released", "expired"} {
		got := everything(t, func(cursor string) (projections.Page[projections.Hold], error) {
			return queries.Holds(t.Context(), projections.HoldFilter{Project: project, Status: status, Cursor: cursor, Limit: 3})
		})
		same(t, "holds "+status, got, slices.DeleteFunc(slices.Clone(want), func(h projections.Hold) bool { return status != "" && h.Status != status }))
	}
}

// holdsOf folds facts, newest first, to the holds of a project, newest first.
func holdsOf(facts []recordedFact, project ids.Project) []projections.Hold {
	var all []projections.Hold
	change := func(id ids.Hold, recorded recordedFact, do func(h *projections.Hold)) {
		for i := range all {
			if all[i].ID == id {
				all[i].UpdatedAt = recorded.time
				do(&all[i])
			}
		}
	}
	for _, recorded := range slices.Backward(facts) {
		switch f := recorded.fact.(type) {
		case *domain.HoldPlaced:
			none := f.Amount.Sub(f.Amount)
			if f.Project == project {
				all = append(all, projections.Hold{
					ID: f.Hold, Project: f.Project, Wallet: f.Wallet, Reference: f.Reference, Status: "active", Amount: f.Amount, Captured: none,
					Released: none, Remaining: f.Amount, ExpiresAt: f.ExpiresAt, Description: f.Description, Metadata: f.Metadata,
					CreatedAt: recorded.time, UpdatedAt: recorded.time,
				})
			}
		case *domain.HoldCaptured:
			change(f.Hold, recorded, func(h *projections.Hold) {
				h.Captured, h.Remaining, h.Transactions = h.Captured.Add(f.Amount), f.Remaining, append(h.Transactions, f.Transaction)
				if f.Remaining.IsZero() {
					h.Status = "captured"
				}
			})
		case *domain.HoldReleased:
			change(f.Hold, recorded, func(h *projections.Hold) {
				h.Released, h.Remaining = h.Released.Add(f.Amount), f.Remaining
				if f.Remaining.IsZero() {
					h.Status = map[bool]string{false: "released", true: "expired"}[f.Expired]
				}
			})
		}
	}
	slices.Reverse(all)
	return all
}

func equalEscrows(t *testing.T, facts []recordedFact, queries *projections.Queries, project ids.Project) {
	t.Helper()
	want := escrowsOf(facts, project)
	for _, status := range []string{"", "open", "released", "refunded"} {
		got := everything(t, func(cursor string) (projections.Page[projections.Escrow], error) {
			return queries.Escrows(t.Context(), projections.EscrowFilter{Project: project, Status: status, Cursor: cursor, Limit: 2})
		})
		same(t, "escrows "+status, got, slices.DeleteFunc(slices.Clone(want), func(e projections.Escrow) bool { return status != "" && e.Status != status }))
	}
}

// escrowsOf folds facts, newest first, to the escrows of a project, newest first.
func escrowsOf(facts []recordedFact, project ids.Project) []projections.Escrow {
	var all []projections.Escrow
	references := map[ids.Transaction]ids.Reference{}
	change := func(id ids.Escrow, recorded recordedFact, do func(e *projections.Escrow)) {
		for i := range all {
			if all[i].ID == id {
				all[i].UpdatedAt = recorded.time
				do(&all[i])
			}
		}
	}
	paid := func(e *projections.Escrow, by ids.Transaction, remaining money.Amount, status string, deadline bool) {
		e.Remaining, e.Transactions, e.Expired = remaining, append(e.Transactions, by), deadline
		if remaining.IsZero() {
			e.Status = status
		}
	}
	for _, recorded := range slices.Backward(facts) {
		switch f := recorded.fact.(type) {
		case *domain.TransactionCompleted:
			references[f.Transaction] = f.Reference
		case *domain.EscrowCreated:
			none := f.Amount.Sub(f.Amount)
			if f.Project == project {
				all = append(all, projections.Escrow{
					ID: f.Escrow, Project: f.Project, Transaction: f.Transaction, Reference: references[f.Transaction], Sender: f.Sender, Recipient: f.Recipient,
					Status: "open", Amount: f.Amount, Released: none, Refunded: none, Remaining: f.Amount, Deadline: f.Deadline,
					AtDeadline: f.AtDeadline, Approval: f.Approval, CreatedAt: recorded.time, UpdatedAt: recorded.time,
				})
			}
		case *domain.EscrowApproved:
			change(f.Escrow, recorded, func(e *projections.Escrow) { e.Approved = append(e.Approved, f.Party) })
		case *domain.EscrowReleased:
			change(f.Escrow, recorded, func(e *projections.Escrow) {
				e.Released = e.Released.Add(f.Amount)
				paid(e, f.Transaction, f.Remaining, "released", f.AtDeadline)
			})
		case *domain.EscrowRefunded:
			change(f.Escrow, recorded, func(e *projections.Escrow) {
				e.Refunded = e.Refunded.Add(f.Amount)
				paid(e, f.Transaction, f.Remaining, "refunded", f.AtDeadline)
			})
		}
	}
	slices.Reverse(all)
	return all
}
