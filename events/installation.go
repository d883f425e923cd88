package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"

	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain/ids"
)

// shardsKey is the metadata of a stream that contains the number of shards of the
// installation. Shard 0's is read.
const shardsKey = "tallystick_shards"

// ErrNoLedger is returned by Open when there is no ledger and OpenConfig.Create is not
// set.
var ErrNoLedger = errors.New("events: there is no ledger on this NATS server yet")

// ErrShards is returned by Open when the number of shards in OpenConfig is not the one
// that the ledger was created with, or is more than the maximum.
var ErrShards = errors.New("events: the number of shards is fixed when a ledger is created")

// OpenConfig says how to open an installation.
type OpenConfig struct {
	Create   bool // create what does not exist; only the command side sets this
	Shards   int  // of a new installation; for an existing one, the same number or 0
	Replicas int  // of new streams; 0 means 1
	Master   MasterKey
	Logger   *slog.Logger // nil means slog.Default
	// SeenBy returns the name of a witness that has seen commits of the installation,
	// or "" if there is none. It is called before anything is created. Nil means that
	// there is no witness.
	SeenBy func(ctx context.Context) (string, error)
}

// Installation is what the services share: the logs of the shards, and the keys.
type Installation struct {
	Shards []*Stream
	Keys   *Keys
	Codec  *Codec
}

// Open opens an installation. The error is ErrNoLedger, ErrShards, ErrWrongMasterKey,
// ErrLostCommits when a stream that existed is gone, or one that may pass. A creation
// that was interrupted at any point can be repeated: the stream of shard 0 is created
// first and contains the number of shards.
func Open(ctx context.Context, js jetstream.JetStream, cfg OpenConfig) (*Installation, error) {
	shards, err := countShards(ctx, js)
	switch {
	case errors.Is(err, ErrNoLedger) && cfg.Create:
		shards = max(cfg.Shards, 1)
	case err != nil:
		return nil, err
	case cfg.Shards != 0 && cfg.Shards != shards:
		return nil, fmt.Errorf("%w: it has %d, and %d were asked for", ErrShards, shards, cfg.Shards)
	}
	if shards > ids.MaxShards {
		return nil, fmt.Errorf("%w: 1 to %d, not %d", ErrShards, ids.MaxShards, shards)
	}
	inst := &Installation{}
	for shard := range shards {
		stream, err := openStream(ctx, js, shard, shards, cfg)
		if err != nil {
			return nil, err
		}
		inst.Shards = append(inst.Shards, stream)
	}
	if inst.Keys, err = OpenKeys(ctx, js, cfg); err != nil {
		return nil, err
	}
	inst.Codec = &Codec{Keys: inst.Keys}
	return inst, nil
}

func countShards(ctx context.Context, js jetstream.JetStream) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := js.Stream(ctx, StreamName(0))
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, ErrNoLedger
	}
	if err != nil {
		return 0, fmt.Errorf("events: look for the ledger: %w", err)
	}
	text := stream.CachedInfo().Config.Metadata[shardsKey]
	shards, err := strconv.Atoi(text)
	if err != nil || shards < 1 {
		return 0, fmt.Errorf("events: stream %s exists, but is not a ledger: its %s is %q", StreamName(0), shardsKey, text)
	}
	return shards, nil
}
