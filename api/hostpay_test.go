package api

import (
	"fmt"
	"strings"
	"testing"
)

// TestHostPayAsDocumented does what HOST Pay's pages show, to the letter.
func TestHostPayAsDocumented(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("HOST Pay", "SLE", `,"fees":{"transfer":{"percentage":"1"}}`)

	// A user nobody registered: the wallet is hers, and the profile can come later.
	first := p.do("POST", "/api/v1/wallets/create/user_123/", "").want(201, "user_id", "user_123").get("id")
	p.do("POST", "/api/v1/wallets/create/"+strings.Repeat("u", 300)+"/", "").wantError(400, "BAD_REQUEST", "255")
	p.do("PUT", "/v1/customers/user_123", `{"username":"fatu"}`).want(200)
	p.do("PUT", "/v1/customers/user_456", `{"phone":"+232 79-123456","email":"Kofi@Example.com"}`).want(200)
	made := p.do("POST", "/api/v1/wallets/create/user_123/", "").want(200,
		"id", first, "user_id", "user_123", "balance", "0.00", "currency", "SLE", "status", "active", "type", "PREPAID")
	sender := made.get("id")
	if !strings.HasPrefix(sender, "wall_") {
		t.Errorf("the wallet's id is %q, want wall_…", sender)
	}
	p.do("POST", "/v1/wallets/"+sender+"/topup", `{"reference":"f","amount":"1000"}`).want(201)
	p.do("POST", "/api/v1/wallets/create/user_123/", "").want(200,
		"id", sender, "balance", "1000.00", "created_at", made.get("created_at"), "number", made.get("number"))
	p.do("POST", "/api/v1/wallets/create/user_123", "{}").want(200, "id", sender)
	recipient := p.do("POST", "/api/v1/wallets/create/user_456/", "").want(201).get("id")

	body := `{"sender_wallet_id":"` + sender + `","recipient_identifier":"+23279123456","amount":%s,"description":"Dinner split"}`
	for i, amount := range []string{"50.00", "50", "5e1", "50.0", "0.5E+2", "500e-1"} {
		done := p.do("POST", "/api/v1/transactions/wallet/transfer/", fmt.Sprintf(body, amount)).want(201,
			"status", "completed", "sender_wallet_id", sender, "recipient_wallet_id", recipient, "recipient_identifier", "+23279123456",
			"amount", "50.00", "fee", "0.50", "currency", "SLE", "description", "Dinner split", "metadata", "{}")
		if reference := done.get("reference"); !strings.HasPrefix(reference, "ref_") || len(reference) < 26 {
			t.Errorf("reference %q is not 128 random bits", reference)
		}
		p.do("GET", "/v1/wallets/"+recipient+"/balance", "").want(200, "balance_minor", fmt.Sprint(5000*(i+1)))
		p.do("GET", "/v1/transactions?reference="+done.get("reference"), "").want(200, "data.0.id", done.get("id"))
	}
	p.do("POST", "/api/v1/transactions/wallet/transfer", fmt.Sprintf(body, "1")).want(201)
	p.do("POST", "/api/v1/transactions/wallet/transfer/", strings.Replace(fmt.Sprintf(body, "1"), "+23279123456", "KOFI@example.COM", 1)).want(201)
	p.do("POST", "/api/v1/transactions/wallet/transfer/", fmt.Sprintf(body, "100000")).
		wantError(422, "INSUFFICIENT_FUNDS").want(422, "error.details.fee", "1000.00", "error.details.amount", "100000.00")
}

func TestHostPayReferenceAndMetadata(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("HOST Pay", "USD", "")
	sender := p.wallet("ama", "100")
	p.wallet("kofi", "")
	body := `{"sender_wallet_id":"` + sender + `","recipient_identifier":"kofi","amount":1,"reference":"mine","metadata":{"n":1.50,"b":true,"s":"x","z":null}}`
	first := p.do("POST", "/api/v1/transactions/wallet/transfer/", body).want(201, "reference", "mine",
		"metadata.n", "1.50", "metadata.b", "true", "metadata.s", "x", "metadata.z", "")
	p.do("POST", "/api/v1/transactions/wallet/transfer/", body).want(409, "error.details.transaction.id", first.get("id"))
	nested := strings.Replace(body, `true`, `{"deep":1}`, 1)
	p.do("POST", "/api/v1/transactions/wallet/transfer/", nested).wantError(400, "BAD_REQUEST", "metadata.b")
}

func TestHostPayMistakes(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("HOST Pay", "JPY", "")
	sender := p.wallet("ama", "1000")
	p.wallet("kofi", "")
	const path = "/api/v1/transactions/wallet/transfer/"
	p.do("POST", path, `{"sender_wallet_id":"`+sender+`","recipient_identifier":"kofi","amount":10.0}`).want(201, "amount", "10")
	for name, row := range map[string]struct {
		body, code, message string
		status              int
	}{
		"a string":        {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":"50"}`, "BAD_REQUEST", "JSON number", 400},
		"no amount":       {`{"sender_wallet_id":"W","recipient_identifier":"kofi"}`, "BAD_REQUEST", "amount is required", 400},
		"null":            {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":null}`, "BAD_REQUEST", "amount is required", 400},
		"negative":        {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":-1}`, "BAD_REQUEST", "more than zero", 400},
		"zero":            {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":0.00}`, "BAD_REQUEST", "more than zero", 400},
		"too precise":     {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":0.5}`, "BAD_REQUEST", "0 after the point", 400},
		"huge exponent":   {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":1e400}`, "BAD_REQUEST", "digits", 400},
		"60 digits":       {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":` + strings.Repeat("9", 60) + `}`, "BAD_REQUEST", "digits", 400},
		"unknown field":   {`{"sender_wallet_id":"W","recipient_identifier":"kofi","amount":1,"note":"x"}`, "BAD_REQUEST", `"note"`, 400},
		"nobody":          {`{"sender_wallet_id":"W","recipient_identifier":"nobody","amount":1,"reference":"n"}`, "RECIPIENT_NOT_FOUND", "No customer", 422},
		"unknown sender":  {`{"sender_wallet_id":"wall_sender_123","recipient_identifier":"kofi","amount":1}`, "NOT_FOUND", "wall_sender_123", 404},
		"no recipient":    {`{"sender_wallet_id":"W","amount":1}`, "BAD_REQUEST", "recipient", 400},
		"itself":          {`{"sender_wallet_id":"W","recipient_identifier":"ama","amount":1,"reference":"i"}`, "SAME_WALLET", "same wallet", 422},
		"no sender":       {`{"recipient_identifier":"kofi","amount":1}`, "BAD_REQUEST", "sender", 400},
		"empty":           {``, "BAD_REQUEST", "JSON object", 400},
		"an array":        {`[]`, "BAD_REQUEST", "JSON object", 400},
		"not JSON":        {`{"amount":01}`, "BAD_REQUEST", "not valid JSON", 400},
		"NUL in a string": {`{"sender_wallet_id":"W","recipient_identifier":"ko\u0000fi","amount":1}`, "BAD_REQUEST", "NUL", 400},
	} {
		p.do("POST", path, strings.Replace(row.body, `"W"`, `"`+sender+`"`, 1)).wantError(row.status, row.code, row.message)
		if t.Failed() {
			t.Fatalf("in %q", name)
		}
	}
	p.do("POST", "/api/v1/wallets/create/ama/", `{"currency":"USD"}`).wantError(400, "BAD_REQUEST", `"currency"`)
}
