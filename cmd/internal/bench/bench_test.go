package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"tallystick/embedded/embeddedtest"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// measure runs the command and returns its report.
func measure(t *testing.T, c *Config) *Report {
	t.Helper()
	var out bytes.Buffer
	c.JSON = true
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var r Report
	d := json.NewDecoder(&out)
	d.DisallowUnknownFields()
	if err := d.Decode(&r); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Token(); err != io.EOF {
		t.Fatal("--json printed more than one object")
	}
	return &r
}

// TestClosedLoop: each connection has one request under way, and sends the next
// when that is answered. The report says what the server saw.
func TestClosedLoop(t *testing.T) {
	t.Parallel()
	all, arrived := make(chan struct{}), atomic.Int32{}
	f := &fake{behind: 3}
	f.stall = func() { // nobody is answered before every connection has asked
		if arrived.Add(1) == 4 {
			close(all)
		}
		<-all
	}
	r := measure(t, f.start(t))
	if f.most != 4 {
		t.Errorf("%d requests at once over 4 connections", f.most)
	}
	if r.Acknowledged == 0 || r.Acknowledged != int64(f.transfers) || r.Requests != r.Acknowledged {
		t.Errorf("%d acknowledged with %d requests, the server made %d", r.Acknowledged, r.Requests, f.transfers)
	}
	if r.Failed != 0 || len(r.Errors) != 0 || r.Unsent != 0 {
		t.Errorf("errors: %+v", r.Figures)
	}
	if f.total() != 10*1000 || len(f.opened) != 10 {
		t.Errorf("%d wallets hold %d", len(f.opened), f.total())
	}
	if want := float64(r.Acknowledged) / r.Elapsed; r.Throughput < want*0.999 || r.Throughput > want*1.001 || r.Elapsed <= 0 {
		t.Errorf("throughput %f, want %f; elapsed %f", r.Throughput, want, r.Elapsed)
	}
	l := r.Latency
	if l.P50 <= 0 || l.P50 > l.P90 || l.P90 > l.P99 || l.P99 > l.P999 || l.P999 > l.Max {
		t.Errorf("latency %+v", l)
	}
	if r.Generator.MicrosPerRequest <= 0 || r.Generator.Cores <= 0 {
		t.Errorf("generator %+v", r.Generator)
	}
	p := r.Projection
	if p.Behind == nil || p.Start == nil || p.End == nil {
		t.Fatalf("projection %+v", p)
	}
	if p.Shard != 3 || p.Sequence != f.sequence || *p.Behind != 5 || p.DrainSeconds == nil || f.asked != 4 {
		t.Errorf("projection %+v, asked %d times", p, f.asked)
	}
	if *p.Start != 7 || *p.End != 7 || len(p.Samples) < 2 {
		t.Errorf("lag %+v", p)
	}
	if r.LogBytes == nil || *r.LogBytes != 104 {
		t.Errorf("%v bytes of the log per transfer, want 104", r.LogBytes)
	}
	if r.Baseline != nil || r.Ratio != nil {
		t.Error("a baseline out of nowhere")
	}
}

// TestNewestPlace: of the places that the connections saw the newest is kept, also
// when one of them made nothing.
func TestNewestPlace(t *testing.T) {
	t.Parallel()
	p := &project{newest: place{3, 7}}
	for _, step := range []struct{ saw, want place }{
		{place{}, place{3, 7}}, {place{3, 9}, place{3, 9}}, {place{3, 8}, place{3, 9}}, {place{}, place{3, 9}},
	} {
		if p.sawPlace(step.saw); p.newest != step.want {
			t.Errorf("after %+v the newest is %+v, want %+v", step.saw, p.newest, step.want)
		}
	}
}

func TestHotWalletIsInEveryTransfer(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := f.start(t)
	c.Hot = true
	measure(t, c)
	sent, got := f.sent["wall_0"], f.got["wall_0"]
	if sent+got != f.transfers || sent-got > c.Connections || got-sent > c.Connections {
		t.Errorf("sent %d, received %d of %d", sent, got, f.transfers)
	}
}

func TestRandomWalletsAllTakePart(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := f.start(t)
	c.Wallets = 3
	measure(t, c)
	if len(f.sent) != 3 || len(f.got) != 3 {
		t.Errorf("%d wallets sent, %d received", len(f.sent), len(f.got))
	}
}

func TestErrorsAreCountedByKind(t *testing.T) {
	t.Parallel()
	f := &fake{busyEvery: 7} // The setup gets its share, and repeats.
	r := measure(t, f.start(t))
	if r.Failed == 0 || !maps.Equal(r.Errors, map[string]int64{"503 UNAVAILABLE": r.Failed}) {
		t.Errorf("errors %v", r.Errors)
	}
	if r.Acknowledged != int64(f.transfers) || r.Requests != r.Acknowledged+r.Failed {
		t.Errorf("%d acknowledged, %d failed, the server made %d", r.Acknowledged, r.Failed, f.transfers)
	}
}

func TestBatchCountsEveryLine(t *testing.T) {
	t.Parallel()
	f := &fake{failEvery: 10}
	c := f.start(t)
	c.Batch = 25
	r := measure(t, c)
	if r.Acknowledged != int64(f.transfers) || r.Acknowledged+r.Failed != 25*r.Requests || f.lines != int(25*r.Requests) {
		t.Errorf("%d acknowledged, %d failed in %d requests; the server made %d of %d", r.Acknowledged, r.Failed, r.Requests, f.transfers, f.lines)
	}
	if want := int64(f.lines / 10); r.Errors["batch: INSUFFICIENT_FUNDS"] != want || r.Failed != want {
		t.Errorf("errors %v, want %d", r.Errors, want)
	}
}

func TestRateIsKept(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := f.start(t)
	c.Rate, c.Duration = 200, 500*time.Millisecond
	// On a busy machine some are not sent; a closed loop would send thousands.
	if r := measure(t, c); r.Acknowledged+r.Unsent != 100 || r.Acknowledged == 0 {
		t.Errorf("%d transfers, %d unsent; 100 were due", r.Acknowledged, r.Unsent)
	}
}

func TestRateOfBatchesCountsTransfers(t *testing.T) {
	t.Parallel()
	f := &fake{}
	c := f.start(t)
	c.Rate, c.Batch, c.Duration = 1000, 10, 300*time.Millisecond
	if r := measure(t, c); r.Acknowledged+r.Unsent != 300 || r.Acknowledged == 0 {
		t.Errorf("%d transfers, %d unsent; 300 were due", r.Acknowledged, r.Unsent)
	}
}

// A server that stands still once for 300 ms shows in the slowest third of the
// latencies with --rate: what was due meanwhile waited. A closed loop would
// have one slow request on each connection.
func TestStallIsChargedToAllThatWaited(t *testing.T) {
	t.Parallel()
	gate := make(chan struct{})
	var begin sync.Once
	f := &fake{stall: func() {
		begin.Do(func() { time.AfterFunc(300*time.Millisecond, func() { close(gate) }) })
		<-gate
	}}
	c := f.start(t)
	c.Rate, c.Duration = 200, 600*time.Millisecond
	if r := measure(t, c); r.Latency.P90 < 150 || r.Latency.Max < 250 {
		t.Errorf("latency %+v of %d", r.Latency, r.Requests)
	}
}

func TestRateBeyondTheServerIsReported(t *testing.T) {
	t.Parallel()
	f := &fake{delay: 50 * time.Millisecond}
	c := f.start(t)
	c.Rate = 1000
	if r := measure(t, c); r.Unsent < 200 || r.Unsent+r.Acknowledged != 300 {
		t.Errorf("%d unsent, %d acknowledged", r.Unsent, r.Acknowledged)
	}
}

func TestLagUnknownHere(t *testing.T) {
	t.Parallel()
	f := &fake{noProjection: true}
	c := f.start(t)
	var out strings.Builder
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"setup     10 of 10 wallets\n", "transfers/s       0 errors   lag unknown here\n", "\n  throughput   ", "\n  latency      p50 ",
		"\n  errors       none\n", "\n  log          104 bytes of commits per transfer\n", "\n  lag          unknown here", "\n  read model   5 commits behind at the end; drained in ", "\n  generator    ",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
}

func TestServerThatGoesAway(t *testing.T) {
	t.Parallel()
	f := &fake{}
	var server *httptest.Server
	var once sync.Once
	f.stall = func() { once.Do(func() { go server.CloseClientConnections(); server.Listener.Close() }) }
	c := f.start(t)
	// A second server in front, that can be closed in the middle.
	server = httptest.NewServer(forward(c.URL))
	t.Cleanup(server.Close)
	c.URL, c.Duration = server.URL, 600*time.Millisecond
	r := measure(t, c)
	if r.Failed == 0 || r.Errors["cannot connect: connection refused"] == 0 {
		t.Errorf("errors %v", r.Errors)
	}
	if r.Projection.DrainSeconds != nil || !strings.HasPrefix(r.Projection.Problem, "the read model cannot be asked") {
		t.Errorf("projection %+v", r.Projection)
	}
}

func forward(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, to+r.URL.RequestURI(), r.Body)
		if err != nil {
			return
		}
		out.Header = r.Header
		answer, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			return
		}
		defer answer.Body.Close()
		maps.Copy(w.Header(), answer.Header)
		w.WriteHeader(answer.StatusCode)
		_, _ = io.Copy(w, answer.Body)
	}
}

func TestStopped(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{stall: cancel}
	c := f.start(t)
	c.Duration = time.Hour
	if err := c.Run(ctx, io.Discard); err == nil || !strings.HasPrefix(err.Error(), "stopped before the end") {
		t.Error(err)
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	silent := closedPort(t)
	other := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(other.Close)
	for _, test := range []struct {
		name  string
		wrong func(*Config)
		want  string
	}{
		{"connections", func(c *Config) { c.Connections = 0 }, "--connections is 0; give 1 to 10000"},
		{"wallets", func(c *Config) { c.Wallets = 1 }, "--wallets is 1; give 2 to"},
		{"batch", func(c *Config) { c.Batch = 10_001 }, "--batch is 10001; give 0 to 10000"},
		{"rate", func(c *Config) { c.Rate = -1 }, "--rate is -1; give 0 to"},
		{"duration", func(c *Config) { c.Duration = 0 }, "--duration is 0s; give a time"},
		{"baseline", func(c *Config) { c.Baseline = "mysql" }, `--baseline is "mysql"; the only one is postgres`},
		{"url", func(c *Config) { c.URL = "127.0.0.1:8080" }, `--url is "127.0.0.1:8080"; give one like http://`},
		{"no server", func(c *Config) { c.URL = silent }, "cannot reach " + silent + ": connection refused; start a system with tallystick up"},
		{"other server", func(c *Config) { c.URL = other.URL }, "making a project: the server answered 404: check --url"},
		{"no file", func(c *Config) { c.Credentials = "none.json" }, "there is no none.json; name the credentials.json"},
		{"not JSON", func(c *Config) { c.Credentials = "doc.go" }, "doc.go is not JSON"},
		{"empty", func(c *Config) { c.Credentials = credentialsFile(t, credential{}) }, `has no {"operator":`},
		{"not the operator", func(c *Config) { c.Credentials = credentialsFile(t, fakeProject) }, "does not know this operator (401); give the --credentials of this system"},
		{"no postgres", func(c *Config) { c.Baseline = "postgres" }, "postgres.url to read; give --postgres URL"},
		{"dead postgres", func(c *Config) {
			c.Baseline, c.Postgres = "postgres", strings.Replace(silent, "http:", "postgres:", 1)
		}, "give another --postgres URL"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := new(fake).start(t)
			test.wrong(c)
			var out bytes.Buffer
			err := c.Run(t.Context(), &out)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if out.Len() > 0 {
				t.Errorf("printed %q", out.String())
			}
		})
	}
}

// closedPort is a URL where nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "http://" + l.Addr().String()
}

func TestCommandLine(t *testing.T) {
	t.Parallel()
	var c Config
	parser, err := kong.New(&c)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(nil); err != nil {
		t.Fatal(err)
	}
	if want := (Config{URL: "http://127.0.0.1:8080", Credentials: "data/credentials.json", Connections: 64, Wallets: 1000, Duration: 20 * time.Second}); c != want {
		t.Errorf("defaults %+v", c)
	}
	if _, err := parser.Parse([]string{"--baseline", "postgres", "--hot", "--batch=100", "--rate=3000", "--duration=5s", "--json"}); err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{"--baseline", "mysql"}); err == nil {
		t.Error("--baseline mysql is accepted")
	}
}

func TestPostgresURLStandsBesideTheCredentials(t *testing.T) {
	t.Parallel()
	c := &Config{Credentials: credentialsFile(t, fakeOperator)}
	if err := os.WriteFile(filepath.Join(filepath.Dir(c.Credentials), "postgres.url"), []byte("postgres://x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if url, err := c.postgresURL(); url != "postgres://x" || err != nil {
		t.Error(url, err)
	}
}

func TestJSONNames(t *testing.T) {
	t.Parallel()
	c := new(fake).start(t)
	c.JSON, c.Duration = true, 50*time.Millisecond
	var out bytes.Buffer
	if err := c.Run(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(out.Bytes(), &object); err != nil {
		t.Fatal(err)
	}
	want := []string{"acknowledged", "baseline", "batch", "connections", "duration_seconds", "elapsed_seconds", "errors", "failed", "generator",
		"hot", "latency_ms", "log_bytes_per_transfer", "neighbour", "projection", "rate", "ratio", "requests", "throughput", "unsent", "url", "wallets"}
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}
