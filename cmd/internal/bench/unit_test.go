package bench

import (
	"math"
	"net"
	"regexp"
	"testing"
	"time"

	"github.com/go-faster/jx"
	"github.com/valyala/fasthttp"
)

func TestPercentiles(t *testing.T) {
	t.Parallel()
	m := &measurement{latency: newHistogram(), elapsed: 2 * time.Second, acknowledged: 10_000, requests: 10_000, cpu: time.Second}
	for i := range 10_000 { // 0.1 ms to 1 s, evenly.
		record(m.latency, time.Duration(i+1)*100*time.Microsecond)
	}
	f := m.figures()
	for _, test := range []struct {
		name      string
		got, want float64
	}{
		{"p50", f.Latency.P50, 500}, {"p90", f.Latency.P90, 900}, {"p99", f.Latency.P99, 990}, {"p99.9", f.Latency.P999, 999}, {"max", f.Latency.Max, 1000},
		{"throughput", f.Throughput, 5000}, {"CPU", f.Generator.MicrosPerRequest, 100}, {"cores", f.Generator.Cores, 0.5},
	} {
		if math.Abs(test.got-test.want) > test.want/500 {
			t.Errorf("%s is %f, want %f", test.name, test.got, test.want)
		}
	}
}

func TestLatenciesOutOfRangeAreKept(t *testing.T) {
	t.Parallel()
	h := newHistogram()
	record(h, 0)
	record(h, -time.Second)
	record(h, 24*time.Hour)
	if h.TotalCount() != 3 || h.Max() < longest.Microseconds() {
		t.Errorf("%d values, the largest %d", h.TotalCount(), h.Max())
	}
}

func TestReferences(t *testing.T) {
	t.Parallel()
	seen := map[reference]bool{}
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 2 { // Runs.
		run := newRunPrefix()
		for n := range 3 {
			w := newWorker(load{wallets: 5, batch: 10}, nil, run, n)
			for range 3 {
				w.pick()
				for _, x := range w.transfers {
					if seen[x.reference] || !uuid.Match(x.reference[:]) {
						t.Fatalf("%s", x.reference)
					}
					seen[x.reference] = true
				}
			}
		}
	}
}

func TestPairsAreOfTwoWallets(t *testing.T) {
	t.Parallel()
	for _, hot := range []bool{false, true} {
		w := newWorker(load{wallets: 2, hot: hot, batch: 1}, nil, newRunPrefix(), 0)
		senders := map[int]int{}
		for range 1000 {
			w.pick()
			x := w.transfers[0]
			if x.sender+x.recipient != 1 {
				t.Fatalf("hot %t: %+v", hot, x)
			}
			senders[x.sender]++
		}
		if senders[0] < 400 || senders[1] < 400 {
			t.Errorf("hot %t: senders %v", hot, senders)
		}
	}
}

func TestOutcomesOfABatch(t *testing.T) {
	t.Parallel()
	body := `[{"status":"completed","entries":[{"status":"failed"}]},
		{"reference":"r","status":"failed","error":{"details":{"transaction":{"status":"completed"}},"code":"DUPLICATE_REFERENCE_ID"}},
		{"status":"failed"}]`
	var codes []string
	completed, err := readBatch(jx.DecodeStr(body), func(code string) { codes = append(codes, code) })
	if err != nil || completed != 1 || len(codes) != 2 || codes[0] != "DUPLICATE_REFERENCE_ID" || codes[1] != "status failed" {
		t.Error(completed, codes, err)
	}
}

func TestBatchWithTooFewOutcomes(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`[{"status":"completed"}]`, `[{"status":"completed"},`, `[{"status":"completed"}, 5]`} {
		target := &httpTarget{batch: true, decoder: jx.DecodeBytes(nil)}
		tally := &tally{errors: map[string]int64{}}
		target.countBatch([]byte(body), 3, tally)
		if tally.acknowledged.Load() != 1 || tally.failed.Load() != 2 {
			t.Errorf("%s: %d acknowledged, %v", body, tally.acknowledged.Load(), tally.errors)
		}
	}
}

func TestRetryAfterIsHonouredBriefly(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "0": shortPause, "1": time.Second, "60": time.Second, "Fri, 31 Dec 1999 23:59:59 GMT": time.Second} {
		var response fasthttp.Response
		if header != "" {
			response.Header.Set("Retry-After", header)
		}
		if got := retryAfter(&response); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestTrendOfTheLag(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		behind []int64
		grew   bool
		slope  float64
	}{
		{"steady", []int64{50, 50, 50, 50, 50}, false, 0},
		{"noise", []int64{50, 10, 90, 20, 60}, false, 3},
		{"falling back", []int64{0, 100, 200, 300, 400}, true, 100},
		{"going up and down", []int64{5, 4, 15, 104, 149, 244, 26, 96, 96}, false, 13.366667},
		{"falling back unevenly", []int64{0, 120, 190, 330, 390, 510}, true, 100},
		{"catching up", []int64{400, 300, 200, 100, 0}, false, -100},
	} {
		p := &Projection{}
		for i, behind := range test.behind {
			p.Samples = append(p.Samples, LagSample{float64(i), int64(i) * 1000, behind})
		}
		p.summarize()
		if *p.Grew != test.grew || math.Abs(*p.Growth-test.slope) > 0.001 || *p.Middle != test.behind[len(test.behind)/2] {
			t.Errorf("%s: grew %t, %f", test.name, *p.Grew, *p.Growth)
		}
	}
	p := &Projection{Samples: []LagSample{{0, 1, 1}, {1, 2, 5}}}
	if p.summarize(); p.Grew != nil || *p.End != 5 {
		t.Error("two samples make no trend")
	}
}

// A request allocates nothing, from picking the wallets to noting the latency.
func TestRequestsDoNotAllocate(t *testing.T) { // Not parallel: it counts everyone's allocations.
	s, err := parseServer(canned(t, "HTTP/1.1 201 Created\r\nTally-Sequence: 0:123456\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n"+`{"status":"completed"}`))
	if err != nil {
		t.Fatal(err)
	}
	on := s.connection(t.Context())
	t.Cleanup(on.close)
	wallet := []byte(`"wall_01JABCDEFGHJKMNPQRSTVWXYZ0"`)
	target := newHTTPTarget(on, &project{as: fakeProject, wallets: [][]byte{wallet, wallet}}, false)
	w := newWorker(load{wallets: 2, batch: 1}, target, newRunPrefix(), 0)
	allocations := testing.AllocsPerRun(1000, func() {
		w.pick()
		target.perform(w.transfers, w.tally)
		record(w.tally.latency, time.Millisecond)
	})
	if allocations > 0 || w.tally.acknowledged.Load() != 1001 || w.tally.newest != 123456 {
		t.Errorf("%f allocations; %d acknowledged, errors %v", allocations, w.tally.acknowledged.Load(), w.tally.errors)
	}
}

// canned answers whatever it reads on one connection with the same bytes.
func canned(t *testing.T, answer string) (url string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		buffer, reply := make([]byte, 4096), []byte(answer)
		for {
			if _, err := conn.Read(buffer); err != nil {
				return
			}
			if _, err := conn.Write(reply); err != nil {
				return
			}
		}
	}()
	return "http://" + listener.Addr().String()
}
