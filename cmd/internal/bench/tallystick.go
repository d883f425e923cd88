package bench

import (
	"context"
	"fmt"
	"io"
)

// session has what the parts of a run share.
type session struct {
	operator credential
	project  *project
	control  *connection
	progress io.Writer
}

// measureTallystick opens the project's wallets, drives the load and waits for the read
// model; then it does so again beside a neighbour.
func (c *Config) measureTallystick(ctx context.Context, r session, report *Report) error {
	p, control, progress := r.project, r.control, r.progress
	connections := make([]*connection, c.Connections)
	for i := range connections {
		connections[i] = control.server.connection(ctx)
		defer connections[i].close()
		// Connect before the load, so that it is not part of a latency.
		if err := connections[i].dial(); err != nil {
			return err
		}
	}
	if err := p.open(ctx, connections, c.Wallets, progress); err != nil {
		return err
	}
	l := load{wallets: c.Wallets, hot: c.Hot, batch: max(1, c.Batch), duration: c.Duration, rate: c.Rate}
	targets := make([]target, len(connections))
	for i, on := range connections {
		targets[i] = newHTTPTarget(on, p, c.Batch > 0)
	}
	follow := &follower{on: control, project: p}
	before, known := follow.appended()
	m := l.run(ctx, targets, progressLines(progress, func(now totals) string {
		sample, ok := follow.sample(now.elapsed)
		if !ok {
			return "lag unknown here"
		}
		return fmt.Sprintf("lag %d commits", sample.Behind)
	}))
	p.sawPlace(place{p.newest.shard, m.newest})
	fmt.Fprintln(progress, "waiting for the read model")
	report.Projection = follow.finish(ctx)
	report.Figures = m.figures()
	if after, ok := follow.appended(); ok && known && m.acknowledged > 0 {
		perTransfer := float64(after-before) / float64(m.acknowledged)
		report.LogBytes = &perTransfer
	}
	report.compare()
	if c.Neighbour == "" {
		return nil
	}
	var err error
	report.Neighbour, err = c.beside(ctx, r, func(ctx context.Context) *measurement { return l.run(ctx, targets, func(totals) {}) })
	return err
}

// progressLines prints the progress since the line before.
func progressLines(to io.Writer, note func(totals) string) func(totals) {
	var last totals
	return func(now totals) {
		text := note(now)
		if since := now.elapsed - last.elapsed; since > 0 {
			rate := float64(now.acknowledged-last.acknowledged) / since.Seconds()
			fmt.Fprintf(to, "%5.1f s %9.0f transfers/s %7d errors   %s\n", now.elapsed.Seconds(), rate, now.failed, text)
		}
		last = now
	}
}
