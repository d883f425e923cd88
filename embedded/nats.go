package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// natsPatience bounds the wait for the listener. Reading the streams back
	// is not part of it: server.Start returns when that is done.
	natsPatience = 10 * time.Second

	// maxStore and maxMemory are the most that JetStream stores, in bytes.
	// Left out, the server takes the disk free at its start as the limit, and
	// refuses events once the streams have grown by that much, even if the
	// disk was enlarged meanwhile. The disk is the limit here. Nothing of the
	// ledger is in memory streams.
	maxStore  = 1 << 50
	maxMemory = 1 << 30
)

// NATS is an in-process nats-server with JetStream that syncs every write
// before it acknowledges it.
type NATS struct {
	server *server.Server
	url    string
	disk   *disk
	stop   sync.Once
}

// NATSConfig says where a NATS server keeps its streams and where it listens.
type NATSConfig struct {
	// Dir is the store directory; it is created with mode 0700.
	Dir string
	// Addr is the loopback host:port to listen on; port 0 lets the system
	// choose. Empty means no listener: in-process connections only.
	Addr string
	// Logger receives the server's own messages: notices at debug level,
	// warnings and errors at theirs. Nil discards them.
	Logger *slog.Logger
}

// StartNATS starts a server and returns when it accepts connections and all
// streams in cfg.Dir are loaded. It fails when the directory cannot be
// written, the address is not a loopback one or is taken, or the streams
// cannot be read.
func StartNATS(cfg NATSConfig) (*NATS, error) {
	opts, err := natsOptions(cfg)
	if err != nil {
		return nil, err
	}
	if err := makeDir(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS in %s: %w", cfg.Dir, err)
	}
	log := &natsLog{log: loggerOr(cfg.Logger)}
	disk := &disk{server: srv, opts: opts, log: log, done: make(chan struct{}), failed: make(chan string, 1)}
	log.note = disk.note
	srv.SetLoggerV2(log, false, false, false)
	srv.Start()

	n := &NATS{server: srv, disk: disk}
	go disk.watch()
	if err := errors.Join(log.failures()...); err != nil {
		n.Stop()
		return nil, fmt.Errorf("embedded NATS in %s: %w", cfg.Dir, err)
	}
	if !srv.ReadyForConnections(natsPatience) {
		n.Stop()
		return nil, fmt.Errorf("embedded NATS in %s: not ready after %s", cfg.Dir, natsPatience)
	}
	if err := exportStatus(srv); err != nil {
		n.Stop()
		return nil, fmt.Errorf("embedded NATS: %w", err)
	}
	if !opts.DontListen {
		n.url = srv.ClientURL()
	}
	return n, nil
}

// natsOptions returns the server's options for cfg.
func natsOptions(cfg NATSConfig) (*server.Options, error) {
	opts := &server.Options{
		ServerName:         "tallystick",
		JetStream:          true,
		StoreDir:           cfg.Dir,
		SyncAlways:         true, // The default syncs every two minutes, and loses what came after at a power cut.
		JetStreamMaxStore:  maxStore,
		JetStreamMaxMemory: maxMemory,
		NoSigs:             true, // Signals belong to the process, which stops the server in its order.
		DontListen:         cfg.Addr == "",
	}
	if opts.DontListen {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: address %q is not host:port: %w", cfg.Addr, err)
	}
	// Whoever reaches the listener can append to the ledger.
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fmt.Errorf("embedded NATS has no authentication and does not listen on %s: "+
			"use 127.0.0.1:PORT, or run a NATS server of your own", cfg.Addr)
	}
	opts.Host = host
	if opts.Port, err = strconv.Atoi(port); err != nil {
		return nil, fmt.Errorf("embedded NATS: address %q has no port number: %w", cfg.Addr, err)
	}
	if opts.Port == 0 {
		opts.Port = server.RANDOM_PORT // 0 would mean 4222.
	}
	return opts, nil
}

// exportStatus lets every client ask for the state of JetStream, SyncAlways
// included, which only the system account may do otherwise.
func exportStatus(srv *server.Server) error {
	const subject = "$SYS.REQ.SERVER.PING.JSZ"
	if err := srv.SystemAccount().AddServiceExportWithResponse(subject, server.Streamed, nil); err != nil {
		return err
	}
	return srv.GlobalAccount().AddServiceImport(srv.SystemAccount(), subject, subject)
}

// Connect returns a connection through memory, not through a socket. It does
// not outlive Stop: a server started later on the directory is another one.
func (n *NATS) Connect(opts ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append(opts[:len(opts):len(opts)], nats.InProcessServer(n.server))...)
}

// URL returns nats://host:port, or "" when the server does not listen.
func (n *NATS) URL() string { return n.url }

// Stop closes all connections, flushes the streams and returns when the server
// is gone. It may be called again, and from several goroutines.
func (n *NATS) Stop() {
	n.stop.Do(func() { close(n.disk.done) })
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
