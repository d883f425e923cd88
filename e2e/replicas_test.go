package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/ledger"
)

// replicaLoad is how long TestReplicasKilled writes. It has four parts: one before the
// kill of each server, and one before the kill of all.
var replicaLoad = flag.Duration("replica-load", 8*time.Second, "how long TestReplicasKilled writes")

// TestReplicasKilled writes to three servers, kills one after the other, and then all
// at once. Everything that was acknowledged exists, the chain is complete, and in the
// end each server has every commit.
func TestReplicasKilled(t *testing.T) {
	servers := embeddedtest.NATSReplicas(t)
	inst := openReplicated(t, servers)
	book := startReplicated(t, inst)
	load := book.load(16)
	for i := range 3 {
		load.run(*replicaLoad / 4)
		servers.Kill(i)
		load.progress()
		servers.Start(i)
		awaitReplicas(t, servers, inst)
	}
	load.run(*replicaLoad / 4)
	servers.KillAll()
	for i := range 3 {
		servers.Start(i)
	}
	load.progress()
	acknowledged := load.stop()
	book.stop()
	last := awaitReplicas(t, servers, inst)
	t.Logf("%d transfers acknowledged, %d commits", len(acknowledged), last)
	checkLog(t, openReplicated(t, servers), last, acknowledged)
}

// TestLeaderless: while a stream has no leader, since two of three servers are gone,
// no service is ready, each says why, and a write is refused with 503. All are ready
// again when the servers are back, without a restart.
func TestLeaderless(t *testing.T) {
	servers := embeddedtest.NATSReplicas(t)
	openReplicated(t, servers)
	master := events.MasterKey{1}
	environment := environment(servers.URLOf(0), embeddedtest.Database(t), master[:])
	var addresses []string
	for _, name := range []string{"projector", "webhook-dispatcher", "command-api"} {
		address := freeAddress(t)
		start(t, append(environment, "TALLYSTICK_HTTP="+address), name)
		addresses = append(addresses, "http://"+address)
	}
	ready := func() (count int) {
		for _, address := range addresses {
			if isReady(address) {
				count++
			}
		}
		return count
	}
	await(t, "every service is ready", 60*time.Second, func() bool { return ready() == 3 })
	c := client{t, addresses[2], operator}
	put := func(id string) (int, error) {
		a, err := c.try(t.Context(), "POST", "/v1/projects", map[string]any{"name": id, "currency": "GHS"})
		return a.status, err
	}
	servers.Kill(1)
	servers.Kill(2)
	await(t, "no service is ready", 60*time.Second, func() bool { return ready() == 0 })
	for _, address := range addresses {
		if why := reasonsOf(t, address); len(why) == 0 {
			t.Errorf("%s is not ready and does not say why", address)
		}
	}
	if status, err := put("leaderless"); err != nil || status != http.StatusServiceUnavailable {
		t.Errorf("a write without a leader: %d %v", status, err)
	}
	servers.Start(1)
	servers.Start(2)
	await(t, "every service is ready again", 60*time.Second, func() bool { return ready() == 3 })
	await(t, "a write is acknowledged", 60*time.Second, func() bool {
		status, err := put("led again")
		return err == nil && status == http.StatusCreated
	})
}

// reasonsOf returns what a service that is not ready says.
func reasonsOf(t *testing.T, base string) map[string]any {
	t.Helper()
	response, err := http.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var body struct {
		Reasons map[string]any `json:"reasons"`
	}
	if err := json.NewDecoder(response.Body).Decode(&body); err != nil {
		t.Fatal(err)
	}
	return body.Reasons
}

// openReplicated opens the ledger over its own connection. It creates the ledger with
// three replicas.
func openReplicated(t *testing.T, servers *embeddedtest.Replicas) *events.Installation {
	t.Helper()
	return openReplicatedAt(t, servers.URL())
}

func openReplicatedAt(t *testing.T, url string) *events.Installation {
	t.Helper()
	conn, err := nats.Connect(url, nats.RetryOnFailedConnect(true), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	var inst *events.Installation
	await(t, "the ledger opens", 60*time.Second, func() bool {
		inst, err = events.Open(t.Context(), js, events.OpenConfig{Create: true, Replicas: 3, Master: events.MasterKey{1}})
		return err == nil
	})
	return inst
}

// awaitReplicas waits until each server has all commits, and returns their number.
func awaitReplicas(t *testing.T, servers *embeddedtest.Replicas, inst *events.Installation) uint64 {
	t.Helper()
	var last uint64
	await(t, "each server has every commit", 60*time.Second, func() bool {
		var err error
		if last, err = inst.Shards[0].Last(t.Context()); err != nil {
			return false
		}
		for i := range 3 {
			state, ok := servers.State(t.Context(), i, events.StreamName(0))
			if !ok || state.FirstSeq != 1 || state.LastSeq < last || state.Msgs != state.LastSeq {
				return false
			}
		}
		return true
	})
	return last
}

// replicated is a running ledger with a project and wallets.
type replicated struct {
	t       *testing.T
	ledger  *ledger.Ledger
	project ids.Project
	wallets []ids.Wallet
	stop    func()
}

func startReplicated(t *testing.T, inst *events.Installation) *replicated {
	t.Helper()
	b := &replicated{t: t, ledger: ledger.New(ledger.Config{
		Logs: []ledger.Log{inst.Shards[0]}, Codec: inst.Codec, Logger: slog.New(slog.DiscardHandler)})}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.ledger.Run(ctx) }()
	b.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the ledger ended with %v", err)
		}
	})
	t.Cleanup(b.stop)
	await(t, "the ledger is ready", 60*time.Second, func() bool { return b.ledger.Ready() == nil })
	b.project = b.must(domain.CreateProject{Settings: domain.ProjectSettings{Name: "Replicas", Currency: "GHS"}})[0].(*domain.ProjectCreated).Project
	amount, _ := money.MajorUnits("1000000.00")
	for i := range 8 {
		wallet := b.must(domain.CreateWallet{Project: b.project, System: true})[0].(*domain.WalletCreated).Wallet
		b.wallets = append(b.wallets, wallet)
		b.must(&domain.Transact{Project: b.project, Reference: ids.Reference(fmt.Sprint("fund-", i)),
			Operations: []domain.Operation{{Type: domain.Issue, Recipient: wallet, Quantity: amount}}})
	}
	return b
}

func (b *replicated) must(command domain.Command) []domain.Event {
	b.t.Helper()
	receipt, err := b.ledger.Do(b.t.Context(), 0, domain.Operator, command)
	if err != nil {
		b.t.Fatalf("%T: %v", command, err)
	}
	return receipt.Events
}

// replicaWriters make transfers until they are stopped. A transfer without a response
// is repeated with the same reference until it gets one.
type replicaWriters struct {
	b            *replicated
	acknowledged atomic.Int64
	ctx          context.Context
	cancel       func()
	writers      sync.WaitGroup

	mu         sync.Mutex
	references []ids.Reference
}

func (b *replicated) load(writers int) *replicaWriters {
	l := &replicaWriters{b: b}
	l.ctx, l.cancel = context.WithCancel(b.t.Context())
	amount, _ := money.MajorUnits("0.01")
	for w := range writers {
		l.writers.Go(func() {
			for i := 0; l.ctx.Err() == nil; i++ {
				reference := ids.Reference(fmt.Sprintf("%d-%d", w, i))
				l.transfer(&domain.Transact{Project: b.project, Reference: reference, Operations: []domain.Operation{{
					Type: domain.Transfer, Sender: b.wallets[(w+i)%8], Recipient: b.wallets[(w+i+1)%8], Quantity: amount}}})
			}
		})
	}
	b.t.Cleanup(l.cancel)
	return l
}

func (l *replicaWriters) transfer(command *domain.Transact) {
	for {
		_, err := l.b.ledger.Do(context.Background(), 0, domain.Operator, command)
		var rejection *domain.Rejection
		switch {
		case err == nil || errors.As(err, &rejection) && rejection.Code == domain.DuplicateReference:
			l.mu.Lock()
			l.references = append(l.references, command.Reference)
			l.mu.Unlock()
			l.acknowledged.Add(1)
			return
		case rejection != nil:
			l.b.t.Errorf("%s: %v", command.Reference, err)
			return
		}
		select {
		case <-time.After(20 * time.Millisecond): // no response: repeat the transfer
		case <-l.ctx.Done():
			return
		}
	}
}

// run lets the writers write for a while.
func (l *replicaWriters) run(d time.Duration) {
	l.b.t.Helper()
	l.progress()
	<-time.After(d) // the load
}

// progress waits until more transfers are acknowledged.
func (l *replicaWriters) progress() {
	l.b.t.Helper()
	before := l.acknowledged.Load()
	await(l.b.t, "transfers are acknowledged", 60*time.Second, func() bool { return l.acknowledged.Load() > before+100 })
}

// stop ends the writers, and returns the acknowledged transfers.
func (l *replicaWriters) stop() []ids.Reference {
	l.cancel()
	l.writers.Wait()
	return l.references
}

// checkLog reads the log again, with no state in memory. The chain must be complete to
// the last commit, and each acknowledged transfer must exist once.
func checkLog(t *testing.T, inst *events.Installation, last uint64, acknowledged []ids.Reference) {
	t.Helper()
	found := map[ids.Reference]int{}
	var cursor events.Cursor
	err := inst.Shards[0].Read(t.Context(), 1, last, func(m events.Message) error {
		commit, err := inst.Codec.Decode(m.Data)
		if err == nil {
			err = cursor.Next(commit, m.Data)
		}
		if err != nil {
			return err
		}
		for _, fact := range commit.Facts {
			if transfer, ok := fact.(*domain.TransactionCompleted); ok {
				found[transfer.Reference]++
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, reference := range acknowledged {
		if found[reference] != 1 {
			t.Errorf("%s was acknowledged, and is there %d times", reference, found[reference])
		}
	}
}
