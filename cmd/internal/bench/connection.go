package bench

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// patience is how long a response may take: longer than the server waits for the servers
// behind it.
const patience = 30 * time.Second

// server is the server that requests are sent to.
type server struct {
	url     string // as given, for messages
	address string // host:port
	host    string // of the Host header
	prefix  string // of paths; no slash at the end
	tls     bool
}

type credential struct {
	APIKey    string `json:"api_key"`
	SecretKey string `json:"secret_key"`
}

func parseServer(text string) (*server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("--url is %q; give one like http://127.0.0.1:8080", text)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return &server{
		url:     text,
		address: net.JoinHostPort(u.Hostname(), port),
		host:    u.Host,
		prefix:  strings.TrimRight(u.EscapedPath(), "/"),
		tls:     u.Scheme == "https",
	}, nil
}

// route is the head of requests that differ in their body only: everything up
// to the length.
type route []byte

// route makes one. Extra headers are "Name: value".
func (s *server) route(method, path string, as credential, headers ...string) route {
	var head strings.Builder
	fmt.Fprintf(&head, "%s %s%s HTTP/1.1\r\nHost: %s\r\n", method, s.prefix, path, s.host)
	if as.APIKey != "" {
		fmt.Fprintf(&head, "api-key: %s\r\nsecret-key: %s\r\n", as.APIKey, as.SecretKey)
	}
	for _, header := range headers {
		head.WriteString(header + "\r\n")
	}
	head.WriteString("Content-Type: application/json\r\nContent-Length: ")
	return route(head.String())
}

// connection is one keep-alive connection, used by one goroutine. It is dialled at the
// first use, and again after it failed.
type connection struct {
	ctx      context.Context // its end closes the connection
	server   *server
	socket   net.Conn // nil: to be dialled
	release  func() bool
	reader   *bufio.Reader
	request  []byte
	response fasthttp.Response // of the last request
	extended time.Time         // when the socket's deadline was last moved
}

func (s *server) connection(ctx context.Context) *connection {
	return &connection{ctx: ctx, server: s, reader: bufio.NewReaderSize(nil, 8<<10)}
}

// unreachable is a failure to connect.
type unreachable struct {
	url   string
	cause error
}

func (e *unreachable) Error() string {
	return fmt.Sprintf("cannot reach %s: %s; start a system with tallystick up, or give another --url", e.url, brief(e.cause))
}

func (e *unreachable) Unwrap() error { return e.cause }

func (c *connection) dial() error {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	socket, err := dialer.DialContext(c.ctx, "tcp", c.server.address)
	if err == nil && c.server.tls {
		host, _, _ := net.SplitHostPort(c.server.address) // Made by JoinHostPort.
		secure := tls.Client(socket, &tls.Config{ServerName: host})
		if err = secure.HandshakeContext(c.ctx); err != nil {
			socket.Close()
		}
		socket = secure
	}
	if err != nil {
		return &unreachable{c.server.url, err}
	}
	c.socket, c.extended = socket, time.Time{}
	c.release = context.AfterFunc(c.ctx, func() { socket.Close() })
	c.reader.Reset(socket)
	return nil
}

func (c *connection) close() {
	if c.socket != nil {
		c.release()
		c.socket.Close()
		c.socket = nil
	}
}

// send performs one request, whose response is then in c.response. After an error the
// outcome of the request is unknown, unless the error is *unreachable.
func (c *connection) send(to route, body []byte) error {
	if c.socket == nil {
		if err := c.dial(); err != nil {
			return err
		}
	}
	c.request = append(c.request[:0], to...)
	c.request = strconv.AppendInt(c.request, int64(len(body)), 10)
	c.request = append(c.request, "\r\n\r\n"...)
	c.request = append(c.request, body...)
	err := c.exchange()
	if err != nil || c.response.ConnectionClose() {
		c.close()
	}
	return err
}

func (c *connection) exchange() error {
	// Moving the deadline costs about as much as building a request, so it is moved
	// once a second.
	if now := time.Now(); now.Sub(c.extended) > time.Second {
		if err := c.socket.SetDeadline(now.Add(patience)); err != nil {
			return err
		}
		c.extended = now
	}
	if _, err := c.socket.Write(c.request); err != nil {
		return err
	}
	return c.response.Read(c.reader)
}

// brief returns the reason of a failed connection without addresses and ports, so that
// failures can be counted by kind.
func brief(err error) string {
	var errno syscall.Errno
	var timeout interface{ Timeout() bool }
	var dns *net.DNSError
	switch {
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &dns):
		return dns.Err
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return "closed"
	default:
		return err.Error()
	}
}
