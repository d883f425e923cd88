package api

import (
	"context"
	"slices"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/projections"
	"tallystick/resource"
)

func (r *readModel) Holds(ctx context.Context, f projections.HoldFilter) (projections.Page[projections.Hold], error) {
	rows, err := r.holds(ctx, f.Project)
	if err != nil {
		return projections.Page[projections.Hold]{}, err
	}
	rows = slices.DeleteFunc(rows, func(h projections.Hold) bool {
		return f.Wallet != "" && f.Wallet != h.Wallet || f.Status != "" && f.Status != h.Status
	})
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) holds(ctx context.Context, project ids.Project) ([]projections.Hold, error) {
	var rows []projections.Hold
	find := func(id ids.Hold) *projections.Hold {
		return &rows[slices.IndexFunc(rows, func(h projections.Hold) bool { return h.ID == id })]
	}
	err := r.fold(ctx, project, func(fact domain.Event, commit *events.Commit) {
		switch e := fact.(type) {
		case *domain.HoldPlaced:
			rows = append(rows, projections.Hold{
				ID: e.Hold, Project: e.Project, Wallet: e.Wallet, Reference: e.Reference, Status: "active", Amount: e.Amount,
				Captured: zeroOf(e.Amount), Released: zeroOf(e.Amount), Remaining: e.Amount, ExpiresAt: e.ExpiresAt,
				Description: e.Description, Metadata: e.Metadata, CreatedAt: commit.Time, UpdatedAt: commit.Time,
			})
		case *domain.HoldCaptured:
			h := find(e.Hold)
			h.Captured, h.Remaining, h.UpdatedAt = h.Captured.Add(e.Amount), e.Remaining, commit.Time
			h.Transactions, h.Status = append(h.Transactions, e.Transaction), resource.AfterCapture(e).Status
		case *domain.HoldReleased:
			h := find(e.Hold)
			h.Released, h.Remaining, h.UpdatedAt = h.Released.Add(e.Amount), e.Remaining, commit.Time
			h.Status = resource.AfterRelease(e).Status
		}
	})
	return slices.DeleteFunc(rows, func(h projections.Hold) bool { return h.Project != project }), err
}

func (r *readModel) Escrows(ctx context.Context, f projections.EscrowFilter) (projections.Page[projections.Escrow], error) {
	rows, err := r.escrows(ctx, f.Project)
	if err != nil {
		return projections.Page[projections.Escrow]{}, err
	}
	rows = slices.DeleteFunc(rows, func(e projections.Escrow) bool {
		return f.Wallet != "" && f.Wallet != e.Sender && f.Wallet != e.Recipient || f.Status != "" && f.Status != e.Status
	})
	return newestFirst(rows, f.Cursor, f.Limit)
}

func (r *readModel) escrows(ctx context.Context, project ids.Project) ([]projections.Escrow, error) {
	var rows []projections.Escrow
	references := map[ids.Transaction]ids.Reference{}
	find := func(id ids.Escrow) *projections.Escrow {
		return &rows[slices.IndexFunc(rows, func(e projections.Escrow) bool { return e.ID == id })]
	}
	err := r.fold(ctx, project, func(fact domain.Event, commit *events.Commit) {
		switch e := fact.(type) {
		case *domain.TransactionCompleted:
			references[e.Transaction] = e.Reference
		case *domain.EscrowCreated:
			rows = append(rows, projections.Escrow{
				ID: e.Escrow, Project: e.Project, Transaction: e.Transaction, Reference: references[e.Transaction], Sender: e.Sender, Recipient: e.Recipient,
				Status: "open", Amount: e.Amount, Released: zeroOf(e.Amount), Refunded: zeroOf(e.Amount), Remaining: e.Amount,
				Deadline: e.Deadline, AtDeadline: e.AtDeadline, Approval: e.Approval, CreatedAt: commit.Time, UpdatedAt: commit.Time,
			})
		case *domain.EscrowApproved:
			row := find(e.Escrow)
			row.Approved, row.UpdatedAt = append(row.Approved, e.Party), commit.Time
		case *domain.EscrowReleased:
			row := find(e.Escrow)
			row.Released, row.Remaining, row.Expired, row.UpdatedAt = row.Released.Add(e.Amount), e.Remaining, e.AtDeadline, commit.Time
			row.Status, row.Transactions = resource.AfterEscrowRelease(e).Status, append(row.Transactions, e.Transaction)
		case *domain.EscrowRefunded:
			row := find(e.Escrow)
			row.Refunded, row.Remaining, row.Expired, row.UpdatedAt = row.Refunded.Add(e.Amount), e.Remaining, e.AtDeadline, commit.Time
			row.Status, row.Transactions = resource.AfterEscrowRefund(e).Status, append(row.Transactions, e.Transaction)
		}
	})
	return slices.DeleteFunc(rows, func(e projections.Escrow) bool { return e.Project != project }), err
}
