package service

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tallystick/api"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"

	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// tap is a way to a server that can be shut: then nothing comes through to it.
type tap struct {
	mu   sync.Mutex
	shut chan struct{} // closed: open
	held chan struct{} // has a token when an append to the log was held up
}

func (p *tap) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = make(chan struct{})
}

func (p *tap) open() {
	p.mu.Lock()
	defer p.mu.Unlock()
	close(p.shut)
}

func (p *tap) state() chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shut
}

// to returns the URL of a way to the server at an address.
func (p *tap) to(t *testing.T, address string) string {
	t.Helper()
	p.held = make(chan struct{}, 1)
	p.close()
	p.open()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", address)
			if err != nil {
				from.Close()
				continue
			}
			go func() { defer from.Close(); io.Copy(from, to) }() //nolint:errcheck // until either end closes
			go p.pass(from, to)
		}
	}()
	return "nats://" + listener.Addr().String()
}

func (p *tap) pass(from, to net.Conn) {
	defer to.Close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-p.state():
		default:
			if bytes.Contains(buffer[:n], []byte("PUB ledger.")) {
				p.held <- struct{}{}
			}
			<-p.state()
		}
		if _, failed := to.Write(buffer[:n]); err != nil || failed != nil {
			return
		}
	}
}

// TestStopAnswersEveryWaitingCaller: one whose append is under way and one who
// waits behind it get what they asked for, although the stop came first.
func TestStopAnswersEveryWaitingCaller(t *testing.T) {
	t.Parallel()
	server := embeddedtest.NATS(t)
	way := &tap{}
	conn, err := nats.Connect(way.to(t, strings.TrimPrefix(server.URL(), "nats://")))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	s := &CommandAPI{
		Common: Common{
			NATS: conn, Postgres: embeddedtest.Database(t), Master: events.MasterKey{1},
			Logger: slog.New(slog.DiscardHandler), Registry: registry,
		},
		Listener: listener, Operator: api.Operator{APIKey: "operator", SecretKey: "secret"},
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	await(t, "the ledger is ready", func() bool { return s.Ledger() != nil && s.Ledger().Ready() == nil })

	way.close()
	answers := make(chan string)
	ask := func() { answers <- makeProject("http://" + listener.Addr().String()) }
	go ask()
	<-way.held // decided, and on its way to the log
	go ask()
	await(t, "the second caller waits", func() bool { return gauge(t, registry, "tallystick_waiting_operations") > 0 })
	stop()
	await(t, "no more connections are taken", func() bool {
		probe, err := net.Dial("tcp", listener.Addr().String())
		if err == nil {
			probe.Close()
		}
		return err != nil
	})
	way.open()
	for range 2 {
		if got := <-answers; got != "201" {
			t.Errorf("a caller who waited got %s", got)
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// makeProject returns the status of the answer, or what went wrong.
func makeProject(base string) string {
	request, err := http.NewRequest("POST", base+"/v1/projects", strings.NewReader(`{"name":"Waits","currency":"GHS"}`))
	if err != nil {
		return err.Error()
	}
	request.Header.Set("api-key", "operator")
	request.Header.Set("secret-key", "secret")
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusCreated {
		return fmt.Sprint(response.StatusCode, " ", string(body), err)
	}
	return fmt.Sprint(response.StatusCode)
}

// gauge adds up a metric over its labels.
func gauge(t *testing.T, registry *prometheus.Registry, name string) (sum float64) {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			for _, metric := range family.GetMetric() {
				sum += metric.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("timed out: %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
