package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"
)

// refused sends a request that must be refused, and returns the error.
func (c client) refused(status int, code, method, path string, body any) map[string]any {
	c.t.Helper()
	a, err := c.try(c.t.Context(), method, path, body)
	if err != nil {
		c.t.Fatal(err)
	}
	refusal, _ := a.body["error"].(map[string]any)
	if a.status != status || refusal["code"] != code {
		c.t.Fatalf("%s %s: %d %s, want %d %s", method, path, a.status, a.raw, status, code)
	}
	details, _ := refusal["details"].(map[string]any)
	return details
}

// standing returns balance, held and available of a wallet in the response to a write.
func standing(answer map[string]any, wallet string) string {
	for _, each := range answer["wallets"].([]any) {
		if w := each.(map[string]any); w["wallet_id"] == wallet {
			return fmt.Sprint(w["balance"], " ", w["held"], " ", w["available"])
		}
	}
	return "nothing"
}

func (c client) expect(what, got, want string) {
	c.t.Helper()
	if got != want {
		c.t.Errorf("%s: %s, want %s", what, got, want)
	}
}

// TestTime: credit expires and a scheduled transfer comes due while no process runs.
// The next process carries both out, and sends each webhook once.
func TestTime(t *testing.T) {
	t.Parallel()
	address, data := freeAddress(t), filepath.Join(embeddedtest.Dir(t), "data")
	s := up(t, data, address)
	s.awaitReady()
	shop, wallets := s.operator().newProject(map[string]any{"name": "Time", "currency": "GHS"}, 3, "100.00")
	merchant := newReceiver(t)
	merchant.register(shop, "wallet.credit_expired", "transaction.completed")
	due := time.Now().Add(2 * time.Second).UTC()
	for i, change := range []string{"", "freeze", "disable"} {
		shop.must("POST", "/v1/wallets/"+wallets[i]+"/credit", map[string]any{
			"reference": fmt.Sprint("bonus-", i), "amount": "5.00", "expires_at": due.Format(time.RFC3339Nano),
		})
		if change != "" {
			shop.must("POST", "/v1/wallets/"+wallets[i]+"/"+change, map[string]any{"actor": "e2e"})
		}
	}
	scheduled := shop.must("POST", "/v1/transactions", map[string]any{
		"reference": "rent", "scheduled_for": due.Format(time.RFC3339Nano), "operations": []any{
			map[string]any{"type": "transfer", "sender_wallet_id": wallets[0], "recipient_wallet_id": wallets[1], "amount": "10.00"},
		},
	})
	shop.expect("scheduled", scheduled["status"].(string), "scheduled")
	s.kill()
	await(t, "the moment is over", 10*time.Second, func() bool { return time.Now().After(due) })

	s = up(t, data, address)
	s.awaitReady()
	balances := func() string {
		return s.balance(shop, wallets[0]) + " " + s.balance(shop, wallets[1]) + " " + s.balance(shop, wallets[2])
	}
	await(t, "what came due is done", 10*time.Second, func() bool { return balances() == "90.00 110.00 100.00" })
	performed := shop.must("GET", "/v1/transactions/"+scheduled["id"].(string), nil)
	shop.expect("performed", performed["status"].(string), "completed")
	await(t, "the webhooks", 20*time.Second, func() bool { return len(merchant.of("wallet.credit_expired")) >= 3 })
	told := map[string]bool{}
	for _, m := range merchant.of("wallet.credit_expired") {
		lot := m.Data["lot"].(map[string]any)
		shop.expect("lot", fmt.Sprint(lot["original"], " ", lot["remaining"]), "5.00 5.00")
		told[m.Data["wallet"].(map[string]any)["id"].(string)] = true
	}
	if len(told) != 3 || len(merchant.of("wallet.credit_expired")) != 3 {
		t.Errorf("told of %d wallets in %d messages", len(told), len(merchant.of("wallet.credit_expired")))
	}
	await(t, "the read model has it", 20*time.Second, func() bool {
		listed := shop.listedWallets()
		return listed[wallets[0]] == "active 90.00" && listed[wallets[1]] == "frozen 110.00" && listed[wallets[2]] == "disabled 100.00"
	})
	s.stop()
	compareWithLog(t, data)
}

// listedWallets returns the status and the balance of each wallet of a project, as the
// read model has them.
func (c client) listedWallets() map[string]string {
	c.t.Helper()
	listed := map[string]string{}
	for _, wallet := range c.must("GET", "/v1/wallets", nil)["data"].([]any) {
		w := wallet.(map[string]any)
		listed[w["id"].(string)] = fmt.Sprint(w["status"], " ", w["balance"])
	}
	return listed
}

// TestRules uses wallets over HTTP as a developer does.
func TestRules(t *testing.T) {
	t.Parallel()
	data := filepath.Join(embeddedtest.Dir(t), "data")
	s := up(t, data, freeAddress(t))
	s.awaitReady()
	shop, wallets := s.operator().newProject(map[string]any{
		"name": "Rules", "currency": "GHS", "fees": map[string]any{"transfer": map[string]any{"fixed": "0.10", "percentage": "1", "maximum": "0.50"}},
	}, 3, "100.00")
	merchant := newReceiver(t)
	merchant.register(shop, "wallet.*", "hold.*", "escrow.*", "transaction.reversed")
	t.Run("lifecycle", func(t *testing.T) { lifecycle(client{t, shop.base, shop.keys}, wallets[2]) })
	t.Run("holds", func(t *testing.T) { holds(client{t, shop.base, shop.keys}, wallets[0], wallets[1]) })
	t.Run("escrow", func(t *testing.T) { escrow(client{t, shop.base, shop.keys}, wallets[0], wallets[1]) })
	t.Run("reversal", func(t *testing.T) { reversal(client{t, shop.base, shop.keys}, wallets[0], wallets[1]) })
	t.Run("closing", func(t *testing.T) { closing(client{t, shop.base, shop.keys}, wallets[1], wallets[0]) })
	for _, kind := range []string{
		"wallet.frozen", "wallet.unfrozen", "wallet.disabled", "wallet.enabled", "wallet.closed", "wallet.monitor.triggered",
		"hold.placed", "hold.captured", "hold.released", "escrow.created", "escrow.released", "escrow.refunded", "transaction.reversed",
	} {
		await(t, kind, 20*time.Second, func() bool { return len(merchant.of(kind)) > 0 })
	}
	await(t, "the read model has the holds", 20*time.Second, func() bool {
		list := shop.must("GET", "/v1/holds?wallet_id="+wallets[0], nil)["data"].([]any)
		return len(list) == 1 && list[0].(map[string]any)["status"] == "released"
	})
	await(t, "the read model has the closing", 20*time.Second, func() bool { return shop.listedWallets()[wallets[1]] == "closed 0.00" })
	s.stop()
	compareWithLog(t, data)
}

func lifecycle(c client, wallet string) {
	path := "/v1/wallets/" + wallet
	move := func(reference string) map[string]any { return map[string]any{"reference": reference, "amount": "1.00"} }
	c.must("POST", path+"/freeze", map[string]any{"actor": "ops", "reason": "review"})
	c.must("POST", path+"/freeze", nil)
	c.refused(422, "WALLET_FROZEN", "POST", path+"/withdraw", move("frozen-withdrawal"))
	c.must("POST", path+"/topup", move("frozen-topup"))
	c.must("POST", path+"/unfreeze", nil)
	c.must("POST", path+"/disable", nil)
	c.refused(422, "WALLET_DISABLED", "POST", path+"/topup", move("disabled-topup"))
	c.must("POST", path+"/enable", nil)
	c.expect("after all", c.must("POST", path+"/withdraw", move("withdrawal"))["status"].(string), "completed")
}

func holds(c client, from, to string) {
	c.must("POST", "/v1/wallets/"+from+"/monitors", map[string]any{"metric": "available", "threshold": "50.00"})
	hold := c.must("POST", "/v1/holds", map[string]any{"wallet_id": from, "amount": "60.00", "reference": "table-7"})
	c.expect("placed", standing(hold, from), "100.00 60.00 40.00")
	id := hold["hold"].(map[string]any)["id"].(string)
	c.refused(422, "INSUFFICIENT_FUNDS", "POST", "/v1/wallets/"+from+"/withdraw", map[string]any{"reference": "too-much", "amount": "40.01"})
	captured := c.must("POST", "/v1/holds/"+id+"/capture", map[string]any{"amount": "25.00", "recipient_wallet_id": to, "reference": "capture-7"})
	c.expect("captured", standing(captured, from), "75.00 35.00 40.00")
	c.refused(422, "AMOUNT_TOO_LARGE", "POST", "/v1/holds/"+id+"/capture", map[string]any{"amount": "35.01", "reference": "capture-8"})
	released := c.must("POST", "/v1/holds/"+id+"/release", nil)
	c.expect("released", standing(released, from), "75.00 0.00 75.00")
	c.refused(409, "HOLD_ENDED", "POST", "/v1/holds/"+id+"/capture", map[string]any{"reference": "capture-9"})
}

func escrow(c client, from, to string) {
	made := c.must("POST", "/v1/escrows", map[string]any{
		"sender_wallet_id": from, "recipient_wallet_id": to, "amount": "20.00", "reference": "deal", "approval": true,
	})
	c.expect("created", standing(made, from), "55.00 0.00 55.00")
	path := "/v1/escrows/" + made["escrow"].(map[string]any)["id"].(string)
	c.refused(422, "APPROVAL_MISSING", "POST", path+"/release", map[string]any{"reference": "deal-1"})
	c.must("POST", path+"/approve", map[string]any{"party": "sender"})
	c.must("POST", path+"/approve", map[string]any{"party": "recipient"})
	c.expect("released", standing(c.must("POST", path+"/release", map[string]any{"reference": "deal-2", "amount": "15.00"}), to), "140.00 0.00 140.00")
	c.expect("refunded", standing(c.must("POST", path+"/refund", map[string]any{"reference": "deal-3"}), from), "60.00 0.00 60.00")
	c.refused(409, "ESCROW_ENDED", "POST", path+"/refund", map[string]any{"reference": "deal-4"})
}

func reversal(c client, from, to string) {
	transfer := map[string]any{"sender_wallet_id": from, "recipient_wallet_id": to, "amount": "30.00", "reference": "sale"}
	try := map[string]any{"dry_run": true, "reference": "sale", "operations": []any{
		map[string]any{"type": "transfer", "sender_wallet_id": from, "recipient_wallet_id": to, "amount": "30.00"},
	}}
	c.expect("would be", standing(c.must("POST", "/v1/transactions", try), from), "29.60 0.00 29.60")
	sale := c.must("POST", "/v1/transfers", transfer)
	c.expect("sale", standing(sale, from), "29.60 0.00 29.60") // 0.10 and 1 %
	path := "/v1/transactions/" + sale["id"].(string)
	part := c.must("POST", path+"/reverse", map[string]any{"reference": "back-1", "amount": "10.00"})
	c.expect("a part back", standing(part, from), "39.60 0.00 39.60")
	c.refused(422, "AMOUNT_TOO_LARGE", "POST", path+"/reverse", map[string]any{"reference": "back-2", "amount": "20.01"})
	// With the fee of the rest. The fee of the first part is not returned.
	c.expect("the rest back", standing(c.must("POST", path+"/reverse", map[string]any{"reference": "back-3", "return_fees": true}), from), "59.87 0.00 59.87")
	linked := c.must("GET", path, nil)["reversal"].(map[string]any)
	if linked["whole"] != true || len(linked["reversal_ids"].([]any)) != 2 {
		c.t.Errorf("the sale is linked to %v", linked)
	}
}

func closing(c client, wallet, to string) {
	path := "/v1/wallets/" + wallet
	details := c.refused(409, "WALLET_NOT_EMPTY", "POST", path+"/close", map[string]any{"reason": "left"})
	if details["balance"] != "140.00" {
		c.t.Errorf("refused with %v", details)
	}
	c.must("POST", path+"/close", map[string]any{"reason": "left", "recipient_wallet_id": to, "reference": "farewell"})
	c.expect("closed", c.must("GET", path, nil)["status"].(string), "closed")
	c.refused(422, "WALLET_CLOSED", "POST", path+"/topup", map[string]any{"reference": "late", "amount": "1.00"})
	c.expect("refunded", c.must("GET", "/v1/wallets/"+to+"/balance", nil)["balance"].(string), "199.87")
}
