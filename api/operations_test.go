package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
)

func TestDryRun(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Dry", "GHS", `,"fees":{"transfer":{"percentage":"1"}}`)
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	body := `{"reference":%q,"dry_run":%t,"operations":[{"type":"transfer","sender_wallet_id":"` + from + `","recipient_identifier":"kofi","amount":%q}]}`
	p.unchanged(func() {
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "r", true, "50")).want(200, "dry_run", "true", "id", "(none)", "status", "completed", "reference", "r",
			"operations.0.fee", "0.50", "operations.0.recipient_wallet_id", to, "entries.0.balance_after", "50.00", "entries.0.transaction_id", "<nil>",
			"wallets.0.wallet_id", from, "wallets.0.balance", "49.50", "wallets.0.version", "3", "wallets.1.wallet_id", to, "wallets.1.balance", "50.00")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "r", true, "100")).wantError(422, "INSUFFICIENT_FUNDS").
			want(422, "error.details.failed_operation", "0", "error.details.available", "100.00", "error.details.fee", "1.00", "error.details.transaction", "(none)")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "fund-ama", true, "1")).wantError(409, "DUPLICATE_REFERENCE_ID").
			want(409, "error.details.transaction.reference", "fund-ama")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "r", true, "0")).wantError(400, "BAD_REQUEST", "more than zero")
		later := strings.Replace(fmt.Sprintf(body, "r", true, "1"), `"dry_run"`, `"scheduled_for":"`+p.in(time.Hour)+`","dry_run"`, 1)
		p.do("POST", "/v1/transactions", later).want(200, "dry_run", "true", "status", "scheduled", "wallets", "[]", "entries", "[]")
		p.do("POST", "/v1/transactions/batch", "["+fmt.Sprintf(body, "r", true, "1")+"]").want(200, "0.error.code", "BAD_REQUEST")
	})
	p.do("POST", "/v1/transactions", fmt.Sprintf(body, "r", false, "50")).want(201, "dry_run", "(none)", "wallets.0.balance", "49.50")
}

func TestPreconditions(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Versions", "GHS", "")
	id := p.wallet("ama", "100")
	body := `{"reference":%q,"preconditions":[{"wallet_id":%q,"version":%d}],"operations":[{"type":"redeem","sender_wallet_id":"` + id + `","amount":"1"}]}`
	seen := p.do("POST", "/v1/transactions", fmt.Sprintf(body, "a", id, 1)).want(201).get("wallets.0.version")
	p.unchanged(func() {
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", id, 1)).wantError(409, "VERSION_CONFLICT", "version 2").want(409, "error.name", "VersionConflictError",
			"error.details.current_version", seen, "error.details.version", "1", "error.details.wallet_id", id)
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", "wall_0000000000000", 1)).wantError(404, "NOT_FOUND")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", id, -1)).wantError(400, "BAD_REQUEST", "version must be a whole number")
		missing := strings.Replace(fmt.Sprintf(body, "b", id, 2), `,"version":2`, "", 1)
		p.do("POST", "/v1/transactions", missing).wantError(400, "BAD_REQUEST", "preconditions[0].version is required")
	})
	p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", id, 2)).want(201, "wallets.0.version", "3")
	batch := p.do("POST", "/v1/transactions/batch", "["+fmt.Sprintf(body, "c", id, 3)+","+fmt.Sprintf(body, "d", id, 3)+"]")
	batch.want(200, "0.wallets.0.version", "4", "1.error.code", "VERSION_CONFLICT", "1.error.details.current_version", "4")
}

func TestEffectiveAt(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Back", "GHS", `,"backdating_seconds":3600`)
	id := p.wallet("ama", "100")
	body := `{"reference":%q,"effective_at":%q,"operations":[{"type":"redeem","sender_wallet_id":"` + id + `","amount":"1"}]}`
	when := p.now().Add(-time.Minute).UTC().Truncate(time.Second).Format(time.RFC3339)
	made := p.do("POST", "/v1/transactions", fmt.Sprintf(body, "a", when)).want(201, "effective_at", when, "scheduled_for", "<nil>")
	p.do("GET", "/v1/transactions/"+made.get("id"), "").want(200, "effective_at", when)
	p.do("GET", "/v1/wallets/"+id+"/entries", "").want(200, "data.0.effective_at", when, "data.1.effective_at", "(none)")
	p.unchanged(func() {
		for _, wrong := range []string{p.in(-2 * time.Hour), p.in(time.Minute)} {
			p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", wrong)).wantError(422, "EFFECTIVE_AT_OUT_OF_RANGE", "effective_at")
		}
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "b", "yesterday")).wantError(400, "BAD_REQUEST", "effective_at", "RFC 3339")
	})
}

func TestScheduling(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("Later", "GHS", ""), w.tenant("Others", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	body := `{"reference":%q,"scheduled_for":%q,"operations":[{"type":"transfer","sender_wallet_id":"` + from + `","recipient_identifier":"kofi","amount":"60"}]}`
	when := p.now().Add(time.Hour).UTC().Truncate(time.Second).Format(time.RFC3339)
	schedule := func(reference string) string {
		return p.do("POST", "/v1/transactions", fmt.Sprintf(body, reference, when)).want(201, "status", "scheduled", "scheduled_for", when, "entries", "[]",
			"failure", "<nil>", "origin", "<nil>", "wallets", "[]", "operations.0.recipient_wallet_id", to).get("id")
	}
	first, second, third := schedule("rent"), schedule("again"), schedule("never")
	p.do("GET", "/v1/transactions?status=scheduled&wallet_id="+to, "").want(200, "data.0.id", third, "data.2.id", first, "data.3", "(none)")
	p.do("GET", "/v1/transactions/"+first, "").want(200, "status", "scheduled", "scheduled_for", when)
	p.do("GET", "/v1/transactions?reference=rent", "").want(200, "data.0.status", "scheduled")
	p.unchanged(func() {
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "rent", when)).wantError(409, "DUPLICATE_REFERENCE_ID").want(409, "error.details.transaction.status", "scheduled")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "x", p.in(-time.Hour))).wantError(400, "BAD_REQUEST", "scheduled_for must be in the future")
		both := strings.Replace(fmt.Sprintf(body, "x", when), `{`, `{"effective_at":"`+p.in(-time.Second)+`",`, 1)
		p.do("POST", "/v1/transactions", both).wantError(400, "BAD_REQUEST", "effective_at")
		p.do("POST", "/v1/transactions/"+first+"/reverse", `{"reference":"back"}`).wantError(422, "NOT_REVERSIBLE", "cancel it")
		q.do("POST", "/v1/transactions/"+first+"/cancel", "").wantError(404, "NOT_FOUND")
		p.do("POST", "/v1/transactions/tx_0000000000000/cancel", "").wantError(404, "NOT_FOUND")
	})
	p.do("POST", "/v1/transactions/"+third+"/cancel", `{"actor":"ama","reason":"moved out"}`).want(200, "id", third, "status", "cancelled", "scheduled_for", when)
	p.unchanged(func() {
		p.do("POST", "/v1/transactions/"+third+"/cancel", "").want(200, "status", "cancelled")
		p.do("POST", "/v1/transactions/"+third+"/reverse", `{"reference":"back"}`).wantError(422, "NOT_REVERSIBLE", "cancelled")
	})
	p.do("GET", "/v1/transactions?status=cancelled", "").want(200, "data.0.id", third, "data.0.status", "cancelled", "data.1", "(none)")
	p.pass(time.Hour)
	p.do("GET", "/v1/transactions/"+first, "").want(200, "id", first, "status", "completed", "origin.kind", "schedule", "entries.1.balance_after", "60.00")
	p.do("GET", "/v1/transactions/"+second, "").want(200, "id", second, "status", "failed", "failure.code", "INSUFFICIENT_FUNDS", "failure.failed_operation", "0")
	p.do("GET", "/v1/transactions?status=scheduled", "").want(200, "data", "[]")
	p.unchanged(func() {
		p.do("POST", "/v1/transactions/"+first+"/cancel", "").wantError(409, "ALREADY_PERFORMED", "reversed")
		p.do("POST", "/v1/transactions/"+second+"/reverse", `{"reference":"back"}`).wantError(422, "NOT_REVERSIBLE", "failed")
	})
	p.do("POST", "/v1/transactions/"+first+"/reverse", `{"reference":"back"}`).want(201, "origin.id", first, "wallets.1.balance", "100.00")
}

func TestExchange(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Exchange", "GHS", `,"fees":{"exchange":{"fixed":"1"}}`)
	from := p.wallet("ama", "100")
	to := p.do("POST", "/v1/wallets", `{"customer_id":"ama","currency":"JPY"}`).want(201).get("id")
	body := `{"reference":%q,"operations":[{"type":"exchange","sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `","amount":"10.01","rate":%s}]}`
	p.do("POST", "/v1/transactions", fmt.Sprintf(body, "none", `"9.5"`)).wantError(422, "INSUFFICIENT_LIQUIDITY", "JPY")
	pool := p.do("POST", "/v1/wallets", `{"system":true,"liquidity":true,"currency":"JPY"}`).want(201, "role", "liquidity", "system", "true").get("id")
	p.unchanged(func() {
		p.do("POST", "/v1/wallets", `{"system":true,"liquidity":true,"currency":"JPY"}`).want(200, "id", pool)
		p.do("POST", "/v1/wallets", `{"customer_id":"ama","liquidity":true}`).wantError(400, "BAD_REQUEST", "liquidity")
		for _, rate := range []string{`"0"`, `"-1"`, `"1e2"`, `"x"`} {
			p.do("POST", "/v1/transactions", fmt.Sprintf(body, "x", rate)).wantError(400, "BAD_REQUEST", "operations[0]: rate")
		}
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "x", `1.5`)).wantError(400, "BAD_REQUEST", "rate must be a string")
		p.do("POST", "/v1/transactions", fmt.Sprintf(body, "x", `""`)).wantError(400, "BAD_REQUEST", "rate")
	})
	p.do("POST", "/v1/wallets/"+pool+"/topup", `{"reference":"pool","amount":"1000"}`).want(201)
	done := p.do("POST", "/v1/transactions", fmt.Sprintf(body, "swap", `"9.5"`)).want(201, "operations.0.type", "exchange", "operations.0.amount", "10.01",
		"operations.0.currency", "GHS", "operations.0.received", "95", "operations.0.received_minor", "95", "operations.0.received_currency", "JPY",
		"operations.0.rate", "9.5", "operations.0.fee", "1.00", "entries.0.currency", "GHS")
	standings := map[string]string{}
	for i := range 5 {
		standings[done.get(fmt.Sprintf("wallets.%d.wallet_id", i))] = done.get(fmt.Sprintf("wallets.%d.balance", i))
	}
	if standings[from] != "88.99" || standings[to] != "95" || standings[pool] != "905" {
		t.Errorf("the wallets are at %v: %s", standings, done.body)
	}
	p.do("POST", "/v1/transfers", `{"reference":"mix","sender_wallet_id":"`+from+`","recipient_wallet_id":"`+to+`","amount":"1"}`).wantError(422, "ASSET_MISMATCH", "exchange")
	back := p.do("POST", "/v1/transactions/"+done.get("id")+"/reverse", `{"reference":"back","amount":"5","return_fees":true}`).want(201,
		"operations.0.type", "exchange", "operations.0.rate", "(none)", "operations.0.fee_returned", "0.49", "operations.0.received", "5.00", "operations.0.received_currency", "GHS")
	p.do("GET", "/v1/transactions/"+done.get("id"), "").want(200, "reversal.whole", "false", "reversal.operations.0.amount", "5.00",
		"reversal.operations.0.received", back.get("operations.0.amount"), "reversal.operations.0.fee_returned", "0.49")
}

func TestReversal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p, q := w.tenant("Reversal", "GHS", `,"fees":{"transfer":{"percentage":"10"}}`), w.tenant("Others", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	id := p.do("POST", "/v1/transfers", `{"reference":"t","sender_wallet_id":"`+from+`","recipient_wallet_id":"`+to+`","amount":"50"}`).want(201, "reversal", "<nil>").get("id")
	path := "/v1/transactions/" + id
	half := p.do("POST", path+"/reverse", `{"reference":"half","amount":"20","return_fees":true,"description":"sorry","metadata":{"a":"b"}}`).want(201,
		"status", "completed", "origin.kind", "reversal", "origin.id", id, "description", "sorry", "metadata.a", "b", "operations.0.sender_wallet_id", to,
		"operations.0.amount", "20.00", "operations.0.fee_returned", "2.00", "operations.0.fee_returned_minor", "200",
		"wallets.0.wallet_id", to, "wallets.0.balance", "30.00", "wallets.1.wallet_id", from, "wallets.1.balance", "67.00").get("id")
	p.do("GET", path, "").want(200, "reversal.whole", "false", "reversal.reversal_ids", `["`+half+`"]`, "reversal.operations.0.operation", "0",
		"reversal.operations.0.amount", "20.00", "reversal.operations.0.fee_returned", "2.00", "reversal.operations.0.received", "(none)")
	p.unchanged(func() {
		p.do("POST", path+"/reverse", `{"reference":"x","amount":"30.01"}`).wantError(422, "AMOUNT_TOO_LARGE", "30.00").want(422, "error.details.remaining", "30.00")
		p.do("POST", path+"/reverse", `{"reference":"half"}`).wantError(409, "DUPLICATE_REFERENCE_ID").want(409, "error.details.transaction.id", half)
		p.do("POST", path+"/reverse", `{}`).wantError(400, "BAD_REQUEST", "reference is required")
		p.do("POST", path+"/reverse", `{"reference":"x","amount":"1","operations":[{"operation":0}]}`).wantError(400, "BAD_REQUEST", "not both")
		p.do("POST", path+"/reverse", `{"reference":"x","operations":[{"amount":"1"}]}`).wantError(400, "BAD_REQUEST", "operations[0].operation is required")
		p.do("POST", path+"/reverse", `{"reference":"x","operations":[{"operation":1}]}`).wantError(400, "BAD_REQUEST", "operations 0 to 0, not 1")
		p.do("POST", path+"/reverse", `{"reference":"x","operations":[{"operation":0,"amount":1}]}`).wantError(400, "BAD_REQUEST", `"amount": "10.00"`)
		p.do("POST", "/v1/transactions/"+half+"/reverse", `{"reference":"x"}`).wantError(422, "NOT_REVERSIBLE", "reversal")
		p.do("POST", "/v1/transactions/tx_0000000000000/reverse", `{"reference":"x"}`).wantError(404, "NOT_FOUND")
		q.do("POST", path+"/reverse", `{"reference":"x"}`).wantError(404, "NOT_FOUND")
	})
	rest := p.do("POST", path+"/reverse", `{}`, "Idempotency-Key", "rest").want(201, "reference", "rest", "operations.0.amount", "30.00", "operations.0.fee_returned", "(none)").get("id")
	both := fmt.Sprintf(`[%q,%q]`, half, rest)
	p.do("GET", path, "").want(200, "reversal.whole", "true", "reversal.reversal_ids", both, "reversal.operations.0.amount", "50.00")
	p.do("GET", "/v1/transactions?wallet_id="+from, "").want(200, "data.2.id", id, "data.2.reversal.whole", "true", "data.2.reversal.reversal_ids", both, "data.0.origin.id", id)
	p.do("GET", "/v1/transactions?reference=t", "").want(200, "data.0.reversal.whole", "true")
	p.unchanged(func() {
		p.do("POST", path+"/reverse", `{"reference":"x"}`).wantError(422, "AMOUNT_TOO_LARGE", "Nothing is left")
	})

	two := p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"two","operations":[{"type":"issue","recipient_wallet_id":%[1]q,"amount":"5"},{"type":"issue","recipient_wallet_id":%[1]q,"amount":"6"}]}`, to)).want(201).get("id")
	p.unchanged(func() {
		p.do("POST", "/v1/transactions/"+two+"/reverse", `{"reference":"x","amount":"1"}`).wantError(400, "BAD_REQUEST", "2 operations")
	})
	p.do("POST", "/v1/transactions/"+two+"/reverse", `{"reference":"second","operations":[{"operation":1}]}`).want(201, "operations.0.type", "redeem", "operations.0.amount", "6.00")
	p.do("GET", "/v1/transactions/"+two, "").want(200, "reversal.whole", "false", "reversal.operations.0.operation", "1")
	p.do("POST", "/v1/wallets/"+to+"/disable", "").want(200)
	p.do("POST", "/v1/transactions/"+two+"/reverse", `{"reference":"stuck"}`).wantError(422, "WALLET_DISABLED").want(422, "error.details.transaction.origin.id", two)
}

// TestEveryWriteAnswersTheWallets: no second call is needed after any of them.
func TestEveryWriteAnswersTheWallets(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Standings", "GHS", `,"fees":{"transfer":{"percentage":"1"},"escrow":{"percentage":"1"}}`)
	from, to := p.wallet("ama", "1000"), p.wallet("kofi", "1000")
	p.do("POST", "/v1/wallets/"+from+"/credit", `{"reference":"lot","amount":"50","expires_at":"`+p.in(time.Hour)+`"}`).want(201)
	hold := p.do("POST", "/v1/holds", `{"wallet_id":"`+from+`","amount":"30","reference":"h"}`).want(201).get("hold.id")
	escrow := p.do("POST", "/v1/escrows", `{"sender_wallet_id":"`+from+`","recipient_wallet_id":"`+to+`","amount":"30","reference":"e"}`).want(201).get("escrow.id")
	moved := p.do("POST", "/v1/wallets/"+to+"/withdraw", `{"reference":"d","amount":"3"}`).want(201).get("id")
	for i, row := range []struct{ path, body string }{
		{"/v1/transfers", `"sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `","amount":"7"`},
		{"/v1/transactions", `"operations":[{"type":"redeem","sender_wallet_id":"` + from + `","amount":"1"},{"type":"issue","recipient_wallet_id":"` + to + `","amount":"1"}]`},
		{"/v1/wallets/" + from + "/topup", `"amount":"7"`},
		{"/v1/wallets/" + from + "/credit", `"amount":"7"`},
		{"/v1/wallets/" + from + "/withdraw", `"amount":"7"`},
		{"/v1/transactions/" + moved + "/reverse", `"amount":"1"`},
		{"/v1/holds", `"wallet_id":"` + from + `","amount":"7"`},
		{"/v1/holds/" + hold + "/capture", `"amount":"7","recipient_wallet_id":"` + to + `"`},
		{"/v1/escrows", `"sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `","amount":"7"`},
		{"/v1/escrows/" + escrow + "/release", `"amount":"7"`},
		{"/v1/escrows/" + escrow + "/refund", `"amount":"7"`},
	} {
		reply := p.do("POST", row.path, fmt.Sprintf(`{"reference":"w%d",%s}`, i, row.body)).want(201)
		touched := 0
		for n := 0; reply.get(fmt.Sprint("wallets.", n)) != "(none)"; n++ {
			at := fmt.Sprintf("wallets.%d.", n)
			balance := p.do("GET", "/v1/wallets/"+reply.get(at+"wallet_id")+"/balance", "").want(200)
			for _, name := range []string{"balance", "balance_minor", "available", "available_minor", "held", "held_minor", "version", "currency"} {
				if got, want := reply.get(at+name), balance.get(name); got != want {
					t.Errorf("%s: %s of %s is %s, want %s", row.path, name, balance.get("wallet_id"), got, want)
				}
			}
			touched++
		}
		if touched == 0 {
			t.Errorf("%s answers no wallets: %s", row.path, reply.body)
		}
	}
}

// TestStatusOfCodes: what is over, or was seen too late, is a conflict; the rest of
// the rules' refusals cannot be processed.
func TestStatusOfCodes(t *testing.T) {
	t.Parallel()
	conflicts := []domain.Code{
		domain.DuplicateReference, domain.IdentifierTaken, domain.AssetConflict, domain.VersionConflict, domain.WalletNotEmpty,
		domain.AlreadyPerformed, domain.HoldEnded, domain.EscrowEnded,
	}
	for _, code := range domain.Codes {
		want := 422
		switch {
		case code == domain.BadRequest:
			want = 400
		case code == domain.NotFound:
			want = 404
		case slices.Contains(conflicts, code):
			want = 409
		}
		if got := kinds[code].status; got != want {
			t.Errorf("%s is %d, want %d", code, got, want)
		}
	}
}
