package api

import (
	"testing"
	"time"
)

func TestExpiringCredit(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Credit", "GHS", "")
	id := p.wallet("ama", "10")
	path := "/v1/wallets/" + id
	soon, later := p.in(time.Hour), p.in(2*time.Hour)
	granted := p.do("POST", path+"/credit", `{"reference":"bonus","amount":"5","expires_at":"`+later+`","description":"Welcome"}`).want(201,
		"operations.0.type", "issue", "operations.0.grant", "true", "wallets.1.wallet_id", id, "wallets.1.balance", "15.00",
		"wallets.1.available", "15.00", "wallets.1.version", "2", "wallets.0.available", "<nil>", "wallets.0.balance", "-15.00", "entries.1.lots.0.amount", "5.00")
	lot := granted.get("entries.1.lots.0.id")
	p.do("POST", path+"/topup", `{"reference":"promo","amount":"3","expires_at":"`+soon+`"}`).want(201, "operations.0.grant", "(none)")
	p.do("POST", path+"/credit", `{"reference":"plain","amount":"1"}`).want(201, "operations.0.expires_at", "(none)", "entries.1.lots", "(none)")
	page := p.do("GET", path+"/credits?limit=1", "").want(200, "data.0.original", "3.00", "data.0.remaining", "3.00", "data.0.currency", "GHS", "data.0.wallet_id", id)
	cursor := page.get("next_cursor")
	p.do("GET", path+"/credits?limit=1&cursor="+cursor, "").want(200, "data.0.id", lot, "data.0.remaining_minor", "500", "data.1", "(none)", "next_cursor", "<nil>")
	for _, wrong := range []string{"x", cursor + "0", cursor[1:], lot} {
		p.do("GET", path+"/credits?cursor="+wrong, "").wantError(400, "BAD_REQUEST", "cursor")
	}
	p.do("POST", path+"/withdraw", `{"reference":"spend","amount":"4"}`).want(201, "entries.0.lots.0.amount", "3.00", "entries.0.lots.1.amount", "1.00", "entries.0.lots.1.original", "5.00")
	p.do("GET", path+"/credits", "").want(200, "data.0.id", lot, "data.0.remaining", "4.00", "data.1", "(none)")
	p.do("GET", path+"/credits?cursor="+cursor, "").want(200, "data.0.id", lot, "data.1", "(none)")
	p.pass(2 * time.Hour)
	p.do("GET", path+"/credits", "").want(200, "data", "[]")
	p.do("GET", path+"/credits?cursor="+cursor, "").want(200, "data", "[]")
	p.do("GET", path+"/balance", "").want(200, "balance", "11.00", "available", "11.00")
	p.do("GET", "/v1/transactions?wallet_id="+id+"&limit=1", "").want(200, "data.0.origin.kind", "expiry", "data.0.origin.id", lot, "data.0.operations.0.amount", "4.00",
		"data.0.entries.0.lots.0.id", lot)
	p.unchanged(func() {
		p.do("POST", path+"/credit", `{"reference":"x","amount":"5","expires_at":"`+soon+`"}`).wantError(400, "BAD_REQUEST", "expires_at must be in the future")
		for _, wrong := range []string{"tomorrow", "2026-08-01", "0001-01-01T00:00:00Z"} {
			p.do("POST", path+"/credit", `{"reference":"x","amount":"5","expires_at":"`+wrong+`"}`).wantError(400, "BAD_REQUEST", "expires_at", "RFC 3339", wrong)
		}
		p.do("POST", path+"/credit", `{"reference":"x","amount":"5","expires_at":7}`).wantError(400, "BAD_REQUEST", "expires_at must be a string")
		p.do("POST", path+"/withdraw", `{"reference":"x","amount":"5","expires_at":"`+p.in(time.Hour)+`"}`).wantError(400, "BAD_REQUEST", "expires_at")
		p.do("POST", path+"/credit", `{"reference":"bonus","amount":"5"}`).wantError(409, "DUPLICATE_REFERENCE_ID").
			want(409, "error.details.transaction.entries.1.lots.0.id", lot, "error.details.transaction.wallets", "(none)")
		p.do("GET", "/v1/wallets/wall_0000000000000/credits", "").wantError(404, "NOT_FOUND")
	})
}

func TestPostpaid(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Postpaid", "GHS", "")
	payer := p.wallet("kofi", "100")
	p.do("PUT", "/v1/customers/ama", "").want(200)
	id := p.do("POST", "/v1/wallets", `{"customer_id":"ama","type":"POSTPAID","credit_limit":"50","settlement":{"period":"monthly","day":31}}`).want(201,
		"type", "POSTPAID", "credit_limit", "50.00", "credit_limit_minor", "5000", "available", "50.00", "balance", "0.00",
		"settlement.period", "monthly", "settlement.day", "31", "settlement.amount_due", "0.00").get("id")
	path := "/v1/wallets/" + id
	p.do("GET", "/v1/wallets?type=POSTPAID", "").want(200, "data.0.id", id, "data.0.credit_limit", "50.00", "data.1", "(none)")
	p.do("POST", path+"/withdraw", `{"reference":"d","amount":"40"}`).want(201, "wallets.0.balance", "-40.00", "wallets.0.available", "10.00", "wallets.1.available", "<nil>")
	p.do("POST", path+"/withdraw", `{"reference":"e","amount":"11"}`).wantError(422, "INSUFFICIENT_FUNDS").want(422, "error.details.available", "10.00")
	p.do("PATCH", path, `{"credit_limit_minor":3000}`).want(200, "credit_limit", "30.00", "available", "-10.00")
	p.do("POST", path+"/withdraw", `{"reference":"f","amount":"0.01"}`).wantError(422, "INSUFFICIENT_FUNDS").want(422, "error.details.available", "-10.00")
	p.pass(32 * 24 * time.Hour)
	p.do("GET", path, "").want(200, "settlement.amount_due", "40.00", "settlement.amount_due_minor", "4000")
	p.do("GET", "/v1/wallets?type=POSTPAID", "").want(200, "data.0.settlement.amount_due", "40.00")
	p.unchanged(func() {
		p.do("POST", path+"/settle", `{"reference":"s","amount":"40.01"}`).wantError(422, "AMOUNT_TOO_LARGE", "40.00").
			want(422, "error.details.owed", "40.00", "error.details.transaction", "(none)")
		p.do("POST", "/v1/wallets/"+payer+"/settle", `{"reference":"s"}`).wantError(400, "BAD_REQUEST", "POSTPAID")
		p.do("POST", path+"/settle", `{"amount":"1"}`).wantError(400, "BAD_REQUEST", "reference is required")
		p.do("POST", path+"/settle", `{"reference":"s","amount":"1","amount_minor":100}`).wantError(400, "BAD_REQUEST", "once")
		p.do("POST", path+"/settle", `{"reference":"s","sender_wallet_id":"wall_0000000000000"}`).wantError(404, "NOT_FOUND")
	})
	p.do("POST", path+"/settle", `{"reference":"part","amount":"15","sender_wallet_id":"`+payer+`"}`).want(201,
		"origin.kind", "settlement", "origin.id", id, "operations.0.type", "transfer", "wallets.0.balance", "85.00", "wallets.1.balance", "-25.00")
	p.do("POST", path+"/settle", `{"reference":"rest"}`).want(201, "operations.0.type", "issue", "operations.0.amount", "25.00")
	p.do("GET", path, "").want(200, "balance", "0.00", "available", "30.00", "settlement.amount_due", "0.00")
	p.do("PATCH", path, `{"settlement":{}}`).want(200, "settlement", "<nil>")
	p.unchanged(func() {
		p.do("PATCH", path, `{"settlement":{"period":"yearly","day":1}}`).wantError(400, "BAD_REQUEST", "weekly", "monthly")
		p.do("PATCH", path, `{"credit_limit":"-1"}`).wantError(400, "BAD_REQUEST", "credit_limit")
	})
}

func TestMonitors(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Monitors", "GHS", "")
	id := p.wallet("ama", "10")
	path := "/v1/wallets/" + id
	monitor := p.do("POST", path+"/monitors", `{"metric":"balance","threshold":"5"}`).want(201,
		"wallet_id", id, "metric", "balance", "threshold", "5.00", "threshold_minor", "500", "above", "true", "currency", "GHS").get("id")
	p.unchanged(func() {
		for _, same := range []string{`"threshold":"5"`, `"threshold":"5.00"`, `"threshold_minor":500`} {
			p.do("POST", path+"/monitors", `{"metric":"balance",`+same+`}`).want(200, "id", monitor)
		}
		p.do("POST", path+"/monitors", `{"metric":"balance"}`).wantError(400, "BAD_REQUEST", `"threshold": "10.00"`)
		p.do("POST", path+"/monitors", `{"metric":"balance","threshold":5}`).wantError(400, "BAD_REQUEST", `"threshold": "10.00"`)
		p.do("POST", path+"/monitors", `{"metric":"mood","threshold":"5"}`).wantError(400, "BAD_REQUEST", "balance, available or held")
		p.do("POST", path+"/monitors", `{"metric":"held","threshold":"5.001"}`).wantError(400, "BAD_REQUEST", "2 after the point")
		p.do("POST", "/v1/wallets/wall_0000000000000/monitors", `{"metric":"held","threshold":"5"}`).wantError(404, "NOT_FOUND")
		p.do("GET", path+"/monitors?limit=1", "").wantError(400, "BAD_REQUEST", "none")
	})
	p.do("POST", path+"/monitors", `{"metric":"available","threshold_minor":-5}`).want(201, "threshold", "-0.05", "above", "true")
	p.unchanged(func() { p.do("POST", path+"/monitors", `{"metric":"available","threshold":"-0.05"}`).want(200) })
	p.do("POST", path+"/withdraw", `{"reference":"d","amount":"6"}`).want(201, "status", "completed", "wallets.0.balance", "4.00")
	p.do("GET", path+"/monitors", "").want(200, "data.0.id", monitor, "data.0.above", "false", "data.1.metric", "available", "data.2", "(none)", "next_cursor", "<nil>")
	if reply := p.do("DELETE", path+"/monitors/"+monitor, ""); reply.status != 204 {
		t.Errorf("%d %s", reply.status, reply.body)
	}
	p.do("DELETE", path+"/monitors/"+monitor, "").wantError(404, "NOT_FOUND", "Monitor not found")
	p.do("GET", path+"/monitors", "").want(200, "data.0.metric", "available", "data.1", "(none)")
}
