package bench

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// drainPatience is how long to wait for the read model after the load.
const drainPatience = 5 * time.Minute

// LagSample is how far the read model was behind the log at one time.
type LagSample struct {
	Seconds  float64 `json:"seconds"` // since the start of the load
	Sequence int64   `json:"log_sequence"`
	Behind   int64   `json:"behind"` // commits
}

// follower samples how far the read model is behind.
type follower struct {
	on      *connection
	project *project
	samples []LagSample
}

// sample reads the lag from /metrics. It returns false when the projector is another
// process: then its metrics are elsewhere.
func (f *follower) sample(elapsed time.Duration) (LagSample, bool) {
	if f.on.send(f.on.server.route("GET", "/metrics", credential{}), nil) != nil {
		return LagSample{}, false
	}
	body := f.on.response.Body()
	written, ok1 := gauge(body, "tallystick_log_sequence", f.project.newest.shard)
	projected, ok2 := gauge(body, "tallystick_projection_sequence", f.project.newest.shard)
	if !ok1 || !ok2 {
		return LagSample{}, false
	}
	// The two are not read at the same time, so the difference can be negative.
	s := LagSample{elapsed.Seconds(), written, max(0, written-projected)}
	f.samples = append(f.samples, s)
	return s, true
}

// gauge returns a shard's value from Prometheus' text format.
func gauge(metrics []byte, name string, shard int) (int64, bool) {
	label := fmt.Appendf(nil, `shard="%d"`, shard)
	for line := range bytes.Lines(metrics) {
		labels, rest, ok := bytes.Cut(line, []byte{'}'})
		if !ok || !bytes.HasPrefix(labels, []byte(name+"{")) || !bytes.Contains(labels, label) {
			continue
		}
		fields := bytes.Fields(rest)
		if len(fields) == 0 {
			return 0, false
		}
		value, err := strconv.ParseFloat(string(fields[0]), 64) // 1.234567e+06
		return int64(value), err == nil
	}
	return 0, false
}

// appended reads from /metrics how many bytes of commits the server has appended.
func (f *follower) appended() (int64, bool) {
	if f.on.send(f.on.server.route("GET", "/metrics", credential{}), nil) != nil {
		return 0, false
	}
	for line := range bytes.Lines(f.on.response.Body()) {
		if value, ok := bytes.CutPrefix(line, []byte("tallystick_append_bytes_total ")); ok {
			number, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64) // 1.234567e+06
			return int64(number), err == nil
		}
	}
	return 0, false
}

// finish measures how far the read model is behind at the end of the load, and how long
// it takes to catch up.
func (f *follower) finish(ctx context.Context) *Projection {
	p := &Projection{Shard: f.project.newest.shard, Sequence: f.project.newest.sequence, Samples: f.samples}
	p.summarize()
	start := time.Now()
	if projected, ok := f.projected(); ok {
		behind := max(0, int64(p.Sequence)-int64(projected))
		p.Behind = &behind
	}
	if err := f.drain(ctx, start.Add(drainPatience)); err != nil {
		p.Problem = err.Error()
		return p
	}
	seconds := time.Since(start).Seconds()
	p.DrainSeconds = &seconds
	return p
}

const oneWallet = "/v1/wallets?limit=1"

// projected returns the sequence that the read model has reached.
func (f *follower) projected() (uint64, bool) {
	if f.on.send(f.on.server.route("GET", oneWallet, f.project.as), nil) != nil {
		return 0, false
	}
	at, ok := placeOf(&f.on.response)
	return at.sequence, ok && f.on.response.StatusCode() == http.StatusOK
}

// drain returns when the read model has every commit of the load.
func (f *follower) drain(ctx context.Context, deadline time.Time) error {
	route := f.on.server.route("GET", oneWallet, f.project.as, "Tally-Min-Sequence: "+f.project.newest.String())
	for time.Now().Before(deadline) {
		if err := f.on.send(route, nil); err != nil {
			return fmt.Errorf("the read model cannot be asked: %s", brief(err))
		}
		switch f.on.response.StatusCode() {
		case http.StatusOK:
			return nil
		case http.StatusServiceUnavailable:
			// Ask again at once: the server has waited already, and a pause would
			// count as time to drain.
			if !sleep(ctx, shortPause) {
				return ctx.Err()
			}
		default:
			return fmt.Errorf("the read model cannot be asked: %s", kindOf(&f.on.response))
		}
	}
	return fmt.Errorf("the read model has not caught up within %s", drainPatience)
}

// summarize returns how the lag developed. It grew when the trend is more than a hundredth
// of the commits that were written meanwhile and more than three times its own standard
// error. The lag of a read model that keeps up varies.
func (p *Projection) summarize() {
	n := len(p.Samples)
	if n == 0 {
		return
	}
	first, last := p.Samples[0], p.Samples[n-1]
	p.Start, p.Middle, p.End = &first.Behind, &p.Samples[n/2].Behind, &last.Behind
	if n < 3 || last.Seconds == first.Seconds {
		return
	}
	growth, uncertainty := trend(p.Samples)
	written := float64(last.Sequence-first.Sequence) / (last.Seconds - first.Seconds)
	grew := growth > written/100 && growth > 3*uncertainty
	p.Growth, p.Grew = &growth, &grew
}

// trend returns the slope of the least-squares line, in commits a second, and its standard
// error. It needs at least three samples.
func trend(samples []LagSample) (slope, uncertainty float64) {
	n := float64(len(samples))
	var meanX, meanY, xy, xx, residue float64
	for _, s := range samples {
		meanX += s.Seconds / n
		meanY += float64(s.Behind) / n
	}
	for _, s := range samples {
		xy += (s.Seconds - meanX) * (float64(s.Behind) - meanY)
		xx += (s.Seconds - meanX) * (s.Seconds - meanX)
	}
	slope = xy / xx
	for _, s := range samples {
		off := float64(s.Behind) - meanY - slope*(s.Seconds-meanX)
		residue += off * off
	}
	return slope, math.Sqrt(residue / (n - 2) / xx)
}
