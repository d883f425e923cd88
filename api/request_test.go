package api

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/ledger"
)

func TestBodiesThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Bodies", "GHS", "")
	id := p.wallet("ama", "10")
	good := `{"reference":"r","amount":"1"}`
	path := "/v1/wallets/" + id + "/withdraw"
	for name, row := range map[string]struct {
		body, header, message string
		status                int
	}{
		"nothing":           {"", "", "JSON object", 400},
		"null":              {"null", "", "JSON object", 400},
		"a string":          {`"x"`, "", "JSON object", 400},
		"an array":          {"[" + good + "]", "", "JSON object", 400},
		"cut off":           {`{"reference":"r"`, "", "ends too early", 400},
		"not JSON":          {`{reference:1}`, "", "not valid JSON", 400},
		"trailing data":     {good + good, "", "after top-level value", 400},
		"trailing garbage":  {good + "x", "", "after top-level value", 400},
		"unknown field":     {`{"reference":"r","amount":"1","currency":"GHS"}`, "", `unknown field "currency"`, 400},
		"wrong type":        {`{"reference":7,"amount":"1"}`, "", "reference must be a string, not number", 400},
		"wrong type inside": {`{"reference":"r","amount":"1","metadata":{"a":[]}}`, "", "metadata", 400},
		"metadata no map":   {`{"reference":"r","amount":"1","metadata":"x"}`, "", "metadata must be an object, not string", 400},
		"invalid UTF-8":     {"{\"reference\":\"\xff\",\"amount\":\"1\"}", "", "UTF-8", 400},
		"NUL":               {`{"reference":"a\u0000b","amount":"1"}`, "", "reference contains a NUL", 400},
		"NUL in metadata":   {`{"reference":"r","amount":"1","metadata":{"a":"\u0000"}}`, "", "NUL", 400},
		"long reference":    {`{"reference":"` + strings.Repeat("x", 300) + `","amount":"1"}`, "", "300 bytes", 400},
		"not JSON's type":   {good, "text/plain", `"text/plain"`, 400},
		"a form":            {"amount=1", "application/x-www-form-urlencoded", "application/json", 400},
		"deep":              {`{"metadata":` + strings.Repeat(`{"a":`, 100_000), "", "", 400},
		"deep arrays":       {strings.Repeat(`[`, 1_000_000), "", "", 400},
		"too large":         {`{"description":"` + strings.Repeat("x", 10<<20) + `"}`, "", "1048576 bytes", 413},
	} {
		header := row.header
		if header == "" {
			header = "application/json"
		}
		p.unchanged(func() {
			code := map[int]string{400: "BAD_REQUEST", 413: "PAYLOAD_TOO_LARGE"}[row.status]
			p.do("POST", path, row.body, "Content-Type", header).wantError(row.status, code, row.message)
		})
		if t.Failed() {
			t.Fatalf("in %q", name)
		}
	}
	p.do("POST", path, good, "Content-Type", "").want(201)
	p.do("POST", path, " "+strings.Replace(good, `"r"`, `"s"`, 1)+"\n", "Content-Type", "application/json; charset=utf-8").want(201)
}

func TestQueriesThatAreRefused(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Queries", "GHS", "")
	for query, message := range map[string]string{
		"custmer_id=x":      `unknown parameter "custmer_id"`,
		"page=2":            "cursor",
		"limit=0":           "1 to 1000",
		"limit=1001":        "1 to 1000",
		"limit=x":           "1 to 1000",
		"limit=":            "1 to 1000",
		"limit=1&limit=2":   "2 times",
		"cursor=nonsense":   "next_cursor",
		"status=melted":     "active, frozen, disabled, closed",
		"type=CREDIT":       "PREPAID, POSTPAID",
		"system=yes":        "true, false",
		"name=%00":          "not valid text",
		"name=%ff":          "not valid text",
		"name=%zz":          "not well formed",
		"metadata=x":        `unknown parameter "metadata"`,
		"metadata[a%00]=x":  "not valid text",
		"sort=name":         `unknown parameter "sort"`,
		"customer_id[a]=x":  "unknown parameter",
		"metadata[a=x":      "unknown parameter",
		"a;b=1":             "not well formed",
		"customer_id=a&x=y": `unknown parameter "x"`,
	} {
		p.do("GET", "/v1/wallets?"+query, "").wantError(400, "BAD_REQUEST", message)
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	var trouble error
	w := newWorld(t, func(cfg *Config) {
		cfg.Checks = []Check{{"ledger", func() error { return nil }}, {"postgres", func() error { return trouble }}}
	})
	w.call(identity{}, "GET", "/healthz", "").want(200, "status", "up")
	w.call(identity{}, "GET", "/readyz/", "").want(200, "ready", "true")
	trouble = errors.New("no connection")
	w.call(identity{}, "GET", "/readyz", "").want(503, "ready", "false", "reasons.postgres", "no connection", "reasons.ledger", "(none)")
	w.call(identity{}, "GET", "/healthz", "").want(200)
	w.call(identity{}, "GET", "/nothing", "").wantError(404, "NOT_FOUND")
	w.call(identity{}, "DELETE", "/healthz", "").wantError(405, "METHOD_NOT_ALLOWED")
	metrics := string(w.call(identity{}, "GET", "/metrics", "").want200().body)
	for _, line := range []string{
		`tallystick_http_requests_total{code="200",route="GET /healthz"} 2`, `tallystick_http_requests_total{code="404",route="unmatched"} 1`,
		`tallystick_http_request_seconds_count{route="GET /readyz"} 2`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %q in the metrics:\n%s", line, metrics)
		}
	}
	docs := string(w.call(identity{}, "GET", "/docs", "").want200().body)
	if !strings.Contains(docs, "/v1/transactions/{transaction_id}") || strings.Contains(docs, "http://") || strings.Contains(docs, "src=") {
		t.Error("the page does not list the routes, or is not on its own")
	}
	if spec := w.call(identity{}, "GET", "/openapi.yaml", "").want200().body; string(spec) != string(specification) {
		t.Error("another specification is served")
	}
	first, second := w.call(identity{}, "GET", "/healthz", "", "Request-Id", "mine"), w.call(identity{}, "GET", "/healthz", "")
	if a, b := first.header.Get("Request-Id"), second.header.Get("Request-Id"); a == b || a == "mine" || len(a) != 28 || !strings.HasPrefix(a, "req_") {
		t.Errorf("request ids %q and %q", a, b)
	}
}

func TestWebhookEndpoints(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Hooks", "GHS", "")
	made := p.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com"}`).want(201, "secret", "whsec_secret", "status", "enabled", "event_types", "[]", "disabled_reason", "<nil>")
	path := "/v1/webhook-endpoints/" + made.get("id")
	at, _ := p.id.Location()
	now := p.ledger.Peek(int(at.Shard), func(*domain.State) {})
	if from := p.webhooks.from[0]; len(from) != 1 || from[int(at.Shard)] != now {
		t.Errorf("deliveries begin after %v, want shard %d at %d", from, at.Shard, now)
	}
	p.do("GET", path, "").want(200, "secret", "(none)")
	p.do("GET", "/v1/webhook-endpoints", "").want(200, "data.0.id", made.get("id"))
	p.do("GET", "/v1/webhook-endpoints?cursor=x", "").wantError(400, "BAD_REQUEST", "cursor")
	p.do("POST", "/v1/webhook-endpoints", `{}`).wantError(400, "BAD_REQUEST", "url is required")
	p.do("GET", "/v1/webhook-endpoints/%00", "").wantError(404, "NOT_FOUND")
	if reply := p.do("DELETE", path, ""); reply.status != 204 {
		t.Errorf("%d %s", reply.status, reply.body)
	}
	p.do("DELETE", path, "").wantError(404, "NOT_FOUND")
}

// broken is a ledger that does not do what it is asked.
type broken struct {
	Ledger
	err error // nil: it panics
}

func (b broken) Do(context.Context, int, domain.Principal, domain.Command) (ledger.Receipt, error) {
	if b.err == nil {
		panic("a bug with a secret")
	}
	return ledger.Receipt{}, b.err
}

func TestWhenTheLedgerFails(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		err           error
		status        int
		code, message string
		retryAfter    string
	}{
		"down":     {&ledger.Unavailable{Reason: "no log", RetryAfter: 1500 * time.Millisecond}, 503, "UNAVAILABLE", "no log", "2"},
		"unknown":  {&ledger.Unavailable{Reason: "no answer", OutcomeUnknown: true}, 503, "UNAVAILABLE", "repeat with the same reference", "1"},
		"a defect": {&ledger.Defect{Command: "domain.Transact", Cause: errors.New("with a secret")}, 500, "INTERNAL_SERVER_ERROR", "not with the request", ""},
		"a bug":    {errors.New("with a secret"), 500, "INTERNAL_SERVER_ERROR", "not with the request", ""},
		"a panic":  {nil, 500, "INTERNAL_SERVER_ERROR", "not with the request", ""},
	} {
		w := newWorld(t, func(cfg *Config) { cfg.Ledger = broken{cfg.Ledger, row.err} })
		reply := w.call(operator, "POST", "/v1/projects", `{"name":"x","currency":"GHS"}`).wantError(row.status, row.code, row.message)
		if reply.header.Get("Retry-After") != row.retryAfter || strings.Contains(string(reply.body), "secret") {
			t.Errorf("%s: Retry-After %q: %s", name, reply.header.Get("Retry-After"), reply.body)
		}
		if logged := strings.Contains(w.logged.String(), "secret"); logged != (row.status == 500) {
			t.Errorf("%s: logged: %s", name, w.logged)
		}
	}
}
