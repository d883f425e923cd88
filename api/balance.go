package api

import (
	"net/http"
	"time"

	"tallystick/domain"
	"tallystick/projections"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) balanceRoutes(v1 *echo.Group) {
	v1.GET("/wallets/:wallet_id/balance", s.asProject(s.getBalance, "at"))
	v1.GET("/wallets/:wallet_id/entries", s.asProject(s.listEntries, "kind", "from", "to", "limit", "cursor"))
}

// GET /v1/wallets/{wallet_id}/balance
func (s *server) getBalance(c echo.Context, who caller) error {
	q := queryOf(c)
	at := q.time("at")
	if q.err != nil {
		return q.err
	}
	asOf := s.now().UTC() // before the ledger is asked: everything acknowledged by now is in the answer
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

// rewind sets a wallet's balance and version to what they were. Times never go
// back in a log, so once the read model has what the ledger had just now, its
// newest entry up to a past time stays that for ever (but for the last instant,
// of which a commit may still be on its way).
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

// GET /v1/wallets/{wallet_id}/entries
func (s *server) listEntries(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.EntryFilter{
		Project: who.project, Wallet: walletID(c),
		Kind: domain.EntryKind(q.oneOf("kind", string(domain.IssueEntry), string(domain.RedeemEntry), string(domain.DebitEntry), string(domain.CreditEntry))),
		From: q.time("from"), To: q.time("to"), Cursor: q.text("cursor"), Limit: q.limit(),
	}
	if q.err != nil {
		return q.err
	}
	if _, _, err := s.wallet(c, who, filter.Wallet); err != nil {
		return err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.Entries(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerList(c, page.Rows, page.Next, func(w *resource.Writer, row *projections.Entry) {
		entry := resource.Entry{
			Entry: &row.Entry, Counterparty: row.Counterparty, Transaction: row.Transaction, Reference: row.Reference,
			Description: row.Description, EffectiveAt: row.EffectiveAt, CreatedAt: row.Time,
		}
		entry.Write(w)
	})
}
