package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
)

// jetStreamStatus is the subject on which each server of a cluster describes its
// JetStream. Only the system account has it; deploy/nats.conf exports it to the
// account of the services. An ordinary account has no other means to learn
// whether a server syncs its writes.
const jetStreamStatus = "$SYS.REQ.SERVER.PING.JSZ"

// syncPatience is how long the responses of all servers may take.
const syncPatience = 2 * time.Second

// reportSync warns of servers that acknowledge writes before they are on disk, and
// of servers that do not tell. Servers that do not run are not reported.
func reportSync(conn *nats.Conn, logger *slog.Logger) {
	lazy, err := lazyServers(conn)
	switch {
	case errors.Is(err, nats.ErrNoResponders) || errors.Is(err, context.DeadlineExceeded):
		logger.Warn("cannot tell whether NATS syncs every write: its configuration does not export "+jetStreamStatus+
			" to the account of the services (see deploy/nats.conf). Without sync_interval: always a power loss loses acknowledged transactions", "error", err)
	case err != nil: // The connection is lost. The next one asks again.
		logger.Debug("ask NATS whether it syncs every write", "error", err)
	case len(lazy) > 0:
		logger.Warn("NATS acknowledges writes before they are on disk: a power loss loses acknowledged transactions. "+
			"Set sync_interval: always in the jetstream block of its configuration", "servers", lazy)
	}
}

// serverStatus is the part of a server's answer that is needed here.
type serverStatus struct {
	Server struct {
		Name string `json:"name"`
	} `json:"server"`
	Data struct {
		Disabled bool `json:"disabled"` // the server has no JetStream
		Config   struct {
			SyncAlways bool `json:"sync_always"`
		} `json:"config"`
		Meta struct {
			Size int `json:"cluster_size"`
		} `json:"meta_cluster"` // only of a cluster
	} `json:"data"`
}

// lazyServers returns the names of the servers with JetStream that do not have
// sync_interval: always. Each server of the cluster reports for itself.
func lazyServers(conn *nats.Conn) (lazy []string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), syncPatience)
	defer cancel()
	inbox := conn.NewRespInbox()
	replies, err := conn.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer replies.Unsubscribe() //nolint:errcheck // fails only on a closed connection
	if err := conn.PublishRequest(jetStreamStatus, inbox, nil); err != nil {
		return nil, err
	}
	for answered, servers := 0, 1; answered < servers; {
		reply, err := replies.NextMsgWithContext(ctx)
		if errors.Is(err, context.DeadlineExceeded) && answered > 0 {
			break // The others do not run.
		}
		if err != nil {
			return nil, err
		}
		var status serverStatus
		if err := json.Unmarshal(reply.Data, &status); err != nil {
			return nil, fmt.Errorf("%s: %w", jetStreamStatus, err)
		}
		if status.Data.Disabled {
			continue // It stores nothing, and is not one of the servers counted.
		}
		answered++
		servers = max(servers, status.Data.Meta.Size)
		if !status.Data.Config.SyncAlways {
			lazy = append(lazy, status.Server.Name)
		}
	}
	return lazy, nil
}
