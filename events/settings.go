package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"
)

// openOrCreate opens a stream of ours. Where it does not exist, it is made with
// cfg.Create and is ErrNoLedger without. One that exists is opened with the two
// settings that it must not have switched off (docs/decisions/0008).
func openOrCreate(ctx context.Context, js jetstream.JetStream, want jetstream.StreamConfig, cfg OpenConfig) (jetstream.Stream, error) {
	stream, err := js.Stream(ctx, want.Name)
	if errors.Is(err, jetstream.ErrStreamNotFound) && cfg.Create {
		stream, err = js.CreateStream(ctx, want)
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) { // made by another process since
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

// errUnsafe is what a reader of the log gets for settings that only the command
// side may change. It passes when the command side starts.
var errUnsafe = errors.New("the server compresses it, or lets any replica answer for it; the command API switches both off when it starts")

// makeSafe switches off compression by the server, which has lost whole streams
// when replicas were killed, and direct gets, which a replica that is behind
// answers with the past.
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
		logger.Info("stream: direct gets switched off; they are answered by replicas that are behind", "stream", config.Name)
	}
	if compressed {
		// nats-server 2.15 takes the setting over when it loads the stream.
		logger.Warn("stream: compression by the server switched off; it can lose the stream when a server is killed. "+
			"Each NATS server goes on compressing until its next start: stop and start them one after the other, in good order, "+
			"each when the one before is current again", "stream", config.Name)
	}
	return stream, nil
}
