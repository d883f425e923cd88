package webhooks

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	attempts       *prometheus.CounterVec // by outcome
	attemptSeconds prometheus.Histogram
	endToEnd       prometheus.Histogram
	sequence       *prometheus.GaugeVec // by shard
	lag            *prometheus.GaugeVec // by shard
	pending        prometheus.Gauge
}

// newMetrics returns metrics that are registered in a registry, unless it is nil. A second
// dispatcher of the process gets the same metrics.
func newMetrics(registry prometheus.Registerer) *metrics {
	buckets := []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15}
	return &metrics{
		attempts: register(registry, prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallystick_webhook_attempts_total", Help: "POSTs whose outcome was recorded, by outcome.",
		}, []string{"outcome"})),
		attemptSeconds: register(registry, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tallystick_webhook_attempt_seconds", Help: "How long a POST took.", Buckets: buckets,
		})),
		endToEnd: register(registry, prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "tallystick_webhook_end_to_end_seconds", Help: "From the fact to the receiver's 2xx.",
			Buckets: append(buckets, 60, 600, 3600, 6*3600, 24*3600, 72*3600),
		})),
		sequence: register(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tallystick_webhook_ingest_sequence", Help: "The commit up to which the log was read, by shard.",
		}, []string{"shard"})),
		lag: register(registry, prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "tallystick_webhook_ingest_lag_commits", Help: "Commits of the log still to be read, by shard.",
		}, []string{"shard"})),
		pending: register(registry, prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallystick_webhook_pending", Help: "Deliveries to be made, those of disabled endpoints too; counted up to 100,000.",
		})),
	}
}

func register[C prometheus.Collector](registry prometheus.Registerer, collector C) C {
	if registry == nil {
		return collector
	}
	var already prometheus.AlreadyRegisteredError
	if err := registry.Register(collector); errors.As(err, &already) {
		if existing, ok := already.ExistingCollector.(C); ok {
			return existing
		}
	}
	return collector
}
