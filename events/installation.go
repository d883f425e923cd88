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

// shardsKey is where shard 0's stream keeps how many shards the installation has.
const shardsKey = "tallystick_shards"

// ErrNoLedger is returned by Open when there is no ledger and none is to be made.
var ErrNoLedger = errors.New("events: there is no ledger on this NATS server yet")

// ErrShards is returned by Open when another number of shards is asked for than
// the ledger was created with, or more than there can be.
var ErrShards = errors.New("events: the number of shards is fixed when a ledger is created")

// OpenConfig says how to open an installation.
type OpenConfig struct {
	Create   bool // make what is not there; only the command side does
	Shards   int  // of a new one; of one that exists it must be right, or 0
	Replicas int  // of new streams; 0 is 1
	Master   MasterKey
	Logger   *slog.Logger // nil is slog.Default
	// SeenBy names who has seen commits of the installation, "" for nobody. It is
	// asked before anything is made that does not exist; nil knows of nobody.
	SeenBy func(ctx context.Context) (string, error)
}

// Installation is what the services share: the shards' logs and the keys.
type Installation struct {
	Shards []*Stream
	Keys   *Keys
	Codec  *Codec
}

// Open opens an installation. The error is ErrNoLedger, ErrShards, ErrWrongMasterKey,
// ErrLostCommits when a stream is gone that was there, or may pass. Creating one can be cut short anywhere and done
// again: the first stream is made first and says how many there will be.
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
		return 0, fmt.Errorf("events: stream %s exists, but is no ledger: its %s is %q", StreamName(0), shardsKey, text)
	}
	return shards, nil
}
