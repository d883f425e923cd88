package service

import (
	"context"
	"sync"

	"tallystick/projections"
)

// Projector is the service that writes the read model, with one projector for each shard.
type Projector struct {
	Common

	started gate
	running []*projections.Projector
}

// NewProjector returns the service.
func NewProjector(common Common) *Projector {
	return &Projector{Common: common}
}

// Ready returns nil when every shard has caught up and can be projected.
func (s *Projector) Ready() error {
	if err := s.started.check(); err != nil {
		return err
	}
	for _, p := range s.running {
		if err := p.Ready(); err != nil {
			return err
		}
	}
	return nil
}

// Run projects until ctx ends. A shard whose log is damaged, or whose read model has
// diverged, stops alone: the process continues and is not ready.
func (s *Projector) Run(ctx context.Context) error {
	inst, pool, err := s.openReader(ctx, &s.started)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	defer pool.Close()
	for shard, stream := range inst.Shards {
		s.running = append(s.running, projections.NewProjector(projections.ProjectorConfig{
			Shard: shard, Log: stream, Codec: inst.Codec, Pool: pool, Logger: s.Logger, Registry: s.Registry,
		}))
	}
	s.started.open.Store(true)
	var group sync.WaitGroup
	for _, p := range s.running {
		group.Go(func() {
			p.Run(ctx) //nolint:errcheck // it was logged, and Ready has it
		})
	}
	group.Wait()
	<-ctx.Done()
	return nil
}
