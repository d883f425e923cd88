package api

import (
	"net/http"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/projections"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
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
	return answer(c, opened.status, s.walletNow(&opened.wallet, &opened.project, opened.created).write)
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
	if _, err := s.do(c, who, command); err != nil {
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
	return answerList(c, page.Rows, page.Next, func(w *resource.Writer, row *projections.Wallet) {
		shown := shownWallet{wallet: &row.Wallet, project: &project, held: row.Held, available: row.Available, due: row.Due, created: row.CreatedAt}
		shown.write(w)
	})
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

// openWallet creates a wallet, or finds the one that the customer has already.
func (s *server) openWallet(c echo.Context, who caller, command domain.CreateWallet) (opened, error) {
	receipt, err := s.do(c, who, command)
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
		UpdatedBy: e.By,
	}
}

// wallet returns a wallet of the caller as it is now, with its project.
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
	return answer(c, http.StatusOK, s.walletNow(&wallet, &project, created).write)
}

// walletTime returns when a wallet was created. The state does not have it; the log
// has, at the place that the identifier names.
func (s *server) walletTime(c echo.Context, id ids.Wallet) (time.Time, error) {
	at, _ := id.Location()
	return s.ledger.Time(c.Request().Context(), at)
}

// settings returns the caller's project, for formatting: it may be a moment old.
func (s *server) settings(who caller) (project domain.Project) {
	s.ledger.Peek(who.shard, func(state *domain.State) { project = projectIn(state, who) })
	return project
}

func walletID(c echo.Context) ids.Wallet { return ids.Wallet(param(c, "wallet_id")) }

// shownWallet is a wallet with all that an answer shows of it.
type shownWallet struct {
	wallet               *domain.Wallet
	project              *domain.Project
	held, available, due money.Amount
	used                 *domain.Usage // nil: not known here, or no limit needs it
	created              time.Time
	emptiedBy            *resource.Transaction // nil: none
}

// walletNow is a wallet of the ledger's, as of now.
func (s *server) walletNow(w *domain.Wallet, project *domain.Project, created time.Time) *shownWallet {
	now := s.now()
	available, _ := w.Available(now)
	return &shownWallet{
		wallet: w, project: project, held: w.Held(), available: available, due: w.Due(), used: usedOf(w, project, now), created: created,
	}
}

// write writes the wallet: schema Wallet.
func (shown *shownWallet) write(w *resource.Writer) {
	of := resource.WalletOf(shown.wallet)
	terms, limits := shown.wallet.Terms, shown.project.LimitsOf(shown.wallet)
	w.Begin()
	of.Fields(w)
	w.Metadata(shown.wallet.Metadata)
	shown.balance(w)
	w.MoneyOrNull("credit_limit", shown.creditLimit(), of.Type == domain.Postpaid)
	if terms.Settlement.Period == "" {
		w.Null("settlement")
	} else {
		w.Object("settlement", func() {
			resource.SettlementFields(w, &terms.Settlement)
			w.Money("amount_due", shown.due)
		})
	}
	if limits.IsZero() {
		w.Null("limits")
	} else {
		w.Object("limits", func() {
			resource.LimitFields(w, &limits)
			shown.writeUsed(w)
		})
	}
	w.Object("fees", func() { resource.FeeFields(w, terms.Fees) })
	w.Time("created_at", shown.created)
	w.Word("updated_by", string(shown.wallet.UpdatedBy))
	if shown.emptiedBy != nil {
		w.Name("transaction")
		shown.emptiedBy.Write(w)
	}
	w.End()
}

// balance writes the fields that schemas Wallet and Balance have in common.
func (shown *shownWallet) balance(w *resource.Writer) {
	balance := shown.wallet.Balance
	w.Money("balance", balance)
	w.Text("balance_formatted", formatted(balance, shown.project))
	w.MoneyOrNull("available", shown.available, shown.available.Asset() != "" && shown.wallet.Role != domain.IssuanceWallet)
	w.MoneyOrNull("held", shown.held, shown.held.Asset() != "")
	w.Uint("version", shown.wallet.Version)
}

func (shown *shownWallet) creditLimit() money.Amount {
	if limit := shown.wallet.Terms.CreditLimit; !limit.IsZero() {
		return limit
	}
	return zeroOf(shown.wallet.Balance)
}

func (shown *shownWallet) writeUsed(w *resource.Writer) {
	used := shown.used
	if used == nil {
		return
	}
	w.Object("used", func() {
		w.Word("daily_amount", used.DayAmount.String())
		w.Uint("daily_count", used.DayCount)
		w.Time("daily_resets_at", used.DayEnds(shown.project))
		w.Word("monthly_amount", used.MonthAmount.String())
		w.Uint("monthly_count", used.MonthCount)
		w.Time("monthly_resets_at", used.MonthEnds(shown.project))
	})
}

// usedOf is what counts against a wallet's limits of a day and a month; nil where
// it has none.
func usedOf(w *domain.Wallet, project *domain.Project, now time.Time) *domain.Usage {
	limits := project.LimitsOf(w)
	if !limits.DailyAmount.Set() && !limits.MonthlyAmount.Set() && !limits.DailyCount.Set() && !limits.MonthlyCount.Set() {
		return nil
	}
	used := project.Used(w, now)
	return &used
}
