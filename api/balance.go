package api

import (
	"net/http"
	"time"

	"tallystick/domain"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) balanceRoutes(v1 *echo.Group) {
	v1.GET("/wallets/:wallet_id/balance", s.asProject(s.getBalance, "at"))
}

// GET /v1/wallets/{wallet_id}/balance
func (s *server) getBalance(c echo.Context, who caller) error {
	q := queryOf(c)
	at := q.time("at")
	if q.err != nil {
		return q.err
	}
	asOf := s.now().UTC() // before the ledger is read: the answer has everything acknowledged by now
	if at.After(asOf) {
		return badRequest("at is in the future; it is %s now", asOf.Format(time.RFC3339))
	}
	wallet, project, err := s.wallet(c, who, walletID(c))
	if err != nil {
		return err
	}
	shown := shownWallet{wallet: &wallet, project: &project}
	if at.IsZero() {
		shown.held = wallet.Held()
		shown.available, _ = wallet.Available(asOf)
	} else {
		if err := s.rewind(c, who, &wallet, at); err != nil {
			return err
		}
		asOf = at
	}
	return answer(c, http.StatusOK, func(w *resource.Writer) {
		w.Begin()
		w.Word("wallet_id", string(wallet.ID))
		w.Word("currency", string(wallet.Asset.Code))
		shown.balance(w)
		w.Time("as_of", asOf)
		w.End()
	})
}

// rewind sets a wallet's balance and version to what they were at a past time. Times
// never go back in a log: once the read model has all that the ledger had just now,
// no entry of a past time can be added. (Of the current microsecond one may.)
func (s *server) rewind(c echo.Context, who caller, wallet *domain.Wallet, at time.Time) error {
	sequence := s.ledger.Peek(who.shard, func(*domain.State) {})
	if err := s.await(c, who.shard, sequence); err != nil {
		return err
	}
	entry, ok, err := s.queries.BalanceAt(c.Request().Context(), who.project, wallet.ID, at)
	if err != nil {
		return readModelError(err)
	}
	if !ok {
		wallet.Balance, wallet.Version = zeroOf(wallet.Balance), 0
		return nil
	}
	wallet.Balance, wallet.Version = entry.BalanceAfter, entry.Version
	return nil
}
