// Command projector writes the ledger's log into PostgreSQL, for queries and
// analysts.
//
// Every flag can be given as an environment variable (see --help). It serves
// /healthz, /readyz and /metrics on --http. Exit codes: 0 after SIGINT or
// SIGTERM, 1 when it cannot start. A shard whose log is damaged, or whose read model
// has diverged, stops alone: /readyz says why.
package main

import (
	"context"

	"tallystick/api"
	"tallystick/cmd/internal/service"

	"golang.org/x/sync/errgroup"
)

type command struct {
	service.Flags
	HTTP string `name:"http" env:"TALLYSTICK_HTTP" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Address of /healthz, /readyz and /metrics."`
}

func (c *command) Run(ctx context.Context) error {
	listener, common, err := c.Start("projector", c.HTTP)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer common.NATS.Close()
	run := service.NewProjector(common)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return run.Run(ctx) })
	group.Go(func() error {
		return common.ServeHealth(ctx, listener, api.Check{Name: "projector", Fn: run.Ready})
	})
	return group.Wait()
}

func main() { service.Main("projector", "Writes the ledger's log into PostgreSQL.", &command{}) }
