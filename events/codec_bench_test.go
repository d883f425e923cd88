package events_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// transfers returns a typical decision of the log: one transfer, with or without a fee.
func transfers(fee int64) []domain.Event {
	operation := transfer
	operation.Fee = usd(fee)
	entries := []domain.Entry{
		{Wallet: wallet, Version: 2, Kind: domain.DebitEntry, Amount: usd(-10000), BalanceAfter: usd(150)},
		{Wallet: other, Version: 1, Kind: domain.CreditEntry, Amount: usd(10000), BalanceAfter: usd(10000)},
	}
	if fee > 0 {
		entries = append(entries,
			domain.Entry{Wallet: wallet, Version: 3, Kind: domain.DebitEntry, Fee: true, Amount: usd(-fee), BalanceAfter: usd(150 - fee)},
			domain.Entry{Wallet: "wall_00000004g0003", Version: 1, Kind: domain.CreditEntry, Fee: true, Amount: usd(fee), BalanceAfter: usd(fee)})
	}
	return []domain.Event{&domain.TransactionCompleted{
		Asked: asked, Project: project, Transaction: "tx_0000000a80003", Reference: "order-17", Operations: []domain.PostedOperation{operation}, Entries: entries,
	}}
}

// BenchmarkCodec writes and reads commits of 100 transfers, without compression.
func BenchmarkCodec(b *testing.B) {
	for fee, name := range []string{"transfer", "with fee"} {
		codec, facts := newCodec(), transfers(int64(fee))
		builder := codec.NewBuilder(place, previous)
		write := func() []byte {
			builder.Reset(place, previous)
			for range 100 {
				if ok, err := builder.Add(facts, 1<<20); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
			return builder.JSON()
		}
		b.Run("write/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.SetBytes(int64(len(write())))
			}
		})
		data := write()
		b.Run("read/"+name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := codec.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(data)))
		})
	}
}

// BenchmarkFrame compresses and decompresses commits of some transfers. Each transfer
// has its own wallets, amounts and reference. ns/op is the time for a commit, and
// B/transfer the size of a transfer in the log.
func BenchmarkFrame(b *testing.B) {
	for _, n := range []int{1, 40, 400} {
		codec := newCodec()
		build := func(sequence uint64) *events.Builder {
			at := place
			at.Sequence = sequence
			builder := codec.NewBuilder(at, events.HashOf(fmt.Append(nil, sequence)))
			for i := range n {
				if ok, err := builder.Add(distinct(i), events.MaxCommitBytes); err != nil || !ok {
					b.Fatal(ok, err)
				}
			}
			return builder
		}
		data := build(1).JSON()
		stored := build(1).Bytes()
		b.Run(fmt.Sprintf("compress/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			var size int
			for b.Loop() {
				size = len(events.Compress(data))
			}
			b.ReportMetric(float64(size)/float64(n), "B/transfer")
			b.ReportMetric(float64(len(data))/float64(n), "JSON-B/transfer")
		})
		b.Run(fmt.Sprintf("decompress/%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := events.Decompressed(stored, func([]byte) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// distinct returns a transfer that has in common with others only what all transfers
// have in common.
func distinct(i int) []domain.Event {
	r := random{rand.New(rand.NewPCG(uint64(i), 7))}
	facts := transfers(0)
	f := facts[0].(*domain.TransactionCompleted)
	f.Transaction = ids.Transaction(fmt.Sprintf("tx_%07x0000", i))
	f.Reference = ids.Reference(fmt.Sprintf("%08x-%04x-4%03x-8%03x-%012x", r.Uint32(), r.Uint32()>>16, r.Uint32()>>20, r.Uint32()>>20, r.Uint64()>>16))
	operation := &f.Operations[0]
	operation.Sender, operation.Recipient = ids.Wallet(fmt.Sprintf("wall_%06x0000", r.IntN(100_000))), ids.Wallet(fmt.Sprintf("wall_%06x0000", r.IntN(100_000)))
	operation.Amount = usd(r.Int64N(100_000))
	f.Entries[0].Wallet, f.Entries[0].Version, f.Entries[0].Amount, f.Entries[0].BalanceAfter = operation.Sender, r.Uint64N(1000), usd(-r.Int64N(100_000)), usd(r.Int64N(1e7))
	f.Entries[1].Wallet, f.Entries[1].Version, f.Entries[1].Amount, f.Entries[1].BalanceAfter = operation.Recipient, r.Uint64N(1000), operation.Amount, usd(r.Int64N(1e7))
	return facts
}
