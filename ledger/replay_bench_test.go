package ledger_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
	"tallystick/ledger"
)

// BenchmarkReplay folds a log of 200,000 transfers, 50 a commit, between 1,000
// wallets: from memory, and from a real server. What to read is transfers/s, and
// how many bytes a transfer takes in the log, without the messages' headers.
func BenchmarkReplay(b *testing.B) {
	const transfers, group = 200_000, 50
	book := newBook(b, 1000, nil)
	for i := 0; i < transfers; i += group {
		commands := make([]domain.Command, group)
		for j := range commands {
			commands[j] = book.transfer(fmt.Sprintf("0b9f2c5e-6d43-4b5c-9a55-%012d", i+j), (i+j)%1000, (i+j*7+1)%1000, "0.01")
		}
		for _, outcome := range book.ledger.DoAll(b.Context(), 0, domain.Operator, commands) {
			if outcome.Err != nil {
				b.Fatal(outcome.Err)
			}
		}
	}
	book.stop()
	b.Run("memory", func(b *testing.B) { replay(b, book.log, book.keys, transfers) })
	b.Run("jetstream", func(b *testing.B) {
		replay(b, copyToServer(b, book.log), book.keys, transfers)
		stored := 0
		last, _ := book.log.Last(b.Context())
		for sequence := uint64(1); sequence <= last; sequence++ {
			m, _ := book.log.Get(b.Context(), sequence)
			stored += len(m.Data)
		}
		b.ReportMetric(float64(stored)/transfers, "log-B/transfer")
	})
}

func replay(b *testing.B, log ledger.Log, keys *events.MemoryKeys, transfers int) {
	for b.Loop() {
		l := ledger.New(ledger.Config{Logs: []ledger.Log{log}, Codec: &events.Codec{Keys: keys}})
		done := make(chan error, 1)
		ctx := b.Context()
		go func() { done <- l.Run(ctx) }()
		for l.Ready() != nil {
			time.Sleep(time.Millisecond)
		}
	}
	b.ReportMetric(float64(transfers)*float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
}

func copyToServer(b testing.TB, from *events.Memory) *events.Stream {
	conn, err := embeddedtest.NATS(b).Connect()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	if err != nil {
		b.Fatal(err)
	}
	stream, err := events.OpenStream(b.Context(), js, 0, 1)
	if err != nil {
		b.Fatal(err)
	}
	last, _ := from.Last(b.Context())
	for sequence := uint64(1); sequence <= last; sequence++ {
		m, _ := from.Get(b.Context(), sequence)
		if err := stream.Append(b.Context(), sequence-1, fmt.Sprint(sequence), m.Data); err != nil {
			b.Fatal(err)
		}
	}
	return stream
}

// BenchmarkMemory measures what a wallet (with its customer) and a reference
// cost in a shard's state: B/wallet and B/reference.
func BenchmarkMemory(b *testing.B) {
	const wallets, references = 100_000, 1_000_000
	for b.Loop() {
		state := domain.NewState(1)
		evolve := func(e domain.Event) {
			if err := state.Evolve(e); err != nil {
				b.Fatal(err)
			}
		}
		at := func(i int) ids.Location { return ids.Location{Sequence: uint64(i) + 1} }
		project := ids.Project(at(0).ID("proj_"))
		evolve(&domain.ProjectCreated{Project: project, Settings: domain.ProjectSettings{Name: "Test", Currency: "GHS"}})
		start := heap()
		for i := range wallets {
			customer := ids.Customer(fmt.Sprintf("customer-%08d", i))
			evolve(&domain.CustomerUpserted{Project: project, Customer: customer, Profile: domain.Profile{
				Username: fmt.Sprintf("user%08d", i), Phone: fmt.Sprintf("+2332%08d", i)}})
			evolve(&domain.WalletCreated{Project: project, Wallet: ids.Wallet(at(i).ID("wall_")), Customer: customer,
				Role: domain.CustomerWallet, Type: domain.Prepaid, Asset: money.Asset{Code: "GHS", Scale: 2, NumericID: 936}, Number: uint64(i)})
		}
		middle := heap()
		for i := range references {
			evolve(&domain.TransactionFailed{Project: project, Transaction: ids.Transaction(at(i).ID("tx_")), Reference: ids.Reference(fmt.Sprint("reference-", i))})
		}
		b.ReportMetric(float64(middle-start)/wallets, "B/wallet")
		b.ReportMetric(float64(heap()-middle)/references, "B/reference")
		runtime.KeepAlive(state)
	}
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
