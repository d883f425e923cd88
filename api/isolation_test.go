package api

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/projections"
	"tallystick/webhooks"

	"github.com/jackc/pgx/v5/pgxpool"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// inPostgres gives a world the real read model and the real endpoints: what they
// filter is SQL, which a fake would do anew.
func inPostgres(t *testing.T) func(*Config) {
	return func(cfg *Config) {
		t.Helper()
		url := embeddedtest.Database(t)
		for _, migrate := range []func(context.Context, string) error{projections.Migrate, webhooks.Migrate} {
			if err := migrate(t.Context(), url); err != nil {
				t.Fatal(err)
			}
		}
		pool, err := pgxpool.New(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		rows := cfg.Queries.(*readModel)
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error)
		for shard, log := range rows.logs {
			projector := projections.NewProjector(projections.ProjectorConfig{Shard: shard, Log: log, Codec: rows.codec, Pool: pool})
			go func() { ended <- projector.Run(ctx) }()
		}
		t.Cleanup(func() {
			cancel()
			for range rows.logs {
				if err := <-ended; err != nil {
					t.Errorf("a projector ended with %v", err)
				}
			}
		})
		cfg.Queries = projections.NewQueries(pool)
		cfg.Webhooks = webhooks.NewStore(pool, events.MasterKey{1}, webhooks.Policy{AllowHTTP: true, AllowLoopback: true}, 0)
	}
}

// tenantIn is a project whose name brings it to a shard.
func (w *world) tenantIn(shard int, name string) *tenant {
	w.t.Helper()
	for i := range 100 {
		if tried := fmt.Sprint(name, i); w.ledger.ShardFor(tried) == shard {
			made := w.tenant(tried, "GHS", "")
			if at, _ := made.id.Location(); int(at.Shard) != shard {
				w.t.Fatalf("the project %q is in shard %d, not %d", tried, at.Shard, shard)
			}
			return made
		}
	}
	w.t.Fatalf("no project comes to shard %d", shard)
	return nil
}

// busy makes two of everything that is listed, and returns what each list has:
// the identifiers, sorted.
func (p *tenant) busy() map[string][]string {
	p.t.Helper()
	lists := map[string][]string{}
	made := func(list, id string) string {
		lists[list] = append(lists[list], id)
		return id
	}
	var wallets []string
	for _, user := range []string{"ama", "kofi"} {
		made("/v1/customers", user)
		wallet := made("/v1/wallets?system=false", p.wallet(user, "100"))
		wallets = append(wallets, wallet)
		made("/api/v1/wallets", p.do("GET", "/v1/wallets/"+wallet, "").want(200).get("number"))
		made("/v1/transactions", p.do("GET", "/v1/transactions?reference=fund-"+user, "").want(200).get("data.0.id"))
		hook := p.do("POST", "/v1/webhook-endpoints", `{"url":"http://localhost/`+user+`"}`).want(201).get("id")
		made("/v1/webhook-endpoints", hook)
	}
	for i, from := range wallets {
		hold := fmt.Sprintf(`{"reference":"hold-%d","wallet_id":%q,"amount":"1"}`, i, from)
		made("/v1/holds", p.do("POST", "/v1/holds", hold).want(201).get("hold.id"))
		escrow := fmt.Sprintf(`{"reference":"escrow-%d","sender_wallet_id":%q,"recipient_wallet_id":%q,"amount":"1"}`, i, from, wallets[1-i])
		opened := p.do("POST", "/v1/escrows", escrow).want(201)
		made("/v1/escrows", opened.get("escrow.id"))
		made("/v1/transactions", opened.get("transaction.id"))
	}
	for _, ids := range lists {
		slices.Sort(ids)
	}
	return lists
}

// identifiers reads a list to its end, in pages of two, by cursors or by numbers.
func (p *tenant) identifiers(path string) []string {
	p.t.Helper()
	var all []string
	join := map[bool]string{false: "?", true: "&"}[strings.Contains(path, "?")]
	for page, more := 1, join+"limit=2"; more != ""; page++ {
		reply := p.do("GET", path+more, "", "Tally-Min-Sequence", p.written()).want(200)
		var rows []map[string]any
		var list struct {
			Data       []map[string]any
			NextCursor string `json:"next_cursor"`
		}
		if err := json.Unmarshal(reply.body, &rows); err == nil {
			more = ""
			if reply.header.Get("X-Has-More") == "true" {
				more = fmt.Sprintf("%slimit=2&page=%d", join, page+1)
			}
		} else if err := json.Unmarshal(reply.body, &list); err != nil {
			p.t.Fatal(err)
		} else if rows, more = list.Data, ""; list.NextCursor != "" {
			more = join + "limit=2&cursor=" + list.NextCursor
		}
		for _, row := range rows {
			all = append(all, fmt.Sprint(row["id"]))
		}
	}
	slices.Sort(all)
	return all
}

// written is the newest place of the tenant's log.
func (p *tenant) written() string {
	p.t.Helper()
	return p.do("GET", "/v1/assets", "").want(200).header.Get("Tally-Sequence")
}

// TestProjectsSeeTheirOwn: every list has all of its project and nothing of
// another, in the same shard and in another, from the real read model.
func TestProjectsSeeTheirOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, inPostgres(t))
	tenants := []*tenant{w.tenantIn(1, "one"), w.tenantIn(1, "two"), w.tenantIn(0, "three")}
	var lists []map[string][]string
	for _, p := range tenants {
		lists = append(lists, p.busy())
	}
	for i, p := range tenants {
		for path, want := range lists[i] {
			if got := p.identifiers(path); !slices.Equal(got, want) {
				t.Errorf("project %d: %s has %v, want %v", i, path, got, want)
			}
		}
		for j := range tenants {
			if i != j {
				p.expectNothingOf(lists[j], lists[i])
			}
		}
	}
}

// expectNothingOf asks for what is another project's, by every way to name it.
func (p *tenant) expectNothingOf(theirs, own map[string][]string) {
	p.t.Helper()
	for _, wallet := range theirs["/v1/wallets?system=false"] {
		for _, path := range []string{"/v1/transactions", "/v1/holds", "/v1/escrows"} {
			if got := p.identifiers(path + "?wallet_id=" + wallet); len(got) != 0 {
				p.t.Errorf("%s of a wallet of another project has %v", path, got)
			}
		}
		p.do("GET", "/v1/wallets/"+wallet+"/entries", "").wantError(404, "NOT_FOUND")
		p.do("GET", "/v1/wallets/"+wallet+"/balance?at=2020-01-01T00:00:00Z", "").wantError(404, "NOT_FOUND")
	}
	for list, ids := range theirs {
		path, _, _ := strings.Cut(list, "?")
		for _, id := range ids {
			if slices.Contains(own[list], id) { // customers have the names that their projects gave them
				continue
			}
			p.do("GET", path+"/"+id, "").wantError(404, "NOT_FOUND")
		}
	}
	for _, hook := range theirs["/v1/webhook-endpoints"] {
		p.do("DELETE", "/v1/webhook-endpoints/"+hook, "").wantError(404, "NOT_FOUND")
	}
}
