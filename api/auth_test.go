package api

import (
	"fmt"
	"strings"
	"testing"
)

func TestWhoMayAsk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("One", "GHS", "")
	q := w.tenant("Two", "GHS", "")
	unknown := strings.Repeat("0", 13)
	for name, row := range map[string]struct {
		who    identity
		path   string
		status int
		code   string
	}{
		"nobody":                      {identity{}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"no secret":                   {identity{p.key, ""}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"wrong secret":                {identity{p.key, q.secret}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"secret of nothing":           {identity{p.key, "sk_"}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"no such key":                 {identity{"key_" + unknown, p.secret}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"a key of no shard":           {identity{"key_00000000007vv", p.secret}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"not a key":                   {identity{"hello", p.secret}, "/v1/wallets", 401, "UNAUTHORIZED"},
		"wrong secret of operator":    {identity{operator.key, p.secret}, "/v1/projects", 401, "UNAUTHORIZED"},
		"operator asks as a project":  {operator, "/v1/wallets", 403, "FORBIDDEN"},
		"project asks as operator":    {p.identity, "/v1/projects", 403, "FORBIDDEN"},
		"its own credentials neither": {p.identity, "/v1/projects/" + string(p.id) + "/credentials", 403, "FORBIDDEN"},
		"a project":                   {p.identity, "/v1/wallets", 200, ""},
		"the operator":                {operator, "/v1/projects", 200, ""},
	} {
		reply := w.call(row.who, "GET", row.path, "")
		if reply.status != row.status || row.code != "" && reply.get("error.code") != row.code {
			t.Errorf("%s: %d %s", name, reply.status, reply.body)
		}
	}
}

func TestWithoutAnOperatorNobodyIsOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(cfg *Config) { cfg.Operator = Operator{} })
	w.call(identity{"operator", "operator-secret"}, "GET", "/v1/projects", "").wantError(401, "UNAUTHORIZED")
	w = newWorld(t, func(cfg *Config) { cfg.Operator = Operator{APIKey: "operator"} })
	w.call(identity{"operator", "x"}, "GET", "/v1/projects", "").wantError(401, "UNAUTHORIZED")
}

func TestCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.tenant("One", "GHS", "")
	other := w.tenant("Two", "GHS", "")
	path := "/v1/projects/" + string(p.id) + "/credentials"
	made := w.call(operator, "POST", path, `{"name":"app"}`).want(201, "name", "app", "project_id", string(p.id))
	second := identity{made.get("api_key"), made.get("secret_key")}
	if len(second.secret) != 3+43 {
		t.Errorf("the secret %q is not 256 bits", second.secret)
	}
	w.call(second, "GET", "/v1/wallets", "").want(200)

	list := w.call(operator, "GET", path, "").want(200, "data.1.api_key", second.key, "data.1.revoked", "false", "next_cursor", "<nil>")
	if strings.Contains(string(list.body), "secret") {
		t.Errorf("a secret is shown again: %s", list.body)
	}
	first := w.call(operator, "GET", path+"?limit=1", "").want(200, "data.0.api_key", p.key)
	w.call(operator, "GET", path+"?limit=1&cursor="+first.get("next_cursor"), "").want(200, "data.0.api_key", second.key, "next_cursor", "<nil>")

	w.call(operator, "DELETE", "/v1/projects/"+string(other.id)+"/credentials/"+second.key, "").wantError(404, "NOT_FOUND")
	w.call(second, "GET", "/v1/wallets", "").want(200)
	for range 2 {
		if reply := w.call(operator, "DELETE", path+"/"+second.key, ""); reply.status != 204 || len(reply.body) > 0 {
			t.Errorf("%d %s", reply.status, reply.body)
		}
	}
	w.call(second, "GET", "/v1/wallets", "").wantError(401, "UNAUTHORIZED", "revoked")
	w.call(operator, "GET", path, "").want(200, "data.1.revoked", "true")
	w.call(operator, "POST", "/v1/projects/proj_0000000000000/credentials", "").wantError(404, "NOT_FOUND", "Project")
}

func TestProjects(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []string
	for i := range 5 {
		ids = append(ids, w.call(operator, "POST", "/v1/projects", fmt.Sprintf(`{"name":"P%d","currency":"USD"}`, i)).
			want(201, "fees.transfer.percentage", "0", "locale", "", "one_wallet_per_customer", "false").get("id"))
	}
	path := "/v1/projects/" + ids[0]
	got := w.call(operator, "GET", path, "").want(200, "name", "P0")
	w.call(operator, "PATCH", path, `{"locale":"en-GH","fees":{"transfer":{"percentage":"1.0"}}}`).
		want(200, "name", "P0", "locale", "en-GH", "fees.transfer.percentage", "1.0", "created_at", got.get("created_at"))
	w.unchanged(func() { w.call(operator, "PATCH", path, `{"name":"P0"}`).want(200) })
	w.unchanged(func() {
		w.call(operator, "PATCH", path, `{"currency":"GHS"}`).wantError(400, "BAD_REQUEST", "cannot be changed")
		w.call(operator, "PATCH", path, `{"fees":{"transfer":{"percentage":"101"}}}`).wantError(400, "BAD_REQUEST", "percentage")
		w.call(operator, "PATCH", path, `{"fees":{"transfer":{"percentage":1}}}`).wantError(400, "BAD_REQUEST", "fees.transfer.percentage must be a string, not number")
		w.call(operator, "POST", "/v1/projects", `{"name":"x","currency":"POINTS"}`).wantError(400, "BAD_REQUEST", "ISO 4217")
		w.call(operator, "POST", "/v1/projects", `{"currency":"USD"}`).wantError(400, "BAD_REQUEST", "name is required")
		w.call(operator, "GET", "/v1/projects/nonsense", "").wantError(404, "NOT_FOUND")
		w.call(operator, "PATCH", "/v1/projects/proj_0000000000000", `{}`).wantError(404, "NOT_FOUND")
	})
	seen, cursor := map[string]bool{}, ""
	for range 3 {
		page := w.call(operator, "GET", "/v1/projects?limit=2"+cursor, "").want(200)
		for i := range 2 {
			seen[page.get(fmt.Sprintf("data.%d.id", i))] = true
		}
		cursor = "&cursor=" + page.get("next_cursor")
	}
	for _, id := range ids {
		if !seen[id] {
			t.Errorf("project %s is in no page", id)
		}
	}
}
