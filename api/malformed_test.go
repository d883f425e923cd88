package api

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestMalformedDealings sends every route of holds and escrows bodies that say
// enough to act on and have one mistake. Each is refused, and nothing happens.
func TestMalformedDealings(t *testing.T) {
	t.Parallel()
	p := newWorld(t).tenant("Malformed", "GHS", "")
	from, to := p.wallet("ama", "100"), p.wallet("kofi", "")
	parties := `"sender_wallet_id":"` + from + `","recipient_wallet_id":"` + to + `"`
	later := p.in(time.Hour)
	hold := "/v1/holds/" + p.do("POST", "/v1/holds", `{"wallet_id":"`+from+`","amount":"20","reference":"h"}`).want(201).get("hold.id")
	escrow := "/v1/escrows/" + p.do("POST", "/v1/escrows", `{`+parties+`,"amount":"20","reference":"e"}`).want(201).get("escrow.id")
	watched := "/v1/escrows/" + p.do("POST", "/v1/escrows", `{`+parties+`,"amount":"20","reference":"w","approval":true}`).want(201).get("escrow.id")
	for _, c := range []struct{ path, valid string }{
		{"/v1/holds", `{"wallet_id":"` + from + `","amount":"5","expires_at":"` + later + `"}`},
		{hold + "/capture", `{"amount":"5","recipient_wallet_id":"` + to + `"}`},
		{hold + "/release", `{"amount":"5"}`},
		{"/v1/escrows", `{` + parties + `,"amount":"5","deadline":"` + later + `","at_deadline":"refund"}`},
		{escrow + "/release", `{"amount":"5"}`},
		{escrow + "/refund", `{"amount":"5"}`},
		{watched + "/approve", `{"party":"sender","actor":"ama"}`},
	} {
		open := strings.TrimSuffix(c.valid, "}")
		malformed := map[string]string{ // what the message says: the body
			"nonsense":    open + `,"nonsense":1}`,
			"too early":   open,
			"after":       c.valid + `{}`,
			"JSON object": `[` + c.valid + `]`,
			"not valid":   open + `,}`,
			"UTF-8":       strings.Replace(c.valid, `":"`, `":"`+"\xff", 1),
			"JSON number": strings.Replace(c.valid, `"5"`, `5`, 1),
			"amount":      strings.Replace(c.valid, `"5"`, `"5.x"`, 1),
			"once":        strings.Replace(c.valid, `"5"`, `"5","amount_minor":500`, 1),
			"RFC 3339":    strings.Replace(c.valid, later, "x"+later, 1),
			"a string":    strings.Replace(c.valid, `"ama"`, `{}`, 1),
		}
		for says, body := range malformed {
			if body == c.valid {
				continue // the route has no such field
			}
			p.unchanged(func() {
				// The reference is in the header, so that what is left of the body would do.
				got := p.do(http.MethodPost, c.path, body, "Idempotency-Key", c.path+says)
				if got.status != http.StatusBadRequest || got.get("error.code") != "BAD_REQUEST" || !strings.Contains(got.get("error.message"), says) {
					t.Errorf("POST %s %s: %d %s, want 400 and %q", c.path, body, got.status, got.body, says)
				}
			})
		}
		// It was the mistakes that were refused.
		if got := p.do(http.MethodPost, c.path, c.valid, "Idempotency-Key", c.path); got.status >= 300 {
			t.Errorf("POST %s %s: %d %s", c.path, c.valid, got.status, got.body)
		}
	}
}
