package api

import (
	"errors"
	"net/http"
	"strconv"

	"tallystick/domain"
	"tallystick/webhooks"

	"github.com/labstack/echo/v4"
)

func (s *server) webhookRoutes(v1 *echo.Group) {
	v1.POST("/webhook-endpoints", s.asProject(s.createEndpoint))
	v1.GET("/webhook-endpoints", s.asProject(s.listEndpoints, "limit", "cursor"))
	v1.GET("/webhook-endpoints/:endpoint_id", s.asProject(s.getEndpoint))
	v1.DELETE("/webhook-endpoints/:endpoint_id", s.asProject(s.deleteEndpoint))
}

// POST /v1/webhook-endpoints
func (s *server) createEndpoint(c echo.Context, who caller) error {
	var body WebhookEndpointCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	// The endpoint gets the facts after the newest that is durable now.
	sequence, err := s.view(c, who.shard, func(*domain.State) {})
	if err != nil {
		return err
	}
	endpoint, secret, err := s.webhooks.CreateEndpoint(c.Request().Context(), webhooks.NewEndpoint{
		Project: who.project, URL: body.URL, EventTypes: body.EventTypes, Description: body.Description,
		From: map[int]uint64{who.shard: sequence},
	})
	if err != nil {
		return webhookError(err)
	}
	made := endpointOf(&endpoint)
	c.Response().Header().Set("Cache-Control", "no-store")
	return answerJSON(c, http.StatusCreated, NewWebhookEndpoint{
		ID: made.ID, URL: made.URL, EventTypes: made.EventTypes, Description: made.Description, Status: made.Status,
		DisabledReason: made.DisabledReason, CreatedAt: made.CreatedAt, Secret: secret,
	})
}

// GET /v1/webhook-endpoints
func (s *server) listEndpoints(c echo.Context, who caller) error {
	q := queryOf(c)
	limit, cursor := q.limit(), q.text("cursor")
	if q.err != nil {
		return q.err
	}
	rows, next, err := s.webhooks.Endpoints(c.Request().Context(), who.project, cursor, limit)
	if err != nil {
		return webhookError(err)
	}
	return answerJSON(c, http.StatusOK, WebhookEndpointList{Data: converted(rows, endpointOf), NextCursor: nextCursor(next)})
}

// GET /v1/webhook-endpoints/{endpoint_id}
func (s *server) getEndpoint(c echo.Context, who caller) error {
	id, err := endpointID(c)
	if err != nil {
		return err
	}
	endpoint, ok, err := s.webhooks.Endpoint(c.Request().Context(), who.project, id)
	if err != nil {
		return webhookError(err)
	}
	if !ok {
		return notFound("Webhook endpoint")
	}
	return answerJSON(c, http.StatusOK, endpointOf(&endpoint))
}

// DELETE /v1/webhook-endpoints/{endpoint_id}
func (s *server) deleteEndpoint(c echo.Context, who caller) error {
	id, err := endpointID(c)
	if err != nil {
		return err
	}
	ok, err := s.webhooks.DeleteEndpoint(c.Request().Context(), who.project, id)
	if err != nil {
		return webhookError(err)
	}
	if !ok {
		return notFound("Webhook endpoint")
	}
	return c.NoContent(http.StatusNoContent)
}

// endpointID returns the identifier in the path. PostgreSQL refuses what is not text.
func endpointID(c echo.Context) (string, error) {
	id := param(c, "endpoint_id")
	if !isText(id) {
		return "", notFound("Webhook endpoint")
	}
	return id, nil
}

func endpointOf(e *webhooks.Endpoint) WebhookEndpoint {
	endpoint := WebhookEndpoint{
		ID: e.ID, URL: e.URL, EventTypes: e.EventTypes, Description: e.Description, Status: e.Status, CreatedAt: e.CreatedAt,
	}
	if endpoint.EventTypes == nil {
		endpoint.EventTypes = []string{}
	}
	if e.DisabledReason != "" {
		endpoint.DisabledReason = &e.DisabledReason
	}
	return endpoint
}

func webhookError(err error) error {
	var (
		invalid *webhooks.InvalidEndpoint
		tooMany *webhooks.TooManyEndpoints
	)
	switch {
	case errors.As(err, &invalid):
		return badRequest("%s", invalid.Error())
	case errors.As(err, &tooMany):
		p := problemf(tooManyEndpoints, "This project may have no more than %d webhook endpoints: delete one first, or ask the operator for more", tooMany.Limit)
		p.details = append(p.details, detail{"limit", strconv.AppendInt(nil, int64(tooMany.Limit), 10)})
		return p
	case errors.Is(err, webhooks.ErrBadCursor):
		return errCursor
	}
	return down("The store of webhook endpoints", err)
}
