// Command command-api serves the HTTP API over a ledger in NATS JetStream.
//
// Every flag can be given as an environment variable (see --help). It listens on
// --http, with /healthz, /readyz and /metrics beside the API. Exit codes: 0 after
// SIGINT or SIGTERM, 1 when it cannot start or must not go on.
//
// One process for an installation is enough, and is what is fast. Several are
// safe: the log refuses whoever is second.
package main

import (
	"context"
	"errors"

	"tallystick/api"
	"tallystick/cmd/internal/service"
	"tallystick/webhooks"
)

type command struct {
	service.Flags
	service.EndpointFlags
	service.EndpointLimit
	HTTP              string `name:"http" env:"TALLYSTICK_HTTP" default:"127.0.0.1:8080" placeholder:"ADDR" help:"Address to listen on."`
	OperatorAPIKey    string `name:"operator-api-key" env:"TALLYSTICK_OPERATOR_API_KEY" required:"" placeholder:"KEY" help:"api-key of the operator, who makes projects."`
	OperatorSecretKey string `name:"operator-secret-key" env:"TALLYSTICK_OPERATOR_SECRET_KEY" required:"" placeholder:"SECRET" help:"secret-key of the operator, at least 32 characters. Make one with: openssl rand -hex 32"`
	Shards            int    `name:"shards" env:"TALLYSTICK_SHARDS" help:"Shards of a new ledger, 1 to 256; fixed for ever. Of one that exists: what it must have. Default 1."`
	Replicas          int    `name:"replicas" env:"TALLYSTICK_REPLICAS" default:"1" help:"JetStream replicas of a new ledger: 1, 3 or 5."`
}

func (c *command) Run(ctx context.Context) error {
	if len(c.OperatorSecretKey) < 32 {
		return errors.New("--operator-secret-key (TALLYSTICK_OPERATOR_SECRET_KEY) must have at least 32 characters; make one with: openssl rand -hex 32")
	}
	listener, common, err := c.Start("command-api", c.HTTP)
	if err != nil {
		return err
	}
	defer listener.Close()
	defer common.NATS.Close()
	policy, err := c.Policy(webhooks.Policy{})
	if err != nil {
		return err
	}
	endpoints, err := c.Endpoints()
	if err != nil {
		return err
	}
	run := &service.CommandAPI{
		Common: common, Listener: listener, Operator: api.Operator{APIKey: c.OperatorAPIKey, SecretKey: c.OperatorSecretKey},
		Shards: c.Shards, Replicas: c.Replicas, Policy: policy, Endpoints: endpoints,
	}
	return run.Run(ctx)
}

func main() {
	service.Main("command-api", "Serves the HTTP API over a ledger in NATS JetStream.", &command{})
}
