package api

import (
	"tallystick/domain"
	"tallystick/projections"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

// historyRoutes list what happened to a wallet: its entries, and the changes of its
// status.
func (s *server) historyRoutes(v1 *echo.Group) {
	v1.GET("/wallets/:wallet_id/entries", s.asProject(s.listEntries, "kind", "from", "to", "limit", "cursor"))
	v1.GET("/wallets/:wallet_id/history", s.asProject(s.listHistory, "limit", "cursor"))
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

// GET /v1/wallets/{wallet_id}/history
func (s *server) listHistory(c echo.Context, who caller) error {
	q := queryOf(c)
	filter := projections.HistoryFilter{Project: who.project, Wallet: walletID(c), Cursor: q.text("cursor"), Limit: q.limit()}
	if q.err != nil {
		return q.err
	}
	if _, _, err := s.wallet(c, who, filter.Wallet); err != nil {
		return err
	}
	if err := s.readModel(c, who.shard); err != nil {
		return err
	}
	page, err := s.queries.History(c.Request().Context(), filter)
	if err != nil {
		return readModelError(err)
	}
	return answerList(c, page.Rows, page.Next, func(w *resource.Writer, row *projections.StatusChange) {
		w.Begin()
		w.Word("status", string(row.Status))
		w.Text("actor", row.Actor)
		w.Text("reason", row.Reason)
		w.Word("by", string(row.By))
		w.Time("created_at", row.Time)
		w.End()
	})
}
