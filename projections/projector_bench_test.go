package projections_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/projections"
)

// BenchmarkProjector projects a log that is there already, as a rebuild does:
// 50 transfers a commit (two entries each, with a description), 1000 wallets.
//
//	go test -bench Projector -benchtime 200000x ./projections/
func BenchmarkProjector(b *testing.B) {
	h := benchHistory(b)
	pool := database(b)
	queries := projections.NewQueries(pool)
	projector := projections.NewProjector(projections.ProjectorConfig{Log: h.log, Codec: h.codec, Pool: pool})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	b.ResetTimer()
	b.ReportAllocs()
	ended := make(chan error, 1)
	go func() {
		err := projector.Run(ctx)
		cancel()
		ended <- err
	}()
	if err := queries.WaitFor(ctx, 0, h.cursor.Sequence); err != nil {
		b.Fatal(errors.Join(err, <-ended))
	}
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "transfers/s")
	cancel()
	if err := <-ended; err != nil {
		b.Fatal(err)
	}
}

// BenchmarkVisible is how long after it is in the log a transfer that comes
// alone can be read.
func BenchmarkVisible(b *testing.B) {
	p := newPair(b)
	pool := database(b)
	queries := projections.NewQueries(pool)
	project(b, p.history, pool)
	caughtUp(b, p.history, pool)
	for b.Loop() {
		p.transfers(1)
		if err := queries.WaitFor(b.Context(), 0, p.cursor.Sequence); err != nil {
			b.Fatal(err)
		}
	}
}

// benchHistory has b.N transfers between 1000 wallets, under references in no order.
func benchHistory(b *testing.B) *history {
	h := newHistory(b)
	project := h.project("bench", "0")
	wallets := make([]ids.Wallet, 1000)
	for i := range wallets {
		wallets[i] = h.wallet(project, fmt.Sprintf("customer-%d", i), "GHS")
		h.transact(project, issue(wallets[i], "1000000.00"))
	}
	h.commit()
	random := rand.New(rand.NewPCG(1, 2))
	for i := range b.N {
		from := random.IntN(len(wallets))
		to := (from + 1 + random.IntN(len(wallets)-1)) % len(wallets)
		h.counted++
		h.do(&domain.Transact{
			Project: project, Reference: ids.Reference(fmt.Sprintf("%016x-%08d", random.Uint64(), i)),
			Operations:  []domain.Operation{transfer(wallets[from], wallets[to], "1.25")},
			Description: "a payment",
		})
		if len(h.facts) == 50 {
			h.commit()
		}
	}
	if len(h.facts) > 0 {
		h.commit()
	}
	return h
}
