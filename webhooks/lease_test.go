package webhooks

import (
	"testing"
	"time"
)

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
	done := completion{lease: old, delivery: claimed[0], answer: &answer{started: epoch}, verdict: verdict{outcome: delivered, disable: "x", pause: time.Hour}}
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
