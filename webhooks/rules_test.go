package webhooks

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallystick/domain/ids"
)

func TestSignatureVector(t *testing.T) {
	t.Parallel()
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	timestamp, signature, err := sign([][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || timestamp != "1614265330" || signature != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Error(timestamp, signature, err)
	}
}

func TestWeakSecretsAreRefused(t *testing.T) {
	t.Parallel()
	for _, keys := range [][][]byte{nil, {{}}, {newSecret(), {}}, {[]byte("short")}, {make([]byte, 65)}} {
		if _, _, err := sign(keys, "evt_1", epoch, nil); err == nil {
			t.Errorf("signed with %q", keys)
		}
	}
}

func TestSecretsOpenForTheirEndpointOnly(t *testing.T) {
	t.Parallel()
	s := newSealer(master)
	key := newSecret()
	sealed := s.seal("we_1", key)
	if opened, err := s.open("we_1", sealed); err != nil || string(opened) != string(key) {
		t.Error(opened, err)
	}
	if _, err := s.open("we_2", sealed); err == nil {
		t.Error("opened for another endpoint")
	}
	if _, err := newSealer([32]byte{9}).open("we_1", sealed); err == nil {
		t.Error("opened with another master key")
	}
}

func TestPatterns(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "wallet.created", true},
		{"wallet.created", "wallet.created", true},
		{"wallet.created", "wallet.created.x", false},
		{"wallet.*", "wallet.created", true},
		{"wallet.*", "wallet.balance.updated", true},
		{"wallet.balance.*", "wallet.created", false},
		{"wallet.*", "walletx.created", false},
		{"wallet.*", "wallet.", false},
		{"wall*", "wallet.created", false},
		{"*.created", "wallet.created", false},
		{"", "wallet.created", false},
	} {
		if got := matches(c.pattern, c.name); got != c.want {
			t.Errorf("%q matches %q: %v", c.pattern, c.name, got)
		}
	}
	if !wants(nil, "x") || wants([]string{"a", "b.*"}, "x") || !wants([]string{"a", "*"}, "x") {
		t.Error("wants")
	}
}

func FuzzPatterns(f *testing.F) {
	f.Add("wallet.*", "wallet.created")
	f.Add("*", "")
	f.Fuzz(func(t *testing.T, pattern, name string) {
		got := matches(pattern, name)
		if !strings.HasSuffix(pattern, "*") && got != (pattern == name) {
			t.Errorf("%q without a glob matches %q", pattern, name)
		}
		if got && !strings.HasPrefix(name, strings.TrimSuffix(pattern, "*")) {
			t.Errorf("%q matches %q", pattern, name)
		}
	})
}

func TestJudge(t *testing.T) {
	t.Parallel()
	retries := []time.Duration{time.Second, time.Minute}
	same := func(wait time.Duration) time.Duration { return wait }
	for name, c := range map[string]struct {
		status        int
		header, value string
		n             int
		want          verdict
	}{
		"success":                {status: 204, n: 1, want: verdict{outcome: delivered}},
		"success says no more":   {status: 200, header: "Retry-After", value: "9", n: 1, want: verdict{outcome: delivered}},
		"no answer":              {status: 0, n: 1, want: verdict{outcome: retry, wait: time.Second}},
		"not found":              {status: 404, n: 2, want: verdict{outcome: retry, wait: time.Minute}},
		"redirect":               {status: 301, n: 1, want: verdict{outcome: retry, wait: time.Second}},
		"the last":               {status: 500, n: 3, want: verdict{outcome: exhausted}},
		"gone":                   {status: 410, n: 1, want: verdict{outcome: retry, wait: time.Second, disable: "the receiver answered 410 Gone"}},
		"throttled":              {status: 429, header: "Retry-After", value: "120", n: 1, want: verdict{outcome: retry, wait: time.Second, pause: 2 * time.Minute}},
		"throttled for long":     {status: 503, header: "Retry-After", value: "999999", n: 1, want: verdict{outcome: retry, wait: time.Second, pause: maxPause}},
		"throttled until a date": {status: 503, header: "Retry-After", value: epoch.Add(time.Hour).Format(http.TimeFormat), n: 1, want: verdict{outcome: retry, wait: time.Second, pause: time.Hour}},
		"throttled until before": {status: 503, header: "Retry-After", value: epoch.Add(-time.Hour).Format(http.TimeFormat), n: 1, want: verdict{outcome: retry, wait: time.Second}},
		"nonsense":               {status: 503, header: "Retry-After", value: "-soon", n: 1, want: verdict{outcome: retry, wait: time.Second}},
		"abort":                  {status: 400, header: "webhook-delivery", value: "abort-message", n: 1, want: verdict{outcome: aborted}},
		"abort, but fine":        {status: 200, header: "webhook-delivery", value: "abort-message", n: 1, want: verdict{outcome: delivered}},
		"disable":                {status: 400, header: "webhook-delivery", value: "Disable", n: 1, want: verdict{outcome: retry, wait: time.Second, disable: "the receiver answered webhook-delivery: disable"}},
	} {
		a := &answer{started: epoch, status: c.status, header: http.Header{}}
		a.header.Set(c.header, c.value)
		if got := judge(a, c.n, retries, same); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}

// TestDefaultSchedule compares what is stored after each failed attempt with the
// schedule that receivers are promised.
func TestDefaultSchedule(t *testing.T) {
	t.Parallel()
	f := setup(t)
	r := receive(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	endpoint, _ := f.listen(r.URL, walletCreated)
	f.wallet("ama")
	config := f.config()
	config.Retries, config.Spread = nil, nil
	d, _ := start(t, config)
	const minute, hour = time.Minute, time.Hour
	for i, wait := range []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * minute, 10 * minute, 30 * minute, hour,
		3 * hour, 6 * hour, 10 * hour, 14 * hour, 18 * hour, 20 * hour,
	} {
		n := i + 1
		f.becomes(1, `SELECT count(*) FROM webhooks.delivery WHERE attempts = $1`, n)
		var started, next, now time.Time
		if err := f.pool.QueryRow(t.Context(), `SELECT a.started_at, d.next_at, now() FROM webhooks.delivery d
			JOIN webhooks.attempt a USING (message_id) WHERE a.attempt = $1 AND a.next_at = d.next_at`, n).Scan(&started, &next, &now); err != nil {
			t.Fatal(err)
		}
		if next.Before(started.Add(wait*8/10)) || next.After(now.Add(wait*12/10)) {
			t.Errorf("attempt %d began %v before the next is due; want %v, give or take a fifth", n, next.Sub(started), wait)
		}
		if _, err := f.pool.Exec(t.Context(), `UPDATE webhooks.delivery SET next_at = now()`); err != nil {
			t.Fatal(err)
		}
		d.wake(endpoint.ID)
	}
	f.becomes(1, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'exhausted' AND attempts = 13`)
}

func TestSpread(t *testing.T) {
	t.Parallel()
	least, most := time.Hour, time.Duration(0)
	for range 1000 {
		got := spread(10 * time.Second)
		least, most = min(least, got), max(most, got)
	}
	if least < 8*time.Second || most > 12*time.Second || least > 9*time.Second || most < 11*time.Second {
		t.Errorf("10 s was spread over %v to %v, want 8 s to 12 s", least, most)
	}
}

func TestMessageIDsDoNotCollide(t *testing.T) {
	t.Parallel()
	at := ids.Location{Shard: 3, Sequence: 1 << 30, Index: 65535}
	if id := messageID(at, 5000); len(id) != len("evt_")+17 || id <= messageID(at, 4999) {
		t.Error(id)
	}
}
