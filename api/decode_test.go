package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"
)

// TestWhatIsWrongIsNamed: every refusal says which field it is about.
func TestWhatIsWrongIsNamed(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"reference":"a","reference":"b"}`:                                 "reference is given twice",
		`{"reference":"a","\u0072eference":"b"}`:                            "reference is given twice",
		`{"reference":"a","Reference":"b"}`:                                 `unknown field "Reference"; names are told apart by case`,
		`{"operations":[{},{"amount":"1.00","amount":"100.00"}]}`:           "operations[1].amount is given twice",
		`{"operations":[{},{"amount":"1.00","AMOUNT":"100.00"}]}`:           `unknown field "operations[1].AMOUNT"; names are told apart by case`,
		`{"operations":[{"amount_minor":{"a":1,"a":2}}]}`:                   "operations[0].amount_minor.a is given twice",
		`{"operations":[],"operations":[]}`:                                 "operations is given twice",
		`{"metadata":{"a":"1","b":"2","a":"3"}}`:                            "metadata.a is given twice",
		`{"metadata":{"a":"1","\u0061":"3"}}`:                               "metadata.a is given twice",
		`{"metadata":{"two words":"1","two words":"3"}}`:                    `metadata["two words"] is given twice`,
		`{"metadata":{"a":1}}`:                                              "metadata.a must be a string, not number",
		`{"metadata":{"a":{}}}`:                                             "metadata.a must be a string, not object",
		`{"metadata":{"7":[]}}`:                                             "metadata.7 must be a string, not array",
		`{"metadata":[]}`:                                                   "metadata must be an object, not array",
		`{"reference":"\ud800"}`:                                            "surrogate pair `\\ud800\"}` in string, in reference",
		`{"reference":"\ud801"}`:                                            "surrogate pair `\\ud801\"}` in string, in reference",
		`{"reference":"\udc00\ud800"}`:                                      "surrogate pair `\\udc00\\ud800` in string, in reference",
		`{"metadata":{"a":"\ud800x"}}`:                                      "in metadata.a",
		"{\"description\":\"\xff\"}":                                        "invalid UTF-8, in description",
		"{\"metadata\":{\"\xc0\x80\":\"\"}}":                                "invalid UTF-8, in metadata",
		`{"reference":"a\u0000b"}`:                                          "reference contains a NUL character",
		`{"metadata":{"a":"\u0000"}}`:                                       "metadata.a contains a NUL character",
		`{"metadata":{"a\u0000":""}}`:                                       `metadata["a\x00"] contains a NUL character`,
		`{"operations":[{"amount":10}]}`:                                    `operations[0].amount must not be a JSON number, which says nothing of its unit: write "amount": "10.00" in major units, or "amount_minor": 1000 in minor units`,
		`{"operations":[{"amount":1e999999999}]}`:                           "operations[0].amount must not be a JSON number",
		`{"operations":{}}`:                                                 "operations must be an array, not object",
		`{"operations":["x"]}`:                                              "operations[0] must be an object, not string",
		`{"dry_run":"true"}`:                                                "dry_run must be true or false, not string",
		`{"preconditions":[{"version":-1}]}`:                                "preconditions[0].version must be a whole number, not -1",
		`{"preconditions":[{"version":1e2}]}`:                               "preconditions[0].version must be a whole number, not 1e2",
		`{"preconditions":[{"version":1e999999999}]}`:                       "preconditions[0].version must be a whole number, not 1e999999999",
		`{"preconditions":[{"version":18446744073709551616}]}`:              "preconditions[0].version must be a whole number, not 18446744073709551616",
		`{"preconditions":[{"version":"1"}]}`:                               "preconditions[0].version must be a whole number, not string",
		`{"` + strings.Repeat("x", 500) + `":1}`:                            `unknown field "["` + strings.Repeat("x", 100) + `…"]"`,
		`{"operations":[{"amount_minor":` + strings.Repeat(`{"a":`, 20_000): "operations[0].amount_minor.a.a",
		`{"operations":[` + strings.Repeat("{},", maxElements) + "{}]}":     "operations has more than 1000 elements",
		`{"preconditions":[` + strings.Repeat("{},", maxElements) + "{}]}":  "preconditions has more than 1000 elements",
		`{"metadata":{` + keys(51, `"x"`) + `}}`:                            "metadata has more than 50 keys",
		`{} {}`:                                                             "after top-level value",
		`{"reference":"a"`:                                                  "it ends too early",
		`{"reference":"a"]}`:                                                "not valid JSON",
	} {
		err := decodeObject([]byte(body), new(TransactionCreate))
		if err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 500 {
			t.Errorf("%.80s: %.600v, want %q", body, err, want)
		}
	}
	for _, body := range []string{`{"reference":"a\\u0000"}`, `{"reference":"\ud83d\ude00"}`, `{"reference":null,"metadata":null,"operations":null}`} {
		if err := decodeObject([]byte(body), new(TransactionCreate)); err != nil {
			t.Errorf("%s: %v", body, err)
		}
	}
}

// keys is members k0, k1, … of an object, each with the value.
func keys(n int, value string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":%s,`, i, value)
	}
	return strings.TrimSuffix(b.String(), ",")
}

// TestEveryRouteReadsStrictly: on every route that takes a body, what one reader
// would understand in one way and another in another is refused, and the answer
// names it.
func TestEveryRouteReadsStrictly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Strict", "GHS", `,"one_wallet_per_customer":false`)
	first := regexp.MustCompile(`^\{"(\w+)":("[^"]*"|\w+|\[.*?\])`)
	for route, good := range writes(w, p) {
		method, path, _ := strings.Cut(route, " ")
		body := contract().Paths.Find(path).GetOperation(method).RequestBody
		if body == nil || path == "/v1/transactions/batch" || path == "/api/v1/wallets/create/{user_id}/" {
			continue // each line is one of /v1/transactions; it has no field
		}
		if good.body == "{}" {
			good.body = `{"reason":"r"}`
		}
		name := first.FindStringSubmatch(good.body)[1]
		rest := good.body[1:]
		for bad, want := range map[string]string{
			fmt.Sprintf(`{%q:1,%s`, "x"+name, rest):                    "unknown field",
			strings.Replace(good.body, name, strings.ToUpper(name), 1): strings.ToUpper(name),
			"{" + first.FindString(good.body)[1:] + "," + rest:         name,
			strings.Replace(good.body, name, name+"\xff", 1):           "UTF-8",
			first.ReplaceAllString(good.body, `{"$1":"\ud800"`):        name,
			first.ReplaceAllString(good.body, `{"$1":{"a":1,"a":2}`):   name,
			good.body + good.body:                                      "after",
		} {
			w.unchanged(func() {
				w.call(good.who, method, good.path, bad).wantError(400, "BAD_REQUEST", want)
				lines := "/v1/transactions/batch"
				if path == "/v1/transactions" && bad != good.body+good.body {
					reply := p.do("POST", lines, bad+"\n", "Content-Type", "application/x-ndjson").want(200, "status", "failed", "error.code", "BAD_REQUEST")
					if message := reply.get("error.message"); !strings.Contains(message, want) {
						t.Errorf("%s: %s", bad, message)
					}
				}
			})
		}
	}
}

// TestTheAuditsBodies are those that were understood in two ways.
func TestTheAuditsBodies(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Twins", "GHS", "")
	from, to := p.wallet("ama", "1000"), p.wallet("kofi", "")
	p.unchanged(func() {
		p.do("POST", "/v1/wallets/"+to+"/topup", `{"reference":"r","amount":"1.00","amount":"100.00"}`).wantError(400, "BAD_REQUEST", "amount is given twice")
		p.do("POST", "/v1/wallets/"+to+"/topup", `{"reference":"r","amount":"1.00","AMOUNT":"100.00"}`).wantError(400, "BAD_REQUEST", "AMOUNT")
		p.do("POST", "/v1/transfers", fmt.Sprintf(`{"reference":"r","amount":"1","sender_wallet_id":%q,"recipient_wallet_id":%q,"SENDER_WALLET_ID":%[2]q,"RECIPIENT_WALLET_ID":%[1]q}`, from, to)).
			wantError(400, "BAD_REQUEST", "SENDER_WALLET_ID")
		for _, reference := range []string{`\ud800`, `\ud801`} {
			p.do("POST", "/v1/wallets/"+to+"/topup", `{"reference":"`+reference+`","amount":"1"}`).wantError(400, "BAD_REQUEST", "reference")
		}
		p.do("POST", "/api/v1/transactions/wallet/transfer/", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_identifier":"kofi","amount":1,"amount":100}`, from)).
			wantError(400, "BAD_REQUEST", "amount is given twice")
		p.do("POST", "/api/v1/transactions/wallet/transfer/", fmt.Sprintf(`{"sender_wallet_id":%q,"recipient_identifier":"kofi","amount":1,"metadata":{"a":1,"a":2}}`, from)).
			wantError(400, "BAD_REQUEST", "metadata.a is given twice")
	})
}

// TestOperationsAreNamedWhereThereAreSome: a mistake in one of many operations says
// in which; on a route without operations no message speaks of one.
func TestOperationsAreNamedWhereThereAreSome(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Words", "GHS", "")
	from, to := p.wallet("ama", "10"), p.wallet("kofi", "")
	message := func(path, body, want string) {
		t.Helper()
		if got := p.do("POST", path, body).wantError(400, "BAD_REQUEST").get("error.message"); !strings.HasPrefix(got, want) {
			t.Errorf("%s %s: %q, want %q", path, body, got, want)
		}
	}
	transfer := fmt.Sprintf(`"sender_wallet_id":%q,"recipient_wallet_id":%q`, from, to)
	operation := fmt.Sprintf(`{"type":"transfer",%s,"amount":"1"}`, transfer)
	for amount, says := range map[string]string{`"0"`: "amount must be more than zero", `"1.001"`: "amount ", `"x"`: "amount must be a plain decimal"} {
		message("/v1/transfers", fmt.Sprintf(`{"reference":"r",%s,"amount":%s}`, transfer, amount), says)
		message("/v1/wallets/"+to+"/topup", fmt.Sprintf(`{"reference":"r","amount":%s}`, amount), says)
		message("/v1/holds", fmt.Sprintf(`{"reference":"r","wallet_id":%q,"amount":%s}`, from, amount), says)
		message("/v1/escrows", fmt.Sprintf(`{"reference":"r",%s,"amount":%s}`, transfer, amount), says)
		body := fmt.Sprintf(`{"reference":"r","operations":[%s,{"type":"transfer",%s,"amount":%s}]}`, operation, transfer, amount)
		message("/v1/transactions", body, "operations[1]: "+says)
		message("/v1/transactions", strings.Replace(body, "{", `{"dry_run":true,`, 1), "operations[1]: "+says)
		outcome := p.do("POST", "/v1/transactions/batch", body+"\n", "Content-Type", "application/x-ndjson").want(200, "error.code", "BAD_REQUEST")
		if got := outcome.get("error.message"); !strings.HasPrefix(got, "operations[1]: "+says) {
			t.Errorf("batch: %q", got)
		}
	}
	tx := p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"two","operations":[%s,%[1]s]}`, operation)).want(201).get("id")
	message("/v1/transactions/"+tx+"/reverse", `{"reference":"r","operations":[{"operation":1,"amount":"x"}]}`, "operations[0]: amount must be")
	message("/v1/wallets", `{"customer_id":"ama","currency":"USD","limits":{"daily_amount":"x"}}`, "limits.daily_amount must be")
}

// FuzzDecode: nothing is read in two ways. What is accepted has no name twice and
// no text that is not UTF-8, is what another decoder reads, and comes out the same
// when it is written and read again.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"reference":"r","operations":[{"type":"issue","amount":"1","amount_minor":1e3}],"metadata":{"a":"b","A":"c"},"preconditions":[{"version":1}]}`,
		`{"reference":"\ud800","description":"\ud83d\ude00"}`, `{"amount":1,"amount":2}`, `{"metadata":{"a":1.50,"b":true,"c":null,"d":"x"}}`, `{"metadata":null}`,
		`{"fees":{"transfer":{"percentage":"1","currencies":{"GHS":{"fixed":"1"}}}},"limits":{"GHS":{"daily_count":3}}}`, `{} {}`, "{\"reference\":\"\xff\"}", `{"reference":"\u0000"}`,
		`{"amount_minor":[1,{"a":null}]}`, `{"credit_limit_minor":null,"settlement":{"day":7}}`, `{"event_types":["a","b"],"url":""}`,
	} {
		f.Add([]byte(seed))
	}
	types := []reflect.Type{
		reflect.TypeFor[TransactionCreate](), reflect.TypeFor[TransferCreate](), reflect.TypeFor[WalletCreate](), reflect.TypeFor[ProjectChange](),
		reflect.TypeFor[HostPayTransferCreate](), reflect.TypeFor[WebhookEndpointCreate](), reflect.TypeFor[CustomerUpsert](),
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, typ := range types {
			into := reflect.New(typ)
			if decodeObject(data, into.Interface()) != nil {
				continue
			}
			if !utf8.Valid(data) || ambiguous(data) {
				t.Fatalf("%q was read as a %s", data, typ)
			}
			written := encoded(t, into.Interface())
			again := reflect.New(typ)
			if err := decodeObject(written, again.Interface()); err != nil || !bytes.Equal(encoded(t, again.Interface()), written) {
				t.Fatalf("%q was read, and written as %s, which is %+v, %v", data, written, again, err)
			}
			if typ == reflect.TypeFor[HostPayTransferCreate]() { // its metadata is of many types
				continue
			}
			other := reflect.New(typ)
			if err := json.Unmarshal(data, other.Interface()); err != nil || !bytes.Equal(encoded(t, other.Interface()), written) {
				t.Fatalf("%q was read as %s, and by encoding/json as %+v, %v", data, written, other, err)
			}
		}
	})
}

func encoded(t *testing.T, value any) []byte {
	b, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ambiguous tells whether JSON has an object with a name twice, or text with half
// of a surrogate pair, which encoding/json reads as U+FFFD, or a NUL.
func ambiguous(data []byte) bool {
	honest := strings.Contains(string(data), "\ufffd") || strings.Contains(strings.ToLower(string(data)), `\ufffd`)
	decoder := json.NewDecoder(bytes.NewReader(data))
	var names []map[string]bool // of the objects that are open; nil for arrays
	var isName []bool
	for {
		token, err := decoder.Token()
		if err == io.EOF {
			return false
		}
		if err != nil {
			return true
		}
		top := len(names) - 1
		if text, ok := token.(string); ok {
			if strings.Contains(text, "\x00") || strings.Contains(text, "\ufffd") && !honest {
				return true
			}
			if top >= 0 && names[top] != nil && isName[top] {
				if names[top][text] {
					return true
				}
				names[top][text], isName[top] = true, false
				continue
			}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			names, isName = append(names, nil), append(isName, true)
			if token == json.Delim('{') {
				names[top+1] = map[string]bool{}
			}
			continue
		case json.Delim('}'), json.Delim(']'):
			names, isName = names[:top], isName[:top]
			top--
		}
		if top >= 0 {
			isName[top] = true
		}
	}
}

// TestCountedWhileRead: of every array, and every object with keys of the
// caller's, in a body of openapi.yaml, reading stops at the limit: what a megabyte
// of them takes is a small multiple of it.
func TestCountedWhileRead(t *testing.T) {
	w := newWorld(t)
	p := w.tenant("Counted", "GHS", "")
	sent := 0
	for route, good := range writes(w, p) {
		method, path, _ := strings.Cut(route, " ")
		body := contract().Paths.Find(path).GetOperation(method).RequestBody
		if body == nil {
			continue
		}
		schema := body.Value.Content["application/json"].Schema.Value
		if schema.Type.Is("array") { // the batch, whose lines are those of /v1/transactions
			schema = &openapi3.Schema{Type: schema.Type, Items: &openapi3.SchemaRef{Value: &openapi3.Schema{Type: &openapi3.Types{"object"}}}}
		}
		for _, big := range oversized(schema) {
			sent++
			w.unchanged(func() {
				var reply *httptest.ResponseRecorder
				allocated := allocates(func() { reply = w.serve(good.who, method, good.path, big) })
				if answer := reply.Body.String(); reply.Code != 400 || !strings.Contains(answer, " more") {
					t.Errorf("%s: %.40s…: %d %.300s", route, big, reply.Code, answer)
				}
				if allocated > 16<<20 {
					t.Errorf("%s: %d bytes of %.40s… took %d bytes", route, len(big), big, allocated)
				}
			})
		}
	}
	if sent < 15 {
		t.Errorf("only %d bodies were sent", sent)
	}
}

// oversized is, for each collection in a schema, a body of about a megabyte that
// has nothing but that.
func oversized(schema *openapi3.Schema) (bodies []string) {
	const size = 1 << 20
	if len(schema.AllOf) > 0 {
		return oversized(schema.AllOf[0].Value)
	}
	if schema.Type.Is("array") {
		for _, inner := range oversized(schema.Items.Value) {
			bodies = append(bodies, "["+inner+"]")
		}
		element := map[bool]string{true: `"",`, false: "{},"}[schema.Items.Value.Type.Is("string")]
		return append(bodies, "["+strings.TrimSuffix(strings.Repeat(element, size/len(element)-100), ",")+"]")
	}
	for name, property := range schema.Properties {
		for _, inner := range oversized(property.Value) {
			bodies = append(bodies, fmt.Sprintf("{%q:%s}", name, inner))
		}
	}
	if free := schema.AdditionalProperties.Schema; free != nil {
		value := map[bool]string{true: "{}", false: `""`}[free.Value.Type.Is("object")]
		bodies = append(bodies, "{"+keys(size/14, value)+"}")
	}
	return bodies
}

// serve answers a request without a network, whose buffers would count.
func (w *world) serve(who identity, method, path, body string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(method, path, strings.NewReader(body))
	request.Header = http.Header{"Api-Key": {who.key}, "Secret-Key": {who.secret}, "Content-Type": {"application/json"}}
	recorder := httptest.NewRecorder()
	w.handler.ServeHTTP(recorder, request)
	return recorder
}

// allocates is how many bytes a function allocates, with all that goes on beside.
func allocates(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
