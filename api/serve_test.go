package api

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
)

// stopping is a Serve that was told to stop while a request is under way.
type stopping struct {
	t       *testing.T
	address string
	busy    net.Conn      // its request is under way
	idle    net.Conn      // it was answered, and kept
	release chan struct{} // lets the handler go on
	asked   chan error    // of the handler's context, once it goes on
	ended   chan error
}

// stop serves, has one request under way and another answered, and stops. It
// returns once the server takes no more connections: draining has begun.
func stop(t *testing.T) *stopping {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &stopping{t: t, address: listener.Addr().String(), release: make(chan struct{}), asked: make(chan error, 1), ended: make(chan error, 1)}
	arrived := make(chan struct{})
	e := echo.New()
	e.GET("/quick", func(c echo.Context) error { return c.String(200, "quick") })
	e.GET("/slow", func(c echo.Context) error {
		close(arrived)
		<-s.release
		s.asked <- c.Request().Context().Err()
		return c.String(200, "done")
	})
	ctx, cancel := context.WithCancel(t.Context())
	go func() { s.ended <- Serve(ctx, listener, e, slog.New(slog.DiscardHandler)) }()
	s.idle, s.busy = s.dial(), s.dial()
	s.send(s.idle, "/quick")
	if got, _ := s.answer(s.idle); got != "quick" {
		t.Fatalf("before the stop: %q", got)
	}
	s.send(s.busy, "/slow")
	<-arrived
	cancel()
	for {
		probe, err := net.Dial("tcp", s.address)
		if err != nil {
			return s
		}
		probe.Close()
		time.Sleep(time.Millisecond)
	}
}

func (s *stopping) dial() net.Conn {
	s.t.Helper()
	conn, err := net.Dial("tcp", s.address)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	conn.SetDeadline(time.Now().Add(time.Minute)) //nolint:errcheck // a test that hangs fails
	return conn
}

func (s *stopping) send(conn net.Conn, path string) {
	s.t.Helper()
	if _, err := io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: test\r\n\r\n"); err != nil {
		s.t.Fatal(err)
	}
}

// answer reads one answer, and whether the connection is to be closed.
func (s *stopping) answer(conn net.Conn) (body string, last bool) {
	s.t.Helper()
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error(), true
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		return err.Error(), true
	}
	return string(all), response.Close
}

// TestServeDrains: once told to stop, the server takes no connection, lets the
// request under way finish with its context alive, answers it, says on its
// connection that this was the last, and ends connections where nothing is under way.
func TestServeDrains(t *testing.T) {
	t.Parallel()
	s := stop(t)
	if n, err := s.idle.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the idle connection: %d bytes, %v", n, err)
	}
	select {
	case err := <-s.ended:
		t.Fatalf("it ended with %v while a request was under way", err)
	default:
	}
	close(s.release)
	if err := <-s.asked; err != nil {
		t.Errorf("the request under way was cancelled: %v", err)
	}
	if got, last := s.answer(s.busy); got != "done" || !last {
		t.Errorf("the request under way got %q, last on its connection: %t", got, last)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
}

// TestServeDrainsNoLongerThanItSays: a request that does not end is cut off.
func TestServeDrainsNoLongerThanItSays(t *testing.T) {
	t.Parallel()
	s := stop(t)
	if err := <-s.ended; err != nil {
		t.Errorf("Serve ended with %v", err)
	}
	if got, last := s.answer(s.busy); got != "unexpected EOF" || !last {
		t.Errorf("the request that did not end got %q", got)
	}
	close(s.release)
	if err := <-s.asked; err == nil {
		t.Error("its context is alive")
	}
}
