// Command webhook-dispatcher turns the ledger's log into signed webhooks.
//
// Every flag can be given as an environment variable (see --help). It serves
// /healthz, /readyz and /metrics on --http. Targets must be https and public
// unless the flags allow more. Exit codes: 0 after SIGINT or SIGTERM, 1 when it
// cannot start or must not go on.
package main

import (
	"context"

	"tallystick/api"
	"tallystick/cmd/internal/service"
	"tallystick/webhooks"

	"golang.org/x/sync/errgroup"
)

type command struct {
	service.Flags
	service.EndpointFlags
	service.ConnectionFlags
	HTTP string `name:"http" env:"TALLYSTICK_HTTP" default:"127.0.0.1:8082" placeholder:"ADDR" help:"Address of /healthz, /readyz and /metrics."`
}

func (c *command) Run(ctx context.Context) error {
	listener, common, err := c.Start("webhook-dispatcher", c.HTTP)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer common.NATS.Close()
	policy, err := c.Policy(webhooks.Policy{})
	if err != nil {
		return err
	}
	run := service.NewDispatcher(common, policy)
	if run.Connections, err = c.Connections(); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return run.Run(ctx) })
	group.Go(func() error {
		return common.ServeHealth(ctx, listener, api.Check{Name: "webhook-dispatcher", Fn: run.Ready})
	})
	return group.Wait()
}

func main() {
	service.Main("webhook-dispatcher", "Turns the ledger's log into signed webhooks.", &command{})
}
