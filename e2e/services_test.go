package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"

	"github.com/jackc/pgx/v5"
)

// installation is the three services as processes, with the test's own NATS and
// Postgres, which the test can restart.
type installation struct {
	client
	nats     *embedded.NATS
	natsDir  string
	natsAddr string
	postgres *embedded.Postgres
	running  []*program
}

func install(t *testing.T) *installation {
	t.Helper()
	i := &installation{natsDir: embeddedtest.Dir(t), natsAddr: freeAddress(t)}
	i.startNATS(t)
	t.Cleanup(func() { i.nats.Stop() })
	var err error
	i.postgres, err = embedded.StartPostgres(t.Context(), embedded.PostgresConfig{Dir: embeddedtest.Dir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { i.postgres.Stop() }) //nolint:errcheck // the directory goes next
	master := make([]byte, 32)
	rand.Read(master) //nolint:errcheck // never fails
	environment := environment("nats://"+i.natsAddr, i.postgres.TCPURL(), master)
	for _, name := range []string{"projector", "webhook-dispatcher", "command-api"} {
		address := freeAddress(t)
		p := start(t, append(environment, "TALLYSTICK_HTTP="+address), name)
		i.running = append(i.running, p)
		i.client = client{t, "http://" + address, operator}
		defer p.ready("http://" + address) // after all were started
	}
	return i
}

// operator is the credentials that may create projects in the tests' installations.
var operator = keys{"operator", "operator-secret-of-at-least-32-characters"}

// environment returns the environment variables that the services need.
func environment(nats, postgres string, master []byte) []string {
	return []string{
		"TALLYSTICK_NATS=" + nats, "TALLYSTICK_POSTGRES=" + postgres, "TALLYSTICK_MASTER_KEY=" + base64.StdEncoding.EncodeToString(master),
		"TALLYSTICK_OPERATOR_API_KEY=" + operator.APIKey, "TALLYSTICK_OPERATOR_SECRET_KEY=" + operator.SecretKey,
		"TALLYSTICK_WEBHOOK_ALLOW_HTTP=true", "TALLYSTICK_WEBHOOK_ALLOW_CIDR=127.0.0.0/8",
	}
}

func (i *installation) startNATS(t *testing.T) {
	t.Helper()
	await(t, "NATS listens", 20*time.Second, func() (ok bool) {
		listener, err := net.Listen("tcp", i.natsAddr)
		if err == nil {
			listener.Close()
		}
		return err == nil
	})
	var err error
	if i.nats, err = embedded.StartNATS(embedded.NATSConfig{Dir: i.natsDir, Addr: i.natsAddr}); err != nil {
		t.Fatal(err)
	}
}

// TestServices runs the three services against servers given by URL, and checks that
// each ends by itself when it is asked to.
func TestServices(t *testing.T) {
	t.Parallel()
	i := install(t)
	project, wallets := i.newProject(map[string]any{"name": "Services", "currency": "SLE", "fees": map[string]any{"transfer": map[string]any{"percentage": "1"}}}, 2, "200.00")
	merchant := newReceiver(t)
	merchant.register(project, "transfer.completed", "transaction.failed")
	made := project.must("POST", "/v1/transfers", map[string]any{
		"reference": "one", "sender_wallet_id": wallets[0], "recipient_identifier": "user1", "amount": "100.00"})
	failed, err := project.try(t.Context(), "POST", "/v1/transfers", map[string]any{
		"reference": "two", "sender_wallet_id": wallets[0], "recipient_identifier": "user1", "amount": "100.00"})
	if err != nil || failed.status != http.StatusUnprocessableEntity || !strings.Contains(failed.raw, "INSUFFICIENT_FUNDS") {
		t.Errorf("without funds for the fee: %d %s %v", failed.status, failed.raw, err)
	}
	await(t, "both webhooks", 20*time.Second, func() bool {
		return len(merchant.of("transfer.completed")) == 1 && len(merchant.of("transaction.failed")) == 1
	})
	project.awaitProjected(made["id"].(string), wallets[0])
	for _, p := range i.running {
		p.stop()
	}
}

// awaitProjected waits until the wallet's history shows the transaction.
func (c client) awaitProjected(transaction, wallet string) {
	c.t.Helper()
	await(c.t, "the entries are projected", 30*time.Second, func() bool {
		a, err := c.try(c.t.Context(), "GET", "/v1/wallets/"+wallet+"/entries", nil)
		return err == nil && a.status == http.StatusOK && strings.Contains(a.raw, transaction)
	})
}

// TestConfiguration: an error message names the wrong setting.
func TestConfiguration(t *testing.T) {
	t.Parallel()
	cases := map[string][]string{
		"--master-key":                      {"command-api", "--nats=nats://127.0.0.1:1", "--postgres=postgres://127.0.0.1:1/x", "--master-key=short", "--operator-api-key=o", "--operator-secret-key=" + strings.Repeat("s", 32)},
		"--operator-secret-key":             {"command-api", "--nats=nats://127.0.0.1:1", "--postgres=postgres://127.0.0.1:1/x", "--master-key=short", "--operator-api-key=o", "--operator-secret-key=short"},
		"--nats":                            {"projector", "--postgres=postgres://127.0.0.1:1/x"},
		"--postgres":                        {"projector", "--nats=nats://127.0.0.1:1", "--postgres=postgres://[", "--master-key=" + base64.StdEncoding.EncodeToString(make([]byte, 32))},
		"--webhook-allow-cidr":              {"webhook-dispatcher", "--nats=nats://127.0.0.1:1", "--postgres=postgres://127.0.0.1:1/x", "--master-key=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "--webhook-allow-cidr=ten"},
		"--webhook-connections-per-project": {"webhook-dispatcher", "--nats=nats://127.0.0.1:1", "--postgres=postgres://127.0.0.1:1/x", "--master-key=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "--webhook-connections-per-project=0"},
		"--webhook-endpoints-per-project":   {"command-api", "--nats=nats://127.0.0.1:1", "--postgres=postgres://127.0.0.1:1/x", "--master-key=" + base64.StdEncoding.EncodeToString(make([]byte, 32)), "--operator-api-key=o", "--operator-secret-key=" + strings.Repeat("s", 32), "--webhook-endpoints-per-project=0"},
	}
	for setting, args := range cases {
		p := start(t, []string{"TALLYSTICK_HTTP=" + freeAddress(t)}, args[0], args[1:]...)
		<-p.ended
		if p.cmd.ProcessState.ExitCode() == 0 || !strings.Contains(p.output.String(), setting) {
			t.Errorf("%v: exit code %d, and no word of %s:\n%s", args, p.cmd.ProcessState.ExitCode(), setting, p.output)
		}
	}
}

// TestOutages restarts NATS and Postgres under load. Each command gets a correct
// response, or 503 with Retry-After. After an outage everything works again without
// help.
func TestOutages(t *testing.T) {
	t.Parallel()
	i := install(t)
	project, wallets := i.newProject(map[string]any{"name": "Outages", "currency": "GHS"}, 8, "1000.00")
	merchant := newReceiver(t)
	merchant.register(project, "transaction.completed")
	load := startLoad(t, project, wallets, 4)
	outage := func(name string, restart func()) {
		before := load.acknowledged.Load()
		await(t, "load before the outage of "+name, 30*time.Second, func() bool { return load.acknowledged.Load() > before+50 })
		restart()
		before = load.acknowledged.Load()
		await(t, "transfers after the outage of "+name, 60*time.Second, func() bool { return load.acknowledged.Load() > before+50 })
	}
	for range 2 {
		outage("NATS", func() {
			i.nats.Stop()
			refused := load.refused.Load()
			await(t, "refusals", 30*time.Second, func() bool { return load.refused.Load() > refused })
			i.startNATS(t)
		})
		outage("Postgres", func() {
			if err := i.postgres.Restart(t.Context()); err != nil {
				t.Fatal(err)
			}
		})
	}
	load.stop()
	load.settle()
	await(t, "everything is ready", 60*time.Second, func() bool { return isReady(i.base) })
	conn, err := pgx.Connect(t.Context(), i.postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	load.check(conn, merchant)
}

// load makes transfers of 1.00 in a ring of wallets until it is stopped. It stores the
// outcome of each.
type load struct {
	client
	wallets      []string
	cancel       context.CancelFunc
	group        sync.WaitGroup
	acknowledged atomic.Int64
	refused      atomic.Int64

	mu       sync.Mutex
	outcomes map[string]string // by reference: "done", or "unknown"
}

func startLoad(t testing.TB, c client, wallets []string, workers int) *load {
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{client: c, wallets: wallets, cancel: cancel, outcomes: map[string]string{}}
	for w := range workers {
		l.group.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				l.one(ctx, fmt.Sprintf("load-%d-%d", w, n), w+n)
			}
		})
	}
	t.Cleanup(l.stop)
	return l
}

func (l *load) stop() {
	l.cancel()
	l.group.Wait()
}

func (l *load) one(ctx context.Context, reference string, n int) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	a, err := l.try(ctx, "POST", "/v1/transfers", map[string]any{
		"reference": reference, "amount": "1.00",
		"sender_wallet_id": l.wallets[n%len(l.wallets)], "recipient_wallet_id": l.wallets[(n+1)%len(l.wallets)],
	})
	outcome := "unknown"
	switch {
	case err != nil: // the connection broke, or the process was killed
	case a.status == http.StatusCreated:
		outcome = "done"
		l.acknowledged.Add(1)
	case a.status == http.StatusServiceUnavailable:
		l.refused.Add(1)
		if a.header.Get("Retry-After") == "" {
			l.t.Errorf("a 503 without Retry-After: %s", a.raw)
		}
	default:
		l.t.Errorf("%s: %d %s", reference, a.status, a.raw)
	}
	l.mu.Lock()
	l.outcomes[reference] = outcome
	l.mu.Unlock()
	if outcome != "done" { // no busy loop during an outage
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// settle requests the transfers with an unknown outcome. Each must exist completely or
// not at all. Its outcome becomes "done" or "absent".
func (l *load) settle() {
	l.t.Helper()
	for reference, outcome := range l.outcomes {
		var a answer
		await(l.t, "an answer about "+reference, 30*time.Second, func() bool {
			var err error
			a, err = l.try(context.Background(), "GET", "/v1/transactions?reference="+reference, nil)
			return err == nil && a.status != http.StatusServiceUnavailable
		})
		there := a.status == http.StatusOK && strings.Contains(a.raw, `"completed"`)
		if outcome == "done" && !there {
			l.t.Errorf("%s was acknowledged, and is not there: %d %s", reference, a.status, a.raw)
		}
		if there {
			l.outcomes[reference] = "done"
		} else {
			l.outcomes[reference] = "absent"
		}
	}
}

// check compares the read model and the webhooks with the outcomes after settle.
func (l *load) check(conn *pgx.Conn, merchant *receiver) {
	l.t.Helper()
	done := map[string]bool{}
	for reference, outcome := range l.outcomes {
		if outcome == "done" {
			done[reference] = true
		}
	}
	l.t.Logf("%d transfers done, of %d sent; %d refusals", len(done), len(l.outcomes), l.refused.Load())
	var projected int
	await(l.t, "all transfers are projected", 60*time.Second, func() bool {
		err := conn.QueryRow(context.Background(), `SELECT count(*) FROM ledger.transactions WHERE reference LIKE 'load-%' AND status = 'completed'`).Scan(&projected)
		return err == nil && projected >= len(done)
	})
	if projected != len(done) {
		l.t.Errorf("%d transfers are projected, %d were done", projected, len(done))
	}
	await(l.t, "all webhooks", 90*time.Second, func() bool { return len(merchant.of("transaction.completed")) >= len(done) })
	for _, m := range merchant.of("transaction.completed") {
		transaction := m.Data["transaction"].(map[string]any)
		if reference := transaction["reference"].(string); strings.HasPrefix(reference, "load-") {
			if !done[reference] {
				l.t.Errorf("a webhook about %s, which is not there or came twice under two ids", reference)
			}
			delete(done, reference)
		}
	}
	if len(done) > 0 {
		l.t.Errorf("%d transfers without a webhook", len(done))
	}
	l.checkBalances(conn)
}

func (l *load) checkBalances(conn *pgx.Conn) {
	l.t.Helper()
	for _, wallet := range l.wallets {
		var balance, sum string
		err := conn.QueryRow(context.Background(), `SELECT w.balance::text, sum(e.amount)::text FROM ledger.wallets w JOIN ledger.entries e ON e.wallet_id = w.id
			WHERE w.id = $1 GROUP BY w.balance`, wallet).Scan(&balance, &sum)
		if err != nil {
			l.t.Fatal(err)
		}
		now := l.must("GET", "/v1/wallets/"+wallet+"/balance", nil)["balance"].(string)
		if balance != now || sum != now {
			l.t.Errorf("wallet %s has %s, Postgres says %s, its entries add up to %s", wallet, now, balance, sum)
		}
	}
	var total string
	if err := conn.QueryRow(context.Background(), `SELECT sum(amount)::text FROM ledger.entries`).Scan(&total); err != nil || total != "0.00" {
		l.t.Errorf("all entries add up to %s (%v)", total, err)
	}
}
