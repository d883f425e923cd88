package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"tallystick/domain"
)

// Run one at a time, with as many transfers as -benchtime says:
//
//	go test ./webhooks/ -run XXX -bench Ingest -benchtime 50000x
//	go test ./webhooks/ -run XXX -bench Deliver -benchtime 20000x

const transfersPerCommit = 100

// fill writes n transfers.
func fill(f *fixture, n int) {
	ama, kofi := f.wallet("ama"), f.wallet("kofi")
	f.do(f.issue(ama, "1000000000"))
	for n > 0 {
		commands := make([]domain.Command, min(n, transfersPerCommit))
		for i := range commands {
			commands[i] = f.transfer(ama, kofi, "1.00")
		}
		f.do(commands...)
		n -= len(commands)
	}
}

// ingestAll reads the whole log.
func ingestAll(b *testing.B, f *fixture) {
	g := NewDispatcher(f.config()).ingesters[0]
	g.wake = func(string) {}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.run(ctx)
	}()
	eventually(b, "the end of the log", func() bool {
		return g.reached.Load() == f.cursor.Sequence && f.count(`SELECT count(*) FROM webhooks.endpoint WHERE NOT joined`) == 0
	})
	cancel()
	<-ended
}

func BenchmarkIngestNobodyListens(b *testing.B) {
	f := setup(b)
	fill(f, b.N)
	b.ResetTimer()
	ingestAll(b, f)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
}

func BenchmarkIngestOneEndpoint(b *testing.B) {
	f := setup(b)
	fill(f, b.N)
	if _, _, err := f.store.CreateEndpoint(b.Context(), NewEndpoint{Project: f.project, URL: "http://localhost/", From: map[int]uint64{0: 0}}); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	ingestAll(b, f)
	rows := f.count(`SELECT count(*) FROM webhooks.delivery`)
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
}

// BenchmarkDeliver posts b.N messages, that are there when it begins, to a
// receiver in the same process.
func BenchmarkDeliver(b *testing.B) {
	for _, endpoints := range []int{1, 20} {
		b.Run(fmt.Sprintf("endpoints=%d", endpoints), func(b *testing.B) {
			f := setup(b)
			r := receive(b, func(http.ResponseWriter, *http.Request) {})
			for range endpoints {
				f.listen(r.URL, transferCompleted)
			}
			fill(f, max(b.N/endpoints, 1))
			ingestAll(b, f)
			config := f.config()
			config.Timeout, config.Lease = 0, 0
			want := f.count(`SELECT count(*) FROM webhooks.delivery`)
			b.ResetTimer()
			_, stop := start(b, config)
			for range want {
				r.next(b)
			}
			b.ReportMetric(float64(want)/b.Elapsed().Seconds(), "deliveries/s")
			b.StopTimer()
			stop()
		})
	}
}
