package api

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestHolds(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Holds", "GHS", "")
	id, shop := p.wallet("ama", "100"), p.wallet("shop", "")
	expires := p.in(time.Hour)
	placed := p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":"60","reference":"room 7","expires_at":"`+expires+`","description":"Deposit","metadata":{"k":"v"}}`).want(201,
		"hold.wallet_id", id, "hold.reference", "room 7", "hold.status", "active", "hold.amount", "60.00", "hold.remaining_minor", "6000", "hold.captured", "0.00",
		"hold.description", "Deposit", "hold.metadata.k", "v", "hold.transaction_ids", "[]", "hold.currency", "GHS",
		"wallets.0.wallet_id", id, "wallets.0.balance", "100.00", "wallets.0.available", "40.00", "wallets.0.held", "60.00", "wallets.0.version", "1", "wallets.1", "(none)")
	hold := placed.get("hold.id")
	path := "/v1/holds/" + hold
	p.do("GET", path, "").want(200, "id", hold, "amount", "60.00", "reference", "room 7", "metadata.k", "v", "expires_at", placed.get("hold.expires_at"),
		"created_at", placed.get("hold.created_at"))
	p.do("GET", "/v1/wallets/"+id+"/balance", "").want(200, "balance", "100.00", "held", "60.00", "held_minor", "6000", "available", "40.00")
	p.do("GET", "/v1/wallets/"+id, "").want(200, "held", "60.00", "available", "40.00")
	p.do("GET", "/v1/wallets?customer_id=ama", "").want(200, "data.0.held", "60.00", "data.0.available", "40.00")
	p.unchanged(func() {
		p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":"1","reference":"room 7"}`).wantError(409, "DUPLICATE_REFERENCE_ID").want(409, "error.details.hold_id", hold)
		p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":"40.01","reference":"more"}`).wantError(422, "INSUFFICIENT_FUNDS").
			want(422, "error.details.available", "40.00", "error.details.transaction", "(none)")
		p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":"1"}`).wantError(400, "BAD_REQUEST", "reference is required")
		p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","amount":1,"reference":"x"}`).wantError(400, "BAD_REQUEST", `"amount": "10.00"`)
		p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","reference":"x"}`).wantError(400, "BAD_REQUEST", "once")
		p.do("POST", "/v1/holds", `{"wallet_id":"wall_0000000000000","amount":"1","reference":"x"}`).wantError(404, "NOT_FOUND")
		p.do("POST", path+"/capture", `{"reference":"c","amount":"60.01"}`).wantError(422, "AMOUNT_TOO_LARGE").want(422, "error.details.remaining", "60.00")
		p.do("POST", path+"/capture", `{"reference":"fund-ama"}`).wantError(409, "DUPLICATE_REFERENCE_ID").want(409, "error.details.transaction.reference", "fund-ama")
		p.do("POST", path+"/capture", `{"reference":"c","recipient_wallet_id":"wall_0000000000000"}`).wantError(404, "NOT_FOUND")
	})
	captured := p.do("POST", path+"/capture", `{"reference":"night 1","amount":"25","recipient_wallet_id":"`+shop+`"}`).want(201,
		"hold.id", hold, "hold.wallet_id", id, "hold.status", "active", "hold.remaining", "35.00", "transaction.reference", "night 1",
		"transaction.origin.kind", "capture", "transaction.origin.id", hold, "transaction.entries.0.amount", "-25.00",
		"wallets.0.balance", "75.00", "wallets.0.available", "40.00", "wallets.0.held", "35.00", "wallets.1.wallet_id", shop, "wallets.1.balance", "25.00")
	p.do("POST", path+"/release", `{"amount_minor":500}`).want(200, "hold.status", "active", "hold.remaining", "30.00", "transaction", "(none)", "wallets.0.available", "45.00")
	p.do("POST", path+"/capture", `{"amount":"10","release_rest":true}`, "Idempotency-Key", "night 2").want(201, "hold.remaining", "0.00",
		"transaction.operations.0.type", "redeem", "wallets.0.available", "65.00", "wallets.0.held", "0.00", "wallets.1.available", "<nil>")
	p.do("GET", path, "").want(200, "captured", "35.00", "released", "25.00", "remaining", "0.00", "transaction_ids.0", captured.get("transaction.id"))
	p.unchanged(func() {
		p.do("POST", path+"/capture", `{"reference":"night 3"}`).wantError(409, "HOLD_ENDED").want(409, "error.name", "HoldEndedError", "error.details.hold_id", hold)
	})
}

func TestHoldsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("Ends", "GHS", ""), w.tenant("Others", "GHS", "")
	id := p.wallet("ama", "100")
	body := `{"wallet_id":"` + id + `","amount":"10","reference":`
	one := p.do("POST", "/v1/holds", body+`"one"}`).want(201, "hold.expires_at", "<nil>").get("hold.id")
	two := p.do("POST", "/v1/holds", body+`"two","expires_at":"`+p.in(time.Minute)+`"}`).want(201).get("hold.id")
	three := p.do("POST", "/v1/holds", body+`"three"}`).want(201).get("hold.id")
	p.pass(time.Minute)
	p.do("GET", "/v1/holds/"+two, "").want(200, "status", "expired", "released", "10.00")
	p.do("GET", "/v1/holds?status=expired", "").want(200, "data.0.id", two, "data.1", "(none)")
	page := p.do("GET", "/v1/holds?limit=1&status=active&wallet_id="+id, "").want(200, "data.0.id", three)
	p.do("GET", "/v1/holds?limit=1&status=active&wallet_id="+id+"&cursor="+page.get("next_cursor"), "").want(200, "data.0.id", one, "next_cursor", "<nil>")
	p.do("POST", "/v1/holds/"+one+"/release", "").want(200, "hold.status", "released", "wallets.0.held", "10.00")
	p.unchanged(func() {
		p.do("POST", "/v1/holds/"+one+"/release", "").want(200, "hold.status", "released", "hold.wallet_id", id, "hold.remaining", "0.00", "wallets", "[]")
		p.do("POST", "/v1/holds/"+two+"/release", "{}").want(200, "hold.status", "expired")
		p.do("POST", "/v1/holds/"+two+"/capture", `{"reference":"c"}`).wantError(409, "HOLD_ENDED", "expired").want(409, "error.details.status", "expired")
		for _, who := range []*tenant{p, q} {
			for _, unknown := range []string{"hold_0000000000000", "nonsense", "%00", id} {
				who.do("GET", "/v1/holds/"+unknown, "").wantError(404, "NOT_FOUND", "Hold not found")
				who.do("POST", "/v1/holds/"+unknown+"/release", "").wantError(404, "NOT_FOUND")
			}
		}
		q.do("GET", "/v1/holds/"+three, "").wantError(404, "NOT_FOUND")
		q.do("POST", "/v1/holds/"+three+"/release", "").wantError(404, "NOT_FOUND")
		q.do("POST", "/v1/holds/"+three+"/capture", `{"reference":"c"}`).wantError(404, "NOT_FOUND")
		q.do("POST", "/v1/holds/"+one+"/release", "").wantError(404, "NOT_FOUND")
		p.do("GET", "/v1/holds?status=open", "").wantError(400, "BAD_REQUEST", "active, captured, released, expired")
	})
	q.do("GET", "/v1/holds", "").want(200, "data", "[]")
	p.do("POST", "/v1/wallets/"+id+"/freeze", "").want(200)
	p.do("POST", "/v1/holds", body+`"four"}`).wantError(422, "WALLET_FROZEN")
	p.do("POST", "/v1/holds/"+three+"/capture", `{"reference":"frozen"}`).wantError(422, "WALLET_FROZEN").want(422, "error.details.transaction.origin.id", three)
}

// TestHoldIsReadFromTheLedger: a hold is what it is, also while the read model is
// behind or away. Once that has caught up, it says the same to the letter.
func TestHoldIsReadFromTheLedger(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Ledger", "GHS", "")
	id := p.wallet("ama", "100")
	p.rows.err = errors.New("down")
	body := `{"wallet_id":"` + id + `","amount":"10","reference":%q,"description":"Room","metadata":{"k":"v"}%s}`
	placed := p.do("POST", "/v1/holds", fmt.Sprintf(body, "parts", `,"expires_at":"`+p.in(time.Hour)+`"`)).want(201)
	parts := placed.get("hold.id")
	path := "/v1/holds/" + parts
	p.readAsMade(path, placed, "hold").want(200, "status", "active", "remaining", "10.00")
	captured := p.do("POST", path+"/capture", `{"reference":"c1","amount":"2"}`).want(201)
	p.do("GET", path, "").want(200, "status", "active", "captured", "2.00", "remaining", "8.00", "transaction_ids", `["`+captured.get("transaction.id")+`"]`)
	p.do("POST", path+"/release", `{"amount":"3"}`).want(200)
	p.do("GET", path, "").want(200, "status", "active", "captured", "2.00", "released", "3.00", "remaining", "5.00")
	p.do("POST", path+"/capture", `{"reference":"c2"}`).want(201)
	p.do("GET", path, "").want(200, "status", "captured", "captured", "7.00", "released", "3.00", "remaining", "0.00", "transaction_ids.2", "(none)")
	whole := p.do("POST", "/v1/holds", fmt.Sprintf(body, "whole", "")).want(201).get("hold.id")
	p.do("POST", "/v1/holds/"+whole+"/capture", `{"reference":"c3"}`).want(201)
	p.do("GET", "/v1/holds/"+whole, "").want(200, "status", "captured", "captured", "10.00", "expires_at", "<nil>")
	released := p.do("POST", "/v1/holds", fmt.Sprintf(body, "released", "")).want(201).get("hold.id")
	p.do("POST", "/v1/holds/"+released+"/release", "").want(200)
	p.do("GET", "/v1/holds/"+released, "").want(200, "status", "released", "released", "10.00", "transaction_ids", "[]")
	p.do("POST", "/v1/holds/"+released+"/release", "").want(200, "hold.status", "released", "hold.wallet_id", id, "hold.remaining", "0.00", "wallets", "[]")
	p.do("GET", path, "", "Tally-Min-Sequence", p.far()).wantError(503, "UNAVAILABLE", "older than Tally-Min-Sequence")
	p.do("GET", "/v1/holds", "").wantError(503, "UNAVAILABLE")
	p.rows.err = nil
	p.sameAsListed("/v1/holds", parts, whole, released)
}
