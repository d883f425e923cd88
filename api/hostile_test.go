package api

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

var hostileSeed = flag.Uint64("hostile-seed", 0, "of TestHostileRequests; 0: a new one")

// hostileValues are what stands where something else is meant.
var hostileValues = []string{
	`null`, `true`, `0`, `-1`, `1e2`, `1e999999999`, `-1e-999999999`, `0.1`, strings.Repeat("9", 5000), `""`, `"x"`, `"-0"`, `"1e5"`, `"\ud800"`, `"\u0000"`, "\"\xff\"",
	`"` + strings.Repeat("é", 3000) + `"`, `"9999-12-31T23:59:59.999999999Z"`, `"0000-01-01T00:00:00Z"`, `{}`, `[]`, `[{}]`, `[null]`, `{"a":{"b":[1]}}`, `{"a":1,"a":2}`,
	`{"":""}`, `[[[[[[[[]]]]]]]]`, `{"GHS":{"daily_count":18446744073709551615}}`, `{"transfer":{"currencies":{"":{"fixed":"1"}}}}`, `"wall_zzzzzzzzzzzzz"`, `"wall_0000000000000"`,
}

// TestHostileRequests: whatever is sent to a route that writes, it is answered
// with what was wrong about it, and never with a fault of ours.
func TestHostileRequests(t *testing.T) {
	t.Parallel()
	seed := *hostileSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	random := rand.New(rand.NewPCG(seed, 0))
	w := newWorld(t)
	p := w.tenant("Hostile", "GHS", `,"one_wallet_per_customer":false,"backdating_seconds":60`)
	for route, good := range writes(w, p) {
		method, _, _ := strings.Cut(route, " ")
		for range 40 {
			path, body := hostilePath(random, good.path), hostileBody(random, good.body)
			reply := w.serve(good.who, method, path, body)
			if reply.Code >= 500 || reply.Code < 200 {
				t.Fatalf("-hostile-seed=%d: %s %s %.300s: %d %.500s", seed, method, path, body, reply.Code, reply.Body)
			}
		}
	}
	if logged := w.logged.String(); logged != "" {
		t.Errorf("-hostile-seed=%d: logged: %s", seed, logged)
	}
}

// hostilePath has, now and then, an identifier that is none.
func hostilePath(random *rand.Rand, path string) string {
	parts := strings.Split(path, "/")
	if at := random.IntN(8 * len(parts)); at < len(parts) && strings.ContainsAny(parts[at], "_0123456789") {
		parts[at] = url.PathEscape([]string{"wall_zzzzzzzzzzzzz", "x", "\x00", "\xff", "0", strings.Repeat("9", 400), "%"}[random.IntN(7)])
	}
	return strings.Join(parts, "/")
}

var namedValue = regexp.MustCompile(`"(\w+)":("[^"]*"|\d+|true)`)

// hostileBody has another value, another name, a value more, or other bytes.
func hostileBody(random *rand.Rand, body string) string {
	value := hostileValues[random.IntN(len(hostileValues))]
	members := namedValue.FindAllStringSubmatchIndex(body, -1)
	if len(members) == 0 || random.IntN(8) == 0 {
		at := random.IntN(len(body) + 1)
		return body[:at] + value + body[at:]
	}
	m := members[random.IntN(len(members))]
	switch random.IntN(6) {
	case 0:
		return body[:m[2]] + strings.ToUpper(body[m[2]:m[3]]) + body[m[3]:]
	case 1:
		return body[:m[0]] + body[m[0]:m[1]] + "," + body[m[0]:]
	case 2:
		return body[:m[0]] + fmt.Sprintf("%q:%s,", [...]string{"metadata", "description", "limits", "fees", "expires_at", "preconditions", "operations", "amount_minor", "effective_at", "scheduled_for", "settlement"}[random.IntN(11)], value) + body[m[0]:]
	case 3:
		at := random.IntN(len(body))
		return body[:at] + string([]byte{byte(random.UintN(256))}) + body[at+1:]
	}
	return body[:m[4]] + value + body[m[5]:]
}
