package webhooks

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// asker is a caller of take.
type asker struct {
	project ids.Project
	cancel  context.CancelFunc
	got     chan error
}

// ask calls take, and returns once it has its slot or waits.
func (s *slots) ask(project ids.Project) *asker {
	ctx, cancel := context.WithCancel(context.Background())
	a := &asker{project: project, cancel: cancel, got: make(chan error, 1)}
	before := s.asked(project)
	go func() { a.got <- s.take(ctx, project) }()
	for s.asked(project) == before {
		runtime.Gosched()
	}
	return a
}

// asked counts a project's slots and those who wait.
func (s *slots) asked(project ids.Project) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.projects[project]; of != nil {
		return of.used + len(of.waiting)
	}
	return 0
}

// has counts a project's slots.
func (s *slots) has(project ids.Project) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if of := s.projects[project]; of != nil {
		return of.used
	}
	return 0
}

func TestSlotsAreShared(t *testing.T) {
	t.Parallel()
	s := newSlots(Connections{PerProject: 4, InAll: 16}.orDefaults())
	for i := range 20 {
		s.ask("greedy")
		if want := min(i+1, 4); s.has("greedy") != want {
			t.Fatalf("asked for %d: has %d, want %d", i+1, s.has("greedy"), want)
		}
	}
	// Others have theirs, though the first still asks for more.
	s.ask("second")
	s.ask("second")
	if s.has("second") != 2 {
		t.Errorf("a project waits for one at its limit: has %d", s.has("second"))
	}
	// The less is left, the less may one have: some is left for the next.
	for i, want := range []int{4, 3, 2} {
		project := ids.Project(fmt.Sprint("more", i))
		for range 10 {
			s.ask(project)
		}
		if s.has(project) != want {
			t.Errorf("%s has %d, want %d", project, s.has(project), want)
		}
	}
	s.ask("last")
	if s.has("last") != 1 {
		t.Error("the last project has none")
	}
	// What is given back goes to who has the fewest.
	waits := s.ask("waits") // all is taken by now
	if s.used != 16 || s.has("waits") != 0 {
		t.Fatalf("%d used, %d by the one that waits", s.used, s.has("waits"))
	}
	s.give("greedy")
	if err := <-waits.got; err != nil || s.has("greedy") != 3 {
		t.Errorf("%v, the first has %d", err, s.has("greedy"))
	}
}

// Whatever order slots are asked for, given back and given up in: the limits
// hold, nobody waits who need not, and nothing is left when all are gone.
func TestSlotsProperties(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	limits := Connections{PerProject: 3, InAll: 10}.orDefaults()
	s := newSlots(limits)
	var all []*asker
	end := func(i int) {
		a := all[i]
		all = append(all[:i], all[i+1:]...)
		a.cancel()
		if err := <-a.got; err == nil {
			s.give(a.project)
		}
	}
	for range 2000 {
		if len(all) == 0 || random.IntN(2) == 0 && len(all) < 40 {
			all = append(all, s.ask(ids.Project(fmt.Sprint(random.IntN(6)))))
		} else {
			end(random.IntN(len(all)))
		}
		s.mu.Lock()
		used := 0
		for _, of := range s.projects {
			used += of.used
			if of.used > limits.PerProject || len(of.waiting) > 0 && of.used < min(limits.PerProject, limits.InAll-s.used) {
				t.Fatalf("%s has %d slots and %d wait; %d are used in all", of.project, of.used, len(of.waiting), s.used)
			}
		}
		if used != s.used || used > limits.InAll {
			t.Fatalf("%d slots are used, counted %d", used, s.used)
		}
		s.mu.Unlock()
	}
	for len(all) > 0 {
		end(0)
	}
	if s.used != 0 || len(s.projects) != 0 || len(s.waiting) != 0 {
		t.Errorf("left behind: %d used, %d projects, %d waiting", s.used, len(s.projects), len(s.waiting))
	}
}

// tarpit accepts connections and says nothing.
type tarpit struct {
	net.Listener
	mu               sync.Mutex
	now, most, total int // connections
}

func newTarpit(t testing.TB) *tarpit {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &tarpit{Listener: listener}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	return p
}

// watch counts a client's connections to the tarpit, where they are made:
// the tarpit hears late of those that are closed.
func (p *tarpit) watch(client *http.Client) {
	transport := client.Transport.(*http.Transport)
	dial := transport.DialContext
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address != p.Addr().String() {
			return dial(ctx, network, address)
		}
		p.count(1)
		conn, err := dial(ctx, network, address)
		if err != nil {
			p.count(-1)
			return nil, err
		}
		return &counted{Conn: conn, closed: sync.OnceFunc(func() { p.count(-1) })}, nil
	}
}

// counted is a connection that tells when it is closed.
type counted struct {
	net.Conn
	closed func()
}

func (c *counted) Close() error {
	defer c.closed()
	return c.Conn.Close()
}

func (p *tarpit) count(change int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now += change
	p.most = max(p.most, p.now)
	p.total += max(change, 0)
}

// connections returns how many there are, were at the most, and were in all.
func (p *tarpit) connections() (now, most, total int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now, p.most, p.total
}

// Many endpoints of one project on a tarpit hold one connection each, and no
// more than the project's. The project's own endpoint that works, and others',
// go on.
func TestTarpitHoldsItsProjectsConnections(t *testing.T) {
	t.Parallel()
	f := setup(t)
	pit, healthy := newTarpit(t), receive(t, nil)
	const hanging, limit, events = 12, 5, 50
	own, ama := f.project, f.wallet("ama")
	f.listen(healthy.URL+"/own", walletBalanceUpdated)
	for range hanging {
		f.listen("http://"+pit.Addr().String(), walletBalanceUpdated)
	}
	other := f.do(domain.CreateProject{Settings: domain.ProjectSettings{Name: "other", Currency: "GHS"}})[0].(*domain.ProjectCreated).Project
	f.project = other
	f.do(domain.UpsertCustomer{Project: other, Customer: "esi"})
	esi := f.wallet("esi")
	f.listen(healthy.URL+"/other", walletBalanceUpdated)
	f.many(esi, events)
	f.project = own
	f.many(ama, events)
	config := f.config()
	config.Timeout, config.Retries = 500*time.Millisecond, DefaultRetries
	config.Connections = Connections{PerProject: limit, InAll: 100}
	d := NewDispatcher(config)
	pit.watch(d.client)
	run(t, d)
	f.becomes(2*events, `SELECT count(*) FROM webhooks.delivery_log WHERE outcome = 'delivered'`)
	f.becomes(hanging, `SELECT count(*) FROM webhooks.endpoint WHERE failing_since IS NOT NULL`)
	if _, most, total := pit.connections(); most > limit || total < hanging {
		t.Errorf("%d connections at the most, %d in all; want at most %d", most, total, limit)
	}
}

// A receiver that never completes a TLS handshake has no connection left once
// the attempt is over.
func TestUnfinishedHandshakesEnd(t *testing.T) {
	t.Parallel()
	const timeout = 50 * time.Millisecond
	pit := newTarpit(t)
	client := newClient(localhost, Connections{}.orDefaults(), timeout)
	pit.watch(client)
	to := &target{url: "https://" + pit.Addr().String(), keys: [][]byte{newSecret()}}
	for range 3 {
		a, err := post(t.Context(), client, to, &delivery{messageID: "evt_1"}, timeout)
		if err != nil || a.errorClass != "timeout" {
			t.Errorf("%+v %v", a, err)
		}
	}
	eventually(t, "no connection is left", func() bool {
		now, _, total := pit.connections()
		return total == 3 && now == 0
	})
}
