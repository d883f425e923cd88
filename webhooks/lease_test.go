package webhooks

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// leased takes the lease of a new endpoint.
func (f *fixture) leased(d *Dispatcher) *lease {
	f.t.Helper()
	endpoint, _ := f.listen("http://localhost:1")
	l, err := d.leases.acquire(f.t.Context(), endpoint.ID)
	if err != nil || l == nil {
		f.t.Fatal(l, err)
	}
	return l
}

// One heartbeat renews the leases of all endpoints: what became of one is no
// reason for the others to run out.
func TestRenewalIsEachLeasesOwn(t *testing.T) {
	t.Parallel()
	f := setup(t)
	d, other := NewDispatcher(f.config()), NewDispatcher(f.config())
	kept, returned, locked, taken, again, gone := f.leased(d), f.leased(d), f.leased(d), f.leased(d), f.leased(d), f.leased(d)
	for _, l := range []*lease{returned, taken, again} {
		if err := d.leases.release(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	if l, err := other.leases.acquire(t.Context(), taken.endpoint); err != nil || l == nil {
		t.Fatal(l, err)
	}
	anew, err := d.leases.acquire(t.Context(), again.endpoint)
	if err != nil || anew == nil {
		t.Fatal(anew, err)
	}
	if ok, err := f.store.DeleteEndpoint(t.Context(), f.project, gone.endpoint); err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET lease_until = now() WHERE lease_until IS NOT NULL`); err != nil {
		t.Fatal(err)
	}
	held := []*lease{kept, returned, locked, taken, again, gone}
	before := map[*lease]time.Time{}
	for _, l := range held {
		before[l] = *l.until.Load()
	}
	var ours map[string]bool
	err = pgx.BeginFunc(t.Context(), f.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(t.Context(), `SELECT FROM webhooks.endpoint WHERE id = $1 FOR UPDATE`, locked.endpoint); err != nil {
			return err
		}
		ours, err = d.leases.extend(t.Context(), held)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		l              *lease
		ours, extended bool
	}{
		"held":                    {kept, true, true},
		"given back":              {returned, false, false},
		"of a locked endpoint":    {locked, true, false},
		"taken by another":        {taken, false, false},
		"of an epoch of ours ago": {again, false, false},
		"of a deleted endpoint":   {gone, false, false},
	} {
		inTable := f.count(`SELECT count(*) FROM webhooks.endpoint WHERE id = $1 AND lease_until > now()`, c.l.endpoint) == 1
		inMemory := c.l.until.Load().After(before[c.l])
		if ours[c.l.endpoint] != c.ours || inTable != c.extended || inMemory != c.extended {
			t.Errorf("a lease %s: ours %v, renewed in the table %v and in memory %v; want %v and %v", name, ours[c.l.endpoint], inTable, inMemory, c.ours, c.extended)
		}
	}
}

func TestLostLeaseIsFenced(t *testing.T) {
	t.Parallel()
	f := setup(t)
	endpoint, _ := f.listen("http://localhost:1")
	f.wallet("ama")
	config := f.config()
	config.Shards = []Log{f.log}
	ours, theirs := NewDispatcher(config), NewDispatcher(config)
	g := ours.ingesters[0]
	g.wake = func(string) {}
	if err := g.load(t.Context()); err != nil {
		t.Fatal(err)
	}
	g.position = f.cursor // everything is owed: it joins
	if err := g.join(t.Context()); err != nil {
		t.Fatal(err)
	}
	old, err := ours.leases.acquire(t.Context(), endpoint.ID)
	if err != nil || old == nil {
		t.Fatal(old, err)
	}
	claimed, err := ours.leases.claim(t.Context(), old, 10)
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	if l, err := theirs.leases.acquire(t.Context(), endpoint.ID); l != nil || err != nil {
		t.Fatal("two leases", err)
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET lease_until = now()`); err != nil {
		t.Fatal(err)
	}
	l, err := theirs.leases.acquire(t.Context(), endpoint.ID)
	if err != nil || l == nil {
		t.Fatal(l, err)
	}
	again, err := theirs.leases.claim(t.Context(), l, 10)
	if err != nil || len(again) != 1 || again[0].messageID != claimed[0].messageID {
		t.Fatal(again, err)
	}
	// Nothing of the old epoch counts any more.
	if kept, err := ours.leases.extend(t.Context(), []*lease{old}); err != nil || len(kept) != 0 {
		t.Error(kept, err)
	}
	if more, err := ours.leases.claim(t.Context(), old, 10); err != nil || len(more) != 0 {
		t.Error(more, err)
	}
	done := completion{lease: old, delivery: claimed[0], answer: &answer{started: epoch}, verdict: verdict{outcome: delivered, disable: "x"}}
	old.breaker.failed(claimed[0].messageID, time.Hour)
	if err := ours.completer.write(t.Context(), []completion{done}); err != nil {
		t.Fatal(err)
	}
	if err := ours.leases.release(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.delivery d JOIN webhooks.endpoint e ON e.lease_epoch = d.lease_epoch
		WHERE e.lease_owner = $1 AND e.status = 'enabled' AND e.paused_until IS NULL`, theirs.leases.owner); n != 1 {
		t.Error("an old epoch changed something")
	}
	// A completion whose outcome is unknown is written again: it counts once.
	done.lease, done.verdict = l, verdict{outcome: retry, wait: time.Hour}
	for range 2 {
		if err := theirs.completer.write(t.Context(), []completion{done}); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count(`SELECT count(*) FROM webhooks.attempt`); n != 1 {
		t.Errorf("%d attempts", n)
	}
}
