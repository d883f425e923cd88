// Command tallystick runs and measures a whole ledger on one machine.
//
//	tallystick up      start everything in one process: NATS, PostgreSQL, the three services
//	tallystick bench   drive transfers over HTTP and print figures
//
// Every flag can be given as an environment variable (see --help). Exit codes: 0
// when it did what it was asked, or was stopped by SIGINT or SIGTERM; 1 with one
// line on standard error otherwise.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"tallystick/cmd/internal/bench"

	"github.com/alecthomas/kong"
)

type commands struct {
	Up    upCommand    `cmd:"" help:"Start the whole system in one process, with its data under one directory."`
	Bench benchCommand `cmd:"" help:"Drive transfers over HTTP against a running system and print figures."`
}

type benchCommand struct{ bench.Config }

func (c *benchCommand) Run(ctx context.Context) error { return c.Config.Run(ctx, os.Stdout) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	parsed := kong.Parse(&commands{}, kong.Name("tallystick"), kong.UsageOnError(),
		kong.Description("An event-sourced wallet ledger."), kong.BindTo(ctx, (*context.Context)(nil)))
	if err := parsed.Run(); err != nil {
		fmt.Fprintf(os.Stderr, "tallystick: %v\n", err)
		os.Exit(1)
	}
}
