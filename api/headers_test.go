package api

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// write is a request that would be carried out.
type write struct {
	who        identity
	path, body string
}

// writes has one for each route that writes, by method and path as openapi.yaml
// has them.
func writes(w *world, p *tenant) map[string]write {
	project := "/v1/projects/" + string(p.id)
	ama, kofi := p.wallet("ama", "100"), p.wallet("kofi", "")
	wallet := "/v1/wallets/" + ama
	make := func(path, body, id string) string { return p.do("POST", path, body).want(201).get(id) }
	spare := w.call(operator, "POST", project+"/credentials", "").want(201).get("api_key")
	debt := make("/v1/wallets", `{"customer_id":"kofi","currency":"USD","type":"POSTPAID","credit_limit":"5"}`, "id")
	make("/v1/wallets/"+debt+"/withdraw", `{"reference":"owe","amount":"1"}`, "id")
	fresh := func() string { return make("/v1/wallets", `{"system":true}`, "id") } // of its own, so that the order does not matter
	monitor := make(wallet+"/monitors", `{"metric":"held","threshold":"1"}`, "id")
	hold := "/v1/holds/" + make("/v1/holds", fmt.Sprintf(`{"wallet_id":%q,"amount":"5","reference":"hold"}`, ama), "hold.id")
	escrow := "/v1/escrows/" + make("/v1/escrows", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"5","reference":"escrow","approval":true}`, ama, kofi), "escrow.id")
	refunded := "/v1/escrows/" + make("/v1/escrows", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"5","reference":"escrow2"}`, ama, kofi), "escrow.id")
	issue := fmt.Sprintf(`"operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"1"}]`, ama)
	scheduled := "/v1/transactions/" + make("/v1/transactions", fmt.Sprintf(`{"reference":"later","scheduled_for":%q,%s}`, w.in(time.Hour), issue), "id")
	performed := "/v1/transactions/" + make("/v1/transactions", `{"reference":"now",`+issue+`}`, "id")
	hook := make("/v1/webhook-endpoints", `{"url":"https://example.com/hook"}`, "id")
	transfer := fmt.Sprintf(`"sender_wallet_id":%q,"recipient_identifier":"kofi"`, ama)
	me := p.identity
	return map[string]write{
		"POST /v1/projects":                                      {operator, "/v1/projects", `{"name":"New","currency":"USD"}`},
		"PATCH /v1/projects/{project_id}":                        {operator, project, `{"name":"Newer"}`},
		"POST /v1/projects/{project_id}/credentials":             {operator, project + "/credentials", `{"name":"n"}`},
		"DELETE /v1/projects/{project_id}/credentials/{api_key}": {operator, project + "/credentials/" + spare, ""},
		"PUT /v1/assets/{code}":                                  {me, "/v1/assets/POINTS", `{"scale":0}`},
		"PUT /v1/customers/{customer_id}":                        {me, "/v1/customers/esi", `{"name":"Esi"}`},
		"POST /v1/wallets":                                       {me, "/v1/wallets", `{"customer_id":"ama","currency":"EUR"}`},
		"PATCH /v1/wallets/{wallet_id}":                          {me, wallet, `{"name":"n"}`},
		"POST /v1/wallets/{wallet_id}/freeze":                    {me, "/v1/wallets/" + fresh() + "/freeze", `{}`},
		"POST /v1/wallets/{wallet_id}/unfreeze":                  {me, "/v1/wallets/" + fresh() + "/unfreeze", `{}`},
		"POST /v1/wallets/{wallet_id}/disable":                   {me, "/v1/wallets/" + fresh() + "/disable", `{}`},
		"POST /v1/wallets/{wallet_id}/enable":                    {me, "/v1/wallets/" + fresh() + "/enable", `{}`},
		"POST /v1/wallets/{wallet_id}/close":                     {me, "/v1/wallets/" + fresh() + "/close", `{}`},
		"POST /v1/wallets/{wallet_id}/credit":                    {me, wallet + "/credit", `{"reference":"w1","amount":"1"}`},
		"POST /v1/wallets/{wallet_id}/settle":                    {me, "/v1/wallets/" + debt + "/settle", `{"reference":"w2"}`},
		"POST /v1/wallets/{wallet_id}/monitors":                  {me, wallet + "/monitors", `{"metric":"held","threshold":"2"}`},
		"DELETE /v1/wallets/{wallet_id}/monitors/{monitor_id}":   {me, wallet + "/monitors/" + monitor, ""},
		"POST /v1/wallets/{wallet_id}/topup":                     {me, wallet + "/topup", `{"reference":"w3","amount":"1"}`},
		"POST /v1/wallets/{wallet_id}/withdraw":                  {me, wallet + "/withdraw", `{"reference":"w4","amount":"1"}`},
		"POST /v1/transfers":                                     {me, "/v1/transfers", `{"reference":"w5","amount":"1",` + transfer + `}`},
		"POST /v1/transactions":                                  {me, "/v1/transactions", `{"reference":"w6",` + issue + `}`},
		"POST /v1/transactions/batch":                            {me, "/v1/transactions/batch", `[{"reference":"w7",` + issue + `}]`},
		"POST /v1/transactions/{transaction_id}/reverse":         {me, performed + "/reverse", `{"reference":"w8"}`},
		"POST /v1/transactions/{transaction_id}/cancel":          {me, scheduled + "/cancel", `{}`},
		"POST /v1/holds":                                         {me, "/v1/holds", fmt.Sprintf(`{"wallet_id":%q,"amount":"1","reference":"w9"}`, ama)},
		"POST /v1/holds/{hold_id}/capture":                       {me, hold + "/capture", `{"reference":"w10","amount":"1"}`},
		"POST /v1/holds/{hold_id}/release":                       {me, hold + "/release", `{"amount":"1"}`},
		"POST /v1/escrows":                                       {me, "/v1/escrows", `{"reference":"w11","amount":"1",` + transfer + `}`},
		"POST /v1/escrows/{escrow_id}/approve":                   {me, escrow + "/approve", `{"party":"sender"}`},
		"POST /v1/escrows/{escrow_id}/release":                   {me, refunded + "/release", `{"reference":"w12","amount":"1"}`},
		"POST /v1/escrows/{escrow_id}/refund":                    {me, refunded + "/refund", `{"reference":"w13","amount":"1"}`},
		"POST /v1/webhook-endpoints":                             {me, "/v1/webhook-endpoints", `{"url":"https://example.com/other"}`},
		"DELETE /v1/webhook-endpoints/{endpoint_id}":             {me, "/v1/webhook-endpoints/" + hook, ""},
		"POST /api/v1/wallets/create/{user_id}/":                 {me, "/api/v1/wallets/create/yaa/", `{}`},
		"POST /api/v1/wallets/{wall_id}/disable/":                {me, "/api/v1/wallets/" + fresh() + "/disable/", `{}`},
		"POST /api/v1/wallets/{wall_id}/enable/":                 {me, "/api/v1/wallets/" + fresh() + "/enable/", `{}`},
		"POST /api/v1/transactions/wallet/transfer/":             {me, "/api/v1/transactions/wallet/transfer/", `{"amount":1,` + transfer + `}`},
	}
}

// TestRefusedBeforeAnythingIsDecided: on every route of openapi.yaml that writes,
// a header or a parameter that is wrong is refused, and nothing has happened.
func TestRefusedBeforeAnythingIsDecided(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Checked", "GHS", `,"one_wallet_per_customer":false`)
	all := writes(w, p)
	at, _ := p.id.Location()
	place := func(sequence string) string { return fmt.Sprint(at.Shard, ":", sequence) }
	for name, bad := range map[string]struct {
		query   string
		headers []string
		status  int
		message string
	}{
		"no place":        {"", []string{"Tally-Min-Sequence", "yesterday"}, 400, "Tally-Min-Sequence"},
		"no sequence":     {"", []string{"Tally-Min-Sequence", place("")}, 400, "Tally-Min-Sequence"},
		"no number":       {"", []string{"Tally-Min-Sequence", place("-1")}, 400, "Tally-Min-Sequence"},
		"no such shard":   {"", []string{"Tally-Min-Sequence", "7:1"}, 400, "Tally-Min-Sequence"},
		"empty":           {"", []string{"Tally-Min-Sequence", ""}, 400, "Tally-Min-Sequence"},
		"place twice":     {"", []string{"Tally-Min-Sequence", place("1"), "Tally-Min-Sequence", place("2")}, 400, "2 times"},
		"from the future": {"", []string{"Tally-Min-Sequence", place("1000000")}, 503, "1000000"},
		"empty key":       {"", []string{"Idempotency-Key", ""}, 400, "Idempotency-Key must be 1 to 255 bytes"},
		"long key":        {"", []string{"Idempotency-Key", strings.Repeat("k", 256)}, 400, "Idempotency-Key must be 1 to 255 bytes"},
		"key no text":     {"", []string{"Idempotency-Key", "\xff"}, 400, "Idempotency-Key must be"},
		"key twice":       {"", []string{"Idempotency-Key", "a", "Idempotency-Key", "a"}, 400, "2 times"},
		"type twice":      {"", []string{"Content-Type", "application/json", "Content-Type", "application/json"}, 400, "2 times"},
		"a parameter":     {"?dry_run=true", nil, 400, `unknown parameter "dry_run"; this route has none`},
		"not well formed": {"?%zz", nil, 400, "not well formed"},
	} {
		for route, good := range all {
			method, _, _ := strings.Cut(route, " ")
			w.unchanged(func() {
				endpoints := len(w.webhooks.all)
				reply := w.call(good.who, method, good.path+bad.query, good.body, bad.headers...)
				if reply.status != bad.status || !strings.Contains(reply.get("error.message"), bad.message) {
					t.Errorf("%s, %s: %d %s", route, name, reply.status, reply.body)
				}
				if len(w.webhooks.all) != endpoints {
					t.Errorf("%s, %s: the endpoints changed", route, name)
				}
			})
		}
	}
	seen := place("1")
	for path, item := range contract().Paths.Map() {
		for method := range item.Operations() {
			if method == http.MethodGet {
				continue
			}
			good, ok := all[method+" "+path]
			if !ok {
				t.Errorf("%s %s is not among the writes", method, path)
				continue
			}
			if reply := w.call(good.who, method, good.path, good.body, "Tally-Min-Sequence", seen); reply.status >= 300 {
				t.Errorf("%s %s: the good one is refused: %d %s", method, path, reply.status, reply.body)
			}
		}
	}
}

// TestParametersThatNoRouteHas: a read refuses them as well, whatever it reads.
func TestParametersThatNoRouteHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Parameters", "GHS", "")
	for path, item := range contract().Paths.Map() {
		if item.Get == nil || item.Get.Security != nil { // for whoever runs the process
			continue
		}
		who := p.identity
		if strings.HasPrefix(path, "/v1/projects") {
			who = operator
		}
		for _, query := range []string{"?nonsense=1", "?limit=1&limit=1", "?limit=1&limit=2"} {
			w.call(who, "GET", strings.NewReplacer("{", "", "}", "").Replace(path)+query, "").wantError(400, "BAD_REQUEST")
		}
		w.call(who, "GET", strings.NewReplacer("{", "", "}", "").Replace(path), "", "Tally-Min-Sequence", "soon").wantError(400, "BAD_REQUEST", "Tally-Min-Sequence")
	}
}

// TestTwoCredentials: which of them would count is nothing to guess.
func TestTwoCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, other := w.tenant("One", "GHS", ""), w.tenant("Two", "GHS", "")
	p.do("GET", "/v1/customers", "", "api-key", p.key, "api-key", other.key).wantError(401, "UNAUTHORIZED", "one credential")
	p.do("GET", "/v1/customers", "", "secret-key", p.secret, "secret-key", other.secret).wantError(401, "UNAUTHORIZED", "one credential")
}
