package projections

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are common to the projectors of a process.
type metrics struct {
	sequence     *prometheus.GaugeVec
	lag          *prometheus.GaugeVec
	ready        *prometheus.GaugeVec
	batch        prometheus.Histogram
	write        prometheus.Histogram
	transactions prometheus.Counter
}

// newMetrics registers the metrics, or returns those that another projector registered.
// With a nil registry they stay unregistered.
func newMetrics(registry prometheus.Registerer) *metrics {
	shard := []string{"shard"}
	return &metrics{
		sequence: register(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tallystick_projection_sequence", Help: "Commits of the shard's log that are projected.",
		}, shard)),
		lag: register(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tallystick_projection_lag_commits", Help: "Commits of the shard's log that are not projected yet.",
		}, shard)),
		ready: register(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tallystick_projection_ready", Help: "1 while the shard's log is projected and nothing is in the way.",
		}, shard)),
		batch: register(registry, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tallystick_projection_batch_transactions", Help: "Transactions written in one go.",
			Buckets: prometheus.ExponentialBuckets(1, 4, 7), // 1 to 4096
		})),
		write: register(registry, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tallystick_projection_write_seconds", Help: "Time to write a batch to PostgreSQL.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2.5, 9), // 0.5 ms to 0.76 s
		})),
		transactions: register(registry, prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tallystick_projection_transactions_total", Help: "Transactions projected.",
		})),
	}
}

func register[C prometheus.Collector](registry prometheus.Registerer, collector C) C {
	if registry == nil {
		return collector
	}
	err := registry.Register(collector)
	var already prometheus.AlreadyRegisteredError
	if errors.As(err, &already) {
		return already.ExistingCollector.(C)
	}
	if err != nil {
		panic(err) // two different metrics have one name: a bug
	}
	return collector
}
