package webhooks

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

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

// BenchmarkBesideDeadEndpoints measures how long events take from the commit to
// two endpoints that work, one at a time: one of a project whose other 49
// endpoints are dead (25) or hang (24), each with a backlog of 1,000
// deliveries, and one of another project. It also says what those 49 cost.
//
//	go test ./webhooks/ -run XXX -bench BesideDead -benchtime 500x
func BenchmarkBesideDeadEndpoints(b *testing.B) {
	const dead, hanging, backlog = 25, 24, 1000
	f := setup(b)
	own, other, pit := receive(b, nil), receive(b, nil), newTarpit(b)
	refusing := receive(b, nil)
	refusing.Close()
	ama := f.wallet("ama")
	for range dead {
		f.listen(refusing.URL, walletBalanceUpdated)
	}
	for range hanging {
		f.listen("http://"+pit.Addr().String(), walletBalanceUpdated)
	}
	f.many(ama, backlog)
	f.listen(own.URL, walletBalanceUpdated)
	project := f.project
	neighbour := f.do(domain.CreateProject{Settings: domain.ProjectSettings{Name: "other", Currency: "GHS"}})[0].(*domain.ProjectCreated).Project
	f.project = neighbour
	f.do(domain.UpsertCustomer{Project: neighbour, Customer: "esi"})
	esi := f.wallet("esi")
	f.listen(other.URL, walletBalanceUpdated)
	config := f.config()
	config.Timeout, config.Lease, config.Retries, config.Spread = 0, 0, nil, nil
	d := NewDispatcher(config)
	pit.watch(d.client)
	run(b, d)
	f.becomes(dead, `SELECT count(*) FROM webhooks.endpoint WHERE wait_step > 0`)
	eventually(b, "all that hang have a connection", func() bool {
		now, _, _ := pit.connections()
		return now >= hanging
	})
	took := make([]time.Duration, 0, 2*b.N)
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		f.project = project
		f.many(ama, 1)
		own.next(b)
		took = append(took, time.Since(began))
		began = time.Now()
		f.project = neighbour
		f.many(esi, 1)
		other.next(b)
		took = append(took, time.Since(began))
	}
	b.StopTimer()
	slices.Sort(took)
	_, most, _ := pit.connections()
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(most), "connections")
	b.ReportMetric(float64(f.count(`SELECT count(*) FROM webhooks.attempt WHERE outcome <> 'delivered'`))/(dead+hanging), "failures/endpoint")
	b.ReportMetric(float64(f.count(`SELECT max(attempts) FROM (SELECT count(*) AS attempts FROM webhooks.attempt WHERE outcome <> 'delivered' GROUP BY endpoint_id) e`)), "failures/endpoint-max")
}
