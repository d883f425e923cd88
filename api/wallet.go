package api

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/projections"
)

func (s *server) walletRoutes(v1 *echo.Group) {
	v1.POST("/wallets", s.asProject(s.createWallet))
	v1.GET("/wallets", s.asProject(s.listWallets, "customer_id", "currency", "status", "name", "type", "system", "metadata[]", "limit", "cursor"))
	v1.GET("/wallets/:wallet_id", s.asProject(s.getWallet))
	v1.PATCH("/wallets/:wallet_id", s.asProject(s.changeWallet))
}

// POST /v1/wallets
func (s *server) createWallet(c echo.Context, who caller) error {
	var body WalletCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	terms, err := termsOf(&WalletChange{
		CreditLimit: body.CreditLimit, CreditLimitMinor: body.CreditLimitMinor, Fees: body.Fees, Limits: body.Limits, Settlement: body.Settlement,
	})
	if err != nil {
		return err
	}
	opened, err := s.openWallet(c, who, domain.CreateWallet{
		Project: who.project, Customer: ids.Customer(body.CustomerID), System: body.System, Liquidity: body.Liquidity,
		Currency: money.AssetCode(body.Currency), Type: domain.WalletType(body.Type), Name: body.Name,
		Metadata: domain.Metadata(body.Metadata), Terms: terms,
	})
	if err != nil {
		return err
	}
	return answerJSON(c, opened.status, s.walletNow(&opened.wallet, &opened.project, opened.created))
}

// PATCH /v1/wallets/{wallet_id}
func (s *server) changeWallet(c echo.Context, who caller) error {
	var body WalletChange
	if err := decode(c, &body); err != nil {
		return err
	}
	terms, err := termsOf(&body)
	if err != nil {
		return err
	}
	command := domain.ChangeWallet{
		Project: who.project, Wallet: walletID(c), Name: body.Name, Metadata: domain.Metadata(body.Metadata), Terms: terms,
	}
	if _, err := s.do(c, who.shard, command); err != nil {
		return err
	}
	return s.answerWallet(c, who, command.Wallet)
}

// GET /v1/wallets
func (s *server) listWallets(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.WalletFilter{
		Project: who.project, Customer: ids.Customer(q.text("customer_id")), Currency: money.AssetCode(q.text("currency")),
		Status: domain.WalletStatus(q.oneOf("status", string(domain.Active), string(domain.Frozen), string(domain.Disabled), string(domain.Closed))),
		Name:   q.text("name"), Type: domain.WalletType(q.oneOf("type", string(domain.Prepaid), string(domain.Postpaid))), System: q.flag("system"),
		Metadata: q.indexed("metadata"), Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Wallets(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	project := s.settings(who)
	rows := converted(page.Rows, func(row *projections.Wallet) Wallet {
		return walletOf(&row.Wallet, &project, figures{held: row.Held, available: row.Available, due: row.Due}, row.CreatedAt)
	})
	return answerJSON(c, http.StatusOK, WalletList{Data: rows, NextCursor: nextCursor(page.Next)})
}

// GET /v1/wallets/{wallet_id}
func (s *server) getWallet(c echo.Context, who caller) error {
	return s.answerWallet(c, who, walletID(c))
}

// opened is a wallet that was asked for, made or found.
type opened struct {
	wallet  domain.Wallet
	project domain.Project
	created time.Time
	status  int // 201 when it was made
}

// openWallet makes a wallet, or finds the one that making it comes to.
func (s *server) openWallet(c echo.Context, who caller, command domain.CreateWallet) (opened, error) {
	receipt, err := s.do(c, who.shard, command)
	if err != nil {
		return opened{}, err
	}
	if len(receipt.Events) > 0 {
		made := receipt.Events[0].(*domain.WalletCreated)
		return opened{newWallet(made), s.settings(who), receipt.Time, http.StatusCreated}, nil
	}
	found := opened{status: http.StatusOK}
	_, err = s.view(c, who.shard, func(state *domain.State) {
		found.project = projectIn(state, who)
		if command.Currency == "" {
			command.Currency = found.project.Settings.Currency
		}
		wallet, ok := state.CustomerWallet(who.project, command.Customer, command.Currency)
		if command.Liquidity {
			wallet, ok = state.LiquidityWallet(who.project, command.Currency)
		}
		if ok {
			found.wallet = *wallet
		}
	})
	if err == nil && found.wallet.ID == "" {
		err = notFound("Wallet")
	}
	if err == nil {
		found.created, err = s.walletTime(c, found.wallet.ID)
	}
	return found, err
}

// newWallet is a wallet as it begins.
func newWallet(e *domain.WalletCreated) domain.Wallet {
	return domain.Wallet{
		ID: e.Wallet, Project: e.Project, Customer: e.Customer, Role: e.Role, Type: e.Type, Asset: e.Asset, Number: e.Number,
		Name: e.Name, Metadata: e.Metadata, Status: domain.Active, Balance: money.New(e.Asset.Code, 0, e.Asset.Scale), Terms: &e.Terms,
	}
}

// wallet is a wallet of the caller's as it is now, with its project.
func (s *server) wallet(c echo.Context, who caller, id ids.Wallet) (wallet domain.Wallet, project domain.Project, err error) {
	_, err = s.view(c, who.shard, func(state *domain.State) {
		if found, ok := state.Wallet(id); ok && found.Project == who.project {
			wallet, project = *found, projectIn(state, who)
		}
	})
	if err == nil && wallet.ID == "" {
		err = notFound("Wallet")
	}
	return wallet, project, err
}

func (s *server) answerWallet(c echo.Context, who caller, id ids.Wallet) error {
	wallet, project, err := s.wallet(c, who, id)
	if err != nil {
		return err
	}
	created, err := s.walletTime(c, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, s.walletNow(&wallet, &project, created))
}

// walletTime is when a wallet was made: the state does not keep it, its place
// in the log does.
func (s *server) walletTime(c echo.Context, id ids.Wallet) (time.Time, error) {
	at, _ := id.Location()
	return s.ledger.Time(c.Request().Context(), at)
}

// settings is the caller's project, for how things are shown: being a moment
// behind does no harm.
func (s *server) settings(who caller) (project domain.Project) {
	s.ledger.Peek(who.shard, func(state *domain.State) { project = projectIn(state, who) })
	return project
}

func walletID(c echo.Context) ids.Wallet { return ids.Wallet(param(c, "wallet_id")) }

// figures are what a wallet's own row does not hold.
type figures struct {
	held, available, due money.Amount
	used                 *LimitsUsed // nil: not known here, or nothing counts
}

// walletNow is a wallet of the ledger's, as of now.
func (s *server) walletNow(w *domain.Wallet, project *domain.Project, created time.Time) Wallet {
	now := s.now()
	available, _ := w.Available(now)
	return walletOf(w, project, figures{w.Held(), available, w.Due(), usedOf(w, project, now)}, created)
}

func walletOf(w *domain.Wallet, project *domain.Project, f figures, created time.Time) Wallet {
	b := balanceOf(w, project, f.held, f.available)
	wallet := Wallet{
		ID: string(w.ID), Number: w.Number, System: w.Role != domain.CustomerWallet, Role: string(w.Role), Type: string(w.Type),
		Status: string(w.Status), Name: w.Name, Metadata: metadataOf(w.Metadata), Currency: b.Currency,
		Balance: b.Balance, BalanceMinor: b.BalanceMinor, BalanceFormatted: b.BalanceFormatted,
		Available: b.Available, AvailableMinor: b.AvailableMinor, Held: *b.Held, HeldMinor: b.HeldMinor,
		Settlement: settlementOf(w, f.due), Limits: limitsInForce(w, project, f.used), Fees: feesOf(w.Terms.Fees),
		Version: b.Version, CreatedAt: created,
	}
	if w.Type == domain.Postpaid {
		limit := zeroOf(w.Balance)
		if !w.Terms.CreditLimit.IsZero() {
			limit = w.Terms.CreditLimit
		}
		wallet.CreditLimit, wallet.CreditLimitMinor = plain(limit), minor(limit)
	}
	if w.Customer != "" {
		customer := string(w.Customer)
		wallet.CustomerID = &customer
	}
	return wallet
}
