package events_test

import (
	"testing"

	"tallystick/domain"
)

// transfers is a decision as the log is full of: one transfer, with its fee or
// without.
func transfers(fee int64) []domain.Event {
	operation := transfer
	operation.Fee = usd(fee)
	entries := []domain.Entry{
		{Wallet: wallet, Version: 2, Kind: domain.DebitEntry, Amount: usd(-10000), Balance: usd(150)},
		{Wallet: other, Version: 1, Kind: domain.CreditEntry, Amount: usd(10000), Balance: usd(10000)},
	}
	if fee > 0 {
		entries = append(entries,
			domain.Entry{Wallet: wallet, Version: 3, Kind: domain.DebitEntry, Fee: true, Amount: usd(-fee), Balance: usd(150 - fee)},
			domain.Entry{Wallet: "wall_00000004g0003", Version: 1, Kind: domain.CreditEntry, Fee: true, Amount: usd(fee), Balance: usd(fee)})
	}
	return []domain.Event{&domain.TransactionCompleted{
		Project: project, Transaction: "tx_0000000a80003", Reference: "order-17", Operations: []domain.PostedOperation{operation}, Entries: entries,
	}}
}

// BenchmarkCodec writes and reads commits of 100 transfers.
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
			return builder.Bytes()
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
