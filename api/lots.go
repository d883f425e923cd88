package api

import (
	"fmt"
	"math"
	"time"

	"tallystick/domain"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) creditRoutes(v1 *echo.Group) {
	v1.GET("/wallets/:wallet_id/credits", s.asProject(s.listCredits, "limit", "cursor"))
}

// creditCursor is the place of a lot in the list of its wallet, by expiry and then by
// lot.
type creditCursor struct {
	expires time.Time
	lot     uint64
}

func (at creditCursor) String() string {
	return fmt.Sprintf("%020d_%020d", at.expires.UnixMicro(), at.lot)
}

// creditAfter reads a cursor. The list never starts before now: an expired lot may not
// be removed yet.
func creditAfter(text string, now time.Time) (creditCursor, error) {
	first := creditCursor{now, math.MaxUint64}
	if text == "" {
		return first, nil
	}
	var micro int64
	var at creditCursor
	_, err := fmt.Sscanf(text, "%d_%d", &micro, &at.lot)
	at.expires = time.UnixMicro(micro).UTC()
	switch {
	case err != nil || at.String() != text:
		return first, errCursor
	case at.expires.After(now):
		return at, nil
	}
	return first, nil
}

// GET /v1/wallets/{wallet_id}/credits
func (s *server) listCredits(c echo.Context, who caller) error {
	q := queryOf(c)
	limit, cursor := q.limit(), q.text("cursor")
	if q.err != nil {
		return q.err
	}
	after, err := creditAfter(cursor, s.now())
	if err != nil {
		return err
	}
	wallet, _, err := s.wallet(c, who, walletID(c))
	if err != nil {
		return err
	}
	lots, next := wallet.LotsAfter(after.expires, after.lot, limit+1), ""
	if len(lots) > limit {
		lots = lots[:limit]
		next = creditCursor{lots[limit-1].ExpiresAt, lots[limit-1].Lot}.String()
	}
	return answerList(c, lots, next, func(w *resource.Writer, lot *domain.Lot) { resource.WriteLot(w, wallet.ID, &lot.LotPart) })
}
