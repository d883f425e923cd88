package api

import (
	"tallystick/domain"

	"github.com/labstack/echo/v4"
)

func (s *server) transferRoutes(v1 *echo.Group) {
	v1.POST("/transfers", s.asProject(s.createTransfer))
}

// POST /v1/transfers
func (s *server) createTransfer(c echo.Context, who caller) error {
	var body TransferCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	operation, err := operationOf(&OperationCreate{
		Type: string(domain.Transfer), SenderWalletID: body.SenderWalletID, RecipientWalletID: body.RecipientWalletID,
		RecipientIdentifier: body.RecipientIdentifier, Amount: body.Amount, AmountMinor: body.AmountMinor,
	})
	if err != nil {
		return err
	}
	return s.transact(c, who, &domain.Transact{
		Project: who.project, Reference: reference(c, body.Reference), Operations: []domain.Operation{operation},
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}
