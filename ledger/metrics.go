package ledger

import (
	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	commits   prometheus.Counter
	bytes     prometheus.Counter
	commands  *prometheus.CounterVec
	group     prometheus.Histogram
	appends   prometheus.Histogram
	outcomes  *prometheus.CounterVec
	sequence  *prometheus.GaugeVec
	ready     *prometheus.GaugeVec
	replayed  prometheus.Counter
	deadlines prometheus.Counter
	failed    *prometheus.GaugeVec
	waiting   *prometheus.GaugeVec
	defects   *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		commits:  prometheus.NewCounter(prometheus.CounterOpts{Name: "tallystick_commits_total", Help: "Commits appended to the log."}),
		bytes:    prometheus.NewCounter(prometheus.CounterOpts{Name: "tallystick_append_bytes_total", Help: "Size of the commits appended to the log, without what the server stores with each."}),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tallystick_commands_total", Help: "Commands completed, by outcome: done, rejected, unavailable."}, []string{"outcome"}),
		group: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tallystick_commit_commands", Help: "Commands decided together in one commit.",
			Buckets: prometheus.ExponentialBuckets(1, 2, 13)}),
		appends: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "tallystick_append_seconds", Help: "Time from sending a commit to its acknowledgement.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16)}),
		outcomes:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tallystick_append_outcomes_total", Help: "Appends by outcome: acknowledged, conflict, refused, unknown."}, []string{"outcome"}),
		sequence:  prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tallystick_log_sequence", Help: "The newest commit that this process has folded."}, []string{"shard"}),
		ready:     prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tallystick_shard_ready", Help: "1 while the shard is caught up and takes commands."}, []string{"shard"}),
		replayed:  prometheus.NewCounter(prometheus.CounterOpts{Name: "tallystick_replayed_commits_total", Help: "Commits folded from the log: at start, and of other writers."}),
		deadlines: prometheus.NewCounter(prometheus.CounterOpts{Name: "tallystick_deadlines_total", Help: "Deadlines that were decided: of credit, holds, escrows, settlements and scheduled transactions."}),
		failed:    prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tallystick_deadlines_failed", Help: "Deadlines that could not be decided and are tried again after growing pauses."}, []string{"shard"}),
		waiting:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "tallystick_waiting_operations", Help: "Commands that wait for the writer, in operations."}, []string{"shard"}),
		defects:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "tallystick_defects_total", Help: "Commands that met a defect of the ledger (a panic, or facts that the state refuses) and were not carried out."}, []string{"command"}),
	}
	if registry != nil {
		registry.MustRegister(m.deadlines, m.commits, m.bytes, m.commands, m.group, m.appends, m.outcomes, m.sequence, m.ready, m.replayed, m.failed, m.waiting, m.defects)
	}
	return m
}
