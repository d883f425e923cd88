package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// neighbour is the load of a second project of the same shard, while the transfers of the
// first are measured.
type neighbour struct {
	connections int
	operations  int // of a request
	batch       bool
	extra       string        // JSON members of each transaction
	status      int           // expected of a response
	scheduled   int           // transactions that become due at one moment; 0: requests without a pause
	ahead       time.Duration // how long before that moment they are scheduled
}

// neighbours by the name that --neighbour has for them.
var neighbours = map[string]neighbour{
	// 120 transactions of 1,000 operations, all due at one moment.
	"scheduled": {connections: 4, operations: 1000, extra: `,"scheduled_for":"%s"`, status: http.StatusCreated, scheduled: 120, ahead: 20 * time.Second},
	// Transactions of 1,000 operations, without a pause.
	"operations": {connections: 32, operations: 1000, status: http.StatusCreated},
	// Batches of 10,000 transactions, without a pause.
	"batch": {connections: 2, operations: maxBatch, batch: true, status: http.StatusOK},
	// Dry runs of 1,000 operations, without a pause.
	"dry-run": {connections: 4, operations: 1000, extra: `,"dry_run":true`, status: http.StatusOK},
}

// attack is the running load of a neighbour.
type attack struct {
	neighbour
	load    load
	project *project
	control *connection
	targets []target
}

// beside measures the transfers of a project again beside the load of a neighbour, for the
// duration or until the scheduled transactions are done.
func (c *Config) beside(ctx context.Context, r session, victim func(context.Context) *measurement) (*Neighbour, error) {
	kind, control, progress := neighbours[c.Neighbour], r.control, r.progress
	other, err := r.neighbour(ctx)
	if err != nil {
		return nil, err
	}
	connections := make([]*connection, kind.connections)
	for i := range connections {
		connections[i] = control.server.connection(ctx)
		defer connections[i].close()
	}
	fmt.Fprintln(progress, "a neighbour's wallets")
	if err := other.open(ctx, connections, c.Wallets, progress); err != nil {
		return nil, fmt.Errorf("neighbour: %w", err)
	}
	a := &attack{kind, load{wallets: c.Wallets, batch: kind.operations, duration: c.Duration}, other, control, nil}
	for _, on := range connections {
		a.targets = append(a.targets, kind.target(on, other))
	}
	report := &Neighbour{Load: c.Neighbour}
	if kind.scheduled > 0 {
		fmt.Fprintf(progress, "scheduling %d transactions\n", kind.scheduled)
		done, err := a.schedule(ctx)
		if err != nil {
			return nil, fmt.Errorf("neighbour: %w", err)
		}
		report.Beside = victim(done).figures()
		return report, nil
	}
	var m *measurement
	var attacking sync.WaitGroup
	attacking.Go(func() { m = a.load.run(ctx, a.targets, func(totals) {}) })
	report.Beside = victim(ctx).figures()
	attacking.Wait()
	report.Attack = m.figures()
	return report, nil
}

// schedule schedules all transactions for one moment. It returns at that moment, with a
// context that ends when all are done.
func (a *attack) schedule(ctx context.Context) (context.Context, error) {
	when := time.Now().Add(a.ahead)
	to := a.targets[0].(*wideTarget)
	to.extra = fmt.Sprintf(to.extra, when.UTC().Format(time.RFC3339Nano))
	version, err := a.version(ctx)
	if err != nil {
		return nil, err
	}
	w := newWorker(a.load, to, newRunPrefix(), 0)
	for range a.scheduled {
		w.pick()
		to.perform(w.transfers, w.tally)
		for _, x := range w.transfers {
			if x.sender == 0 || x.recipient == 0 {
				version++
			}
		}
	}
	if w.tally.failed.Load() > 0 || time.Now().After(when) {
		return nil, fmt.Errorf("not everything could be scheduled within %s: %v", a.ahead, w.tally.errors)
	}
	sleep(ctx, time.Until(when))
	done, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		for sleep(done, 10*shortPause) {
			if now, err := a.version(ctx); err != nil || now >= version {
				return
			}
		}
	}()
	return done, nil
}

// version returns the version of the neighbour's first wallet, which is the number of its
// entries.
func (a *attack) version(ctx context.Context) (int64, error) {
	var wallet struct {
		ID      string `json:"id"`
		Version int64  `json:"version"`
	}
	if err := json.Unmarshal(a.project.wallets[0], &wallet.ID); err != nil {
		return 0, err
	}
	_, err := call(ctx, a.control, a.control.server.route("GET", "/v1/wallets/"+wallet.ID, a.project.as), "", &wallet)
	return wallet.Version, err
}

// neighbour makes a project in the same shard.
func (r session) neighbour(ctx context.Context) (*project, error) {
	for try := range 64 {
		other, err := newProject(ctx, r.control, r.operator, "bench neighbour "+strconv.Itoa(try))
		if err != nil || other.newest.shard == r.project.newest.shard {
			return other, err
		}
	}
	return nil, errors.New("no second project came to stand in the shard of the first")
}

func (n neighbour) target(on *connection, p *project) target {
	if n.batch {
		return newHTTPTarget(on, p, true)
	}
	to := newHTTPTarget(on, p, false)
	to.route = on.server.route("POST", "/v1/transactions", p.as)
	return &wideTarget{to, n}
}

// wideTarget makes one transaction of many transfers.
type wideTarget struct {
	*httpTarget
	neighbour
}

func (t *wideTarget) perform(transfers []transfer, tally *tally) time.Duration {
	t.body = t.appendWide(t.body[:0], transfers)
	if err := t.connection.send(t.route, t.body); err != nil {
		return t.lost(err, len(transfers), tally)
	}
	if response := &t.connection.response; response.StatusCode() != t.status {
		tally.fail(kindOf(response), len(transfers))
		return retryAfter(response)
	}
	tally.acknowledged.Add(int64(len(transfers)))
	return 0
}

func (t *wideTarget) appendWide(to []byte, transfers []transfer) []byte {
	to = append(to, `{"reference":"`...)
	to = append(to, transfers[0].reference[:]...)
	to = append(to, `","operations":[`...)
	for i, x := range transfers {
		if i > 0 {
			to = append(to, ',')
		}
		to = append(to, `{"type":"transfer",`...)
		to = t.appendParties(to, x)
		to = append(to, '}')
	}
	to = append(to, ']')
	to = append(to, t.extra...)
	return append(to, '}')
}
