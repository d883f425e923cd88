package webhooks

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	official "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"tallystick/domain"
	"tallystick/domain/ids"
)

func TestDeliversWhatTheOfficialLibraryVerifies(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, nil)
	_, secret := f.listen(r.URL)
	history(f.book)
	start(t, f.config())
	verifier, err := official.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for len(kinds) < len(EventTypes) {
		got := r.next(t)
		if err := verifier.Verify(got.body, got.header); err != nil {
			t.Fatal(err)
		}
		var event struct{ ID, Type string }
		if err := json.Unmarshal(got.body, &event); err != nil || event.ID != got.id() {
			t.Errorf("body %s of message %s", got.body, got.id())
		}
		kinds[event.Type] = true
	}
}

func TestEverySecretSigns(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, nil)
	endpoint, first := f.listen(r.URL)
	second, expired := newSecret(), newSecret()
	for key, expires := range map[string]any{string(second): nil, string(expired): time.Now().Add(-time.Minute)} {
		_, err := f.pool.Exec(t.Context(), `INSERT INTO webhooks.secret (endpoint_id, sealed, expires_at) VALUES ($1, $2, $3)`,
			endpoint.ID, f.store.seal.seal(endpoint.ID, []byte(key)), expires)
		if err != nil {
			t.Fatal(err)
		}
	}
	f.wallet("ama")
	start(t, f.config())
	got := r.next(t)
	signatures := strings.Split(got.header.Get("webhook-signature"), " ")
	if len(signatures) != 2 {
		t.Fatalf("%d signatures", len(signatures))
	}
	for i, secret := range []string{formatSecret(second), first} {
		verifier, err := official.NewWebhook(secret)
		if err != nil {
			t.Fatal(err)
		}
		only := got.header.Clone()
		only.Set("webhook-signature", signatures[i])
		if err := verifier.Verify(got.body, only); err != nil {
			t.Errorf("signature %d: %v", i, err)
		}
	}
}

func TestRetriesThenExhausted(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		fmt.Fprint(w, "no\x00 way")
	})
	endpoint, _ := f.listen(r.URL, walletCreated)
	f.wallet("ama")
	start(t, f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'exhausted' AND attempts = 3`)
	if n := f.count(`SELECT count(*) FROM webhooks.delivery`); n != 0 {
		t.Errorf("%d deliveries are still to be made", n)
	}
	page, next, err := f.store.Attempts(t.Context(), f.project, endpoint.ID, "", 2)
	if err != nil || len(page) != 2 || next == "" {
		t.Fatal(page, next, err)
	}
	rest, next, err := f.store.Attempts(t.Context(), f.project, endpoint.ID, next, 2)
	if err != nil || len(rest) != 1 || next != "" {
		t.Fatal(rest, next, err)
	}
	last, first := page[0], rest[0]
	if last.N != 3 || last.Outcome != exhausted || !last.NextAt.IsZero() || last.StatusCode != 500 || last.ErrorClass != "status" ||
		last.Type != walletCreated || string(last.ResponseBody) != "no\x00 way" || last.Duration <= 0 {
		t.Errorf("the last attempt is %+v", last)
	}
	if first.N != 1 || first.Outcome != retry || first.NextAt.IsZero() || first.Message != last.Message {
		t.Errorf("the first attempt is %+v", first)
	}
	seen := r.take(t, 1)
	for len(r.got) > 0 {
		seen[r.next(t).id()]++
	}
	if seen[last.Message] != 3 {
		t.Errorf("posted as %v", seen)
	}
}

func TestGoneDisablesAndHolds(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var alive atomic.Bool
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		if !alive.Load() {
			w.WriteHeader(http.StatusGone)
		}
	})
	endpoint, _ := f.listen(r.URL, walletCreated)
	f.wallet("ama")
	start(t, f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE status = 'disabled' AND lease_owner IS NULL`)
	f.wallet("kofi")
	f.becomes(2, `SELECT count(*) FROM webhooks.delivery`)
	got, _, err := f.store.Endpoint(t.Context(), f.project, endpoint.ID)
	if err != nil || got.Status != Disabled || !strings.Contains(got.DisabledReason, "410") {
		t.Errorf("%+v %v", got, err)
	}
	alive.Store(true)
	if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.endpoint SET status = 'enabled', disabled_reason = ''`); err != nil {
		t.Fatal(err)
	}
	f.becomes(2, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
}

func TestRetryAfterPausesTheEndpoint(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	endpoint, _ := f.listen(r.URL, walletCreated)
	f.wallet("ama")
	_, stop := start(t, f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.endpoint WHERE paused_until BETWEEN now() + interval '50 minutes' AND now() + interval '1 hour' AND lease_owner IS NULL`)
	f.wallet("kofi")
	f.becomes(2, `SELECT count(*) FROM webhooks.delivery`)
	stop()
	got, _, err := f.store.Endpoint(t.Context(), f.project, endpoint.ID)
	if err != nil || got.PausedUntil.IsZero() || got.Status != Enabled {
		t.Errorf("%+v %v", got, err)
	}
	if n := len(r.take(t, 1)) + len(r.got); n != 1 {
		t.Errorf("%d requests to a paused endpoint", n)
	}
}

func TestAbortMessage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("webhook-delivery", "abort-message")
		w.WriteHeader(http.StatusBadRequest)
	})
	f.listen(r.URL, walletCreated)
	f.wallet("ama")
	start(t, f.config())
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'aborted' AND attempts = 1`)
}

func TestHungEndpointsDelayNobody(t *testing.T) {
	t.Parallel()
	f := setup(t)
	hung := receive(t, hang(t))
	healthy := receive(t, nil)
	const hanging, events = 10, 40
	for range hanging {
		f.listen(hung.URL, walletCreated)
	}
	f.listen(healthy.URL, walletCreated)
	config := f.config()
	start(t, config)
	for i := range events {
		customer := ids.Customer(fmt.Sprint("c", i))
		f.do(domain.UpsertCustomer{Project: f.project, Customer: customer})
		f.wallet(customer)
	}
	began := time.Now()
	healthy.take(t, events)
	if took := time.Since(began); took > patience/2 {
		t.Errorf("healthy endpoints waited %v", took)
	}
	// Each hanging endpoint has one request, and no more.
	eventually(t, "requests to the hanging endpoints", func() bool { return len(hung.got) == hanging })
}

func TestTwoDispatchersDeliverEachMessage(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var receivers []*receiver
	for range 3 {
		r := receive(t, nil)
		receivers = append(receivers, r)
		f.listen(r.URL, walletBalanceUpdated)
	}
	ama := f.wallet("ama")
	for range 2 {
		config := f.config()
		config.Pool = f.connect(nil)
		config.Registry = prometheus.DefaultRegisterer // twice
		start(t, config)
	}
	const messages = 200
	for range messages {
		f.do(f.issue(ama, "1"))
	}
	for i, r := range receivers {
		for id, times := range r.take(t, messages) {
			if times != 1 {
				t.Errorf("receiver %d got %s %d times", i, id, times)
			}
		}
	}
	f.becomes(3*messages, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered' AND attempts = 1`)
	for i, r := range receivers {
		if len(r.got) > 0 {
			t.Errorf("receiver %d got %d messages again", i, len(r.got))
		}
	}
}

// A dispatcher is cut off after the POST and before its completion: the next one
// sends the message again, with the same id.
func TestKilledBetweenPostAndCompletion(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var wire network
	var once sync.Once
	r := receive(t, func(http.ResponseWriter, *http.Request) { once.Do(wire.cut) })
	f.listen(r.URL, walletCreated)
	f.wallet("ama")
	config := f.mortal()
	config.Pool = f.connect(&wire)
	_, stop := start(t, config)
	first := r.next(t)
	go stop()
	start(t, f.mortal())
	second := r.next(t)
	if first.id() != second.id() || string(first.body) != string(second.body) {
		t.Errorf("%s came again as %s", first.id(), second.id())
	}
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	f.becomes(1, `SELECT count(*) FROM webhooks.attempt`)
}

func TestGoesOnAfterPostgresAndTheLogWereAway(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var wire network
	r := receive(t, nil)
	f.listen(r.URL, walletBalanceUpdated)
	ama := f.wallet("ama")
	config := f.mortal()
	config.Pool = f.connect(&wire)
	d, _ := start(t, config)
	f.do(f.issue(ama, "1"))
	r.take(t, 1)
	wire.cut()
	eventually(t, "not ready", func() bool { return d.Ready() != nil })
	f.do(f.issue(ama, "1"))
	wire.mend()
	r.take(t, 1)
	f.log.SetOffline(true)
	eventually(t, "not ready", func() bool { return d.Ready() != nil })
	f.log.SetOffline(false)
	f.do(f.issue(ama, "1"))
	r.take(t, 1)
	f.becomes(3, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	eventually(t, "ready", func() bool { return d.Ready() == nil })
}

func TestStopsInOrder(t *testing.T) {
	t.Parallel()
	f := setup(t)
	release := make(chan struct{})
	r := receive(t, func(http.ResponseWriter, *http.Request) { <-release })
	f.listen(r.URL, walletCreated)
	f.wallet("ama")
	config := f.config()
	_, stop := start(t, config)
	r.next(t)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	close(release)
	<-stopped
	if n := f.count(`SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`); n != 1 {
		t.Errorf("%d deliveries were recorded", n)
	}
	if n := f.count(`SELECT count(*) FROM webhooks.endpoint WHERE lease_owner IS NULL`); n != 1 {
		t.Error("the lease was not given back")
	}
}
