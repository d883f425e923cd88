package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// receiver is a merchant's server. It verifies each webhook with the official library
// and stores it.
type receiver struct {
	*httptest.Server
	t testing.TB

	mu       sync.Mutex
	webhook  *standardwebhooks.Webhook
	bodies   map[string]string // by webhook-id
	messages []message
}

// message is the body of a webhook.
type message struct {
	ID   string         `json:"id"`
	Type string         `json:"type"`
	Data map[string]any `json:"data"`
}

func newReceiver(t testing.TB) *receiver {
	r := &receiver{t: t, bodies: map[string]string{}}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

// register creates the endpoint and stores its secret.
func (r *receiver) register(c client, types ...string) {
	r.t.Helper()
	made := c.must("POST", "/v1/webhook-endpoints", map[string]any{"url": r.URL + "/hook", "event_types": types})
	webhook, err := standardwebhooks.NewWebhook(made["secret"].(string))
	if err != nil {
		r.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.webhook = webhook
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return // the sender was killed
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.webhook == nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	if err := r.webhook.Verify(body, request.Header); err != nil {
		r.t.Errorf("a webhook does not verify: %v\n%s", err, body)
	}
	var m message
	if err := json.Unmarshal(body, &m); err != nil {
		r.t.Errorf("a webhook is not JSON: %v\n%s", err, body)
	}
	id := request.Header.Get("webhook-id")
	if id != m.ID {
		r.t.Errorf("webhook-id is %s, the body has %s", id, m.ID)
	}
	before, seen := r.bodies[id]
	if seen && before != string(body) {
		r.t.Errorf("webhook %s came with two bodies:\n%s\n%s", id, before, body)
	}
	if !seen {
		r.bodies[id] = string(body)
		r.messages = append(r.messages, m)
	}
}

// of returns the messages of a type that were received so far.
func (r *receiver) of(kind string) []message {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []message
	for _, m := range r.messages {
		if m.Type == kind {
			found = append(found, m)
		}
	}
	return found
}
