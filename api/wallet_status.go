package api

import (
	"net/http"

	"tallystick/domain"
	"tallystick/domain/ids"

	"github.com/labstack/echo/v4"
)

func (s *server) statusRoutes(v1 *echo.Group) {
	for _, change := range []domain.StatusChange{domain.Freeze, domain.Unfreeze, domain.Disable, domain.Enable} {
		v1.POST("/wallets/:wallet_id/"+string(change), s.asProject(func(c echo.Context, who caller) error {
			if err := s.changeStatus(c, who, walletID(c), change); err != nil {
				return err
			}
			return s.answerWallet(c, who, walletID(c))
		}))
	}
	v1.POST("/wallets/:wallet_id/close", s.asProject(s.closeWallet))
}

// changeStatus is POST /v1/wallets/{wallet_id}/freeze, unfreeze, disable and enable.
func (s *server) changeStatus(c echo.Context, who caller, id ids.Wallet, change domain.StatusChange) error {
	var body StatusChange
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	_, err := s.do(c, who, domain.ChangeStatus{
		Project: who.project, Wallet: id, Change: change, Actor: body.Actor, Reason: body.Reason,
	})
	return err
}

// POST /v1/wallets/{wallet_id}/close
func (s *server) closeWallet(c echo.Context, who caller) error {
	var body WalletClose
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	receipt, event, err := s.perform(c, who, domain.CloseWallet{
		Project: who.project, Wallet: walletID(c), Recipient: ids.Wallet(body.RecipientWalletID), Redeem: body.Redeem,
		Reference: reference(c, body.Reference), Actor: body.Actor, Reason: body.Reason,
	})
	if err != nil {
		return err
	}
	wallet, project, err := s.wallet(c, who, walletID(c))
	if err != nil {
		return err
	}
	created, err := s.walletTime(c, wallet.ID)
	if err != nil {
		return err
	}
	closed := s.walletNow(&wallet, &project, created)
	if event != nil {
		closed.emptiedBy = made(event, &receipt)
	}
	return answer(c, http.StatusOK, closed.write)
}
