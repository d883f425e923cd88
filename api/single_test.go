package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// far is a Tally-Sequence of the tenant's shard that the log has not come to.
func (p *tenant) far() string {
	at, _ := p.id.Location()
	return fmt.Sprintf("%d:99999", at.Shard)
}

// sameAsListed fails the test unless each thing reads alone, from the ledger, as
// it stands in its list, which is the read model's.
func (p *tenant) sameAsListed(path string, ids ...string) {
	p.t.Helper()
	var list struct{ Data []map[string]any }
	if err := json.Unmarshal(p.do("GET", path, "").want(200).body, &list); err != nil {
		p.t.Fatal(err)
	}
	rows := map[any]map[string]any{}
	for _, row := range list.Data {
		rows[row["id"]] = row
	}
	for _, id := range ids {
		var alone map[string]any
		if err := json.Unmarshal(p.do("GET", path+"/"+id, "").want(200).body, &alone); err != nil {
			p.t.Fatal(err)
		}
		if !reflect.DeepEqual(alone, rows[id]) {
			p.t.Errorf("%s reads alone\n%v, and in the list\n%v", id, alone, rows[id])
		}
	}
}

// TestSingleThingsAreOfNow: right after its write each thing reads as it is, as of
// that write, whatever the read model has.
func TestSingleThingsAreOfNow(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Now", "GHS", "")
	p.rows.err = errors.New("down")
	tried := map[string]bool{}
	written := ""
	write := func(who identity, method, path, body string) reply {
		t.Helper()
		r := p.call(who, method, path, body)
		if r.status >= 300 {
			t.Fatalf("%s %s: %s", method, path, r.body)
		}
		written = r.header.Get("Tally-Sequence")
		return r
	}
	// read takes the route as the specification has it, and what stands in its path.
	read := func(who identity, route, value string, pairs ...string) {
		t.Helper()
		tried[route] = true
		before, after, _ := strings.Cut(route, "{")
		_, after, _ = strings.Cut(after, "}")
		r := p.call(who, "GET", before+value+after, "").want(200, pairs...)
		if got := r.header.Get("Tally-Sequence"); got != written {
			t.Errorf("%s is as of %q, and was written at %q", route, got, written)
		}
	}
	write(operator, "PATCH", "/v1/projects/"+string(p.id), `{"name":"Then"}`)
	read(operator, "/v1/projects/{project_id}", string(p.id), "name", "Then")
	key := write(operator, "POST", "/v1/projects/"+string(p.id)+"/credentials", "").get("api_key")
	read(operator, "/v1/projects/{project_id}/credentials", string(p.id), "data.1.api_key", key)
	write(p.identity, "PUT", "/v1/assets/POINTS", `{"scale":0}`)
	read(p.identity, "/v1/assets/{code}", "POINTS", "scale", "0")
	write(p.identity, "PUT", "/v1/customers/ama", `{"username":"ama"}`)
	read(p.identity, "/v1/customers/{customer_id}", "ama", "username", "ama")
	id := write(p.identity, "POST", "/v1/wallets", `{"customer_id":"ama"}`).get("id")
	read(p.identity, "/v1/wallets/{wallet_id}", id, "status", "active")
	number := p.do("GET", "/v1/wallets/"+id, "").get("number")
	granted := write(p.identity, "POST", "/v1/wallets/"+id+"/credit", `{"reference":"g","amount":"5","expires_at":"`+p.in(time.Hour)+`"}`)
	read(p.identity, "/v1/wallets/{wallet_id}/credits", id, "data.0.remaining", "5.00")
	read(p.identity, "/v1/wallets/{wallet_id}/balance", id, "balance", "5.00")
	read(p.identity, "/api/v1/wallets/{wall_id}/balance/", id, "balance", "5.00")
	read(p.identity, "/api/v1/wallets/{number}", number, "amount", "5.00")
	read(p.identity, "/v1/transactions/{transaction_id}", granted.get("id"), "reference", "g")
	write(p.identity, "POST", "/v1/wallets/"+id+"/monitors", `{"metric":"held","threshold":"1"}`)
	read(p.identity, "/v1/wallets/{wallet_id}/monitors", id, "data.0.above", "false")
	hold := write(p.identity, "POST", "/v1/holds", `{"reference":"h","wallet_id":"`+id+`","amount":"1"}`).get("hold.id")
	read(p.identity, "/v1/holds/{hold_id}", hold, "status", "active")
	other := p.wallet("kofi", "")
	escrow := write(p.identity, "POST", "/v1/escrows", `{"reference":"e","sender_wallet_id":"`+id+`","recipient_wallet_id":"`+other+`","amount":"1"}`).get("escrow.id")
	read(p.identity, "/v1/escrows/{escrow_id}", escrow, "status", "open")
	tried["/v1/wallets/{wallet_id}/entries"] = true     // a list, as of its Tally-Sequence
	tried["/v1/wallets/{wallet_id}/history"] = true     // so is this
	tried["/v1/webhook-endpoints/{endpoint_id}"] = true // PostgreSQL itself has these
	for path, item := range contract().Paths.Map() {
		if item.Get != nil && strings.Contains(path, "{") && !tried[path] {
			t.Errorf("GET %s is not read after its write here", path)
		}
	}
}

// readAsMade reads a thing as of the response that made it, and fails the test if the
// two differ in what they show or in their place in the log.
func (p *tenant) readAsMade(path string, made reply, thing string) reply {
	p.t.Helper()
	place := made.header.Get("Tally-Sequence")
	read := p.do("GET", path, "", "Tally-Min-Sequence", place)
	if got, want := string(read.body), made.get(thing); !sameJSON(p.t, got, want) {
		p.t.Errorf("read as %s, made as %s", got, want)
	}
	if got := read.header.Get("Tally-Sequence"); got != place {
		p.t.Errorf("read as of %q, made at %q", got, place)
	}
	return read
}

func sameJSON(t testing.TB, a, b string) bool {
	t.Helper()
	var left, right any
	if err := json.Unmarshal([]byte(a), &left); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b), &right); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(left, right)
}
