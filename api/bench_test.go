package api

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/ledger"
)

// instant is a ledger whose every transfer is done at once, so that what is
// measured is this package.
type instant struct {
	Ledger
	state   *domain.State
	receipt ledger.Receipt
}

func (l *instant) Do(context.Context, int, domain.Principal, domain.Command) (ledger.Receipt, error) {
	return l.receipt, nil
}

func (l *instant) Peek(_ int, fn func(*domain.State)) uint64 {
	fn(l.state)
	return 1
}

func (l *instant) Shards() int { return 1 }

// BenchmarkTransfer is one POST /v1/transfers with a fee: the whole handler,
// without network and ledger.
func BenchmarkTransfer(b *testing.B) {
	const body = `{"reference":"order-1234567890","sender_wallet_id":"wall_0000000001400","recipient_identifier":"+23279123456","amount":"50.00","description":"Dinner split","metadata":{"order":"1234"}}`
	project := ids.Project(ids.Location{Sequence: 1}.ID("proj_"))
	key := ids.APIKey(ids.Location{Sequence: 2}.ID("key_"))
	secret, hash := NewSecret()
	state := domain.NewState(1)
	for _, fact := range []domain.Event{
		&domain.ProjectCreated{Project: project, Settings: domain.ProjectSettings{Name: "Bench", Currency: "GHS"}},
		&domain.CredentialCreated{Project: project, Key: key, SecretHash: hash},
	} {
		if err := state.Evolve(fact); err != nil {
			b.Fatal(err)
		}
	}
	handler := New(Config{Ledger: &instant{state: state, receipt: ledger.Receipt{
		Sequence: 123456, Time: time.Now().UTC().Truncate(time.Microsecond), Events: []domain.Event{sampleTransfer(project)},
		Standings: sampleStandings(sampleTransfer(project)),
	}}})
	run := func(b *testing.B) int {
		request := httptest.NewRequest("POST", "/v1/transfers", io.NopCloser(strings.NewReader(body)))
		request.Header = http.Header{"Api-Key": {string(key)}, "Secret-Key": {secret}, "Content-Type": {"application/json"}}
		recorder := httptest.NewRecorder()
		handler.ServeHTTP(recorder, request)
		return recorder.Code
	}
	if status := run(b); status != http.StatusCreated {
		b.Fatalf("status %d", status)
	}
	request := httptest.NewRequest("POST", "/v1/transfers", nil)
	request.Header = http.Header{"Api-Key": {string(key)}, "Secret-Key": {secret}, "Content-Type": {"application/json"}}
	reader := strings.NewReader(body)
	request.Body = io.NopCloser(reader)
	w := &discard{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		reader.Reset(body)
		clear(w.header)
		handler.ServeHTTP(w, request)
	}
}

type discard struct{ header http.Header }

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(p []byte) (int, error) { return len(p), nil }
func (d *discard) WriteHeader(int)             {}

func sampleStandings(t *domain.TransactionCompleted) []domain.Standing {
	ghs := money.Asset{Code: "GHS", Scale: 2}
	var all []domain.Standing
	for _, e := range []domain.Entry{t.Entries[2], t.Entries[1], t.Entries[3]} { // the last of each wallet
		all = append(all, domain.Standing{
			Wallet: e.Wallet, Asset: ghs, Version: e.Version, Balance: e.BalanceAfter, Held: money.New("GHS", 0, 2), Available: e.BalanceAfter,
		})
	}
	return all
}

func sampleTransfer(project ids.Project) *domain.TransactionCompleted {
	wallet := func(n uint64) ids.Wallet { return ids.Wallet(ids.Location{Sequence: n}.ID("wall_")) }
	money := func(minor int64) money.Amount { return money.New("GHS", minor, 2) }
	return &domain.TransactionCompleted{
		Project: project, Transaction: ids.Transaction(ids.Location{Sequence: 123456, Index: 7}.ID("tx_")), Reference: "order-1234567890",
		Operations: []domain.PostedOperation{{Type: domain.Transfer, Sender: wallet(5), Recipient: wallet(6), Amount: money(5000), Fee: money(50)}},
		Entries: []domain.Entry{
			{Wallet: wallet(5), Version: 7, Kind: domain.DebitEntry, Amount: money(-5000), BalanceAfter: money(95000)},
			{Wallet: wallet(6), Version: 3, Kind: domain.CreditEntry, Amount: money(5000), BalanceAfter: money(5000)},
			{Wallet: wallet(5), Version: 8, Kind: domain.DebitEntry, Fee: true, Amount: money(-50), BalanceAfter: money(94950)},
			{Wallet: wallet(9), Version: 99, Kind: domain.CreditEntry, Fee: true, Amount: money(50), BalanceAfter: money(123450)},
		},
		Description: "Dinner split", Metadata: domain.Metadata{"order": "1234"},
	}
}

// BenchmarkDecode is the reading of bodies alone: a transfer, a transaction of
// 1,000 operations, and a batch of 10,000 transactions.
func BenchmarkDecode(b *testing.B) {
	const transfer = `{"reference":"order-1234567890","sender_wallet_id":"wall_0000000001400","recipient_identifier":"+23279123456","amount":"50.00","description":"Dinner split","metadata":{"order":"1234"}}`
	const operation = `{"type":"transfer","sender_wallet_id":"wall_0000000001400","recipient_wallet_id":"wall_0000000001500","amount":"50.00"}`
	thousand := []byte(`{"reference":"r","operations":[` + strings.Repeat(operation+",", 999) + operation + "]}")
	lines := []byte(strings.Repeat(`{"reference":"order-1234567890","operations":[`+operation+`]}`+"\n", maxBatch))
	b.Run("transfer", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := decodeObject([]byte(transfer), new(TransferCreate)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("operations=1000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := decodeObject(thousand, new(TransactionCreate)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("batch=10000", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := readBatch(caller{}, lines); err != nil {
				b.Fatal(err)
			}
		}
	})
}
