package service

import (
	"context"

	"tallystick/webhooks"
)

// Dispatcher is the service that delivers webhooks.
type Dispatcher struct {
	Common
	Policy      webhooks.Policy
	Connections webhooks.Connections // the zero value is the defaults

	started gate
	running *webhooks.Dispatcher
}

// NewDispatcher returns the service.
func NewDispatcher(common Common, policy webhooks.Policy) *Dispatcher {
	return &Dispatcher{Common: common, Policy: policy}
}

// Ready returns nil when deliveries can be made.
func (s *Dispatcher) Ready() error {
	if err := s.started.check(); err != nil {
		return err
	}
	return s.running.Ready()
}

// Run delivers until ctx ends.
func (s *Dispatcher) Run(ctx context.Context) error {
	inst, pool, err := s.openReader(ctx, &s.started)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer pool.Close()
	logs := make([]webhooks.Log, len(inst.Shards))
	for i, stream := range inst.Shards {
		logs[i] = stream
	}
	s.running = webhooks.NewDispatcher(webhooks.DispatcherConfig{
		Shards: logs, Codec: inst.Codec, Pool: pool, Master: s.Master, Policy: s.Policy, Logger: s.Logger, Registry: s.Registry,
		Connections: s.Connections,
	})
	s.started.open.Store(true)
	return s.running.Run(ctx)
}
