package api

import (
	"fmt"
	"strings"
	"testing"

	"tallystick/domain"
	"tallystick/domain/money"
)

func TestTransfers(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Transfers", "GHS", `,"fees":{"transfer":{"percentage":"1"}}`)
	from, to := p.wallet("ama", "1000"), p.wallet("kofi", "")
	p.do("PUT", "/v1/customers/esi", `{"phone":"+233200000000"}`).want(200)
	body := func(reference, rest string) string {
		return fmt.Sprintf(`{"reference":%q,"sender_wallet_id":%q,%s}`, reference, from, rest)
	}
	done := p.do("POST", "/v1/transfers", body("t1", `"recipient_identifier":"kofi","amount":"100.00","description":"rent","metadata":{"m":"é\"\n"}`)).want(201,
		"reference", "t1", "status", "completed", "failure", "<nil>", "description", "rent", "metadata.m", "é\"\n",
		"operations.0.type", "transfer", "operations.0.sender_wallet_id", from, "operations.0.recipient_wallet_id", to,
		"operations.0.amount", "100.00", "operations.0.amount_minor", "10000", "operations.0.fee", "1.00", "operations.0.fee_minor", "100",
		"entries.0.kind", "debit", "entries.0.amount", "-100.00", "entries.0.balance_after", "900.00", "entries.0.fee", "false",
		"entries.1.wallet_id", to, "entries.1.amount_minor", "10000", "entries.2.fee", "true", "entries.3.kind", "credit", "entries.4", "(none)")
	id := done.get("id")
	p.do("GET", "/v1/transactions/"+id, "").want(200, "entries", done.get("entries"), "created_at", done.get("created_at"))
	p.do("GET", "/v1/transactions?reference=t1", "").want(200, "data.0.id", id, "data.1", "(none)", "next_cursor", "<nil>")
	p.do("POST", "/v1/transfers", body("t2", `"recipient_wallet_id":"`+to+`","amount_minor":1`)).want(201, "operations.0.fee", "0.00")
	p.do("POST", "/v1/transfers", `{"sender_wallet_id":"`+from+`","recipient_wallet_id":"`+to+`","amount":"1"}`, "Idempotency-Key", "key-1").
		want(201, "reference", "key-1")

	p.unchanged(func() {
		repeated := p.do("POST", "/v1/transfers", body("t1", `"recipient_identifier":"nobody","amount":"5"`)).wantError(409, "DUPLICATE_REFERENCE_ID").
			want(409, "error.name", "DuplicateReferenceId", "error.details.transaction.id", id, "error.details.transaction.status", "completed", "error.details.transaction_id", id)
		if repeated.get("error.details.transaction.entries") != done.get("entries") {
			t.Errorf("the transaction is not whole: %s", repeated.body)
		}
	})
	failed := p.do("POST", "/v1/transfers", body("poor", `"recipient_identifier":"kofi","amount":"5000"`)).wantError(422, "INSUFFICIENT_FUNDS").want(422,
		"error.details.failed_operation", "0", "error.details.amount", "5000.00", "error.details.fee", "50.00", "error.details.currency", "GHS",
		"error.details.wallet_id", from, "error.details.transaction.reference", "poor", "error.details.transaction.entries", "[]",
		"error.details.transaction.failure.failed_operation", "0")
	p.do("POST", "/v1/transfers", body("poor", `"recipient_identifier":"kofi","amount":"1"`)).
		want(409, "error.details.transaction.id", failed.get("error.details.transaction.id"), "error.details.transaction.status", "failed")
	p.do("POST", "/v1/transfers", body("esi", `"recipient_identifier":"+233 200 000 000","amount":"1"`)).
		wantError(422, "RECIPIENT_NOT_FOUND").want(422, "error.details.customer_id", "esi", "error.details.transaction.operations.0.recipient_wallet_id", "<nil>")
	p.do("GET", "/v1/transactions?status=failed", "").want(200, "data.1.reference", "poor", "data.0.failure.code", "RECIPIENT_NOT_FOUND", "data.2", "(none)")
}

// TestMistakesInAmounts: everything is refused, helpfully, and nothing is written.
func TestMistakesInAmounts(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Amounts", "GHS", "")
	from, to := p.wallet("ama", "1000"), p.wallet("kofi", "")
	for _, row := range []struct{ amount, message string }{
		{`"amount":10`, `"amount": "10.00"`},
		{`"amount":10`, `"amount_minor": 1000`},
		{`"amount":10.5`, `"amount_minor"`},
		{`"amount":1e1`, `"amount_minor"`},
		{`"note":1`, `note"`},
		{`"amount":"10","amount_minor":1000`, "once"},
		{`"amount":"","amount_minor":null`, "once"},
		{`"amount":"-1"`, "more than zero"},
		{`"amount":"0"`, "more than zero"},
		{`"amount":"0.00"`, "more than zero"},
		{`"amount_minor":0`, "more than zero"},
		{`"amount_minor":-5`, "more than zero"},
		{`"amount":"1.001"`, "2 after the point"},
		{`"amount":"1e2"`, "plain decimal"},
		{`"amount":"1,5"`, "plain decimal"},
		{`"amount":" 1"`, "plain decimal"},
		{`"amount":"NaN"`, "plain decimal"},
		{`"amount":"1\u0000"`, "amount contains a NUL"},
		{`"amount":"` + strings.Repeat("9", 60) + `"`, "at most 36 digits"},
		{`"amount":"` + strings.Repeat("9", 35) + `"`, "36 in all"},
		{`"amount":"` + strings.Repeat("9", 300) + `"`, "digits"},
		{`"amount_minor":` + strings.Repeat("9", 60), "at most 36 digits"},
		{`"amount_minor":1.5`, "whole number"},
		{`"amount_minor":1e3`, "whole number"},
		{`"amount_minor":"1000"`, "whole number"},
		{`"amount_minor":true`, "whole number"},
		{`"amount":["1"]`, "amount must be a string, not array"},
	} {
		p.unchanged(func() {
			transfer := fmt.Sprintf(`{"reference":"r","sender_wallet_id":%q,"recipient_wallet_id":%q,%s}`, from, to, row.amount)
			p.do("POST", "/v1/transfers", transfer).wantError(400, "BAD_REQUEST", row.message)
			p.do("POST", "/v1/wallets/"+from+"/withdraw", `{"reference":"r",`+row.amount+`}`).wantError(400, "BAD_REQUEST", row.message)
			operations := fmt.Sprintf(`{"reference":"r","operations":[{"type":"redeem","sender_wallet_id":%q,%s}]}`, from, row.amount)
			p.do("POST", "/v1/transactions", operations).wantError(400, "BAD_REQUEST", row.message)
		})
	}
	huge := strings.Repeat("9", 33)
	p.do("POST", "/v1/wallets/"+to+"/topup", `{"reference":"big","amount":"`+huge+`"}`).want(201,
		"operations.0.amount", huge+".00", "operations.0.amount_minor", "<nil>", "entries.1.balance_after_minor", "<nil>")
	p.do("GET", "/v1/wallets/"+to, "").want(200, "balance", huge+".00", "balance_minor", "<nil>", "available_minor", "<nil>")
	p.do("POST", "/v1/wallets/"+to+"/topup", `{"reference":"bigger","amount":"9`+huge+`"}`).wantError(422, "BALANCE_OUT_OF_RANGE")
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Operations", "USD", "")
	w1, w2 := p.wallet("w1", "5"), p.wallet("w2", "7")
	body := fmt.Sprintf(`{"reference":%%q,"operations":[{"type":"transfer","sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"11"},{"type":"issue","recipient_wallet_id":%q,"amount":"6"}]}`, w1, w2, w1)
	p.do("POST", "/v1/transactions", fmt.Sprintf(body, "first")).wantError(422, "INSUFFICIENT_FUNDS").want(422, "error.details.failed_operation", "0", "error.details.available", "5.00")
	swapped := fmt.Sprintf(`{"reference":"second","operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"6"},{"type":"transfer","sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"11"}]}`, w1, w1, w2)
	p.do("POST", "/v1/transactions", swapped).want(201, "entries.3.balance_after", "18.00", "operations.0.sender_wallet_id", "<nil>")
	p.unchanged(func() {
		p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"x","operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"1"},{"type":"steal","sender_wallet_id":%q,"amount":"1"}]}`, w1, w2)).
			wantError(400, "BAD_REQUEST", "operations[1]: ", `"steal"`)
		p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"x","operations":[{"type":"issue","recipient_wallet_id":%q,"amount":1}]}`, w1)).
			wantError(400, "BAD_REQUEST", "operations[0].amount")
		p.do("POST", "/v1/transactions", `{"reference":"x","operations":[]}`).wantError(400, "BAD_REQUEST", "1 to 1000")
		p.do("POST", "/v1/transactions", fmt.Sprintf(`{"operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"1"}]}`, w1)).
			wantError(400, "BAD_REQUEST", "reference is required")
		p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":%q,"operations":[{"type":"issue","recipient_wallet_id":%q,"amount":"1"}]}`, strings.Repeat("r", 300), w1)).
			wantError(400, "BAD_REQUEST", "reference has 300 bytes")
		for _, id := range []string{"tx_0000000000000", "tx_1", "nonsense", w1, "tx_00000000007vv", strings.Repeat("t", 300), "%00"} {
			p.do("GET", "/v1/transactions/"+id, "").wantError(404, "NOT_FOUND", "Transaction not found")
		}
		p.do("GET", "/v1/transactions?status=open", "").wantError(400, "BAD_REQUEST", "completed, failed")
		p.do("GET", "/v1/transactions?reference=a&status=failed", "").wantError(400, "BAD_REQUEST", "alone")
	})
	p.do("GET", "/v1/transactions?wallet_id="+w2+"&status=completed", "").want(200, "data.0.reference", "second")
}

// TestPrecedence repairs one fault of the row above in each row.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Precedence", "GHS", "")
	from, to := p.wallet("ama", "10"), p.wallet("kofi", "")
	transfer := func(reference, sender, amount string) string {
		return fmt.Sprintf(`{"reference":%q,"sender_wallet_id":%q,"recipient_wallet_id":%q,%s}`, reference, sender, to, amount)
	}
	for _, row := range []struct {
		who                identity
		method, path, body string
		status             int
		code               string
	}{
		{identity{}, "POST", "/v1/nothing", `{`, 404, "NOT_FOUND"},
		{identity{}, "PUT", "/v1/transfers", `{`, 405, "METHOD_NOT_ALLOWED"},
		{identity{}, "POST", "/v1/transfers", `{`, 401, "UNAUTHORIZED"},
		{operator, "POST", "/v1/transfers", `{`, 403, "FORBIDDEN"},
		{p.identity, "POST", "/v1/transfers", `{`, 400, "BAD_REQUEST"},
		{p.identity, "POST", "/v1/transfers", transfer("fund-ama", "wall_none", `"amount":"0"`), 400, "BAD_REQUEST"},
		{p.identity, "POST", "/v1/transfers", transfer("fund-ama", "wall_none", `"amount":"1.234"`), 409, "DUPLICATE_REFERENCE_ID"},
		{p.identity, "POST", "/v1/transfers", transfer("new", "wall_none", `"amount":"1.234"`), 404, "NOT_FOUND"},
		{p.identity, "POST", "/v1/transfers", transfer("new", from, `"amount":"1.234"`), 400, "BAD_REQUEST"},
		{p.identity, "POST", "/v1/transfers", transfer("new", from, `"amount":"11.23"`), 422, "INSUFFICIENT_FUNDS"},
		{p.identity, "POST", "/v1/transfers", transfer("newer", from, `"amount":"1.23"`), 201, ""},
	} {
		reply := w.call(row.who, row.method, row.path, row.body)
		if reply.status != row.status || row.code != "" && reply.get("error.code") != row.code {
			t.Errorf("%s %s: %d %s, want %d %s", row.path, row.body, reply.status, reply.body, row.status, row.code)
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Batch", "GHS", "")
	id := p.wallet("ama", "10")
	issue := func(reference, amount string) string {
		return fmt.Sprintf(`{"reference":%q,"operations":[{"type":"issue","recipient_wallet_id":%q,"amount":%s}]}`, reference, id, amount)
	}
	items := []string{
		issue("b1", `"1"`), issue("b1", `"1"`), issue("b2", `1`), `{"reference":"b3","what":1}`, `7`,
		fmt.Sprintf(`{"reference":"b4","operations":[{"type":"redeem","sender_wallet_id":%q,"amount":"500"}]}`, id), issue("b5", `"2"`),
	}
	want := []string{
		"status", "completed", "error", "(none)",
		"status", "failed", "error.code", "DUPLICATE_REFERENCE_ID",
		"error.code", "BAD_REQUEST", "reference", "b2",
		"error.code", "BAD_REQUEST", "reference", "b3",
		"error.code", "BAD_REQUEST", "reference", "<nil>",
		"error.code", "INSUFFICIENT_FUNDS", "reference", "b4",
		"reference", "b5", "status", "completed",
	}
	// The array is not a valid request as a whole, so only its answer is held to the contract.
	array := p.do("POST", "/v1/transactions/batch", "["+strings.Join(items, ",")+"]", "Content-Type", "application/json; charset=utf-8")
	for i := range items {
		array.want(200, fmt.Sprint(i, ".", want[4*i]), want[4*i+1], fmt.Sprint(i, ".", want[4*i+2]), want[4*i+3])
	}
	array.want(200, "5.error.details.transaction.status", "failed", "1.error.details.transaction_id", array.get("0.id"), "7", "(none)")
	if array.header.Get("Tally-Sequence") == "" {
		t.Error("no Tally-Sequence")
	}

	lines := p.do("POST", "/v1/transactions/batch", issue("n1", `"1"`)+"\n\n"+issue("b1", `"1"`)+"\r\n", "Content-Type", "application/x-ndjson")
	if got := strings.Split(string(lines.body), "\n"); len(got) != 3 || got[2] != "" || !strings.Contains(got[0], `"completed"`) || !strings.Contains(got[1], "DUPLICATE") {
		t.Errorf("%s", lines.body)
	}
	if got := lines.header.Get("Content-Type"); got != "application/x-ndjson" {
		t.Errorf("Content-Type %q", got)
	}
	p.do("GET", "/v1/wallets/"+id+"/balance", "").want(200, "balance", "14.00")

	p.unchanged(func() {
		for _, body := range []string{"", "[]", "\n", "[" + issue("x", `"1"`), issue("x", `"1"`) + "\n{", "[" + strings.Repeat("1,", 10_000) + "1]"} {
			p.do("POST", "/v1/transactions/batch", body).wantError(400, "BAD_REQUEST")
		}
		p.do("POST", "/v1/transactions/batch", "["+strings.Repeat(" ", 10<<20)+"]").wantError(413, "PAYLOAD_TOO_LARGE", "10485760")
	})
}

func TestBatchOfTenThousand(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Batch", "GHS", "")
	id := p.wallet("ama", "")
	var body strings.Builder
	for i := range maxBatch {
		fmt.Fprintf(&body, `{"reference":"r%d","operations":[{"type":"issue","recipient_wallet_id":%q,"amount_minor":1}]}`+"\n", i, id)
	}
	reply := p.do("POST", "/v1/transactions/batch", body.String(), "Content-Type", "application/x-ndjson").want200()
	if n := strings.Count(string(reply.body), `"status":"completed"`); n != maxBatch {
		t.Errorf("%d were completed", n)
	}
	p.do("GET", "/v1/wallets/"+id+"/balance", "").want(200, "balance_minor", fmt.Sprint(maxBatch), "version", fmt.Sprint(maxBatch))
}

// want200 is want for a body that is no JSON.
func (r reply) want200() reply {
	r.t.Helper()
	if r.status != 200 {
		r.t.Fatalf("status %d: %s", r.status, r.body)
	}
	return r
}

// projectWith is a project that has assets of its own.
func projectWith(t *testing.T, settings domain.ProjectSettings, own []money.Asset) *domain.Project {
	t.Helper()
	state := domain.NewState(1)
	facts := []domain.Event{&domain.ProjectCreated{Project: "proj_0", Settings: settings}}
	for _, asset := range own {
		facts = append(facts, &domain.AssetDefined{Project: "proj_0", Asset: asset})
	}
	for _, fact := range facts {
		if err := state.Evolve(fact); err != nil {
			t.Fatal(err)
		}
	}
	project, _ := state.Project("proj_0")
	return project
}

func TestFormatted(t *testing.T) {
	t.Parallel()
	of := func(asset, text string) money.Amount {
		m, ok := money.Parse(money.AssetCode(asset), text)
		if !ok {
			t.Fatal(text)
		}
		return m
	}
	own := []money.Asset{{Code: "STARS", Scale: 1, Symbol: "★"}, {Code: "POINTS"}}
	for _, row := range []struct{ locale, asset, amount, want string }{
		{"en-GH", "GHS", "150.00", "GH₵150.00"},
		{"en-GH", "GHS", "-1234567.89", "-GH₵1,234,567.89"},
		{"", "USD", "0.00", "$0.00"},
		{"en", "JPY", "1000", "¥1,000"},
		{"nonsense-locale", "USD", "1.00", "$1.00"},
		{"en", "USD", strings.Repeat("9", 34) + ".99", "$9," + strings.Repeat("999,", 10) + "999.99"},
		{"ar-EG", "EGP", strings.Repeat("9", 34) + ".99", "EGP " + strings.Repeat("9", 34) + ".99"},
		{"en", "STARS", "-2.5", "-★2.5"},
		{"en", "POINTS", "150", "POINTS 150"},
		{"en", "XXXX", "1.00", "XXXX 1.00"},
	} {
		project := projectWith(t, domain.ProjectSettings{Locale: row.locale}, own)
		if got := formatted(of(row.asset, row.amount), project); got != row.want {
			t.Errorf("%s %s in %q is %q, want %q", row.asset, row.amount, row.locale, got, row.want)
		}
	}
}
