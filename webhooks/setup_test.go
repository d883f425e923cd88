package webhooks

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

// patience bounds every wait of a test; none is ever used up when all is well.
const patience = 30 * time.Second

var (
	master    = events.MasterKey{1, 2, 3}
	localhost = Policy{AllowHTTP: true, AllowLoopback: true}
	epoch     = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
)

// plain is a keyring that does not encrypt.
type plain struct{}

func (plain) Seal(_ ids.Project, _ ids.Customer, b []byte) ([]byte, error) { return b, nil }
func (plain) Open(_ ids.Project, _ ids.Customer, b []byte) ([]byte, error) { return b, nil }

var codec = &events.Codec{Keys: plain{}}

// book is a shard's log that commands are written to.
type book struct {
	t      testing.TB
	log    *events.Memory
	state  *domain.State
	cursor events.Cursor

	project  ids.Project
	sequence int           // of references
	waited   time.Duration // beyond a second for each commit
}

// newBook is a log with a project in GHS that takes 1 % of transfers, and the
// customers ama and kofi.
func newBook(t testing.TB) *book {
	b := &book{t: t, log: events.NewMemory(), state: domain.NewState(1)}
	fee, _ := money.ParsePercentage("1")
	b.project = b.do(domain.CreateProject{Settings: domain.ProjectSettings{
		Name: "shop", Currency: "GHS", Fees: []domain.FeeRule{{Operation: domain.Transfer, Percentage: fee}},
	}})[0].(*domain.ProjectCreated).Project
	b.do(domain.UpsertCustomer{Project: b.project, Customer: "ama"}, domain.UpsertCustomer{Project: b.project, Customer: "kofi"})
	return b
}

// now is the time of the next commit.
func (b *book) now() time.Time {
	return epoch.Add(time.Duration(b.cursor.Sequence)*time.Second + b.waited)
}

// wait lets time go by, to a moment of the next commit.
func (b *book) wait(until time.Time) { b.waited += until.Sub(b.now()) }

// do writes one commit, and returns its facts.
func (b *book) do(commands ...domain.Command) []domain.Event {
	b.t.Helper()
	place := ids.Place{
		Location: ids.Location{Sequence: b.cursor.Sequence + 1},
		Time:     b.now(),
	}
	builder := codec.NewBuilder(place, b.cursor.Hash)
	var all []domain.Event
	for _, command := range commands {
		place.Index = builder.Len()
		facts, rejection := domain.Decide(b.state, command, place)
		domain.Ascribe(facts, domain.Operator)
		if rejection != nil {
			b.t.Fatal(rejection)
		}
		for _, fact := range facts {
			if err := b.state.Evolve(fact); err != nil {
				b.t.Fatal(err)
			}
		}
		if ok, err := builder.Add(facts, 64<<20); !ok || err != nil {
			b.t.Fatal(ok, err)
		}
		all = append(all, facts...)
	}
	data := builder.Bytes()
	if err := b.log.Append(b.t.Context(), b.cursor.Sequence, fmt.Sprint(place.Sequence), data); err != nil {
		b.t.Fatal(err)
	}
	b.cursor = events.Cursor{Sequence: place.Sequence, Hash: events.HashOf(data)}
	return all
}

// wallet opens a customer's wallet.
func (b *book) wallet(customer ids.Customer) ids.Wallet {
	b.t.Helper()
	return b.do(domain.CreateWallet{Project: b.project, Customer: customer, Name: string(customer)})[0].(*domain.WalletCreated).Wallet
}

// issue is a transaction of one operation, which makes the events
// transaction.completed and wallet.balance.updated.
func (b *book) issue(to ids.Wallet, amount string) *domain.Transact {
	return b.transact(domain.Operation{Type: domain.Issue, Recipient: to, Quantity: quantity(b.t, amount)})
}

func (b *book) transfer(from, to ids.Wallet, amount string) *domain.Transact {
	return b.transact(domain.Operation{Type: domain.Transfer, Sender: from, Recipient: to, Quantity: quantity(b.t, amount)})
}

func (b *book) transact(operations ...domain.Operation) *domain.Transact {
	b.sequence++
	return &domain.Transact{Project: b.project, Reference: ids.Reference(fmt.Sprintf("ref-%d", b.sequence)), Operations: operations}
}

func quantity(t testing.TB, text string) money.Quantity {
	q, ok := money.MajorUnits(text)
	if !ok {
		t.Fatalf("%q is not an amount", text)
	}
	return q
}

func percentage(t testing.TB, text string) money.Percentage {
	p, ok := money.ParsePercentage(text)
	if !ok {
		t.Fatalf("%q is not a percentage", text)
	}
	return p
}

// created is the wallet that facts open last.
func created(facts []domain.Event) ids.Wallet { return last[*domain.WalletCreated](facts).Wallet }

func completed(facts []domain.Event) *domain.TransactionCompleted {
	return last[*domain.TransactionCompleted](facts)
}

// last is the last fact of a type.
func last[E domain.Event](facts []domain.Event) (found E) {
	for _, fact := range facts {
		if of, ok := fact.(E); ok {
			found = of
		}
	}
	return found
}

// hold places one that expires after an hour.
func (b *book) hold(wallet ids.Wallet, amount string) ids.Hold {
	b.t.Helper()
	b.sequence++
	return last[*domain.HoldPlaced](b.do(domain.PlaceHold{
		Project: b.project, Wallet: wallet, Reference: ids.Reference(fmt.Sprintf("hold-%d", b.sequence)), Quantity: quantity(b.t, amount),
		ExpiresAt: b.now().Add(time.Hour), Description: "deposit", Metadata: domain.Metadata{"room": "12"},
	})).Hold
}

func (b *book) escrow(c domain.CreateEscrow) ids.Escrow {
	b.t.Helper()
	b.sequence++
	c.Project, c.Reference = b.project, ids.Reference(fmt.Sprintf("escrow-%d", b.sequence))
	return last[*domain.EscrowCreated](b.do(c)).Escrow
}

// fixture is a database with a log beside it.
type fixture struct {
	*book
	url   string
	pool  *pgxpool.Pool
	store *Store
}

func setup(t testing.TB) *fixture {
	f := &fixture{book: newBook(t), url: embeddedtest.Database(t)}
	if err := Migrate(t.Context(), f.url); err != nil {
		t.Fatal(err)
	}
	f.pool = f.connect(nil)
	f.store = NewStore(f.pool, master, localhost, 0)
	return f
}

// connect opens a pool of its own, through a network that can fail (or nil).
func (f *fixture) connect(n *network) *pgxpool.Pool {
	f.t.Helper()
	config, err := pgxpool.ParseConfig(f.url)
	if err != nil {
		f.t.Fatal(err)
	}
	config.MaxConns = 6
	if n != nil {
		config.ConnConfig.DialFunc = n.dial
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(pool.Close)
	return pool
}

// config of a dispatcher that tries again quickly.
func (f *fixture) config() DispatcherConfig {
	return DispatcherConfig{
		Shards: []Log{f.log}, Codec: codec, Pool: f.pool, Master: master, Policy: localhost,
		Logger:  slog.New(slog.DiscardHandler),
		Retries: []time.Duration{time.Millisecond, 2 * time.Millisecond},
		Spread:  func(wait time.Duration) time.Duration { return wait },
		Timeout: patience, MaxAge: 72 * time.Hour,
	}
}

// mortal is the config of a dispatcher that is replaced quickly when it dies.
func (f *fixture) mortal() DispatcherConfig {
	config := f.config()
	config.Timeout, config.Lease = 500*time.Millisecond, time.Second
	return config
}

// start runs a dispatcher until stop is called, or the test ends.
func start(t testing.TB, config DispatcherConfig) (d *Dispatcher, stop func()) {
	d = NewDispatcher(config)
	return d, run(t, d)
}

// run is start for a dispatcher that was made before.
func run(t testing.TB, d *Dispatcher) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := d.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// listen makes an endpoint that gets everything from now on.
func (f *fixture) listen(url string, types ...string) (Endpoint, string) {
	f.t.Helper()
	endpoint, secret, err := f.store.CreateEndpoint(f.t.Context(), NewEndpoint{
		Project: f.project, URL: url, EventTypes: types, From: map[int]uint64{0: f.cursor.Sequence},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return endpoint, secret
}

// post is one request that a receiver got.
type received struct {
	header http.Header
	body   []byte
}

func (r received) id() string { return r.header.Get("webhook-id") }

// receiver records requests and responds as it is told.
type receiver struct {
	*httptest.Server
	got chan received
}

// receive starts a receiver; answer may be nil, for 200.
func receive(t testing.TB, answer http.HandlerFunc) *receiver {
	r := &receiver{got: make(chan received, 100_000)}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		r.got <- received{req.Header.Clone(), body}
		req.Body = io.NopCloser(bytes.NewReader(body))
		if answer != nil {
			answer(w, req)
		}
	}))
	t.Cleanup(func() {
		r.CloseClientConnections()
		r.Close()
	})
	return r
}

// next waits for a request.
func (r *receiver) next(t testing.TB) received {
	t.Helper()
	select {
	case got := <-r.got:
		return got
	case <-time.After(patience):
		t.Fatal("no request came")
		panic("unreachable")
	}
}

// take waits for that many different messages, and returns how often each came.
func (r *receiver) take(t testing.TB, count int) map[string]int {
	t.Helper()
	times := map[string]int{}
	for len(times) < count {
		times[r.next(t).id()]++
	}
	return times
}

// hang returns a handler that does not answer before the test ends.
func hang(t testing.TB) http.HandlerFunc {
	over := make(chan struct{})
	var once sync.Once
	end := func() { once.Do(func() { close(over) }) }
	t.Cleanup(end)
	return func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-over:
		case <-r.Context().Done():
		}
	}
}

// eventually waits until a condition holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(patience)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("never: %s", what)
		}
	}
}

// count returns a number from the database.
func (f *fixture) count(query string, args ...any) (n int) {
	f.t.Helper()
	if err := f.pool.QueryRow(context.Background(), query, args...).Scan(&n); err != nil {
		f.t.Fatal(err)
	}
	return n
}

// becomes waits until a query returns a number.
func (f *fixture) becomes(want int, query string, args ...any) {
	f.t.Helper()
	got := -1
	deadline := time.Now().Add(patience)
	eventually(f.t, query, func() bool {
		got = f.count(query, args...)
		if got != want && time.Now().Add(time.Second).After(deadline) {
			f.t.Fatalf("%s: %d, want %d", query, got, want)
		}
		return got == want
	})
}
