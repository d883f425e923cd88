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
	// natsPatience is the longest wait for the listener. It does not include the
	// loading of the streams, which is complete when server.Start returns.
	natsPatience = 10 * time.Second

	// maxStore and maxMemory limit what JetStream stores, in bytes. Without
	// maxStore, the server would use the space that is free at its start as the
	// limit. It would refuse commits when the streams have grown by that much,
	// even if the disk was enlarged since. With maxStore, only the disk is the
	// limit. The ledger has no memory streams.
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
	// Addr is the loopback host:port to listen on. With port 0 the system
	// chooses a port. If Addr is empty, only in-process connections are possible.
	Addr string
	// Logger receives the server's messages: notices at debug level, warnings and
	// errors at their own level. Nil discards them.
	Logger *slog.Logger
}

// StartNATS starts a server. It returns when the server accepts connections and
// has loaded all streams in cfg.Dir. It fails when the directory cannot be
// written, the address is not a loopback address or is in use, or the streams
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
		SyncAlways:         true, // By default the server syncs every two minutes, and a power cut loses what was written since.
		JetStreamMaxStore:  maxStore,
		JetStreamMaxMemory: maxMemory,
		NoSigs:             true, // This process handles signals, and stops the server at the right time.
		DontListen:         cfg.Addr == "",
	}
	if opts.DontListen {
		return opts, nil
	}
	host, port, err := net.SplitHostPort(cfg.Addr)
	if err != nil {
		return nil, fmt.Errorf("embedded NATS: address %q is not host:port: %w", cfg.Addr, err)
	}
	// Every client that can connect can append to the ledger.
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

// exportStatus lets every client request the status of JetStream, which includes
// SyncAlways. By default only the system account may request it.
func exportStatus(srv *server.Server) error {
	const subject = "$SYS.REQ.SERVER.PING.JSZ"
	if err := srv.SystemAccount().AddServiceExportWithResponse(subject, server.Streamed, nil); err != nil {
		return err
	}
	return srv.GlobalAccount().AddServiceImport(srv.SystemAccount(), subject, subject)
}

// Connect returns an in-process connection, which uses no socket. The connection
// ends with Stop. It does not reconnect to a server that is started later on the
// same directory.
func (n *NATS) Connect(opts ...nats.Option) (*nats.Conn, error) {
	return nats.Connect("", append(opts[:len(opts):len(opts)], nats.InProcessServer(n.server))...)
}

// URL returns nats://host:port, or "" if the server has no listener.
func (n *NATS) URL() string { return n.url }

// Stop closes all connections, flushes the streams, and returns when the server
// has ended. It may be called more than once, and from several goroutines.
func (n *NATS) Stop() {
	n.stop.Do(func() { close(n.disk.done) })
	n.server.Shutdown()
	n.server.WaitForShutdown()
}
