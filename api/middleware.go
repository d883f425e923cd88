package api

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/labstack/echo/v4"
)

const requestIDHeader = "Request-Id"

// middleware wraps every route: it gives the request an identifier, answers with the
// handler's error, and counts. It is one function, since each more would cost
// every transfer an allocation.
func (s *server) middleware(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		start := time.Now()
		c.Response().Header()[requestIDHeader] = []string{newRequestID()}
		if err := recovered(next, c); err != nil {
			s.answerError(err, c)
		}
		took := time.Since(start)
		request, status := c.Request(), c.Response().Status
		s.metrics.observe(request.Method, c.Path(), status, took)
		if ctx := request.Context(); s.logger.Enabled(ctx, slog.LevelDebug) {
			s.logger.DebugContext(ctx, "request", "method", request.Method, "path", request.URL.Path,
				"status", status, "took", took, "request_id", requestID(c))
		}
		return nil
	}
}

// recovered returns the handler's error, or its panic as an error.
func recovered(next echo.HandlerFunc, c echo.Context) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			if cause == http.ErrAbortHandler {
				panic(cause)
			}
			err = fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
		}
	}()
	return next(c)
}

// newRequestID returns 120 random bits. They need not be secret: a fast generator will do.
func newRequestID() string {
	const alphabet = "0123456789abcdefghijklmnopqrstuv"
	var id [28]byte
	copy(id[:], "req_")
	high, low := rand.Uint64(), rand.Uint64()
	for i := range 12 {
		id[4+i], id[16+i] = alphabet[high&31], alphabet[low&31]
		high, low = high>>5, low>>5
	}
	return string(id[:])
}

func requestID(c echo.Context) string { return c.Response().Header().Get(requestIDHeader) }
