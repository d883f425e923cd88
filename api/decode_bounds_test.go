package api

import (
	"fmt"
	"strings"
	"testing"
)

// TestNumbersAreBounded: a number that no asset could express is refused where it
// comes in, whichever setting it is for, and one that the wallet's asset cannot.
func TestNumbersAreBounded(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Bounded", "USD", "")
	ama, kofi := p.wallet("ama", ""), p.wallet("kofi", "")
	path, tiny := "/v1/wallets/"+ama, "0."+strings.Repeat("0", 70)+"1"
	for _, number := range []string{tiny, "0." + strings.Repeat("0", 18) + "1", strings.Repeat("9", 37)} {
		for _, field := range []string{"fixed", "minimum", "maximum"} {
			p.do("PATCH", path, fmt.Sprintf(`{"fees":{"transfer":{"percentage":"1",%q:%q}}}`, field, number)).wantError(400, "BAD_REQUEST", "fees.transfer."+field)
		}
		for _, field := range []string{"maximum_balance", "maximum_amount", "daily_amount", "monthly_amount"} {
			p.do("PATCH", path, fmt.Sprintf(`{"limits":{%q:%q}}`, field, number)).wantError(400, "BAD_REQUEST", field)
		}
		p.do("PATCH", path, fmt.Sprintf(`{"credit_limit":%q}`, number)).wantError(400, "BAD_REQUEST", "credit_limit")
		p.do("POST", path+"/monitors", fmt.Sprintf(`{"metric":"balance","threshold":%q}`, number)).wantError(400, "BAD_REQUEST", "threshold")
		p.do("POST", "/v1/transactions", fmt.Sprintf(`{"reference":"swap","operations":[{"type":"exchange","sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"1","rate":%q}]}`, ama, kofi, number)).
			wantError(400, "BAD_REQUEST", "rate")
	}
	p.do("PATCH", path, fmt.Sprintf(`{"fees":{"transfer":{"percentage":%q}}}`, tiny)).wantError(400, "BAD_REQUEST", "fees.transfer.percentage")
	p.do("PATCH", path, `{"fees":{"transfer":{"percentage":"1","fixed":"0.001"}}}`).wantError(400, "BAD_REQUEST", "fees.transfer.fixed has more digits than USD allows")
	p.do("POST", path+"/topup", `{"reference":"much","amount":"600000000000.00"}`).want(201)
	p.do("POST", "/v1/transfers", fmt.Sprintf(`{"reference":"moved","sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"500000000000.00"}`, ama, kofi)).want(201)
}
