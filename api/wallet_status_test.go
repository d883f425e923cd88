package api

import (
	"fmt"
	"testing"
)

func TestFreezing(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Freezing", "GHS", "")
	id, other := p.wallet("ama", "10"), p.wallet("kofi", "")
	path := "/v1/wallets/" + id
	p.do("POST", path+"/freeze", `{"reason":"suspicious","actor":"support"}`).want(200, "status", "frozen", "balance", "10.00")
	p.unchanged(func() { p.do("POST", path+"/freeze", "").want(200, "status", "frozen") })
	p.do("POST", path+"/topup", `{"reference":"in","amount":"5"}`).want(201)
	transfer := `{"reference":%q,"sender_wallet_id":"` + id + `","recipient_wallet_id":"` + other + `","amount":"1"}`
	p.do("POST", "/v1/transfers", fmt.Sprintf(transfer, "out")).wantError(422, "WALLET_FROZEN").
		want(422, "error.name", "WalletFrozenError", "error.details.transaction.status", "failed", "error.details.wallet_id", id)
	p.do("GET", "/v1/wallets?status=frozen", "").want(200, "data.0.id", id, "data.1", "(none)")
	p.do("POST", path+"/disable", "").want(200, "status", "disabled")
	p.do("POST", path+"/unfreeze", "").wantError(422, "WALLET_DISABLED").want(422, "error.details.transaction", "(none)")
	p.do("POST", path+"/freeze", "").wantError(422, "WALLET_DISABLED")
	p.do("POST", path+"/enable", "").want(200, "status", "frozen")
	p.unchanged(func() { p.do("POST", path+"/enable", "").want(200, "status", "frozen") })
	p.do("POST", "/api/v1/wallets/"+id+"/disable/", `{}`).want(200, "status", "disabled")
	p.do("POST", "/api/v1/wallets/"+id+"/enable/", `{}`).want(200, "status", "frozen")
	p.unchanged(func() { p.do("POST", "/api/v1/wallets/"+id+"/enable/", `{}`).want(200, "status", "frozen") })
	p.do("POST", path+"/unfreeze", "").want(200, "status", "active")
	p.do("POST", "/v1/transfers", fmt.Sprintf(transfer, "again")).want(201)
	p.do("POST", "/v1/wallets/wall_0000000000000/freeze", "").wantError(404, "NOT_FOUND")
	p.do("GET", path+"/entries?kind=debit", "").want(200, "data.0.counterparty_wallet_id", other, "data.0.reference", "again")
	p.do("GET", path+"/history?limit=2", "").want(200, "data.0.status", "active", "data.1.status", "frozen", "data.2", "(none)")
	p.do("POST", path+"/freeze", `{"why":"x"}`).wantError(400, "BAD_REQUEST", `"why"`)
}

func TestClosing(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Closing", "GHS", `,"fees":{"transfer":{"percentage":"1"},"redeem":{"percentage":"1"}}`)
	id, other := p.wallet("ama", "10.50"), p.wallet("kofi", "7")
	path := "/v1/wallets/" + id
	hold := p.do("POST", "/v1/holds", `{"wallet_id":"`+id+`","reference":"h","amount":"2"}`).want(201).get("hold.id")
	for _, body := range []string{"", `{"recipient_wallet_id":"` + other + `","reference":"bye"}`} {
		p.unchanged(func() {
			p.do("POST", path+"/close", body).wantError(409, "WALLET_NOT_EMPTY", "10.50", "1 holds").want(409, "error.name", "WalletNotEmptyError",
				"error.details.balance", "10.50", "error.details.held", "2.00", "error.details.holds", "1", "error.details.escrows", "0",
				"error.details.currency", "GHS", "error.details.wallet_id", id)
		})
	}
	p.do("POST", "/v1/holds/"+hold+"/release", "").want(200)
	p.unchanged(func() {
		p.do("POST", path+"/close", `{"recipient_wallet_id":"`+other+`"}`).wantError(400, "BAD_REQUEST", "reference is required")
		p.do("POST", path+"/close", `{"recipient_wallet_id":"`+other+`","redeem":true,"reference":"bye"}`).wantError(400, "BAD_REQUEST", "not both")
		p.do("POST", path+"/close", `{"recipient_wallet_id":"wall_0000000000000","reference":"bye"}`).wantError(404, "NOT_FOUND")
		p.do("POST", path+"/close", `{"redeem":true,"reference":"fund-ama"}`).wantError(409, "DUPLICATE_REFERENCE_ID").
			want(409, "error.details.transaction.reference", "fund-ama")
	})
	p.do("POST", "/v1/wallets/"+other+"/disable", "").want(200)
	p.do("POST", path+"/close", `{"recipient_wallet_id":"`+other+`","reference":"stuck"}`).wantError(422, "WALLET_DISABLED").
		want(422, "error.details.transaction.origin.kind", "closing")
	p.do("POST", "/v1/wallets/"+other+"/enable", "").want(200)
	p.do("POST", path+"/close", `{"recipient_wallet_id":"`+other+`","reason":"left","actor":"ama"}`, "Idempotency-Key", "bye").want(200,
		"status", "closed", "balance", "0.00", "version", "2", "transaction.reference", "bye", "transaction.origin.kind", "closing", "transaction.origin.id", id,
		"transaction.operations.0.amount", "10.50", "transaction.operations.0.fee", "0.00", "transaction.entries.0.amount", "-10.50",
		"transaction.wallets.0.wallet_id", id, "transaction.wallets.0.balance", "0.00",
		"transaction.wallets.1.wallet_id", other, "transaction.wallets.1.balance", "17.50", "transaction.wallets.1.version", "2")
	p.unchanged(func() {
		p.do("POST", path+"/close", "").want(200, "status", "closed", "transaction", "(none)")
		p.do("POST", path+"/enable", "").wantError(422, "WALLET_CLOSED")
		p.do("PATCH", path, `{"name":"x"}`).wantError(422, "WALLET_CLOSED")
	})
	p.do("POST", path+"/topup", `{"reference":"late","amount":"1"}`).wantError(422, "WALLET_CLOSED")
	p.do("GET", "/v1/wallets?status=closed", "").want(200, "data.0.id", id)
	p.do("POST", "/v1/wallets", `{"customer_id":"ama"}`).want(201, "balance", "0.00")
	p.do("POST", "/v1/wallets/"+other+"/close", `{"redeem":true,"reference":"out"}`).want(200, "transaction.operations.0.type", "redeem")
}

func TestChangingWallets(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Changing", "GHS", `,"limits":{"GHS":{"maximum_amount":"100","daily_count":5}}`)
	id := p.wallet("ama", "10")
	path := "/v1/wallets/" + id
	p.do("GET", path, "").want(200, "limits.maximum_amount", "100", "limits.daily_count", "5", "limits.used.daily_count", "0",
		"fees", "{}", "settlement", "<nil>", "credit_limit", "<nil>", "type", "PREPAID")
	p.do("PATCH", path, `{"name":"main","metadata":{"a":"b"},"limits":{"maximum_amount":"5"},"fees":{"redeem":{"fixed":"0.25"},"transfer":{}}}`).want(200,
		"name", "main", "metadata.a", "b", "limits.maximum_amount", "5", "limits.daily_count", "5",
		"fees.redeem.fixed", "0.25", "fees.transfer.percentage", "0", "fees.issue", "(none)")
	p.unchanged(func() {
		p.do("PATCH", path, `{"name":"main"}`).want(200, "metadata.a", "b", "fees.redeem.fixed", "0.25")
	})
	p.do("POST", path+"/withdraw", `{"reference":"big","amount":"5.01"}`).wantError(422, "LIMIT_EXCEEDED").
		want(422, "error.details.limit", "maximum_amount", "error.details.maximum", "5.00", "error.details.amount", "5.01")
	p.do("POST", path+"/withdraw", `{"reference":"ok","amount":"5"}`).want(201, "operations.0.fee", "0.25", "wallets.0.balance", "4.75")
	p.do("GET", path, "").want(200, "limits.used.daily_count", "1", "limits.used.daily_amount", "5.00", "limits.used.monthly_amount", "5.00")
	p.do("GET", "/v1/wallets?customer_id=ama", "").want(200, "data.0.limits.maximum_amount", "5", "data.0.limits.used", "(none)", "data.0.fees.redeem.fixed", "0.25")
	p.do("PATCH", path, `{"name":"","metadata":{},"limits":{},"fees":{}}`).want(200, "name", "", "metadata", "{}", "limits.maximum_amount", "100", "fees", "{}")
	p.unchanged(func() {
		p.do("PATCH", path, `{"credit_limit":"1"}`).wantError(400, "BAD_REQUEST", "POSTPAID")
		p.do("PATCH", path, `{"credit_limit":1}`).wantError(400, "BAD_REQUEST", `"credit_limit": "10.00"`, `"credit_limit_minor": 1000`)
		p.do("PATCH", path, `{"settlement":{"period":"weekly","day":1}}`).wantError(400, "BAD_REQUEST", "POSTPAID")
		p.do("PATCH", path, `{"limits":{"daily_count":-1}}`).wantError(400, "BAD_REQUEST", "daily_count must be a whole number")
		p.do("PATCH", path, `{"limits":{"daily_amount":"x"}}`).wantError(400, "BAD_REQUEST", "daily_amount must be a plain decimal")
		p.do("PATCH", path, `{"limits":{"daily_amount":"1.001"}}`).wantError(400, "BAD_REQUEST", "daily_amount")
		p.do("PATCH", path, `{"fees":{"redeem":{"minimum":"2","maximum":"1"}}}`).wantError(400, "BAD_REQUEST", "minimum")
		p.do("PATCH", path, `{"fees":{"settle":{}}}`).wantError(400, "BAD_REQUEST", `"fees.settle"`)
		p.do("PATCH", path, `{"status":"closed"}`).wantError(400, "BAD_REQUEST", `"status"`)
		p.do("PATCH", "/v1/wallets/wall_0000000000000", `{"name":"x"}`).wantError(404, "NOT_FOUND")
	})
}

func TestSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("Settings", "GHS", `,"own_transfers_free":true,"time_zone":"Africa/Accra","expiry_notice_seconds":86400,"backdating_seconds":3600,
		"fees":{"exchange":{"fixed":"1","currencies":{"JPY":{"percentage":"0.5","maximum":"100"}}}},"limits":{"GHS":{"maximum_balance":"500","monthly_count":9}}`)
	path := "/v1/projects/" + string(p.id)
	all := []string{
		"own_transfers_free", "true", "time_zone", "Africa/Accra", "expiry_notice_seconds", "86400", "backdating_seconds", "3600",
		"fees.exchange.fixed", "1", "fees.exchange.currencies.JPY.percentage", "0.5", "fees.exchange.currencies.JPY.maximum", "100",
		"fees.transfer.percentage", "0", "limits.GHS.maximum_balance", "500", "limits.GHS.monthly_count", "9",
	}
	w.call(operator, "GET", path, "").want(200, all...)
	w.unchanged(func() {
		w.call(operator, "PATCH", path, `{}`).want(200, all...)
		w.call(operator, "PATCH", path, `{"time_zone":"Mars/Olympus"}`).wantError(400, "BAD_REQUEST", "Mars/Olympus", "Africa/Accra")
		w.call(operator, "PATCH", path, `{"time_zone":"Local"}`).wantError(400, "BAD_REQUEST", "IANA")
		w.call(operator, "PATCH", path, `{"backdating_seconds":-1}`).wantError(400, "BAD_REQUEST", "backdating_seconds")
		w.call(operator, "PATCH", path, `{"expiry_notice_seconds":9223372036854775807}`).wantError(400, "BAD_REQUEST", "expiry_notice_seconds")
		w.call(operator, "PATCH", path, `{"expiry_notice_seconds":999999999}`).wantError(400, "BAD_REQUEST", "expiry_notice")
		w.call(operator, "PATCH", path, `{"limits":{"NOPE":{"maximum_amount":"1"}}}`).wantError(400, "BAD_REQUEST", "NOPE")
		w.call(operator, "PATCH", path, `{"limits":{"GHS":{"maximum_amount":"ten"}}}`).wantError(400, "BAD_REQUEST", "limits.GHS.maximum_amount")
		w.call(operator, "PATCH", path, `{"fees":{"issue":{"fixed":"-1"}}}`).wantError(400, "BAD_REQUEST", "fixed")
		w.call(operator, "PATCH", path, `{"fees":{"issue":{"currencies":{"JPY":{"percentage":"x"}}}}}`).wantError(400, "BAD_REQUEST", "fees.issue.currencies.JPY.percentage")
	})
	w.call(operator, "PATCH", path, `{"fees":{"transfer":{"percentage":"1"}},"limits":{"USD":{"maximum_amount":"1"}},"own_transfers_free":false}`).want(200,
		"fees.transfer.percentage", "1", "fees.exchange.fixed", "1", "limits.GHS.monthly_count", "9", "limits.USD.maximum_amount", "1",
		"own_transfers_free", "false", "time_zone", "Africa/Accra")
	w.call(operator, "PATCH", path, `{"fees":{"exchange":{}},"limits":{"GHS":{}},"time_zone":"UTC"}`).want(200,
		"fees.exchange", "(none)", "fees.transfer.percentage", "1", "limits.GHS", "(none)", "limits.USD.maximum_amount", "1", "time_zone", "UTC")
}
