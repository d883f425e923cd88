package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report has the figures of a run, and is the object that --json prints.
type Report struct {
	URL         string  `json:"url"`
	Connections int     `json:"connections"`
	Wallets     int     `json:"wallets"`
	Seconds     float64 `json:"duration_seconds"` // the flag
	Hot         bool    `json:"hot"`
	Batch       int     `json:"batch"` // 0: one transfer in a request, to /v1/transfers
	Rate        int     `json:"rate"`  // 0: closed loop
	*Figures
	LogBytes   *float64    `json:"log_bytes_per_transfer"` // of commits; null where /metrics does not tell
	Projection *Projection `json:"projection"`
	Neighbour  *Neighbour  `json:"neighbour"` // null without --neighbour
	Baseline   *Figures    `json:"baseline"`  // null without --baseline
	Ratio      *float64    `json:"ratio"`     // throughput divided by the baseline's
}

// Figures are the figures of one load.
type Figures struct {
	Acknowledged int64            `json:"acknowledged"` // transfers
	Elapsed      float64          `json:"elapsed_seconds"`
	Throughput   float64          `json:"throughput"` // acknowledged transfers a second
	Latency      Latency          `json:"latency_ms"`
	Failed       int64            `json:"failed"` // transfers
	Errors       map[string]int64 `json:"errors"` // transfers by status and code
	Unsent       int64            `json:"unsent"` // transfers that were due, with --rate, and not sent
	Requests     int64            `json:"requests"`
	Generator    Generator        `json:"generator"`
}

// Neighbour has the figures of the same load beside that of another project.
type Neighbour struct {
	Load   string   `json:"load"`
	Beside *Figures `json:"beside"` // of the first project
	Attack *Figures `json:"attack"` // of the other one, transfers too; null for what it had scheduled
}

// Latency is the latency of requests, in milliseconds.
type Latency struct {
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p99_9"`
	Max  float64 `json:"max"`
}

// Generator is the processor time that the generator itself used.
type Generator struct {
	MicrosPerRequest float64 `json:"cpu_us_per_request"`
	Cores            float64 `json:"cores"`
}

// Projection tells how the read model kept up. What is not known is null.
type Projection struct {
	Shard    int         `json:"shard"`
	Sequence uint64      `json:"sequence"` // the newest commit of all responses
	Samples  []LagSample `json:"samples"`
	Start    *int64      `json:"behind_at_start"` // commits, as are the next ones
	Middle   *int64      `json:"behind_in_the_middle"`
	End      *int64      `json:"behind_in_the_last_sample"`
	Growth   *float64    `json:"growth_per_second"`
	Grew     *bool       `json:"grew"`

	Behind       *int64   `json:"behind_at_end"`
	DrainSeconds *float64 `json:"drain_seconds"`
	Problem      string   `json:"problem,omitempty"` // why there are no drain_seconds
}

func (m *measurement) figures() *Figures {
	seconds := max(m.elapsed, time.Microsecond).Seconds()
	at := func(percentile float64) float64 { return float64(m.latency.ValueAtPercentile(percentile)) / 1000 }
	return &Figures{
		Acknowledged: m.acknowledged,
		Elapsed:      seconds,
		Throughput:   float64(m.acknowledged) / seconds,
		Latency:      Latency{at(50), at(90), at(99), at(99.9), float64(m.latency.Max()) / 1000},
		Failed:       m.failed,
		Errors:       m.errors,
		Unsent:       m.unsent,
		Requests:     m.requests,
		Generator:    Generator{float64(m.cpu.Microseconds()) / float64(max(1, m.requests)), m.cpu.Seconds() / seconds},
	}
}

// compare sets the ratio to the baseline.
func (r *Report) compare() {
	if r.Baseline != nil && r.Baseline.Throughput > 0 {
		ratio := r.Throughput / r.Baseline.Throughput
		r.Ratio = &ratio
	}
}

// print writes the report for people.
func (r *Report) print(to io.Writer) error {
	var text strings.Builder
	if r.Baseline != nil {
		text.WriteString("\nplain PostgreSQL\n")
		r.Baseline.print(&text)
	}
	text.WriteString("\nTallystick\n")
	r.Figures.print(&text)
	if r.LogBytes != nil {
		fmt.Fprintf(&text, "  log          %.0f bytes of commits per transfer\n", *r.LogBytes)
	}
	r.Projection.print(&text)
	if r.Ratio != nil {
		fmt.Fprintf(&text, "  ratio        %.2f × plain PostgreSQL\n", *r.Ratio)
		if r.Rate > 0 {
			text.WriteString("               (--rate holds Tallystick back, not PostgreSQL)\n")
		}
	}
	if r.Neighbour != nil {
		fmt.Fprintf(&text, "\nTallystick, beside a neighbour's load (%s)\n", r.Neighbour.Load)
		r.Neighbour.Beside.print(&text)
		if r.Neighbour.Attack != nil {
			text.WriteString("\nthe neighbour\n")
			r.Neighbour.Attack.print(&text)
		}
	}
	_, err := io.WriteString(to, text.String())
	return err
}

func (f *Figures) print(to io.Writer) {
	fmt.Fprintf(to, "  throughput   %.0f transfers/s (%d acknowledged in %.1f s)\n", f.Throughput, f.Acknowledged, f.Elapsed)
	l := f.Latency
	fmt.Fprintf(to, "  latency      p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, max %.2f ms\n", l.P50, l.P90, l.P99, l.P999, l.Max)
	fmt.Fprintf(to, "  errors       %s\n", f.errorText())
	if f.Unsent > 0 {
		fmt.Fprintf(to, "  unsent       %d transfers were due and never sent: the rate is more than the system takes\n", f.Unsent)
	}
	fmt.Fprintf(to, "  generator    %.1f µs of CPU per request, %.2f cores\n", f.Generator.MicrosPerRequest, f.Generator.Cores)
}

// errorText lists the kinds of errors, the most frequent first.
func (f *Figures) errorText() string {
	if f.Failed == 0 {
		return "none"
	}
	kinds := slices.SortedFunc(maps.Keys(f.Errors), func(a, b string) int {
		return int(f.Errors[b] - f.Errors[a])
	})
	for i, kind := range kinds {
		kinds[i] = fmt.Sprintf("%d × %s", f.Errors[kind], kind)
	}
	return strings.Join(kinds, "; ")
}

func (p *Projection) print(to io.Writer) {
	if p.Start == nil {
		fmt.Fprintf(to, "  lag          unknown here: /metrics of this process has no projection\n")
	} else {
		fmt.Fprintf(to, "  lag          start %d, middle %d, end %d commits%s\n", *p.Start, *p.Middle, *p.End, p.trend())
	}
	behind := "unknown"
	if p.Behind != nil {
		behind = fmt.Sprintf("%d commits behind", *p.Behind)
	}
	drained := p.Problem
	if p.DrainSeconds != nil {
		drained = fmt.Sprintf("drained in %.2f s", *p.DrainSeconds)
	}
	fmt.Fprintf(to, "  read model   %s at the end; %s\n", behind, drained)
}

func (p *Projection) trend() string {
	if p.Grew == nil {
		return ""
	}
	verb := "did not grow"
	if *p.Grew {
		verb = "GREW"
	}
	return fmt.Sprintf("; it %s (%+.1f commits/s)", verb, *p.Growth)
}
