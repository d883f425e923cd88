package e2e

import (
	"context"
	"encoding/base64"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/embedded"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/ledger"
)

// kills is the number of kills in TestKill. The moments are random. Every third kill
// is during the start.
const kills = 24

// TestKill kills `up` under load, again and again. Afterwards every acknowledged
// transfer exists exactly once, and every other transfer exists completely or not at
// all. Postgres equals a fold of the log, and every webhook was received.
func TestKill(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	address, data := freeAddress(t), filepath.Join(embeddedtest.Dir(t), "data")
	s := up(t, data, address)
	s.awaitReady()
	project, wallets := s.operator().newProject(map[string]any{"name": "Kill", "currency": "GHS"}, 8, "1000.00")
	merchant := newReceiver(t)
	merchant.register(project, "transaction.completed")
	load := startLoad(t, project, wallets, 4)
	for kill := range kills {
		if kill%3 != 0 {
			s.ready(s.base)
			before := load.acknowledged.Load()
			await(t, "load before the kill", 60*time.Second, func() bool { return load.acknowledged.Load() > before })
		}
		<-time.After(time.Duration(random.IntN(400)) * time.Millisecond) // the random moment
		s.kill()
		s = up(t, data, address)
	}
	s.awaitReady()
	before := load.acknowledged.Load()
	await(t, "load after the last kill", 60*time.Second, func() bool { return load.acknowledged.Load() > before+20 })
	load.stop()
	load.settle()
	load.check(s.postgres(), merchant)
	s.stop()
	compareWithLog(t, data)
}

// compareWithLog folds the log of a stopped `up` and compares the read model
// with it, wallet by wallet.
func compareWithLog(t *testing.T, data string) {
	t.Helper()
	fold := foldLog(t, data)
	postgres, err := embedded.StartPostgres(t.Context(), embedded.PostgresConfig{Dir: filepath.Join(data, "postgres")})
	if err != nil {
		t.Fatal(err)
	}
	defer postgres.Stop() //nolint:errcheck // nothing is written
	conn, err := pgx.Connect(t.Context(), postgres.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(t.Context(), `SELECT id, balance::text, version FROM ledger.wallets`)
	if err != nil {
		t.Fatal(err)
	}
	var id, balance string
	var version uint64
	_, err = pgx.ForEachRow(rows, []any{&id, &balance, &version}, func() error {
		wallet := fold[ids.Wallet(id)]
		if wallet.Balance.String() != balance || wallet.Version != version {
			t.Errorf("wallet %s: Postgres has %s at version %d, the log %s at %d", id, balance, version, wallet.Balance, wallet.Version)
		}
		delete(fold, ids.Wallet(id))
		return nil
	})
	if err != nil || len(fold) > 0 {
		t.Errorf("%d wallets of the log are not in Postgres (%v)", len(fold), err)
	}
}

func foldLog(t *testing.T, data string) map[ids.Wallet]domain.Wallet {
	t.Helper()
	server, err := embedded.StartNATS(embedded.NATSConfig{Dir: filepath.Join(data, "nats")})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	conn, err := server.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(data, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	inst, err := events.Open(t.Context(), js, events.OpenConfig{Master: events.MasterKey(raw)})
	if err != nil {
		t.Fatal(err)
	}
	book := ledger.New(ledger.Config{Logs: []ledger.Log{inst.Shards[0]}, Codec: inst.Codec, Logger: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- book.Run(ctx) }()
	await(t, "the log is folded", 60*time.Second, func() bool { return book.Ready() == nil })
	fold := map[ids.Wallet]domain.Wallet{}
	book.Peek(0, func(s *domain.State) {
		for wallet := range s.Wallets() {
			fold[wallet.ID] = *wallet
		}
	})
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return fold
}
