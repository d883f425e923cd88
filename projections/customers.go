package projections

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// Customer is a customer with the times of the first and the last fact, in UTC.
type Customer struct {
	domain.Customer
	CreatedAt, UpdatedAt time.Time
}

// CustomerFilter says which customers of a project.
type CustomerFilter struct {
	Project ids.Project
	Cursor  string
	Limit   int
}

const selectCustomers = `
SELECT c.project_id, c.id, c.username, c.phone, c.email, c.name, c.description, c.role, c.metadata, c.created_at, c.updated_at, c.updated_by
  FROM ledger.customers c`

// Customers lists the customers of a project, newest first. Error: ErrBadCursor.
func (q *Queries) Customers(ctx context.Context, f CustomerFilter) (Page[Customer], error) {
	s := selectFrom(selectCustomers)
	s.where("c.project_id = ?", f.Project)
	if f.Cursor != "" {
		created, id, err := decodeTimedCursor(customerCursor, f.Cursor)
		if err != nil {
			return Page[Customer]{}, err
		}
		s.before("c.created_at, c.id", created, id)
	}
	page, err := list(ctx, q, s, "c.created_at DESC, c.id DESC", limitOf(f.Limit, MaxLimit), scanCustomer, encodeCustomerCursor)
	if err != nil {
		return page, fmt.Errorf("projections: customers: %w", err)
	}
	return page, nil
}

func scanCustomer(row pgx.CollectableRow) (Customer, error) {
	var c Customer
	var metadata []byte
	p := &c.Profile
	err := row.Scan(&c.Project, &c.ID, &p.Username, &p.Phone, &p.Email, &p.Name, &p.Description, &p.Role, &metadata, &c.CreatedAt, &c.UpdatedAt, &c.UpdatedBy)
	if err != nil {
		return c, err
	}
	c.CreatedAt, c.UpdatedAt = c.CreatedAt.UTC(), c.UpdatedAt.UTC()
	p.Metadata, err = decodeMetadata(metadata)
	return c, err
}

const upsertCustomer = `
INSERT INTO ledger.customers
       (project_id, id, username, phone, email, name, description, role, metadata, created_at, updated_at, updated_by, sequence)
VALUES (@project_id, @id, @username, @phone, @email, @name, @description, @role, @metadata::text::jsonb, @at, @at, @by, @sequence)
ON CONFLICT (project_id, id) DO UPDATE
   SET username = excluded.username, phone = excluded.phone, email = excluded.email, name = excluded.name,
       description = excluded.description, role = excluded.role, metadata = excluded.metadata,
       updated_at = excluded.updated_at, updated_by = excluded.updated_by, sequence = excluded.sequence`

func (b *batch) customerUpserted(f *domain.CustomerUpserted, at *moment) {
	p := &f.Profile
	b.change("customer "+string(f.Customer), upsertCustomer, pgx.StrictNamedArgs{
		"project_id": string(f.Project), "id": string(f.Customer), "username": p.Username, "phone": p.Phone, "email": p.Email, "name": p.Name,
		"description": p.Description, "role": p.Role, "metadata": metadataText(p.Metadata), "at": at.time, "by": string(f.By), "sequence": int64(at.sequence),
	})
}
