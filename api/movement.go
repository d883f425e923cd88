package api

import (
	"errors"
	"net/http"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/ledger"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

// movementRoutes make transactions of one operation.
func (s *server) movementRoutes(v1 *echo.Group) {
	v1.POST("/transfers", s.asProject(s.createTransfer))
	v1.POST("/wallets/:wallet_id/topup", s.asProject(s.topUp))
	v1.POST("/wallets/:wallet_id/credit", s.asProject(s.credit))
	v1.POST("/wallets/:wallet_id/withdraw", s.asProject(s.withdraw))
	v1.POST("/wallets/:wallet_id/settle", s.asProject(s.settle))
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

// POST /v1/wallets/{wallet_id}/topup
func (s *server) topUp(c echo.Context, who caller) error { return s.issue(c, who, false) }

// POST /v1/wallets/{wallet_id}/credit
func (s *server) credit(c echo.Context, who caller) error { return s.issue(c, who, true) }

func (s *server) issue(c echo.Context, who caller, grant bool) error {
	var body WalletIssue
	if err := decode(c, &body); err != nil {
		return err
	}
	operation, err := operationOf(&OperationCreate{
		Type: string(domain.Issue), RecipientWalletID: string(walletID(c)), Amount: body.Amount, AmountMinor: body.AmountMinor,
		ExpiresAt: body.ExpiresAt, Grant: grant,
	})
	if err != nil {
		return err
	}
	return s.transact(c, who, &domain.Transact{
		Project: who.project, Reference: reference(c, body.Reference), Operations: []domain.Operation{operation},
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}

// POST /v1/wallets/{wallet_id}/withdraw
func (s *server) withdraw(c echo.Context, who caller) error {
	var body WalletMovement
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := quantity(body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	return s.transact(c, who, &domain.Transact{
		Project: who.project, Reference: reference(c, body.Reference),
		Operations:  []domain.Operation{{Type: domain.Redeem, Sender: walletID(c), Quantity: amount}},
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}

// POST /v1/wallets/{wallet_id}/settle
func (s *server) settle(c echo.Context, who caller) error {
	var body WalletSettle
	if err := decode(c, &body); err != nil {
		return err
	}
	amount, err := optionalQuantity("amount", body.Amount, body.AmountMinor)
	if err != nil {
		return err
	}
	return s.transact(c, who, domain.Settle{
		Project: who.project, Wallet: walletID(c), Sender: ids.Wallet(body.SenderWalletID), Reference: reference(c, body.Reference),
		Quantity: amount, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}

// transact performs a command that makes a transaction, and answers with that.
func (s *server) transact(c echo.Context, who caller, command domain.Command) error {
	receipt, event, err := s.perform(c, who, command)
	if err != nil {
		return err
	}
	if event == nil {
		return errNoOutcome
	}
	return s.answerTransaction(c, http.StatusCreated, made(event, &receipt))
}

var errNoOutcome = errors.New("api: a transaction without an outcome")

// perform performs a command that moves money. The event is the transaction that it
// made, nil for none. A transaction that failed is an error, and so is a reference
// that was used before; both errors carry the transaction.
func (s *server) perform(c echo.Context, who caller, command domain.Command) (ledger.Receipt, domain.Event, error) {
	receipt, err := s.do(c, who, command)
	if err != nil {
		return receipt, nil, s.withExisting(c, err)
	}
	event := outcomeIn(receipt.Events)
	if failed, ok := event.(*domain.TransactionFailed); ok {
		return receipt, nil, s.withTransaction(c, wouldBeRefused(failed), &resource.Transaction{Fact: failed, At: receipt.Time})
	}
	return receipt, event, nil
}

// outcomeIn returns the transaction among the facts of one command, of which there is
// one at most. Facts that follow from it stand after it.
func outcomeIn(facts []domain.Event) domain.Event {
	for _, fact := range facts {
		switch fact.(type) {
		case *domain.TransactionCompleted, *domain.TransactionFailed, *domain.TransactionScheduled:
			return fact
		}
	}
	return nil
}

// withExisting adds the transaction to the error of a reference that was used. If it
// cannot be read now, that is the error: repeating is safe.
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
		record, ok, err := s.ledger.Transaction(c.Request().Context(), ids.Transaction(value.Value))
		if err != nil {
			return err
		}
		if ok {
			return s.withTransaction(c, p, recorded(&record))
		}
	}
	return p
}

// reference returns the caller's reference, or else the Idempotency-Key, which stands in for it.
func reference(c echo.Context, given string) ids.Reference {
	if given == "" {
		given = c.Request().Header.Get(idempotencyKeyHeader)
	}
	return ids.Reference(given)
}

func operationOf(o *OperationCreate) (domain.Operation, error) {
	operation := domain.Operation{
		Type: domain.OperationType(o.Type), Sender: ids.Wallet(o.SenderWalletID), Recipient: ids.Wallet(o.RecipientWalletID),
		RecipientIdentifier: o.RecipientIdentifier, Grant: o.Grant,
	}
	var err error
	if operation.Quantity, err = quantity(o.Amount, o.AmountMinor); err != nil {
		return operation, err
	}
	if o.Rate != "" {
		var ok bool
		if operation.Rate, ok = money.ParseRate(o.Rate); !ok {
			return operation, badRequest(`rate must be a plain decimal of more than zero, of at most %d digits, %d of them after the point: "12.5"`, money.MaxDigits, money.MaxScale)
		}
	}
	operation.ExpiresAt, err = timeOf("expires_at", o.ExpiresAt)
	return operation, err
}
