package api

import (
	"errors"
	"net/http"
	"time"

	"tallystick/domain"

	"github.com/labstack/echo/v4"
)

// movementRoutes are the short ways to a transaction of one operation.
func (s *server) movementRoutes(v1 *echo.Group) {
	v1.POST("/wallets/:wallet_id/topup", s.asProject(s.topUp))
	v1.POST("/wallets/:wallet_id/debit", s.asProject(s.debit))
}

// POST /v1/wallets/{wallet_id}/topup
func (s *server) topUp(c echo.Context, who caller) error {
	return s.moveOne(c, who, domain.Operation{Type: domain.Issue, To: walletID(c)})
}

// POST /v1/wallets/{wallet_id}/debit
func (s *server) debit(c echo.Context, who caller) error {
	return s.moveOne(c, who, domain.Operation{Type: domain.Redeem, From: walletID(c)})
}

func (s *server) moveOne(c echo.Context, who caller, operation domain.Operation) error {
	var body WalletMovement
	err := decode(c, &body)
	if err != nil {
		return err
	}
	if operation.Quantity, err = quantity(body.Amount, body.AmountMinor); err != nil {
		return err
	}
	return s.transact(c, who, &domain.Transact{
		Project: who.project, Reference: reference(c, body.Reference), Operations: []domain.Operation{operation},
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}

// transact performs a transaction and answers it.
func (s *server) transact(c echo.Context, who caller, command *domain.Transact) error {
	completed, at, err := s.perform(c, who, command)
	if err != nil {
		return err
	}
	return answerTransaction(c, http.StatusCreated, completed, at)
}

// perform performs a transaction. One that was recorded as failed is an error,
// and so is one that was performed before; both errors carry it.
func (s *server) perform(c echo.Context, who caller, command *domain.Transact) (*domain.TransactionCompleted, time.Time, error) {
	receipt, err := s.do(c, who.shard, command)
	if err != nil {
		return nil, time.Time{}, s.withExisting(c, err)
	}
	switch outcome := receipt.Events[len(receipt.Events)-1].(type) {
	case *domain.TransactionCompleted:
		return outcome, receipt.Time, nil
	case *domain.TransactionFailed:
		return nil, time.Time{}, refused(outcome, receipt.Time)
	}
	return nil, time.Time{}, errors.New("api: a transaction without an outcome")
}

// withExisting adds the transaction to the error of a reference that was used.
// Where it cannot be read now, that is the error: repeating is safe.
func (s *server) withExisting(c echo.Context, err error) error {
	var rejection *domain.Rejection
	if !errors.As(err, &rejection) || rejection.Code != domain.DuplicateReference {
		return err
	}
	p := rejected(rejection)
	for _, value := range rejection.Details {
		if value.Name != "transaction_id" {
			continue
		}
		record, ok, err := s.ledger.Transaction(c.Request().Context(), domain.TransactionID(value.Value))
		if err != nil {
			return err
		}
		if ok {
			p.details = append(p.details, transactionDetail(record.Event, record.Time))
		}
	}
	return p
}

// reference is the caller's, or else the Idempotency-Key, which stands in for it.
func reference(c echo.Context, given string) domain.Reference {
	if given == "" {
		given = c.Request().Header.Get("Idempotency-Key")
	}
	return domain.Reference(given)
}

func operationOf(o *OperationCreate) (domain.Operation, error) {
	amount, err := quantity(o.Amount, o.AmountMinor)
	return domain.Operation{
		Type: domain.OperationType(o.Type), From: domain.WalletID(o.SenderWalletID), To: domain.WalletID(o.RecipientWalletID),
		Recipient: o.RecipientIdentifier, Quantity: amount,
	}, err
}
