package api

import "testing"

func TestTooManyEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Hooks", "GHS", "")
	w.webhooks.limit = 1
	first := p.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com/1"}`).want(201).get("id")
	p.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com/2"}`).wantError(422, "TOO_MANY_WEBHOOK_ENDPOINTS", "may have no more than 1", "delete one", "operator").
		want(422, "error.name", "TooManyWebhookEndpointsError", "error.details.limit", "1")
	p.do("DELETE", "/v1/webhook-endpoints/"+first, "").want(204)
	p.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com/2"}`).want(201)
}
