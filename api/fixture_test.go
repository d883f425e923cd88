package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/webhooks"
)

// world is an installation over logs in memory, answering real HTTP. Every
// answer is held to openapi.yaml.
type world struct {
	t        testing.TB
	ledger   *ledger.Ledger
	rows     *readModel
	webhooks *endpoints
	logged   *bytes.Buffer // what was logged; read it when nothing is under way
	url      string
	server   *server
	handler  http.Handler
	seen     map[string]bool // operations that succeeded
	ahead    atomic.Int64    // of the real clock, in nanoseconds
}

// now is the clock of the ledger and of the handler.
func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// in is a time from now, as bodies have it.
func (w *world) in(d time.Duration) string { return w.now().Add(d).UTC().Format(time.RFC3339Nano) }

// pass sets the clock forward. What came due meanwhile is decided before the next
// command of the shard, whose own outcome does not matter.
func (p *tenant) pass(d time.Duration) {
	p.t.Helper()
	p.ahead.Add(int64(d))
	p.do("PUT", "/v1/customers/passer-by", `{"name":"`+p.in(0)+`"}`).want(200)
}

// What this package asks for is what there is.
var (
	_ Ledger   = (*ledger.Ledger)(nil)
	_ Keys     = (*events.Keys)(nil)
	_ Queries  = (*projections.Queries)(nil)
	_ Webhooks = (*webhooks.Store)(nil)
)

// identity is who a request is from.
type identity struct{ key, secret string }

var operator = identity{"operator", "operator-secret"}

func newWorld(t testing.TB, change ...func(*Config)) *world {
	t.Helper()
	logs := []ledger.Log{events.NewMemory(), events.NewMemory()}
	keys := events.NewMemoryKeys()
	codec := &events.Codec{Keys: keys}
	w := &world{t: t, logged: &bytes.Buffer{}, webhooks: &endpoints{}, seen: map[string]bool{}}
	logger := slog.New(slog.NewTextHandler(w.logged, &slog.HandlerOptions{Level: slog.LevelError}))
	w.ledger = ledger.New(ledger.Config{Logs: logs, Codec: codec, Now: w.now, Patience: time.Minute, Logger: slog.New(slog.DiscardHandler)})
	w.rows = &readModel{codec: codec, logs: logs}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- w.ledger.Run(ctx) }()
	cfg := Config{
		Ledger: w.ledger, Keys: keys, Queries: w.rows, Webhooks: w.webhooks,
		Operator: Operator{operator.key, operator.secret}, Logger: logger, Now: w.now,
	}
	for _, f := range change {
		f(&cfg)
	}
	w.server = newServer(cfg)
	w.handler = w.server.handler()
	listening := httptest.NewServer(w.handler)
	w.url = listening.URL
	t.Cleanup(func() {
		listening.Close()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the ledger ended with %v", err)
		}
	})
	for w.ledger.Ready() != nil {
		runtime.Gosched()
	}
	return w
}

// reply is an answer, read whole.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

// get answers a value of the body by its path: "error.details.transaction.id".
// Numbers keep their text.
func (r reply) get(path string) string {
	r.t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(r.body))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		r.t.Fatalf("%s: %v", r.body, err)
	}
	for _, name := range strings.Split(path, ".") {
		switch v := value.(type) {
		case map[string]any:
			next, ok := v[name]
			if !ok {
				return "(none)"
			}
			value = next
		case []any:
			var i int
			if _, err := fmt.Sscan(name, &i); err != nil || i >= len(v) {
				return "(none)"
			}
			value = v[i]
		default:
			return "(none)"
		}
	}
	switch value.(type) {
	case map[string]any, []any:
		text, _ := json.Marshal(value)
		return string(text)
	}
	return fmt.Sprint(value)
}

// want fails the test unless the status and the values are these: path, value, …
func (r reply) want(status int, pairs ...string) reply {
	r.t.Helper()
	if r.status != status {
		r.t.Fatalf("status %d, want %d: %s", r.status, status, r.body)
	}
	for i := 0; i < len(pairs); i += 2 {
		if got := r.get(pairs[i]); got != pairs[i+1] {
			r.t.Errorf("%s is %q, want %q: %s", pairs[i], got, pairs[i+1], r.body)
		}
	}
	return r
}

// wantError also looks for parts of the message.
func (r reply) wantError(status int, code string, parts ...string) reply {
	r.t.Helper()
	r.want(status, "error.code", code, "error.request_id", r.header.Get("Request-Id"))
	for _, part := range parts {
		if message := r.get("error.message"); !strings.Contains(message, part) {
			r.t.Errorf("the message %q does not say %q", message, part)
		}
	}
	return r
}

// call sends a request; headers are name, value, …; a name may be given twice.
func (w *world) call(who identity, method, path, body string, headers ...string) reply {
	w.t.Helper()
	request, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	if who != (identity{}) {
		request.Header.Set("api-key", who.key)
		request.Header.Set("secret-key", who.secret)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	given := http.Header{}
	for i := 0; i < len(headers); i += 2 {
		given.Add(headers[i], headers[i+1])
	}
	maps.Copy(request.Header, given)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	operation := checkContract(w.t, request, body, response, all)
	if response.StatusCode < 300 {
		w.seen[operation] = true
	}
	return reply{w.t, response.StatusCode, response.Header, all}
}

// tenant is a project with a credential.
type tenant struct {
	*world
	identity
	id ids.Project
}

// tenant makes a project; settings is JSON of more of its fields, or "".
func (w *world) tenant(name, currency, settings string) *tenant {
	w.t.Helper()
	body := fmt.Sprintf(`{"name":%q,"currency":%q%s}`, name, currency, settings)
	id := w.call(operator, "POST", "/v1/projects", body).want(201).get("id")
	made := w.call(operator, "POST", "/v1/projects/"+id+"/credentials", "").want(201)
	return &tenant{w, identity{made.get("api_key"), made.get("secret_key")}, ids.Project(id)}
}

func (p *tenant) do(method, path, body string, headers ...string) reply {
	p.t.Helper()
	return p.call(p.identity, method, path, body, headers...)
}

// wallet registers a customer by a user name, and answers a new wallet with some money.
func (p *tenant) wallet(user, balance string) string {
	p.t.Helper()
	p.do("PUT", "/v1/customers/"+user, fmt.Sprintf(`{"username":%q}`, user)).want(200)
	id := p.do("POST", "/v1/wallets", fmt.Sprintf(`{"customer_id":%q}`, user)).want(201).get("id")
	if balance != "" {
		p.do("POST", "/v1/wallets/"+id+"/topup", fmt.Sprintf(`{"reference":"fund-%s","amount":%q}`, user, balance)).want(201)
	}
	return id
}

// sequence is how much is in the logs.
func (w *world) sequence() string {
	var at []uint64
	for shard := range w.ledger.Shards() {
		at = append(at, w.ledger.Peek(shard, func(*domain.State) {}))
	}
	return fmt.Sprint(at)
}

// unchanged fails the test if fn makes the ledger write anything.
func (w *world) unchanged(fn func()) {
	w.t.Helper()
	before := w.sequence()
	fn()
	if after := w.sequence(); after != before {
		w.t.Errorf("something was written: the logs went from %s to %s", before, after)
	}
}
