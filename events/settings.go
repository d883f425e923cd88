package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// openOrCreate opens a stream of the installation. If it does not exist, openOrCreate
// creates it when cfg.Create is set, and otherwise returns ErrNoLedger. In a stream
// that exists it switches off two unsafe settings (makeSafe, docs/decisions/0008).
func openOrCreate(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig, cfg OpenConfig) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && cfg.Create {
		if err := cfg.mayCreate(ctx, js, want.Name); err != nil {
			return nil, err
		}
		stream, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // another process has created it
			stream, err = js.Stream(ctx, want.Name)
		}
	}
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return nil, fmt.Errorf("%w: it has no stream %s", ErrNoLedger, want.Name)
	}
	if err == nil {
		stream, err = makeSafe(ctx, js, stream, cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("events: open %s: %w", want.Name, err)
	}
	return stream, nil
}

// mayCreate returns nil if a stream that does not exist has never existed. A new
// stream in place of a lost one would be empty, and would hide the loss. The error is
// ErrLostCommits, or one that may pass if this cannot be found out now.
func (cfg *OpenConfig) mayCreate(ctx context.Context, js jetstream.JetStream, name string) error {
	lost := func(why string) error {
		return fmt.Errorf("%w: stream %s does not exist, but %s. %s", ErrLostCommits, name, why, remedy(name))
	}
	// The keys' stream is created last. If it exists, all logs have existed.
	if _, err := js.Stream(ctx, keysStream); err == nil {
		return lost("the stream of the customers' keys, which is created after it, does")
	} else if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return fmt.Errorf("events: look for %s: %w", keysStream, err)
	}
	if cfg.SeenBy == nil {
		return nil
	}
	who, err := cfg.SeenBy(ctx)
	if err != nil {
		return fmt.Errorf("events: stream %s does not exist, and whether it ever did is not known yet: %w", name, err)
	}
	if who != "" {
		return lost(who + " has seen commits")
	}
	return nil
}

// errUnsafe is returned to a process that only reads, for settings that only the
// command side may change. It passes when the command side starts.
var errUnsafe = errors.New("the server compresses it, or lets any replica serve reads; the command API switches both off when it starts")

// makeSafe switches off compression by the server, and direct gets. With compression,
// whole streams were lost when replicas were killed. A direct get can be served by a
// replica that is behind, and then returns old data.
func makeSafe(ctx context.Context, js jetstream.JetStream, stream jetstream.Stream, cfg OpenConfig) (jetstream.Stream, error) {
	config := stream.CachedInfo().Config
	compressed, direct := config.Compression != jetstream.NoCompression, config.AllowDirect
	if !compressed && !direct {
		return stream, nil
	}
	if !cfg.Create {
		return nil, errUnsafe
	}
	config.Compression, config.AllowDirect = jetstream.NoCompression, false
	stream, err := js.UpdateStream(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("switch off compression and direct gets: %w", err)
	}
	logger := cfg.Logger
	if logger == nil {
		logger = slog.Default()
	}
	if direct {
		logger.Info("stream: direct gets switched off; replicas that are behind can serve them with old data", "stream", config.Name)
	}
	if compressed {
		// nats-server 2.15 applies the setting when it loads the stream.
		logger.Warn("stream: compression by the server switched off; it can lose the stream when a server is killed. "+
			"Each NATS server goes on compressing until its next start: shut down (do not kill) and start them one after the other, "+
			"each when the one before is current again", "stream", config.Name)
	}
	return stream, nil
}
