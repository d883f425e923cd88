package api

import (
	"context"
	_ "embed"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/ledger"
	"tallystick/projections"
	"tallystick/webhooks"
)

//go:embed openapi.yaml
var specification []byte

// Config of the handler. Everything is required but what says otherwise.
type Config struct {
	Ledger   Ledger
	Keys     Keys
	Queries  Queries
	Webhooks Webhooks
	Operator Operator             // zero: nobody is the operator
	Checks   []Check              // of /readyz; may be empty
	Registry *prometheus.Registry // nil: one of its own
	Logger   *slog.Logger         // nil: slog.Default
	Now      func() time.Time     // nil: time.Now; the ledger's clock
}

// Ledger is what a *ledger.Ledger does, in four parts.
type Ledger interface {
	Decider
	Reader
	Records
	Layout
}

// Decider makes things happen; see ledger.Ledger.
type Decider interface {
	Do(ctx context.Context, shard int, by domain.Principal, command domain.Command) (ledger.Receipt, error)
	DoAll(ctx context.Context, shard int, by domain.Principal, commands []domain.Command) []ledger.Outcome
	// Try returns what Do would, and writes nothing.
	Try(ctx context.Context, shard int, by domain.Principal, command domain.Command) (ledger.Receipt, error)
}

// Reader reads what is durable; see ledger.Ledger.
type Reader interface {
	View(ctx context.Context, shard int, fn func(*domain.State)) (uint64, error)
	Peek(shard int, fn func(*domain.State)) uint64
	// Time returns when the commit at a location was made. The error is a *ledger.Unavailable.
	Time(ctx context.Context, at ids.Location) (time.Time, error)
}

// Records reads single facts of any project from the log; see ledger.Ledger.
type Records interface {
	Transaction(ctx context.Context, id ids.Transaction) (ledger.TransactionRecord, bool, error)
	Hold(ctx context.Context, id ids.Hold) (ledger.HoldRecord, bool, error)
	Escrow(ctx context.Context, id ids.Escrow) (ledger.EscrowRecord, bool, error)
}

// Layout says where projects live; see ledger.Ledger.
type Layout interface {
	Shards() int
	ShardFor(name string) int
}

// Keys makes the key that a customer's personal data is encrypted with.
type Keys interface {
	Ensure(ctx context.Context, project ids.Project, customer ids.Customer) error
}

// Queries is the read model: *projections.Queries.
type Queries interface {
	Lists
	Past
	Promises
	Numbered
	Progress
}

// Lists is what the read model has now.
type Lists interface {
	Wallets(ctx context.Context, filter projections.WalletFilter) (projections.Page[projections.Wallet], error)
	Entries(ctx context.Context, filter projections.EntryFilter) (projections.Page[projections.Entry], error)
	Transactions(ctx context.Context, filter projections.TransactionFilter) (projections.Page[projections.Transaction], error)
	Customers(ctx context.Context, filter projections.CustomerFilter) (projections.Page[projections.Customer], error)
}

// Past is what wallets were before.
type Past interface {
	History(ctx context.Context, filter projections.HistoryFilter) (projections.Page[projections.StatusChange], error)
	BalanceAt(ctx context.Context, project ids.Project, wallet ids.Wallet, at time.Time) (projections.Entry, bool, error)
}

// Promises lists holds and escrows.
type Promises interface {
	Holds(ctx context.Context, filter projections.HoldFilter) (projections.Page[projections.Hold], error)
	Escrows(ctx context.Context, filter projections.EscrowFilter) (projections.Page[projections.Escrow], error)
}

// Numbered finds wallets by numbers: of the page, and their own.
type Numbered interface {
	NumberedWallets(ctx context.Context, filter projections.WalletFilter, number, size int) (rows []projections.Wallet, total int, err error)
}

// Progress is how far the read model has come.
type Progress interface {
	Checkpoint(ctx context.Context, shard int) (uint64, error)
	WaitFor(ctx context.Context, shard int, sequence uint64) error
}

// Webhooks keeps the endpoints: *webhooks.Store.
type Webhooks interface {
	CreateEndpoint(ctx context.Context, endpoint webhooks.NewEndpoint) (webhooks.Endpoint, string, error)
	Endpoints(ctx context.Context, project ids.Project, cursor string, limit int) ([]webhooks.Endpoint, string, error)
	Endpoint(ctx context.Context, project ids.Project, id string) (webhooks.Endpoint, bool, error)
	DeleteEndpoint(ctx context.Context, project ids.Project, id string) (bool, error)
}

// Operator is the credential of the installation: it makes projects.
type Operator struct{ APIKey, SecretKey string }

// Check is one thing that must be so before the process can do its work.
type Check struct {
	Name string
	Fn   func() error // returns nil when it is so, without waiting
}

type server struct {
	ledger   Ledger
	keys     Keys
	queries  Queries
	webhooks Webhooks
	operator Operator
	checks   []Check
	registry *prometheus.Registry
	metrics  *metrics
	logger   *slog.Logger
	now      func() time.Time
	turns    *turns
}

// New makes the handler of both surfaces.
func New(cfg Config) http.Handler { return newServer(cfg).handler() }

func (s *server) handler() http.Handler { return withoutTrailingSlash(newEcho(s)) }

// newEcho is the whole tree.
func newEcho(s *server) *echo.Echo {
	e := echo.New()
	e.HTTPErrorHandler = s.answerError // only for what never reaches the middleware
	e.Use(s.middleware)

	s.serviceRoutes(e)
	v1 := e.Group("/v1")
	s.projectRoutes(v1)
	s.credentialRoutes(v1)
	s.assetRoutes(v1)
	s.customerRoutes(v1)
	s.walletRoutes(v1)
	s.balanceRoutes(v1)
	s.historyRoutes(v1)
	s.movementRoutes(v1)
	s.transactionRoutes(v1)
	s.batchRoutes(v1)
	s.statusRoutes(v1)
	s.creditRoutes(v1)
	s.monitorRoutes(v1)
	s.holdRoutes(v1)
	s.escrowRoutes(v1)
	s.webhookRoutes(v1)
	seeds := e.Group("/api/v1")
	s.hostPayRoutes(seeds)
	s.walletsAPIRoutes(seeds)

	s.metrics = newMetrics(s.registry, e.Routes())
	return e
}

func newServer(cfg Config) *server {
	if cfg.Registry == nil {
		cfg.Registry = prometheus.NewRegistry()
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &server{
		ledger: cfg.Ledger, keys: cfg.Keys, queries: cfg.Queries, webhooks: cfg.Webhooks,
		operator: cfg.Operator, checks: cfg.Checks, registry: cfg.Registry, logger: cfg.Logger, now: cfg.Now, turns: newTurns(),
	}
}

// withoutTrailingSlash takes one slash off the end of a path, so that every
// route is found with it and without. Only a slash that was written as one: a
// customer's id may end with %2F.
func withoutTrailingSlash(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		url := r.URL
		if written := url.RawPath; len(url.Path) > 1 && strings.HasSuffix(url.Path, "/") && (written == "" || strings.HasSuffix(written, "/")) {
			url.Path = url.Path[:len(url.Path)-1]
			url.RawPath = strings.TrimSuffix(written, "/")
		}
		next.ServeHTTP(w, r)
	})
}
