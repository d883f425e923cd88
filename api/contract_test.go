package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tallystick/domain"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
)

var contract = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromData(specification)
	if err == nil {
		err = doc.Validate(context.Background())
	}
	if err != nil {
		panic(err)
	}
	return doc
})

// checkContract holds an answer to the specification, and the request too where
// it succeeded. It answers the operation, "" for a path that is not in it.
func checkContract(t testing.TB, request *http.Request, body string, response *http.Response, answer []byte) string {
	t.Helper()
	route, params := findRoute(request)
	if route == nil {
		return ""
	}
	name := route.Method + " " + route.Path
	request = request.Clone(t.Context())
	request.Body = io.NopCloser(strings.NewReader(body))
	input := &openapi3filter.RequestValidationInput{
		Request: request, PathParams: params, Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true,
			ExcludeRequestBody:  body == "" || request.Header.Get("Content-Type") != "application/json",
			ExcludeResponseBody: !strings.HasPrefix(response.Header.Get("Content-Type"), "application/json"),
		},
	}
	if response.StatusCode < 300 {
		if err := openapi3filter.ValidateRequest(t.Context(), input); err != nil {
			t.Errorf("%s: the request is not in the contract: %v\n%s", name, err, body)
		}
	}
	err := openapi3filter.ValidateResponse(t.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: response.StatusCode, Header: response.Header, Options: input.Options,
		Body: io.NopCloser(bytes.NewReader(answer)),
	})
	if err != nil {
		t.Errorf("%s: the answer %d is not in the contract: %v\n%s", name, response.StatusCode, err, answer)
	}
	return name
}

// findRoute matches a path with the specification's; fixed parts win over parameters.
func findRoute(request *http.Request) (*routers.Route, map[string]string) {
	asked := segments(request.URL.EscapedPath())
	var best *routers.Route
	var bestParams map[string]string
	for path, item := range contract().Paths.Map() {
		params, ok := match(segments(path), asked)
		operation := item.GetOperation(request.Method)
		if ok && operation != nil && (best == nil || len(params) < len(bestParams)) {
			best = &routers.Route{Spec: contract(), Path: path, PathItem: item, Method: request.Method, Operation: operation}
			bestParams = params
		}
	}
	return best, bestParams
}

func segments(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

func match(template, asked []string) (map[string]string, bool) {
	if len(template) != len(asked) {
		return nil, false
	}
	params := map[string]string{}
	for i, part := range template {
		if strings.HasPrefix(part, "{") {
			params[strings.Trim(part, "{}")] = asked[i]
		} else if part != asked[i] {
			return nil, false
		}
	}
	return params, true
}

func TestEveryRouteIsInTheSpecificationAndViceVersa(t *testing.T) {
	t.Parallel()
	var specified, registered []string
	for path, item := range contract().Paths.Map() {
		for method := range item.Operations() {
			specified = append(specified, method+" "+strings.TrimSuffix(path, "/"))
		}
	}
	parameter := regexp.MustCompile(`:(\w+)`)
	for _, route := range newEcho(newServer(Config{})).Routes() {
		registered = append(registered, route.Method+" "+parameter.ReplaceAllString(route.Path, "{$1}"))
	}
	slices.Sort(specified)
	slices.Sort(registered)
	if !slices.Equal(specified, registered) {
		t.Errorf("specified:\n%s\n\nregistered:\n%s", strings.Join(specified, "\n"), strings.Join(registered, "\n"))
	}
}

func TestGeneratedTypesAreUpToDate(t *testing.T) {
	t.Parallel()
	fresh := filepath.Join(t.TempDir(), "types.gen.go")
	out, err := exec.Command("go", "tool", "oapi-codegen", "-config", "oapi-codegen.yaml", "-o", fresh, "openapi.yaml").CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	want, err := os.ReadFile(fresh)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("types.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("types.gen.go is not what openapi.yaml generates: run go generate ./api")
	}
}

func TestEveryCodeHasAStatusAndIsInTheSpecification(t *testing.T) {
	t.Parallel()
	for _, code := range domain.Codes {
		if kinds[code].status == 0 {
			t.Errorf("%s has no status in codes.go", code)
		}
	}
	var specified []string
	for _, code := range contract().Components.Schemas["ErrorBody"].Value.Properties["code"].Value.Enum {
		specified = append(specified, fmt.Sprint(code))
	}
	for code := range kinds {
		if !slices.Contains(specified, string(code)) {
			t.Errorf("%s is not among the codes of ErrorBody in openapi.yaml", code)
		}
	}
	if len(specified) != len(kinds) {
		t.Errorf("openapi.yaml has %d codes, codes.go %d", len(specified), len(kinds))
	}
}

// TestContract succeeds on every route once. That request and answer are as
// specified is checked by call.
func TestContract(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Contract", "GHS", `,"locale":"en-GH","fees":{"transfer":{"percentage":"1.0"}},"one_wallet_per_customer":false`)
	project := "/v1/projects/" + string(p.id)
	from := p.wallet("ama", "1000.00")
	p.wallet("kofi", "")
	spare := w.call(operator, "POST", project+"/credentials", `{"name":"spare"}`).want(201).get("api_key")
	hook := p.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com/hook","event_types":["wallet.*"],"description":"d"}`).want(201).get("id")
	other := p.do("POST", "/v1/wallets", `{"customer_id":"kofi"}`).want(200).get("id")
	spent := p.do("POST", "/v1/wallets", `{"system":true}`).want(201).get("id")
	monitor := p.do("POST", "/v1/wallets/"+from+"/monitors", `{"metric":"held","threshold":"1"}`).want(201).get("id")
	hold := func(reference string) string {
		return "/v1/holds/" + p.do("POST", "/v1/holds", fmt.Sprintf(`{"wallet_id":%q,"amount":"2","reference":%q,"metadata":{"a":"b"}}`, from, reference)).want(201).get("hold.id")
	}
	escrow := "/v1/escrows/" + p.do("POST", "/v1/escrows", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_wallet_id":%q,"amount_minor":500,"reference":"escrow","deadline":%q}`, from, other, w.in(time.Hour))).want(201).get("escrow.id")
	scheduled := p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"later","scheduled_for":%q,"operations":[{"type":"redeem","sender_wallet_id":%q,"amount":"1"}]}`, w.in(time.Hour), from)).want(201).get("id")
	debt := p.do("POST", "/v1/wallets", `{"customer_id":"kofi","currency":"USD","type":"POSTPAID","credit_limit_minor":100,"settlement":{"period":"weekly","day":1},"limits":{"daily_count":9},"fees":{"issue":{"minimum":"0"}}}`).want(201).get("id")
	p.do("POST", "/v1/wallets/"+debt+"/withdraw", `{"reference":"owe","amount":"1"}`).want(201)
	transfer := p.do("POST", "/v1/transfers", fmt.Sprintf(
		`{"reference":"t","sender_wallet_id":%q,"recipient_identifier":"kofi","amount_minor":100,"description":"d","metadata":{"a":"b"}}`, from)).want(201).get("id")

	for _, step := range []struct {
		who                identity
		method, path, body string
	}{
		{operator, "GET", "/v1/projects?limit=10", ""},
		{operator, "GET", project, ""},
		{operator, "PATCH", project, `{"name":"New","currency":"GHS","fees":{"transfer":{"percentage":"0.5"}},"one_wallet_per_customer":true}`},
		{operator, "GET", project + "/credentials", ""},
		{operator, "DELETE", project + "/credentials/" + spare, ""},
		{p.identity, "PUT", "/v1/assets/POINTS", `{"scale":0,"name":"Points","symbol":"★","numeric_id":9001}`},
		{p.identity, "GET", "/v1/assets/POINTS", ""},
		{p.identity, "GET", "/v1/assets/USD", ""},
		{p.identity, "GET", "/v1/assets", ""},
		{p.identity, "GET", "/v1/customers/ama", ""},
		{p.identity, "GET", "/v1/customers", ""},
		{p.identity, "POST", "/v1/wallets", `{"system":true,"currency":"POINTS","type":"PREPAID","name":"pot","metadata":{"k":"v"}}`},
		{p.identity, "GET", "/v1/wallets?customer_id=ama&status=active&type=PREPAID&system=false&currency=GHS&metadata[k]=v", ""},
		{p.identity, "GET", "/v1/wallets", ""},
		{p.identity, "GET", "/v1/wallets/" + from, ""},
		{p.identity, "PATCH", "/v1/wallets/" + from, `{"name":"n","metadata":{},"limits":{"maximum_amount":"900"},"fees":{"capture":{"percentage":"0.1","currencies":{"GHS":{"fixed":"0.01"}}}}}`},
		{p.identity, "POST", "/v1/wallets/" + from + "/freeze", `{"reason":"suspicious"}`},
		{p.identity, "POST", "/v1/wallets/" + from + "/unfreeze", ""},
		{p.identity, "POST", "/v1/wallets/" + spent + "/close", `{"reason":"unused","actor":"support"}`},
		{p.identity, "POST", "/v1/wallets/" + from + "/credit", `{"reference":"gift","amount":"5","expires_at":"` + w.in(time.Hour) + `","description":"d"}`},
		{p.identity, "GET", "/v1/wallets/" + from + "/credits?limit=5", ""},
		{p.identity, "POST", "/v1/wallets/" + debt + "/settle", `{"reference":"pay","amount_minor":50}`},
		{p.identity, "GET", "/v1/wallets/" + from + "/monitors", ""},
		{p.identity, "DELETE", "/v1/wallets/" + from + "/monitors/" + monitor, ""},
		{p.identity, "POST", hold("h1") + "/capture", `{"reference":"capture","amount":"1","recipient_wallet_id":"` + other + `","release_rest":true}`},
		{p.identity, "POST", hold("h2") + "/release", `{"amount":"1"}`},
		{p.identity, "GET", hold("h3"), ""},
		{p.identity, "GET", "/v1/holds?wallet_id=" + from + "&status=active&limit=1", ""},
		{p.identity, "POST", escrow + "/approve", `{"party":"sender","actor":"ama"}`},
		{p.identity, "POST", escrow + "/release", `{"reference":"release","amount":"1"}`},
		{p.identity, "POST", escrow + "/refund", `{"reference":"refund","amount_minor":100}`},
		{p.identity, "GET", escrow, ""},
		{p.identity, "GET", "/v1/escrows?wallet_id=" + from + "&status=open&limit=1", ""},
		{p.identity, "GET", "/v1/transactions?status=scheduled", ""},
		{p.identity, "POST", "/v1/transactions/" + scheduled + "/cancel", `{"reason":"no","actor":"ama"}`},
		{p.identity, "POST", "/v1/transactions/" + transfer + "/reverse", `{"reference":"back","operations":[{"operation":0,"amount_minor":50}],"return_fees":true}`},
		{p.identity, "POST", "/v1/transactions", fmt.Sprintf(`{"dry_run":true,"reference":"dry","preconditions":[{"wallet_id":%q,"version":4}],"operations":[{"type":"issue","recipient_wallet_id":%[1]q,"amount":"5","grant":true}]}`, other)},
		{p.identity, "GET", "/api/v1/wallets/" + from + "/balance/", ""},
		{p.identity, "POST", "/api/v1/wallets/" + from + "/disable/", `{}`},
		{p.identity, "POST", "/api/v1/wallets/" + from + "/enable/", ""},
		{p.identity, "GET", "/api/v1/wallets?limit=10&page=1", ""},
		{p.identity, "GET", "/api/v1/wallets/" + p.do("GET", "/v1/wallets/"+from, "").get("number"), ""},
		{p.identity, "POST", "/v1/wallets/" + from + "/disable", `{"reason":"suspicious","actor":"support"}`},
		{p.identity, "POST", "/v1/wallets/" + from + "/enable", ""},
		{p.identity, "GET", "/v1/wallets/" + from + "/balance", ""},
		{p.identity, "GET", "/v1/wallets/" + from + "/history?limit=1", ""},
		{p.identity, "GET", "/v1/wallets/" + from + "/entries?kind=debit&from=2020-01-01T00:00:00Z&limit=2", ""},
		{p.identity, "POST", "/v1/wallets/" + from + "/withdraw", `{"reference":"out","amount":"1"}`},
		{p.identity, "GET", "/v1/transactions/" + transfer, ""},
		{p.identity, "GET", "/v1/transactions?status=completed&wallet_id=" + from, ""},
		{p.identity, "GET", "/v1/transactions?reference=t", ""},
		{p.identity, "POST", "/v1/transactions", fmt.Sprintf(`{"reference":"ops","operations":[{"type":"issue","recipient_wallet_id":%[1]q,"amount":"5"},{"type":"redeem","sender_wallet_id":%[1]q,"amount_minor":5}]}`, from)},
		{p.identity, "POST", "/v1/transactions/batch", fmt.Sprintf(`[{"reference":"b1","operations":[{"type":"issue","recipient_wallet_id":%[1]q,"amount":"5"}]},{"reference":"b1","operations":[{"type":"issue","recipient_wallet_id":%[1]q,"amount":"5"}]}]`, from)},
		{p.identity, "GET", "/v1/webhook-endpoints", ""},
		{p.identity, "GET", "/v1/webhook-endpoints/" + hook, ""},
		{p.identity, "DELETE", "/v1/webhook-endpoints/" + hook, ""},
		{p.identity, "POST", "/api/v1/wallets/create/ama/", ""},
		{p.identity, "POST", "/api/v1/transactions/wallet/transfer/", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_identifier":"kofi","amount":1.50,"metadata":{"n":1,"b":true,"s":"x"}}`, from)},
		{identity{}, "GET", "/healthz", ""},
		{identity{}, "GET", "/readyz", ""},
		{identity{}, "GET", "/metrics", ""},
		{identity{}, "GET", "/openapi.yaml", ""},
		{identity{}, "GET", "/docs", ""},
	} {
		if reply := w.call(step.who, step.method, step.path, step.body); reply.status >= 300 {
			t.Errorf("%s %s: %d %s", step.method, step.path, reply.status, reply.body)
		}
	}
	for path, item := range contract().Paths.Map() {
		for method := range item.Operations() {
			if !w.seen[method+" "+path] {
				t.Errorf("%s %s has no test", method, path)
			}
		}
	}
}
