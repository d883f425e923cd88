package embeddedtest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
)

// Replicas are three NATS servers of one cluster, each a process of its own that
// can be killed or paused. Every write is synced, as in production.
type Replicas struct {
	t     testing.TB
	nodes [3]*replica
}

type replica struct {
	Name, Dir              string
	Client, Route, Monitor int // ports on 127.0.0.1
	Routes                 []string
	process                *exec.Cmd
	stdin                  io.Closer
	output                 *bytes.Buffer
}

// replicaVariable holds a replica, for the process that is to be it.
const replicaVariable = "TALLYSTICK_TEST_REPLICA"

// NATSReplicas starts three servers. They are killed when t ends. The process's
// TestMain begins with ServeReplica.
func NATSReplicas(t testing.TB) *Replicas {
	t.Helper()
	r := &Replicas{t: t}
	ports := freePorts(t, 3*len(r.nodes))
	var routes []string
	for i := range r.nodes {
		p := ports[3*i:]
		r.nodes[i] = &replica{Name: "replica-" + strconv.Itoa(i), Dir: Dir(t), Client: p[0], Route: p[1], Monitor: p[2]}
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", p[1]))
	}
	for i, n := range r.nodes {
		n.Routes = routes
		r.Start(i)
		t.Cleanup(func() {
			r.Kill(i)
			if t.Failed() {
				t.Logf("%s: %s", n.Name, n.output)
			}
		})
	}
	return r
}

// freePorts returns ports that were free just now. All are held until the last is
// found, so that none comes twice.
func freePorts(t testing.TB, n int) (ports []int) {
	t.Helper()
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		ports = append(ports, listener.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// URL returns the addresses of all servers, as nats.Connect takes them.
func (r *Replicas) URL() string {
	var all []string
	for i := range r.nodes {
		all = append(all, r.URLOf(i))
	}
	return strings.Join(all, ",")
}

// URLOf returns the address of server i.
func (r *Replicas) URLOf(i int) string { return fmt.Sprintf("nats://127.0.0.1:%d", r.nodes[i].Client) }

// Start starts server i on what its directory holds. It does not wait until the
// server is ready.
func (r *Replicas) Start(i int) {
	r.t.Helper()
	n := r.nodes[i]
	config, err := json.Marshal(n)
	if err != nil {
		r.t.Fatal(err)
	}
	n.output = &bytes.Buffer{}
	n.process = exec.Command(os.Args[0])
	n.process.Env = append(os.Environ(), replicaVariable+"="+string(config))
	n.process.Stdout, n.process.Stderr = n.output, n.output
	if n.stdin, err = n.process.StdinPipe(); err == nil {
		err = n.process.Start()
	}
	if err != nil {
		r.t.Fatal(err)
	}
}

// Kill kills server i (SIGKILL), if it runs, and returns when it is gone.
func (r *Replicas) Kill(i int) {
	n := r.nodes[i]
	if n.process == nil {
		return
	}
	_ = n.process.Process.Kill()
	_ = n.process.Wait() // killed
	_ = n.stdin.Close()
	n.process = nil
}

// KillAll kills all servers at once.
func (r *Replicas) KillAll() {
	for _, n := range r.nodes {
		_ = n.process.Process.Kill()
	}
	for i := range r.nodes {
		r.Kill(i)
	}
}

// Pause stops server i where it stands (SIGSTOP), its connections open.
func (r *Replicas) Pause(i int) { r.signal(i, syscall.SIGSTOP) }

// Resume lets server i go on (SIGCONT).
func (r *Replicas) Resume(i int) { r.signal(i, syscall.SIGCONT) }

func (r *Replicas) signal(i int, s syscall.Signal) {
	r.t.Helper()
	if err := r.nodes[i].process.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// Name returns what server i is called in the cluster.
func (r *Replicas) Name(i int) string { return r.nodes[i].Name }

// State returns what server i itself has of a stream: the sequences of the first
// and last message, and how many there are. False while it does not say.
func (r *Replicas) State(ctx context.Context, i int, stream string) (server.StreamState, bool) {
	page, ok := r.jsz(ctx, i)
	if !ok {
		return server.StreamState{}, false
	}
	for _, account := range page.AccountDetails {
		for _, detail := range account.Streams {
			if detail.Name == stream {
				return detail.State, true
			}
		}
	}
	return server.StreamState{}, false
}

// MetaLeader returns the name of the server that leads the cluster itself, as
// server i knows it; "" while it knows none.
func (r *Replicas) MetaLeader(ctx context.Context, i int) string {
	page, ok := r.jsz(ctx, i)
	if !ok || page.Meta == nil {
		return ""
	}
	return page.Meta.Leader
}

// jsz returns what the monitoring page of server i says of JetStream. False while
// it does not answer.
func (r *Replicas) jsz(ctx context.Context, i int) (page server.JSInfo, ok bool) {
	address := url.URL{Scheme: "http", Host: fmt.Sprint("127.0.0.1:", r.nodes[i].Monitor), Path: "/jsz", RawQuery: "streams=1"}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return page, false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return page, false
	}
	defer response.Body.Close()
	return page, json.NewDecoder(response.Body).Decode(&page) == nil
}

// ServeReplica turns the process into a server of NATSReplicas if that started it,
// and otherwise does nothing. The server ends with the process that started it.
func ServeReplica() {
	config := os.Getenv(replicaVariable)
	if config == "" {
		return
	}
	var n replica
	if err := json.Unmarshal([]byte(config), &n); err != nil {
		panic(err)
	}
	opts := &server.Options{
		ServerName: n.Name, Host: "127.0.0.1", Port: n.Client, HTTPHost: "127.0.0.1", HTTPPort: n.Monitor,
		Cluster:   server.ClusterOpts{Name: "tallystick", Host: "127.0.0.1", Port: n.Route, PoolSize: 1},
		JetStream: true, StoreDir: n.Dir, SyncAlways: true, JetStreamMaxStore: 1 << 40, JetStreamMaxMemory: 1 << 30, NoSigs: true,
	}
	for _, route := range n.Routes {
		address, err := url.Parse(route)
		if err != nil {
			panic(err)
		}
		opts.Routes = append(opts.Routes, address)
	}
	srv, err := server.NewServer(opts)
	if err != nil {
		panic(err)
	}
	srv.ConfigureLogger()
	srv.Start()
	_, _ = io.Copy(io.Discard, os.Stdin) // until the test's process ends
	os.Exit(0)
}
