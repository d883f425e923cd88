package service

import (
	"context"
	"sync"

	"tallystick/projections"
)

// Projector writes the log into the read model, one projector a shard.
type Projector struct {
	Common

	started gate
	running []*projections.Projector
}

// NewProjector makes the service.
func NewProjector(common Common) *Projector {
	return &Projector{Common: common}
}

// Ready returns nil once every shard is caught up, and as long as nothing is in the
// way.
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

// Run projects until ctx ends. A shard that must not go on stops alone: the process
// stays, and says that it is not ready.
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
