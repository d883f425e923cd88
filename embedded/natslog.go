package embedded

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
)

// natsLog is a server.Logger that writes to slog. It keeps fatal messages,
// because that is the only way in which the server reports a failed start.
type natsLog struct {
	log  *slog.Logger
	note func(message string) // called with every error

	mu    sync.Mutex
	fatal []error
}

// failures returns the fatal messages logged so far, oldest first.
func (l *natsLog) failures() []error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fatal
}

func (l *natsLog) Fatalf(format string, v ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fatal = append(l.fatal, errors.New(natsMessage(format, v)))
}

func (l *natsLog) Errorf(format string, v ...any) {
	message := natsMessage(format, v)
	l.log.Error(message, "server", "nats")
	l.note(message)
}
func (l *natsLog) Warnf(format string, v ...any) {
	l.log.Warn(natsMessage(format, v), "server", "nats")
}
func (l *natsLog) Noticef(format string, v ...any) {
	l.log.Debug(natsMessage(format, v), "server", "nats")
}
func (l *natsLog) Debugf(string, ...any) {} // The server is configured not to produce these.
func (l *natsLog) Tracef(string, ...any) {}

func natsMessage(format string, v []any) string { return fmt.Sprintf(format, v...) }

// loggerOr returns log, or a logger that discards all messages if log is nil.
func loggerOr(log *slog.Logger) *slog.Logger {
	if log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return log
}
