package webhooks

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// many makes events of type wallet.balance.updated.
func (f *fixture) many(wallet ids.Wallet, count int) {
	f.t.Helper()
	commands := make([]domain.Command, count)
	for i := range commands {
		commands[i] = f.issue(wallet, "1")
	}
	f.do(commands...)
}

// waitOver ends the wait of all endpoints, as time would.
func (f *fixture) waitOver(d *Dispatcher, endpoints ...string) {
	f.t.Helper()
	if _, err := f.pool.Exec(f.t.Context(), `UPDATE webhooks.endpoint SET paused_until = now()`); err != nil {
		f.t.Fatal(err)
	}
	for _, endpoint := range endpoints {
		d.wake(endpoint)
	}
}

// An endpoint that fails costs the attempts of the schedule, however many
// deliveries it is owed, over restarts, and takes all of them once it works.
func TestFailingEndpointWaitsAsAWhole(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const deliveries = 300
	var works atomic.Bool
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		if !works.Load() {
			w.WriteHeader(http.StatusBadGateway)
		}
	})
	endpoint, _ := f.listen(r.URL, walletBalanceUpdated)
	f.many(f.wallet("ama"), deliveries)
	config := f.config()
	config.Retries, config.Spread = nil, nil
	d, stop := start(t, config)
	for i, wait := range append(DefaultRetries, DefaultRetries[11]) {
		step := min(i+1, len(DefaultRetries))
		f.becomes(openAfter+i, `SELECT count(*) FROM webhooks.attempt`)
		f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step = $1 AND lease_owner IS NULL AND failing_since IS NOT NULL
			AND paused_until BETWEEN now() + $2 AND now() + $3`, step, wait*8/10-patience, wait*12/10)
		if i == 3 {
			stop()
			config.Pool = f.connect(nil)
			d, _ = start(t, config)
		}
		f.waitOver(d, endpoint.ID)
	}
	const probes = 13
	f.becomes(openAfter+probes, `SELECT count(*) FROM webhooks.attempt WHERE attempt = 1 AND outcome = 'retry'`)
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE paused_until > now() AND lease_owner IS NULL`)
	if n := f.count(`SELECT count(*) FROM webhooks.delivery WHERE attempts = 0`); n != deliveries-openAfter-probes {
		t.Errorf("%d deliveries were not tried, want %d: waiting costs no attempt", n, deliveries-openAfter-probes)
	}
	works.Store(true)
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.delivery SET next_at = now()`); err != nil {
		t.Fatal(err)
	}
	f.waitOver(d, endpoint.ID)
	f.becomes(deliveries, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step = 0 AND failing_since IS NULL AND failed_messages = '{}'`)
}

// Messages that a receiver never takes go by their own schedule, and do not keep
// the endpoint from the others: not while it works, and not once it waits.
func TestPoisonMessages(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, req *http.Request) {
		body := make([]byte, 10_000)
		n, _ := req.Body.Read(body)
		if strings.Contains(string(body[:n]), `"poison`) {
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	endpoint, _ := f.listen(r.URL, walletCreated)
	customers := func(name string, count int) {
		for i := range count {
			customer := ids.Customer(fmt.Sprint(name, i))
			f.do(domain.UpsertCustomer{Project: f.project, Customer: customer}, domain.CreateWallet{Project: f.project, Customer: customer})
		}
	}
	// Fewer than open the breaker, again and again: it stays closed.
	customers("poison-a-", openAfter-1)
	config := f.config()
	config.Retries = []time.Duration{time.Millisecond, time.Millisecond, time.Hour}
	d, _ := start(t, config)
	f.becomes(openAfter-1, `SELECT count(*) FROM webhooks.delivery WHERE attempts = 3`)
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step = 0 AND cardinality(failed_messages) = $1`, openAfter-1)
	// A success forgets them.
	customers("good-a-", 1)
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE failing_since IS NULL AND failed_messages = '{}'`)
	// So many that the breaker opens: the wait over, a message that was not tried decides.
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET paused_until = now() + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	customers("poison-b-", openAfter)
	customers("good-b-", 1)
	f.becomes(2*openAfter, `SELECT count(*) FROM webhooks.delivery`)
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET wait_step = 1, failing_since = now()`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.delivery d SET next_at = now() - interval '1 hour', attempts = greatest(attempts, 1)
		FROM webhooks.message m WHERE m.id = d.message_id AND convert_from(m.body, 'UTF8') LIKE '%poison%'`); err != nil {
		t.Fatal(err)
	}
	f.waitOver(d, endpoint.ID)
	f.becomes(2, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
}

// What became too old while its endpoint failed ends at the endpoint's next
// failure. Neither age nor failing is enough by itself.
func TestOldDeliveriesOfAFailingEndpointEnd(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	lately, _ := f.listen(r.URL, walletBalanceUpdated)
	long, _ := f.listen(r.URL, walletBalanceUpdated)
	ama := f.wallet("ama")
	f.many(ama, 20)
	config := f.config()
	config.Retries, config.MaxAge = nil, 0
	d, _ := start(t, config)
	f.becomes(2, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step = 1 AND lease_owner IS NULL`)
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.delivery SET created_at = created_at - interval '73 hours'`); err != nil {
		t.Fatal(err)
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET failing_since = failing_since - interval '73 hours' WHERE id = $1`, long.ID); err != nil {
		t.Fatal(err)
	}
	f.many(ama, 10)
	f.becomes(60, `SELECT count(*) FROM webhooks.delivery`)
	f.waitOver(d, lately.ID, long.ID)
	f.becomes(2, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step = 2 AND lease_owner IS NULL`)
	if n := f.count(`SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'exhausted' AND endpoint_id = $1`, long.ID); n != 20 {
		t.Errorf("%d deliveries ended, want the 20 that are too old", n)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.delivery_log WHERE endpoint_id = $1`, lately.ID); n != 0 {
		t.Errorf("%d deliveries ended of an endpoint that failed a moment ago", n)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.attempt`); n != 2*openAfter+2 {
		t.Errorf("%d attempts", n)
	}
}

// New deliveries for an endpoint that waits do not make a dispatcher look at it,
// also one that has not met it before. The end of the wait does.
func TestWaitingEndpointsAreLeftAlone(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, nil)
	endpoint, _ := f.listen(r.URL, walletBalanceUpdated)
	ama := f.wallet("ama")
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET paused_until = now() + interval '1 hour'`); err != nil {
		t.Fatal(err)
	}
	d, _ := start(t, f.config())
	f.many(ama, 1)
	running := func() (paused, running bool) {
		d.mu.Lock()
		defer d.mu.Unlock()
		_, paused = d.paused[endpoint.ID]
		return paused, d.runners[endpoint.ID] != nil
	}
	eventually(t, "the endpoint is left alone", func() bool {
		paused, runs := running()
		return paused && !runs
	})
	d.announce(endpoint.ID)
	if _, runs := running(); runs {
		t.Error("an announcement had it looked at")
	}
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET paused_until = now()`); err != nil {
		t.Fatal(err)
	}
	r.take(t, 1)
}

func TestWindow(t *testing.T) {
	t.Parallel()
	config := NewDispatcher(DispatcherConfig{}).config
	b := newBreaker(health{}, &config)
	widths := func(steps string) (got []int) {
		for i, step := range steps {
			if step == '+' {
				b.succeeded()
			} else {
				b.failed(fmt.Sprint(steps, i), 0)
			}
			got = append(got, b.window)
		}
		return got
	}
	if b.window != 1 {
		t.Error("begins with", b.window)
	}
	if got := fmt.Sprint(widths("++++--+---+")); got != "[2 4 8 8 4 2 4 2 1 1 2]" {
		t.Error(got)
	}
	for b.window > 1 {
		b.failed("x", 0)
	}
	if err := b.enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	entered := make(chan error, 1)
	go func() { entered <- b.enter(t.Context()) }()
	b.leave()
	if err := <-entered; err != nil || b.inFlight != 1 {
		t.Error(err, b.inFlight)
	}
}

// What was in flight when the breaker opened decides nothing: neither does a
// success close it early, nor does a failure make the wait longer.
func TestStragglersDecideNothing(t *testing.T) {
	t.Parallel()
	config := NewDispatcher(DispatcherConfig{}).config
	b := newBreaker(health{step: 3}, &config)
	if !b.halfOpen() || !b.failed("a", 0) || b.halfOpen() || !b.isOpen() {
		t.Fatalf("%+v", b.health)
	}
	before, _ := b.unsaved()
	b.succeeded()
	if !b.failed("b", 0) {
		t.Error("more may be sent")
	}
	if after, _ := b.unsaved(); after.step != 4 || after.change != before.change {
		t.Errorf("%+v after %+v", after, before)
	}
	b.wrote(before)
	if _, ok := b.unsaved(); ok {
		t.Error("there is more to be written")
	}
}
