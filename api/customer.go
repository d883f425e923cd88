package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/projections"
)

func (s *server) customerRoutes(v1 *echo.Group) {
	v1.PUT("/customers/:customer_id", s.asProject(s.upsertCustomer))
	v1.GET("/customers/:customer_id", s.asProject(s.getCustomer))
	v1.GET("/customers", s.asProject(s.listCustomers, "limit", "cursor"))
}

// PUT /v1/customers/{customer_id}
func (s *server) upsertCustomer(c echo.Context, who caller) error {
	var body CustomerUpsert
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	id := ids.Customer(param(c, "customer_id"))
	change := domain.ProfileChange{
		Username: body.Username, Phone: body.Phone, Email: body.Email, Name: body.Name, Description: body.Description,
		Role: body.Role, Metadata: domain.Metadata(body.Metadata),
	}
	if err := s.changeCustomer(c, who, id, change); err != nil {
		return err
	}
	return s.answerCustomer(c, who, id)
}

// changeCustomer creates or changes a customer. The key is made first: a crash between
// the two leaves a key that is not used. In the other order it would leave a fact
// that nobody can read.
func (s *server) changeCustomer(c echo.Context, who caller, id ids.Customer, change domain.ProfileChange) error {
	if err := s.keys.Ensure(c.Request().Context(), who.project, id); err != nil {
		return down("The keys of personal data", err)
	}
	_, err := s.do(c, who, domain.UpsertCustomer{Project: who.project, Customer: id, Change: change})
	return err
}

// GET /v1/customers/{customer_id}
func (s *server) getCustomer(c echo.Context, who caller) error {
	return s.answerCustomer(c, who, ids.Customer(param(c, "customer_id")))
}

// GET /v1/customers
func (s *server) listCustomers(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.CustomerFilter{Project: who.project, Cursor: q.text("cursor"), Limit: q.limit()}
	if q.err != nil {
		return q.err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Customers(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	rows := converted(page.Rows, func(row *projections.Customer) Customer {
		customer := customerOf(&row.Customer)
		customer.CreatedAt, customer.UpdatedAt = &row.CreatedAt, &row.UpdatedAt
		return customer
	})
	return answerJSON(c, http.StatusOK, CustomerList{Data: rows, NextCursor: nextCursor(page.Next)})
}

func (s *server) answerCustomer(c echo.Context, who caller, id ids.Customer) error {
	var found *domain.Customer
	_, err := s.view(c, who.shard, func(state *domain.State) {
		if customer, ok := state.Customer(who.project, id); ok {
			own := *customer
			found = &own
		}
	})
	if err != nil {
		return err
	}
	if found == nil {
		return notFound("Customer")
	}
	return answerJSON(c, http.StatusOK, customerOf(found))
}

func customerOf(c *domain.Customer) Customer {
	p := &c.Profile
	return Customer{
		ID: string(c.ID), Username: p.Username, Phone: p.Phone, Email: p.Email, Name: p.Name, Description: p.Description,
		Role: p.Role, Metadata: metadataOf(p.Metadata), UpdatedBy: string(c.UpdatedBy),
	}
}

// metadataOf returns metadata that is never nil, which JSON would show as null.
func metadataOf(m domain.Metadata) Metadata {
	if m == nil {
		return Metadata{}
	}
	return Metadata(m)
}
