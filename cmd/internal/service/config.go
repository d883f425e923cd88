package service

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"tallystick/events"

	"github.com/nats-io/nats.go"
)

// Flags are the settings that every service has. Each can be given as an
// environment variable instead.
type Flags struct {
	NATS      string `name:"nats" env:"TALLYSTICK_NATS" placeholder:"URL" required:"" help:"NATS server with JetStream, e.g. nats://127.0.0.1:4222; several with commas."`
	NATSCreds string `name:"nats-creds" env:"TALLYSTICK_NATS_CREDS" placeholder:"FILE" help:"NATS credentials file (.creds), where the server asks for one."`
	Postgres  string `name:"postgres" env:"TALLYSTICK_POSTGRES" placeholder:"URL" required:"" help:"PostgreSQL database, e.g. postgres://user:password@127.0.0.1:5432/tallystick."`
	MasterKey string `name:"master-key" env:"TALLYSTICK_MASTER_KEY" placeholder:"BASE64" required:"" help:"32 bytes in base64 that wrap the customers' keys and webhook secrets; the same for every service, for ever. Make one with: openssl rand -base64 32"`
	LogLevel  string `name:"log-level" env:"TALLYSTICK_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" help:"How much to log: debug, info, warn or error."`
}

// Logger writes lines of JSON to standard error.
func (f Flags) Logger() *slog.Logger { return NewLogger(f.LogLevel, "json") }

// NewLogger logs to standard error, as "json" or "text".
func NewLogger(level, format string) *slog.Logger {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		least = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: least}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

// Master reads the master key; the error names the setting.
func (f Flags) Master() (events.MasterKey, error) {
	var key events.MasterKey
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(f.MasterKey))
	if err != nil || len(raw) != len(key) {
		return key, fmt.Errorf("--master-key (TALLYSTICK_MASTER_KEY) must be 32 bytes in base64; make one with: openssl rand -base64 32")
	}
	copy(key[:], raw)
	return key, nil
}

// Connect connects to NATS; the error names the setting.
func (f Flags) Connect(name string, logger *slog.Logger) (*nats.Conn, error) {
	options := ConnOptions(name, logger)
	if f.NATSCreds != "" {
		options = append(options, nats.UserCredentials(f.NATSCreds))
	}
	conn, err := nats.Connect(f.NATS, options...)
	if err != nil {
		return nil, fmt.Errorf("--nats (TALLYSTICK_NATS): cannot connect to %s: %w", f.NATS, err)
	}
	return conn, nil
}

// ConnOptions returns the options of every connection to NATS. It reconnects for
// ever, and after each connect warns of servers that do not sync every write. It
// does not buffer messages while it is disconnected: a commit that is sent later would
// have to be resolved although its outcome could have been known.
func ConnOptions(name string, logger *slog.Logger) []nats.Option {
	return []nats.Option{
		nats.Name(name), nats.MaxReconnects(-1), nats.ReconnectWait(100 * time.Millisecond),
		nats.ReconnectJitter(50*time.Millisecond, 100*time.Millisecond), nats.ReconnectBufSize(-1), nats.RetryOnFailedConnect(true),
		nats.PingInterval(5 * time.Second), nats.MaxPingsOutstanding(2),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				logger.Warn("NATS is gone; reconnecting", "error", err)
			}
		}),
		nats.ConnectHandler(func(c *nats.Conn) { go reportSync(c, logger) }),
		nats.ReconnectHandler(func(c *nats.Conn) {
			logger.Info("NATS is back", "server", c.ConnectedUrlRedacted())
			go reportSync(c, logger)
		}),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { logger.Debug("NATS", "error", err) }),
	}
}
