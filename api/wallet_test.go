package api

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestWallets(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Wallets", "GHS", `,"locale":"en-GH"`)
	p.do("PUT", "/v1/customers/ama", "").want(200)
	made := p.do("POST", "/v1/wallets", `{"customer_id":"ama","name":"main","metadata":{"tier":"gold"}}`).want(201,
		"customer_id", "ama", "currency", "GHS", "status", "active", "system", "false", "version", "0", "metadata.tier", "gold")
	id := made.get("id")
	p.do("POST", "/v1/wallets/"+id+"/topup", `{"reference":"r","amount_minor":15000}`).want(201)
	p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"GHS"}`).want(200, "id", id, "name", "main", "created_at", made.get("created_at"))
	p.do("GET", "/v1/wallets/"+id, "").want(200, "balance", "150.00", "balance_minor", "15000", "balance_formatted", "GH₵150.00",
		"available", "150.00", "held", "0.00", "version", "1", "created_at", made.get("created_at"))
	p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"USD"}`).want(201, "currency", "USD")

	p.do("PUT", "/v1/assets/STARS", `{"scale":1,"symbol":"★"}`).want(200, "numeric_id", "<nil>")
	pot := p.do("POST", "/v1/wallets", `{"system":true,"currency":"STARS"}`).want(201, "customer_id", "<nil>", "role", "system", "balance_formatted", "★0.0").get("id")
	p.do("POST", "/v1/wallets", `{"system":true,"currency":"STARS"}`).want(201)
	p.do("POST", "/v1/wallets/"+pot+"/topup", `{"reference":"s","amount":"2.5"}`).want(201)

	p.do("GET", "/v1/wallets?customer_id=ama&currency=GHS", "").want(200, "data.0.id", id, "data.1", "(none)", "next_cursor", "<nil>")
	p.do("GET", "/v1/wallets?metadata[tier]=gold", "").want(200, "data.0.id", id, "data.1", "(none)")
	p.do("GET", "/v1/wallets?system=true&name=issuance+STARS", "").want(200, "data.0.available", "<nil>", "data.0.role", "issuance")
	page := p.do("GET", "/v1/wallets?limit=1&system=false", "").want(200)
	p.do("GET", "/v1/wallets?limit=1&system=false&cursor="+url.QueryEscape(page.get("next_cursor")), "").want(200, "data.0.id", id, "next_cursor", "<nil>")

	p.unchanged(func() {
		p.do("POST", "/v1/wallets", `{"customer_id":"nobody"}`).wantError(404, "NOT_FOUND", `"nobody"`)
		p.do("POST", "/v1/wallets", `{"customer_id":"ama","system":true}`).wantError(400, "BAD_REQUEST", "not both")
		p.do("POST", "/v1/wallets", `{}`).wantError(400, "BAD_REQUEST", "customer_id is required")
		p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"NOPE"}`).wantError(400, "BAD_REQUEST", "NOPE")
		p.do("POST", "/v1/wallets", `{"customer_id":"ama","type":"CREDIT"}`).wantError(400, "BAD_REQUEST", "PREPAID")
		p.do("GET", "/v1/wallets/wall_0000000000000", "").wantError(404, "NOT_FOUND", "Wallet not found")
		p.do("GET", "/v1/wallets/"+strings.Repeat("w", 300), "").wantError(404, "NOT_FOUND")
		p.do("GET", "/v1/wallets/%00", "").wantError(404, "NOT_FOUND")
	})
}

func TestWalletStatus(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Status", "GHS", "")
	id := p.wallet("ama", "10")
	path := "/v1/wallets/" + id
	p.do("POST", path+"/disable", `{"reason":"lost phone","actor":"support"}`).want(200, "status", "disabled", "balance", "10.00")
	p.unchanged(func() { p.do("POST", path+"/disable/", "").want(200, "status", "disabled") })
	p.do("POST", path+"/withdraw", `{"reference":"d","amount":"1"}`).wantError(422, "WALLET_DISABLED").
		want(422, "error.details.wallet_id", id, "error.details.failed_operation", "0", "error.details.transaction.status", "failed",
			"error.details.transaction.failure.code", "WALLET_DISABLED", "error.name", "WalletDisabledError")
	p.do("GET", "/v1/wallets?status=disabled", "").want(200, "data.0.id", id)
	p.do("POST", path+"/enable", `{}`).want(200, "status", "active")
	p.do("POST", path+"/withdraw", `{"reference":"d2","amount":"1"}`).want(201)
	p.do("POST", path+"/disable", `{"why":"x"}`).wantError(400, "BAD_REQUEST", `"why"`)
	p.do("POST", "/v1/wallets/wall_0000000000000/disable", "").wantError(404, "NOT_FOUND")
}

func TestBalances(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Balances", "GHS", "")
	id := p.wallet("ama", "100")
	path := "/v1/wallets/" + id
	before := p.do("GET", path+"/balance", "").want(200, "balance", "100.00", "version", "1", "wallet_id", id).get("as_of")
	first := p.do("GET", path+"/entries", "").want(200, "data.0.kind", "issue", "data.0.balance_after", "100.00").get("data.0.created_at")
	p.do("POST", path+"/withdraw", `{"reference":"d","amount":"40","description":"lunch"}`).want(201)
	p.do("GET", path+"/balance", "").want(200, "balance", "60.00", "version", "2")
	p.do("GET", path+"/balance?at="+first, "").want(200, "balance", "100.00", "version", "1", "as_of", first)
	p.do("GET", path+"/balance?at="+before, "").want(200, "balance", "100.00")
	p.do("GET", path+"/balance?at=2020-01-01T00:00:00%2B01:00", "").want(200, "balance", "0.00", "version", "0", "balance_minor", "0")
	p.do("GET", path+"/balance?at="+time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "").wantError(400, "BAD_REQUEST", "future")
	p.do("GET", path+"/balance?at=yesterday", "").wantError(400, "BAD_REQUEST", "RFC 3339", "yesterday")
	p.do("GET", "/v1/wallets/wall_0000000000000/balance", "").wantError(404, "NOT_FOUND")

	p.do("GET", path+"/entries", "").want(200, "data.0.kind", "redeem", "data.0.amount", "-40.00", "data.0.amount_minor", "-4000", "data.2", "(none)",
		"data.0.reference", "d", "data.0.description", "lunch", "data.0.counterparty_wallet_id", "<nil>")
	p.do("GET", path+"/entries?kind=issue", "").want(200, "data.0.kind", "issue", "data.1", "(none)")
	p.do("GET", path+"/entries?to="+first, "").want(200, "data", "[]")
	page := p.do("GET", path+"/entries?limit=1", "").want(200, "data.0.version", "2")
	p.do("GET", path+"/entries?limit=1&cursor="+page.get("next_cursor"), "").want(200, "data.0.version", "1", "next_cursor", "<nil>")
	p.do("GET", "/v1/wallets/wall_0000000000000/entries", "").wantError(404, "NOT_FOUND")
}

func TestCustomersAndAssets(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Customers", "GHS", "")
	p.do("PUT", "/v1/customers/a%2Fb%20c", `{"username":"slash","email":"A@B.com","metadata":{"k":"v"}}`).
		want(200, "id", "a/b c", "email", "a@b.com", "metadata.k", "v")
	p.do("PUT", "/v1/customers/a%2Fb%20c/", `{"name":"Ama"}`).want(200, "username", "slash", "name", "Ama")
	p.do("PUT", "/v1/customers/ends%2F", "").want(200, "id", "ends/")
	p.do("GET", "/v1/customers/ends%2F", "").want(200, "id", "ends/")
	p.do("GET", "/v1/customers/ends", "").wantError(404, "NOT_FOUND")
	p.do("GET", "/v1/customers?limit=1", "").want(200, "data.0.id", "ends/")
	p.do("PUT", "/v1/customers/other", `{"username":"slash"}`).wantError(409, "IDENTIFIER_TAKEN", "username").want(409, "error.details.field", "username")
	p.unchanged(func() {
		p.do("PUT", "/v1/customers/"+strings.Repeat("x", 300), "").wantError(400, "BAD_REQUEST", "customer_id has 300 bytes")
		p.do("PUT", "/v1/customers/%00", "").wantError(400, "BAD_REQUEST", "NUL")
		p.do("PUT", "/v1/customers/x", `{"name":"a\u0000"}`).wantError(400, "BAD_REQUEST", "name contains a NUL")
		p.do("PUT", "/v1/customers/x", `{"metadata":{"n":1}}`).wantError(400, "BAD_REQUEST", "metadata", "must be a string")
	})

	p.do("PUT", "/v1/assets/MILES", `{"scale":0,"name":"Miles","symbol":"mi","numeric_id":9000}`).want(200, "code", "MILES", "numeric_id", "9000")
	p.do("PUT", "/v1/assets/MILES", `{"scale":0,"name":"Air miles","symbol":"mi","numeric_id":9000}`).want(200, "name", "Air miles")
	p.do("GET", "/v1/assets/MILES", "").want(200, "name", "Air miles")
	p.do("GET", "/v1/assets/USD", "").want(200, "scale", "2", "numeric_id", "840")
	p.do("GET", "/v1/assets", "").want(200, "data.0.code", "MILES", "data.1", "(none)")
	p.unchanged(func() {
		p.do("PUT", "/v1/assets/MILES", `{"scale":2}`).wantError(409, "ASSET_CONFLICT", "scale 0")
		p.do("PUT", "/v1/assets/USD", `{"scale":2}`).wantError(409, "ASSET_CONFLICT")
		p.do("PUT", "/v1/assets/x", `{"scale":2}`).wantError(400, "BAD_REQUEST", "asset code")
		p.do("PUT", "/v1/assets/NEW", `{}`).wantError(400, "BAD_REQUEST", "scale is required")
		p.do("PUT", "/v1/assets/NEW", `{"scale":1.5}`).wantError(400, "BAD_REQUEST", "scale must be a whole number, not 1.5")
		p.do("GET", "/v1/assets/NONE", "").wantError(404, "NOT_FOUND", "Asset not found")
	})
}

func TestWhatBelongsToOthersDoesNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.tenant("Mine", "GHS", ""), w.tenant("Theirs", "GHS", "")
	wallet := a.wallet("ama", "100")
	own := b.wallet("ama", "100")
	a.do("PUT", "/v1/assets/POINTS", `{"scale":0}`).want(200)
	moved := a.do("POST", "/v1/wallets/"+wallet+"/withdraw", `{"reference":"mine","amount":"1"}`).want(201).get("id")
	hook := a.do("POST", "/v1/webhook-endpoints", `{"url":"https://example.com"}`).want(201).get("id")
	w.unchanged(func() {
		for _, path := range []string{
			"/v1/wallets/" + wallet, "/v1/wallets/" + wallet + "/balance", "/v1/wallets/" + wallet + "/balance?at=2020-01-01T00:00:00Z",
			"/v1/wallets/" + wallet + "/entries", "/v1/wallets/" + wallet + "/history", "/v1/wallets/" + wallet + "/credits", "/v1/wallets/" + wallet + "/monitors",
			"/api/v1/wallets/" + wallet + "/balance/", "/v1/transactions/" + moved, "/v1/assets/POINTS", "/v1/webhook-endpoints/" + hook,
		} {
			b.do("GET", path, "").wantError(404, "NOT_FOUND")
		}
		for path, body := range map[string]string{
			"/v1/wallets/" + wallet + "/disable":     "",
			"/v1/wallets/" + wallet + "/enable":      "",
			"/v1/wallets/" + wallet + "/freeze":      "",
			"/v1/wallets/" + wallet + "/unfreeze":    "",
			"/v1/wallets/" + wallet + "/close":       "",
			"/v1/wallets/" + wallet + "/close/":      `{"redeem":true,"reference":"x"}`,
			"/v1/wallets/" + wallet + "/credit":      `{"reference":"x","amount":"1"}`,
			"/v1/wallets/" + wallet + "/settle":      `{"reference":"x"}`,
			"/v1/wallets/" + wallet + "/monitors":    `{"metric":"held","threshold":"1"}`,
			"/v1/holds":                              `{"reference":"x","wallet_id":"` + wallet + `","amount":"1"}`,
			"/v1/escrows":                            `{"reference":"x","sender_wallet_id":"` + own + `","recipient_wallet_id":"` + wallet + `","amount":"1"}`,
			"/v1/escrows/":                           `{"reference":"x","sender_wallet_id":"` + wallet + `","recipient_wallet_id":"` + own + `","amount":"1"}`,
			"/v1/transactions/" + moved + "/reverse": `{"reference":"x"}`,
			"/v1/transactions/" + moved + "/cancel":  "",
			"/v1/transactions":                       `{"reference":"x","preconditions":[{"wallet_id":"` + wallet + `","version":1}],"operations":[{"type":"issue","recipient_wallet_id":"` + own + `","amount":"1"}]}`,
			"/v1/wallets/" + wallet + "/topup":       `{"reference":"x","amount":"1"}`,
			"/v1/wallets/" + wallet + "/withdraw":    `{"reference":"x","amount":"1"}`,
			"/v1/transfers":                          `{"reference":"x","sender_wallet_id":"` + own + `","recipient_wallet_id":"` + wallet + `","amount":"1"}`,
			"/v1/transfers/":                         `{"reference":"x","sender_wallet_id":"` + wallet + `","recipient_wallet_id":"` + own + `","amount":"1"}`,
			"/api/v1/transactions/wallet/transfer/":  `{"sender_wallet_id":"` + wallet + `","recipient_identifier":"ama","amount":1}`,
		} {
			b.do("POST", path, body).wantError(404, "NOT_FOUND")
		}
		b.do("PATCH", "/v1/wallets/"+wallet, `{"name":"mine"}`).wantError(404, "NOT_FOUND")
		b.do("DELETE", "/v1/webhook-endpoints/"+hook, "").wantError(404, "NOT_FOUND")
	})
	b.do("GET", "/v1/transactions?reference=mine", "").want(200, "data", "[]")
	b.do("GET", "/v1/transactions?wallet_id="+wallet, "").want(200, "data", "[]")
	b.do("GET", "/v1/wallets", "").want(200, "data.1.id", own)
	b.do("GET", "/v1/webhook-endpoints", "").want(200, "data", "[]")
	b.do("POST", "/v1/wallets/"+own+"/withdraw", `{"reference":"mine","amount":"1"}`).want(201)
}

func TestWhenPostgresIsDown(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Down", "GHS", "")
	id := p.wallet("ama", "100")
	p.rows.err = errors.New("dial tcp: connection refused")
	p.webhooks.err = p.rows.err
	for _, path := range []string{"/v1/wallets", "/v1/customers", "/v1/transactions", "/v1/wallets/" + id + "/entries",
		"/v1/wallets/" + id + "/balance?at=2020-01-01T00:00:00Z", "/v1/webhook-endpoints"} {
		reply := p.do("GET", path, "").wantError(503, "UNAVAILABLE")
		if reply.header.Get("Retry-After") != "1" || strings.Contains(string(reply.body), "refused") {
			t.Errorf("Retry-After %q: %s", reply.header.Get("Retry-After"), reply.body)
		}
	}
	p.do("GET", "/v1/wallets/"+id+"/balance", "").want(200, "balance", "100.00")
	p.do("POST", "/v1/wallets/"+id+"/withdraw", `{"reference":"r","amount":"1"}`).want(201)
	if !strings.Contains(p.logged.String(), "connection refused") {
		t.Error("the cause is not in the log")
	}
}

func TestReadYourWrites(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Sequence", "GHS", "")
	id := p.wallet("ama", "100")
	written := p.do("POST", "/v1/wallets/"+id+"/withdraw", `{"reference":"r","amount":"1"}`).want(201).header.Get("Tally-Sequence")
	for _, path := range []string{"/v1/wallets", "/v1/wallets/" + id, "/v1/wallets/" + id + "/balance", "/v1/transactions", "/v1/customers"} {
		reply := p.do("GET", path, "", "Tally-Min-Sequence", written).want(200)
		if got := reply.header.Get("Tally-Sequence"); got != written {
			t.Errorf("%s is as of %q, want %q", path, got, written)
		}
		shard, _, _ := strings.Cut(written, ":")
		ahead := p.do("GET", path, "", "Tally-Min-Sequence", shard+":99999").wantError(503, "UNAVAILABLE")
		if ahead.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		for _, wrong := range []string{"x", "1", ":", "0:", ":1", "0:-1", "0:1:2", "9:1", "0:99999999999999999999", "+0:1"} {
			p.do("GET", path, "", "Tally-Min-Sequence", wrong).wantError(400, "BAD_REQUEST", "Tally-Min-Sequence")
		}
		other := map[string]string{"0": "1", "1": "0"}[shard]
		p.do("GET", path, "", "Tally-Min-Sequence", other+":99999").want(200)
	}
	p.rows.lag = 1
	p.do("GET", "/v1/wallets", "", "Tally-Min-Sequence", written).wantError(503, "UNAVAILABLE", "behind")
	p.do("GET", "/v1/wallets/"+id+"/balance?at=2020-01-01T00:00:00Z", "").wantError(503, "UNAVAILABLE", "behind")
	p.do("GET", "/v1/wallets", "").want(200)
}
