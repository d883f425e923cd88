package embedded

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// A stream whose file could not be written, usually because the disk was full,
// accepts no more messages and sends publishers no reply until it is loaded again.
// The server does not load it again by itself (2.15: fileStore.setWriteErr).
const (
	mendEvery = time.Second
	// roomNeeded is the free space in bytes that is required before streams are
	// loaded again: two blocks of a stream.
	roomNeeded = 16 << 20
)

// disk loads the streams of a server again after a write failed.
type disk struct {
	server *server.Server
	opts   *server.Options
	log    *natsLog
	done   chan struct{} // closed by Stop
	failed chan string   // the server's message about a failed write

	mu      sync.Mutex
	trouble error
}

// note takes an error message of the server, and passes on those about failed writes.
func (d *disk) note(message string) {
	if !strings.Contains(strings.ToLower(message), "critical write error") {
		return
	}
	select {
	case d.failed <- message:
	default:
	}
}

func (d *disk) set(trouble error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.trouble = trouble
}

// Writable returns nil while the server can write to its directory, and otherwise the
// server's message about the failed write.
func (n *NATS) Writable() error {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	return n.disk.trouble
}

// watch runs until the server is stopped.
func (d *disk) watch() {
	tick := time.NewTicker(mendEvery)
	defer tick.Stop()
	for {
		select {
		case message := <-d.failed:
			d.set(fmt.Errorf("the disk of the log cannot be written, or is full; once there is room this goes on by itself: %s", message))
		case <-d.done:
			return
		}
		for mended := false; !mended; {
			select {
			case <-tick.C:
				mended = d.room() && d.reload()
			case <-d.done:
				return
			}
		}
		d.set(nil)
	}
}

// room reports whether roomNeeded bytes can be written.
func (d *disk) room() bool {
	file, err := os.CreateTemp(d.opts.StoreDir, "room-*")
	if err != nil {
		return false
	}
	defer os.Remove(file.Name())
	defer file.Close()
	_, err = file.Write(make([]byte, roomNeeded))
	if err == nil {
		err = file.Sync()
	}
	return err == nil
}

// reload loads the streams from the disk, which has everything that was
// acknowledged. Clients stay connected; their requests get no reply meanwhile.
func (d *disk) reload() bool {
	select {
	case <-d.failed: // It is about a write before this reload.
	default:
	}
	err := d.server.ShutdownJetStream()
	if err == nil {
		err = d.server.EnableJetStream(&server.JetStreamConfig{
			StoreDir: d.opts.StoreDir, SyncAlways: d.opts.SyncAlways, SyncInterval: d.opts.SyncInterval,
			MaxMemory: d.opts.JetStreamMaxMemory, MaxStore: d.opts.JetStreamMaxStore, Strict: !d.opts.NoJetStreamStrict,
		})
	}
	if err != nil {
		d.log.Errorf("the streams cannot be loaded again: %v", err)
		return false
	}
	d.log.Warnf("the disk can be written again; the streams are loaded")
	return true
}
