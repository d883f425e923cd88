package e2e

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/projections"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestCustomersOnReplicas: as long as the log and the keys keep their leaders, no PUT
// of a customer is refused, neither while three servers run nor while a follower is
// paused. The paused server is the leader of the cluster, so that the others elect a
// new one meanwhile.
func TestCustomersOnReplicas(t *testing.T) {
	const customers = 50
	servers := embeddedtest.NATSReplicas(t)
	openReplicated(t, servers)
	streams := streamsOf(t, servers)
	follower := streams.metaLeader()
	other := (follower + 1) % 3 // a paused server reads from no connection
	address := freeAddress(t)
	master := events.MasterKey{1}
	api := start(t, append(environment(servers.URLOf(other), embeddedtest.Database(t), master[:]), "TALLYSTICK_HTTP="+address), "command-api")
	api.ready("http://" + address)
	project, _ := client{t, "http://" + address, operator}.newProject(map[string]any{"name": "Replicas", "currency": "GHS"}, 0, "")
	put := func(id string) error {
		a, err := project.try(t.Context(), "PUT", "/v1/customers/"+id, map[string]any{"username": id})
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("PUT customer %s: %d %s", id, a.status, a.raw)
		}
		return err
	}
	streams.whileLed("three servers run", func() error {
		for i := range customers {
			if err := put(fmt.Sprint("run-", i)); err != nil {
				return err
			}
		}
		return nil
	})
	streams.follow(follower)
	servers.Pause(follower)
	streams.whileLed("one is paused", func() error {
		for i := 0; i < customers || servers.MetaLeader(t.Context(), other) == servers.Name(follower); i++ {
			if err := put(fmt.Sprint("paused-", i)); err != nil {
				return err
			}
		}
		return nil
	})
	servers.Resume(follower)
}

// TestPausedFollower: a replica of the keys that is behind serves no reads. While one
// is paused again and again, the projector stores every customer with the profile.
func TestPausedFollower(t *testing.T) {
	const pauses, customers = 4, 40
	servers := embeddedtest.NATSReplicas(t)
	openReplicated(t, servers)
	streams := streamsOf(t, servers)
	follower := streams.metaLeader()
	// Commands go to another server, because a paused server reads from no connection.
	inst := openReplicatedAt(t, servers.URLOf((follower+1)%3))
	book := startReplicated(t, inst)
	database := embeddedtest.Database(t)
	if err := projections.Migrate(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	// The projector has its own Keys, and is connected to the server that falls behind.
	reader := openReplicatedAt(t, servers.URLOf(follower))
	projector := projections.NewProjector(projections.ProjectorConfig{Log: reader.Shards[0], Codec: reader.Codec, Pool: pool})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- projector.Run(ctx) }()
	for pause := range pauses {
		streams.follow(follower)
		servers.Pause(follower)
		for i := range customers {
			id := ids.Customer(fmt.Sprintf("customer-%d-%d", pause, i))
			name := string(id)
			// A server that continues can cause an election. Then the request is repeated.
			await(t, "the customer is made", 60*time.Second, func() bool {
				if inst.Keys.Ensure(t.Context(), book.project, id) != nil {
					return false
				}
				_, err := book.ledger.Do(t.Context(), 0, domain.Operator, domain.UpsertCustomer{Project: book.project, Customer: id, Change: domain.ProfileChange{Username: &name}})
				return err == nil
			})
		}
		servers.Resume(follower)
	}
	var all, named int
	await(t, "the customers are projected", 60*time.Second, func() bool {
		err := pool.QueryRow(t.Context(), `SELECT count(*), count(*) FILTER (WHERE username = id) FROM ledger.customers`).Scan(&all, &named)
		return err == nil && all == pauses*customers
	})
	if named != all {
		t.Errorf("%d of %d customers were stored without their profile", all-named, all)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// replicatedStreams are the log and the bucket of keys. Each has a leader.
type replicatedStreams struct {
	t       *testing.T
	servers *embeddedtest.Replicas
	conn    *nats.Conn
	js      jetstream.JetStream
}

// leaderNames are the leaders of the log and of the keys, each with the time since
// which it leads.
type leaderNames [2]struct {
	name  string
	since time.Time
}

func streamsOf(t *testing.T, servers *embeddedtest.Replicas) replicatedStreams {
	t.Helper()
	conn, err := nats.Connect(servers.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(100*time.Millisecond),
		nats.PingInterval(500*time.Millisecond)) // so that it notices a paused server and reconnects
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	return replicatedStreams{t, servers, conn, js}
}

var replicatedNames = [2]string{events.StreamName(0), "KV_TALLYSTICK_KEYS"}

// leaders waits until both streams have a leader, and returns them.
func (r replicatedStreams) leaders() (all leaderNames) {
	r.t.Helper()
	await(r.t, "the streams have leaders", 60*time.Second, func() bool {
		for i, name := range replicatedNames {
			stream, err := r.js.Stream(r.t.Context(), name)
			if err != nil {
				return false
			}
			cluster := stream.CachedInfo().Cluster
			if cluster.Leader == "" || cluster.LeaderSince == nil {
				return false
			}
			all[i].name, all[i].since = cluster.Leader, *cluster.LeaderSince
		}
		return true
	})
	return all
}

// metaLeader waits until the cluster has a leader, and returns which server it is.
func (r replicatedStreams) metaLeader() (leader int) {
	r.t.Helper()
	await(r.t, "the cluster has a leader", 60*time.Second, func() bool {
		name := r.servers.MetaLeader(r.t.Context(), 0)
		for leader = range 3 {
			if r.servers.Name(leader) == name {
				return true
			}
		}
		return false
	})
	return leader
}

// follow makes a server a follower in both streams. Where it is the leader, it steps
// down.
func (r replicatedStreams) follow(server int) {
	r.t.Helper()
	await(r.t, "the server follows", 60*time.Second, func() bool {
		follows := true
		for i, leader := range r.leaders() {
			if leader.name == r.servers.Name(server) {
				follows = false
				_, _ = r.conn.Request("$JS.API.STREAM.LEADER.STEPDOWN."+replicatedNames[i], nil, 5*time.Second) // the loop checks the result
			}
		}
		return follows
	})
}

// whileLed repeats an action until both streams had the same leaders throughout it. On
// a busy machine the servers may elect other leaders. An action without an election
// must succeed.
func (r replicatedStreams) whileLed(when string, do func() error) {
	r.t.Helper()
	for range 10 {
		before := r.leaders()
		err := do()
		if r.leaders() == before {
			if err != nil {
				r.t.Errorf("while %s: %v", when, err)
			}
			return
		}
		r.t.Logf("while %s another leader was elected (%v)", when, err)
	}
	r.t.Errorf("while %s the streams never kept their leaders", when)
}
