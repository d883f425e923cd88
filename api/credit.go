package api

import (
	"fmt"
	"net/http"

	"tallystick/domain"

	"github.com/labstack/echo/v4"
)

func (s *server) creditRoutes(v1 *echo.Group) {
	v1.GET("/wallets/:wallet_id/credits", s.asProject(s.listCredits))
}

// GET /v1/wallets/{wallet_id}/credits
func (s *server) listCredits(c echo.Context, who caller) error {
	q := readQuery(c, "limit", "cursor")
	limit, after := q.limit(), q.text("cursor")
	if q.err != nil {
		return q.err
	}
	now := s.now()
	wallet, _, err := s.wallet(c, who, walletID(c))
	if err != nil {
		return err
	}
	lots := wallet.Lots()
	live := make([]domain.Lot, 0, len(lots))
	for i := range lots {
		if now.Before(lots[i].Expires) { // what has just expired may wait for its removal
			live = append(live, lots[i])
		}
	}
	rows, next := pageAfter(live, limit, after, func(l domain.Lot) string { return fmt.Sprintf("%020d_%020d", l.Expires.UnixMicro(), l.Lot) })
	list := CreditList{NextCursor: nextCursor(next), Data: converted(rows, func(l *domain.Lot) Credit {
		return Credit{
			ID: domain.LotID(wallet.ID, l.Lot), WalletID: string(wallet.ID), Currency: string(wallet.Asset.Code),
			Original: l.Original.String(), OriginalMinor: minor(l.Original),
			Remaining: l.Amount.String(), RemainingMinor: minor(l.Amount), ExpiresAt: l.Expires,
		}
	})}
	return answerJSON(c, http.StatusOK, list)
}
