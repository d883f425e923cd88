package webhooks

import (
	"net/http"
	"sync/atomic"
	"testing"
)

// awaitClosing waits until a dispatcher that is being stopped begins nothing more.
func (d *Dispatcher) awaitClosing(t *testing.T) {
	t.Helper()
	eventually(t, "the dispatcher begins nothing more", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.closing
	})
}

// A dispatcher loses its lease while requests are in flight. What it had
// recorded is not sent again. What is in flight is sent by its successor, and
// whatever comes of the old requests changes nothing.
func TestLostLeaseWithRequestsInFlight(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const before, after = 5, 15
	var successor atomic.Bool
	oldMayEnd, newMayEnd := make(chan struct{}), make(chan struct{})
	var seen atomic.Int64
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		switch {
		case successor.Load():
			<-newMayEnd
		case seen.Add(1) > before:
			<-oldMayEnd
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	f.listen(r.URL, walletBalanceUpdated)
	ama := f.wallet("ama")
	for range before {
		f.do(f.issue(ama, "1"))
	}
	config := f.config()
	config.Pool = f.connect(nil)
	first, stop := start(t, config)
	done := r.take(t, before)
	f.becomes(before, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	for range after {
		f.do(f.issue(ama, "1"))
	}
	hanging := r.take(t, 1)
	f.becomes(after, `SELECT count(*) FROM webhooks.delivery`)

	successor.Store(true)
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET lease_owner = NULL, lease_until = NULL`); err != nil {
		t.Fatal(err)
	}
	second, _ := start(t, f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE lease_owner = $1`, second.leases.owner)
	again := r.take(t, 1) // the successor has claimed: what comes of the old requests comes too late
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	first.awaitClosing(t)
	close(oldMayEnd)
	<-stopped
	close(newMayEnd)
	f.becomes(before+after, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered' AND attempts = 1`)
	if n := f.count(`SELECT count(*) FROM webhooks.attempt WHERE outcome <> 'delivered'`); n != 0 {
		t.Errorf("%d attempts of the dispatcher without a lease were recorded", n)
	}
	for len(r.got) > 0 {
		again[r.next(t).id()]++
	}
	for id := range done {
		if again[id] > 0 || hanging[id] > 0 {
			t.Errorf("%s was delivered and recorded, and was sent again", id)
		}
	}
}

// A dispatcher that stops keeps its lease until what it posted is recorded:
// given back before, its successor would post the same again.
func TestLeaseIsKeptUntilWorkIsRecorded(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, nil)
	f.listen(r.URL, walletCreated)
	f.wallet("ama")
	config := f.config()
	config.Pool = f.connect(nil)
	first, stop := start(t, config)
	second := NewDispatcher(f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log`)
	recording, err := f.pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer recording.Rollback(t.Context()) //nolint:errcheck // where the test failed before
	if _, err := recording.Exec(t.Context(), `LOCK TABLE webhooks.attempt IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	f.wallet("kofi")
	sent := r.take(t, 2)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	first.awaitClosing(t)
	for range 50 {
		if ids, err := second.leases.ready(t.Context()); err != nil || len(ids) > 0 {
			t.Fatalf("deliveries that were made and are not recorded are there for the taking: %v %v", ids, err)
		}
	}
	if err := recording.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-stopped
	if n := f.count(`SELECT count(*) FROM webhooks.delivery`); n != 0 || len(r.got) > 0 || len(sent) != 2 {
		t.Errorf("%d deliveries are still to be made; %d came again", n, len(r.got))
	}
	if n := f.count(`SELECT count(*) FROM webhooks.endpoint WHERE lease_owner IS NULL`); n != 1 {
		t.Error("the lease was not given back")
	}
}
