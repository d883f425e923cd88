package api

import (
	"math"
	"net/http"
	"slices"
	"strconv"

	"github.com/bojanz/currency"
	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/money"
	"tallystick/projections"
)

// walletsAPIRoutes are the routes of Wallets API, as its documentation has them:
// wallets have numbers, and lists have pages.
func (s *server) walletsAPIRoutes(v1 *echo.Group) {
	v1.GET("/wallets", s.asProject(s.listNumbered, "page", "limit", "currency", "name"))
	v1.GET("/wallets/:number", s.asProject(s.getNumbered))
}

// GET /api/v1/wallets: the read model says which wallets there are, and the ledger
// what they have now. Users of this list do not know Tally-Sequence; they would take
// an old balance for the current one.
func (s *server) listNumbered(c echo.Context, who caller) error {
	q := queryOf(c)
	page, size := q.count("page", 1, math.MaxInt32), q.count("limit", projections.DefaultLimit, projections.MaxNumberedSize)
	if q.err != nil {
		return q.err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	project, customers := s.settings(who), false
	rows, total, err := s.queries.NumberedWallets(c.Request().Context(), projections.WalletFilter{
		Project: who.project, Currency: assetNamed(q.text("currency"), &project), Name: q.text("name"), System: &customers,
	}, page, size)
	if err != nil {
		return readModelError(err)
	}
	if err := s.refresh(c, who, rows); err != nil {
		return err
	}
	pages := (total + size - 1) / size
	for name, value := range map[string]string{
		"X-Page": strconv.Itoa(page), "X-Per-Page": strconv.Itoa(size), "X-Total-Count": strconv.Itoa(total),
		"X-Total-Pages": strconv.Itoa(pages), "X-Page-Size": strconv.Itoa(len(rows)), "X-Has-More": strconv.FormatBool(page < pages),
	} {
		c.Response().Header().Set(name, value)
	}
	return answerJSON(c, http.StatusOK, converted(rows, func(row *projections.Wallet) NumberedWallet { return numberedOf(&row.Wallet) }))
}

// refresh replaces the wallets of the read model by those of the ledger, all as of one
// moment.
func (s *server) refresh(c echo.Context, who caller, rows []projections.Wallet) error {
	_, err := s.ledger.View(c.Request().Context(), who.shard, func(state *domain.State) {
		for i := range rows {
			if wallet, ok := state.Wallet(rows[i].ID); ok {
				rows[i].Wallet = *wallet
			}
		}
	})
	return err
}

// GET /api/v1/wallets/{number}
func (s *server) getNumbered(c echo.Context, who caller) error {
	number, err := strconv.ParseUint(param(c, "number"), 10, 64)
	if err != nil || number == 0 {
		return badRequest("Invalid wallet ID")
	}
	var found domain.Wallet
	_, err = s.view(c, who.shard, func(state *domain.State) {
		if wallet, ok := state.WalletNumbered(number); ok && wallet.Project == who.project {
			found = *wallet
		}
	})
	if err == nil && found.ID == "" {
		err = notFound("Wallet")
	}
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, numberedOf(&found))
}

// assetNamed returns the code of an asset, given its code or its number. Any other
// text is returned as it is: no wallet has such an asset.
func assetNamed(text string, project *domain.Project) money.AssetCode {
	number, err := strconv.Atoi(text)
	if err != nil {
		return money.AssetCode(text)
	}
	for asset := range project.OwnAssets("") {
		if asset.NumericID == number {
			return asset.Code
		}
	}
	codes := currency.GetCurrencyCodes()
	at := slices.IndexFunc(codes, func(code string) bool {
		asset, ok := project.Asset(money.AssetCode(code))
		return ok && asset.NumericID == number
	})
	if at < 0 {
		return money.AssetCode(text)
	}
	return money.AssetCode(codes[at])
}

func numberedOf(w *domain.Wallet) NumberedWallet {
	return NumberedWallet{
		ID: w.Number, CurrencyID: w.Asset.NumericID, Amount: majorNumber(w.Balance), Type: string(w.Type),
		Currency: string(w.Asset.Code), Name: w.Name, Status: string(w.Status), WalletID: string(w.ID),
	}
}
