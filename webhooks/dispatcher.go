package webhooks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"tallystick/events"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

const (
	defaultTimeout = 15 * time.Second
	defaultLease   = 30 * time.Second
	observeEvery   = 5 * time.Second
	// After the context of Run ends: how long requests in flight may take, and
	// how long their completions may then take to be written.
	sendingGrace = 3 * time.Second
	writingGrace = 2 * time.Second
)

// DispatcherConfig configures a dispatcher. Fields below Registry have defaults, which
// are meant for production.
type DispatcherConfig struct {
	Shards   []Log // every shard's log; the index is the shard
	Codec    *events.Codec
	Pool     *pgxpool.Pool // migrated; four connections for each shard and some for deliveries
	Master   events.MasterKey
	Policy   Policy
	Logger   *slog.Logger          // nil: slog.Default()
	Registry prometheus.Registerer // nil: no metrics

	Retries []time.Duration                   // wait after each failed attempt but the last; nil: DefaultRetries
	Spread  func(time.Duration) time.Duration // applied to each of them; nil: up to 20 % either way
	Timeout time.Duration                     // of one attempt, from the name's resolution to the last byte; 0: 15 s
	Lease   time.Duration                     // after which another dispatcher replaces one that has ended; 0: 30 s; at least twice Timeout
	MaxAge  time.Duration                     // of a delivery that waits for an endpoint that fails; 0: all of Retries

	Connections Connections
}

// Dispatcher reads the logs and posts events to endpoints. Several may run on one
// database, in one process or many.
type Dispatcher struct {
	config     DispatcherConfig
	ingesters  []*ingester
	leases     *leases
	client     *http.Client
	slots      *slots
	completer  *completer
	metrics    *metrics
	delivering *outage

	// Set by Run. They end one after the other.
	ctx     context.Context // ends first: no new work begins
	sending context.Context // then: requests in flight are cancelled
	writing context.Context // last: completions and leases are no longer written

	mu      sync.Mutex
	closing bool
	runners map[string]*runner   // by endpoint
	paused  map[string]time.Time // endpoints that wait, and until when
	active  sync.WaitGroup       // runners
}

// NewDispatcher returns a dispatcher, which does nothing before Run.
func NewDispatcher(config DispatcherConfig) *Dispatcher {
	if config.Logger == nil {
		config.Logger = slog.Default()
	}
	if config.Retries == nil {
		config.Retries = DefaultRetries
	}
	if config.Spread == nil {
		config.Spread = spread
	}
	if config.Timeout == 0 {
		config.Timeout = defaultTimeout
	}
	if config.Lease == 0 {
		config.Lease = defaultLease
	}
	config.Lease = max(config.Lease, 2*config.Timeout)
	if config.MaxAge == 0 {
		for _, wait := range config.Retries {
			config.MaxAge += wait
		}
	}
	config.Connections = config.Connections.orDefaults()
	d := &Dispatcher{
		config: config, client: newClient(config.Policy, config.Connections, config.Timeout), metrics: newMetrics(config.Registry),
		runners: map[string]*runner{}, paused: map[string]time.Time{},
		leases:     &leases{pool: config.Pool, seal: newSealer(config.Master), owner: rand.Text(), length: config.Lease},
		delivering: &outage{logger: config.Logger, what: "delivery"},
	}
	d.leases.config, d.slots = &d.config, newSlots(config.Connections)
	d.completer = &completer{
		pool: config.Pool, metrics: d.metrics, in: make(chan completion, completionQueue),
		outage: &outage{logger: config.Logger, what: "recording attempts"},
	}
	for shard, log := range config.Shards {
		d.ingesters = append(d.ingesters, &ingester{
			shard: shard, log: log, codec: config.Codec, pool: config.Pool, wake: d.announce,
			outage: &outage{logger: config.Logger, what: "reading shard " + strconv.Itoa(shard)},
		})
	}
	register(config.Registry, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tallystick_webhook_ready", Help: "1 while every shard is read and deliveries can be made.",
	}, func() float64 {
		if d.Ready() != nil {
			return 0
		}
		return 1
	}))
	return d
}

// Run works until ctx ends. Then it begins nothing new, gives requests in flight 3 s to
// end, writes their completions, and gives leases back. It continues after restarts of
// PostgreSQL and of NATS, always returns nil, and is called once.
func (d *Dispatcher) Run(ctx context.Context) error {
	var endSending, endWriting context.CancelFunc
	d.ctx = ctx
	d.sending, endSending = outlive(ctx, sendingGrace)
	d.writing, endWriting = outlive(ctx, sendingGrace+writingGrace)
	defer endSending()
	defer endWriting()
	var loops, completing sync.WaitGroup
	completing.Go(func() { d.completer.run(d.writing) })
	for _, g := range d.ingesters {
		loops.Go(func() { g.run(ctx) })
	}
	loops.Go(d.poll)
	loops.Go(d.heartbeat)
	loops.Go(d.observe)
	loops.Wait()
	d.mu.Lock()
	d.closing = true
	d.mu.Unlock()
	d.active.Wait()
	close(d.completer.in)
	completing.Wait()
	d.client.CloseIdleConnections()
	return nil
}

// outlive returns a context that ends some time after its parent.
func outlive(parent context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		pause(ctx, grace)
		cancel()
	})
	return ctx, func() {
		stop()
		cancel()
	}
}

// Ready returns nil when every shard is read and neither reading nor delivering has
// failed since it last worked.
func (d *Dispatcher) Ready() error {
	for _, g := range d.ingesters {
		if err := g.outage.current(); err != nil {
			return err
		}
		if !g.loaded.Load() {
			return fmt.Errorf("webhooks: shard %d is not being read yet", g.shard)
		}
	}
	return errors.Join(d.delivering.current(), d.completer.outage.current())
}

// wake starts a runner for the endpoint if it has none, and makes it look for work.
func (d *Dispatcher) wake(endpoint string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.paused, endpoint)
	d.wakeLocked(endpoint)
}

// announce wakes an endpoint for new deliveries, unless the endpoint waits: then every
// commit would cost a query without a result.
func (d *Dispatcher) announce(endpoint string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if until, waits := d.paused[endpoint]; waits {
		if time.Now().Before(until) {
			return
		}
		delete(d.paused, endpoint)
	}
	d.wakeLocked(endpoint)
}

func (d *Dispatcher) wakeLocked(endpoint string) {
	if d.closing {
		return
	}
	r := d.runners[endpoint]
	if r == nil {
		r = &runner{d: d, endpoint: endpoint, wake: make(chan struct{}, 1), room: make(chan struct{}, 1)}
		d.runners[endpoint] = r
		d.active.Go(func() { d.runOut(r) })
	}
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// ignoreUntilDue makes announce ignore an endpoint while it waits. The poll finds it when
// its wait is over.
func (d *Dispatcher) ignoreUntilDue(endpoint string) {
	asked := time.Now()
	wait, err := d.leases.pausedFor(d.ctx, endpoint)
	if err != nil || wait <= 0 {
		return // another dispatcher has it, or the poll will report the error
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.paused[endpoint] = asked.Add(wait)
}

// runOut runs a runner until it is idle and was not woken meanwhile.
func (d *Dispatcher) runOut(r *runner) {
	for {
		idle := r.serve(d.ctx)
		d.mu.Lock()
		if !idle || len(r.wake) == 0 || d.ctx.Err() != nil {
			delete(d.runners, r.endpoint)
			d.mu.Unlock()
			return
		}
		d.mu.Unlock()
	}
}

// poll finds retries that are due, and endpoints whose dispatcher has ended. Nothing else
// wakes those.
func (d *Dispatcher) poll() {
	for {
		ids, err := d.leases.ready(d.ctx)
		if err != nil {
			if !d.delivering.wait(d.ctx, err) {
				return
			}
			continue
		}
		d.delivering.ended()
		for _, id := range ids {
			d.wake(id)
		}
		if !pause(d.ctx, pollEvery) {
			return
		}
	}
}

// heartbeat renews each lease three times during its length, and stops runners that have
// lost theirs.
func (d *Dispatcher) heartbeat() {
	for pause(d.ctx, d.config.Lease/3) {
		var held []*lease
		d.mu.Lock()
		for _, r := range d.runners {
			if l := r.held.Load(); l != nil {
				held = append(held, l)
			}
		}
		d.mu.Unlock()
		if len(held) == 0 {
			continue
		}
		// After an error leases go on until they no longer cover a request; see begin.
		ours, err := d.leases.extend(d.ctx, held)
		if err != nil {
			d.delivering.report(err)
			continue
		}
		for _, l := range held {
			if !ours[l.endpoint] {
				l.stop()
			}
		}
	}
}

// observe sets the gauges.
func (d *Dispatcher) observe() {
	for pause(d.ctx, observeEvery) {
		for _, g := range d.ingesters {
			shard, reached := strconv.Itoa(g.shard), g.reached.Load()
			d.metrics.sequence.WithLabelValues(shard).Set(float64(reached))
			if last, err := g.log.Last(d.ctx); err == nil {
				d.metrics.lag.WithLabelValues(shard).Set(float64(max(last, reached) - reached))
			}
		}
		var pending int64
		err := d.config.Pool.QueryRow(d.ctx, `SELECT count(*) FROM (SELECT FROM webhooks.delivery LIMIT 100000) d`).Scan(&pending)
		if err == nil {
			d.metrics.pending.Set(float64(pending))
		}
	}
}
