package api

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// hostPayRoutes are the routes of HOST Pay, as its documentation has them: its users
// change nothing but the host.
func (s *server) hostPayRoutes(v1 *echo.Group) {
	v1.POST("/wallets/create/:user_id", s.asProject(s.hostPayCreateWallet))
	v1.GET("/wallets/:wall_id/balance", s.asProject(s.hostPayBalance))
	v1.POST("/wallets/:wall_id/disable", s.asProject(s.hostPayStatus(domain.Disable)))
	v1.POST("/wallets/:wall_id/enable", s.asProject(s.hostPayStatus(domain.Enable)))
	v1.POST("/transactions/wallet/transfer", s.asProject(s.hostPayTransfer))
}

// POST /api/v1/wallets/create/{user_id}/
//
// A user who is not known yet is created with nothing but the identifier: HOST Pay's
// registration is not a part of this API, and its example works on a new project.
func (s *server) hostPayCreateWallet(c echo.Context, who caller) error {
	var body struct{} // it has no fields; {} is accepted
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	user := param(c, "user_id")
	id := ids.Customer(user)
	if err := s.changeCustomer(c, who, id, domain.ProfileChange{}); err != nil {
		return err
	}
	opened, err := s.openWallet(c, who, domain.CreateWallet{Project: who.project, Customer: id})
	if err != nil {
		return err
	}
	wallet := &opened.wallet
	return answerJSON(c, opened.status, hostPayWalletOf(wallet, opened.created))
}

func hostPayWalletOf(w *domain.Wallet, created time.Time) HostPayWallet {
	return HostPayWallet{
		ID: string(w.ID), UserID: string(w.Customer), Balance: majorNumber(w.Balance), Currency: string(w.Asset.Code),
		Status: string(w.Status), Type: string(w.Type), Number: w.Number, CreatedAt: created,
	}
}

// GET /api/v1/wallets/{wall_id}/balance/
func (s *server) hostPayBalance(c echo.Context, who caller) error {
	now := s.now().UTC()
	wallet, _, err := s.wallet(c, who, hostPayID(c))
	if err != nil {
		return err
	}
	available, _ := wallet.Available(now)
	return answerJSON(c, http.StatusOK, HostPayBalance{
		WalletID: string(wallet.ID), UserID: string(wallet.Customer), Balance: majorNumber(wallet.Balance), Available: majorNumber(available),
		Held: majorNumber(wallet.Held()), Currency: string(wallet.Asset.Code), Status: string(wallet.Status), AsOf: now,
	})
}

// POST /api/v1/wallets/{wall_id}/disable/ and /enable/
func (s *server) hostPayStatus(change domain.StatusChange) func(echo.Context, caller) error {
	return func(c echo.Context, who caller) error {
		id := hostPayID(c)
		if err := s.changeStatus(c, who, id, change); err != nil {
			return err
		}
		wallet, _, err := s.wallet(c, who, id)
		if err != nil {
			return err
		}
		created, err := s.walletTime(c, id)
		if err != nil {
			return err
		}
		return answerJSON(c, http.StatusOK, hostPayWalletOf(&wallet, created))
	}
}

func hostPayID(c echo.Context) ids.Wallet { return ids.Wallet(param(c, "wall_id")) }

// POST /api/v1/transactions/wallet/transfer/
func (s *server) hostPayTransfer(c echo.Context, who caller) error {
	var body HostPayTransferCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	command, err := hostPayTransact(c, who, &body)
	if err != nil {
		return err
	}
	receipt, event, err := s.perform(c, who, command)
	if err != nil {
		return err
	}
	completed, ok := event.(*domain.TransactionCompleted)
	if !ok {
		return errNoOutcome
	}
	done := &completed.Operations[0]
	return answerJSON(c, http.StatusCreated, HostPayTransfer{
		ID: string(completed.Transaction), Reference: string(completed.Reference), Status: "completed",
		SenderWalletID: string(done.Sender), RecipientWalletID: string(done.Recipient), RecipientIdentifier: body.RecipientIdentifier,
		Amount: majorNumber(done.Amount), Fee: majorNumber(done.Fee), Currency: string(done.Amount.Asset()),
		Description: completed.Description, Metadata: metadataOf(completed.Metadata), CreatedAt: receipt.Time,
	})
}

func hostPayTransact(c echo.Context, who caller, body *HostPayTransferCreate) (*domain.Transact, error) {
	amount, err := majorAmount(body.Amount)
	if err != nil {
		return nil, err
	}
	id := reference(c, body.Reference)
	if id == "" {
		id = ids.Reference("ref_" + rand.Text()) // 130 random bits, since HOST Pay has no references
	}
	return &domain.Transact{
		Project: who.project, Reference: id, Description: body.Description, Metadata: domain.Metadata(body.Metadata),
		Operations: []domain.Operation{{
			Type: domain.Transfer, Sender: ids.Wallet(body.SenderWalletID), RecipientIdentifier: body.RecipientIdentifier, Quantity: amount,
		}},
	}, nil
}

// majorAmount reads an amount that is a JSON number in major units, exactly: 50.00, 50, 5e1.
func majorAmount(amount json.RawMessage) (money.Quantity, error) {
	if len(amount) == 0 || bytes.Equal(amount, []byte("null")) {
		return money.Quantity{}, badRequest("amount is required: a number in major units, such as 50.00")
	}
	if first := amount[0]; first != '-' && (first < '0' || first > '9') {
		return money.Quantity{}, badRequest("amount must be a JSON number in major units, such as 50.00")
	}
	quantity, ok := money.ScientificUnits(string(amount))
	if !ok {
		return quantity, badRequest("amount must be a number of at most %d digits, %d of them after the point", money.MaxDigits, money.MaxScale)
	}
	return quantity, nil
}
