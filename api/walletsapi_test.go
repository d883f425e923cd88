package api

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// TestWalletsAPIAsDocumented does what Wallets API's page shows.
func TestWalletsAPIAsDocumented(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("Numbered", "USD", ""), w.tenant("Others", "USD", "")
	usd := p.wallet("ama", "5000")
	number := p.do("GET", "/v1/wallets/"+usd, "").want(200).get("number")
	p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"JPY","name":"travel"}`).want(201)
	p.do("PUT", "/v1/assets/MILES", `{"scale":1,"numeric_id":9001}`).want(200)
	p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"MILES"}`).want(201)
	p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"EUR","type":"POSTPAID","credit_limit":"20"}`).want(201)
	header := func(r reply, want string) {
		t.Helper()
		var got []string
		for _, name := range []string{"X-Page", "X-Per-Page", "X-Total-Count", "X-Total-Pages", "X-Page-Size", "X-Has-More"} {
			got = append(got, r.header.Get(name))
		}
		if all := strings.Join(got, " "); all != want {
			t.Errorf("the headers are %s, want %s", all, want)
		}
	}
	all := p.do("GET", "/api/v1/wallets", "").want(200, "0.currency_id", "978", "0.type", "POSTPAID", "0.amount", "0.00", "1.currency_id", "9001", "1.amount", "0.0",
		"2.amount", "0", "3.id", number, "3.currency_id", "840", "3.amount", "5000.00", "3.type", "PREPAID", "3.wallet_id", usd, "4", "(none)")
	header(all, "1 50 4 1 4 false")
	if !strings.Contains(string(all.body), `"amount":5000.00`) {
		t.Errorf("the amount is not a number in major units: %s", all.body)
	}
	header(p.do("GET", "/api/v1/wallets/?limit=3&page=1", "").want(200, "2.currency_id", "392", "3", "(none)"), "1 3 4 2 3 true")
	header(p.do("GET", "/api/v1/wallets?limit=3&page=2", "").want(200, "0.id", number, "1", "(none)"), "2 3 4 2 1 false")
	if far := p.do("GET", "/api/v1/wallets?limit=3&page=9", ""); string(far.body) != "[]" {
		t.Errorf("a page after the last is %s", far.body)
	}
	p.do("GET", "/api/v1/wallets?currency=JPY", "").want(200, "0.name", "travel", "1", "(none)")
	p.do("GET", "/api/v1/wallets?currency=392&name=travel", "").want(200, "0.name", "travel", "1", "(none)")
	p.do("GET", "/api/v1/wallets?currency=9001", "").want(200, "0.currency", "MILES", "1", "(none)")
	header(p.do("GET", "/api/v1/wallets?currency=1", ""), "1 50 0 0 0 false")
	p.do("GET", "/api/v1/wallets/"+number, "").want(200, "id", number, "currency_id", "840", "amount", "5000.00", "type", "PREPAID")
	for query, message := range map[string]string{
		"sort=id": `"sort"`, "limit=0": "1 to 10000", "limit=10001": "1 to 10000", "page=0": "page must be 1", "page=x": "page must be 1", "cursor=x": `"cursor"`,
	} {
		p.do("GET", "/api/v1/wallets?"+query, "").wantError(400, "BAD_REQUEST", message).want(400, "error.name", "BadRequestError")
	}
	for _, wrong := range []string{"x", "0", "-1", "1.5", "99999999999999999999999", usd, "%00"} {
		p.do("GET", "/api/v1/wallets/"+wrong, "").want(400, "error.name", "BadRequestError", "error.code", "BAD_REQUEST", "error.message", "Invalid wallet ID")
	}
	p.do("GET", "/api/v1/wallets/999999", "").want(404, "error.name", "NotFoundError", "error.code", "NOT_FOUND", "error.message", "Wallet not found")
	q.do("GET", "/api/v1/wallets/"+number, "").want(404, "error.message", "Wallet not found")
	header(q.do("GET", "/api/v1/wallets", ""), "1 50 0 0 0 false")
	w.call(identity{}, "GET", "/api/v1/wallets", "").want(401, "error.name", "UnauthorizedError", "error.code", "UNAUTHORIZED")
	p.rows.err = errors.New("down")
	p.do("GET", "/api/v1/wallets", "").wantError(503, "UNAVAILABLE")
	p.do("GET", "/api/v1/wallets/"+number, "").want(200)
}

// TestNumberedListIsOfNow: the list shows what wallets hold now, also while the
// read model is behind, and waits for wallets where it is told what it must have.
func TestNumberedListIsOfNow(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Behind", "USD", "")
	id := p.wallet("ama", "5")
	seen := p.do("GET", "/api/v1/wallets", "").want(200, "0.amount", "5.00").header.Get("Tally-Sequence")
	p.rows.lag = 3
	p.do("POST", "/v1/wallets/"+id+"/topup", `{"reference":"more","amount":"1"}`).want(201)
	p.do("POST", "/v1/wallets/"+id+"/freeze", "").want(200)
	made := p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"EUR"}`).want(201).header.Get("Tally-Sequence")
	list := p.do("GET", "/api/v1/wallets", "").want(200, "0.wallet_id", id, "0.amount", "6.00", "0.status", "frozen", "1", "(none)")
	if got := list.header.Get("Tally-Sequence"); got != seen {
		t.Errorf("the page has the wallets of %s, and says %s", seen, got)
	}
	p.do("GET", "/api/v1/wallets", "", "Tally-Min-Sequence", made).wantError(503, "UNAVAILABLE")
	p.rows.lag = 0
	p.do("GET", "/api/v1/wallets", "", "Tally-Min-Sequence", made).want(200, "0.currency", "EUR", "1.amount", "6.00")
}

func TestHostPayWalletControls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("HOST Pay", "SLE", ""), w.tenant("Others", "SLE", "")
	id := p.wallet("user_123", "100")
	path := "/api/v1/wallets/" + id
	p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":"30","reference":"h"}`).want(201)
	balance := p.do("GET", path+"/balance/", "").want(200, "wallet_id", id, "user_id", "user_123", "balance", "100.00", "available", "70.00", "held", "30.00",
		"currency", "SLE", "status", "active")
	if !strings.Contains(string(balance.body), `"balance":100.00`) {
		t.Errorf("the balance is not a number in major units: %s", balance.body)
	}
	p.do("POST", path+"/disable/", "").want(200, "id", id, "status", "disabled", "balance", "100.00")
	p.unchanged(func() { p.do("POST", path+"/disable", `{"reason":"again"}`).want(200) })
	p.do("POST", "/v1/wallets/"+id+"/topup", `{"reference":"x","amount":"1"}`).wantError(422, "WALLET_DISABLED")
	p.do("POST", path+"/enable/", "{}").want(200, "status", "active")
	p.do("POST", "/v1/wallets/"+id+"/freeze", "").want(200)
	p.do("GET", path+"/balance", "").want(200, "status", "frozen")
	p.unchanged(func() {
		for _, who := range []*tenant{q, p} {
			unknown := map[*tenant]string{q: path, p: "/api/v1/wallets/wall_0000000000000"}[who]
			who.do("GET", unknown+"/balance/", "").wantError(404, "NOT_FOUND")
			who.do("POST", unknown+"/disable/", "").wantError(404, "NOT_FOUND")
			who.do("POST", unknown+"/enable/", "").wantError(404, "NOT_FOUND")
		}
		p.do("POST", path+"/disable/", `{"amount":1}`).wantError(400, "BAD_REQUEST", fmt.Sprintf("%q", "amount"))
	})
}
