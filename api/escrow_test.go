package api

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestEscrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("Escrows", "GHS", `,"fees":{"escrow":{"fixed":"1"}}`), w.tenant("Others", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	body := `{"sender_wallet_id":"` + from + `","recipient_identifier":"kofi","amount":"60","reference":%q,"description":"A car"%s}`
	deadline := p.in(time.Hour)
	opened := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "car", `,"deadline":"`+deadline+`","approval":true`)).want(201,
		"escrow.reference", "car", "escrow.sender_wallet_id", from, "escrow.recipient_wallet_id", to, "escrow.status", "open", "escrow.amount", "60.00",
		"escrow.remaining", "60.00", "escrow.at_deadline", "refund", "escrow.approval", "true", "escrow.approved", "[]", "escrow.expired", "false",
		"transaction.reference", "car", "transaction.origin.kind", "escrow", "transaction.operations.0.fee", "1.00", "transaction.description", "A car",
		"wallets.0.wallet_id", from, "wallets.0.balance", "39.00")
	id := opened.get("escrow.id")
	path := "/v1/escrows/" + id
	if opened.get("transaction.origin.id") != id || opened.get("escrow.transaction_id") != opened.get("transaction.id") {
		t.Errorf("escrow and transaction are not linked: %s", opened.body)
	}
	p.unchanged(func() {
		p.do("POST", "/v1/escrows", fmt.Sprintf(body, "car", "")).wantError(409, "DUPLICATE_REFERENCE_ID").want(409, "error.details.transaction.id", opened.get("transaction.id"))
		p.do("POST", path+"/release", `{"reference":"r"}`).wantError(422, "APPROVAL_MISSING").want(422, "error.name", "ApprovalMissingError")
		p.do("POST", "/v1/escrows", fmt.Sprintf(body, "x", `,"at_deadline":"release"`)).wantError(400, "BAD_REQUEST", "at_deadline")
		p.do("POST", "/v1/escrows", fmt.Sprintf(body, "x", `,"at_deadline":"burn","deadline":"`+deadline+`"`)).wantError(400, "BAD_REQUEST", "release or refund")
		p.do("POST", "/v1/escrows", fmt.Sprintf(body, "x", `,"deadline":"soon"`)).wantError(400, "BAD_REQUEST", "deadline", "RFC 3339")
		p.do("POST", "/v1/escrows", fmt.Sprintf(body, "x", `,"recipient_wallet_id":"`+to+`"`)).wantError(400, "BAD_REQUEST", "one of them")
		p.do("POST", path+"/approve", `{"party":"judge"}`).wantError(400, "BAD_REQUEST", "sender or recipient")
		p.do("POST", path+"/refund", `{"reference":"r","amount":"60.01"}`).wantError(422, "AMOUNT_TOO_LARGE").want(422, "error.details.remaining", "60.00")
		p.do("POST", path+"/refund", `{"amount":"1"}`).wantError(400, "BAD_REQUEST", "reference is required")
		for _, unknown := range []string{"esc_0000000000000", "nonsense", "%00", from} {
			p.do("GET", "/v1/escrows/"+unknown, "").wantError(404, "NOT_FOUND", "Escrow not found")
			p.do("POST", "/v1/escrows/"+unknown+"/release", `{"reference":"r"}`).wantError(404, "NOT_FOUND")
		}
		q.do("GET", path, "").wantError(404, "NOT_FOUND")
		q.do("POST", path+"/refund", `{"reference":"r"}`).wantError(404, "NOT_FOUND")
		q.do("POST", path+"/approve", `{"party":"sender"}`).wantError(404, "NOT_FOUND")
	})
	p.do("POST", path+"/approve", `{"party":"sender","actor":"ama"}`).want(200, "id", id, "status", "open", "approved", `["sender"]`)
	p.unchanged(func() { p.do("POST", path+"/approve", `{"party":"sender"}`).want(200, "approved", `["sender"]`) })
	p.do("POST", path+"/approve", `{"party":"recipient"}`).want(200, "approved", `["sender","recipient"]`)
	p.do("POST", path+"/release", `{"reference":"half","amount":"30"}`).want(201, "escrow.id", id, "escrow.status", "open", "escrow.remaining", "30.00",
		"transaction.origin.kind", "release", "transaction.origin.id", id, "wallets.1.wallet_id", to, "wallets.1.balance", "30.00", "wallets.0.balance", "30.00")
	p.do("POST", path+"/refund", `{"reference":"some","amount_minor":1000}`).want(201, "escrow.remaining", "20.00", "transaction.origin.kind", "refund",
		"wallets.1.wallet_id", from, "wallets.1.balance", "49.00")
	p.do("POST", path+"/release", `{}`, "Idempotency-Key", "rest").want(201, "escrow.status", "released", "escrow.remaining", "0.00", "transaction.reference", "rest")
	p.do("GET", path, "").want(200, "status", "released", "released", "50.00", "refunded", "10.00", "transaction_ids.2", p.do("GET", "/v1/transactions?reference=rest", "").get("data.0.id"))
	p.unchanged(func() {
		p.do("POST", path+"/refund", `{"reference":"late"}`).wantError(409, "ESCROW_ENDED", "released").want(409, "error.details.escrow_id", id)
		p.do("POST", path+"/approve", `{"party":"sender"}`).wantError(409, "ESCROW_ENDED")
	})
	p.do("POST", "/v1/escrows", fmt.Sprintf(body, "poor", "")).wantError(422, "INSUFFICIENT_FUNDS").want(422, "error.details.transaction.reference", "poor")
}

func TestEscrowDeadlines(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Deadlines", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	body := `{"sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `","amount":"10","reference":%q,"deadline":%q,"at_deadline":%q}`
	refund := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "a", p.in(time.Minute), "refund")).want(201).get("escrow.id")
	release := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "b", p.in(time.Minute), "release")).want(201).get("escrow.id")
	p.do("GET", "/v1/escrows?status=open&wallet_id="+to, "").want(200, "data.0.id", release, "data.1.id", refund)
	p.pass(time.Minute)
	p.do("GET", "/v1/escrows/"+refund, "").want(200, "status", "refunded", "expired", "true", "refunded", "10.00")
	p.do("GET", "/v1/escrows/"+release, "").want(200, "status", "released", "expired", "true")
	page := p.do("GET", "/v1/escrows?limit=1", "").want(200, "data.0.id", release)
	p.do("GET", "/v1/escrows?limit=1&cursor="+page.get("next_cursor"), "").want(200, "data.0.id", refund, "next_cursor", "<nil>")
	p.do("GET", "/v1/escrows?status=open", "").want(200, "data", "[]")
	p.do("GET", "/v1/escrows?status=done", "").wantError(400, "BAD_REQUEST", "open, released, refunded")
	p.do("GET", "/v1/wallets/"+from+"/balance", "").want(200, "balance", "90.00")
}

// TestEscrowIsReadFromTheLedger: an escrow is what it is, also while the read
// model is behind or away. Once that has caught up, it says the same to the letter.
func TestEscrowIsReadFromTheLedger(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Ledger", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	p.rows.err = errors.New("down")
	body := `{"sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `","amount":"10","reference":%q%s}`
	made := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "parts", `,"approval":true,"deadline":"`+p.in(time.Hour)+`"`)).want(201)
	parts := made.get("escrow.id")
	path := "/v1/escrows/" + parts
	p.readAsMade(path, made, "escrow").want(200, "reference", "parts", "status", "open")
	for _, party := range []string{"recipient", "sender"} {
		p.do("POST", path+"/approve", `{"party":"`+party+`"}`).want(200, "approved.0", "recipient", "status", "open", "remaining", "10.00")
	}
	p.do("GET", path, "").want(200, "approved", `["recipient","sender"]`)
	p.do("POST", path+"/release", `{"reference":"r1","amount":"4"}`).want(201)
	p.do("GET", path, "").want(200, "status", "open", "released", "4.00", "refunded", "0.00", "remaining", "6.00")
	p.do("POST", path+"/refund", `{"reference":"r2"}`).want(201)
	p.do("GET", path, "").want(200, "status", "refunded", "released", "4.00", "refunded", "6.00", "expired", "false")
	whole := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "whole", "")).want(201).get("escrow.id")
	paid := p.do("POST", "/v1/escrows/"+whole+"/release", `{"reference":"r3"}`).want(201)
	p.do("GET", "/v1/escrows/"+whole, "").want(200, "status", "released", "released", "10.00", "transaction_ids", `["`+paid.get("transaction.id")+`"]`)
	overdue := p.do("POST", "/v1/escrows", fmt.Sprintf(body, "overdue", `,"deadline":"`+p.in(time.Hour)+`"`)).want(201).get("escrow.id")
	p.pass(time.Hour)
	p.do("GET", "/v1/escrows/"+overdue, "").want(200, "status", "refunded", "refunded", "10.00", "expired", "true")
	p.do("GET", path, "", "Tally-Min-Sequence", p.far()).wantError(503, "UNAVAILABLE", "older than Tally-Min-Sequence")
	p.rows.err = nil
	p.sameAsListed("/v1/escrows", parts, whole, overdue)
}
