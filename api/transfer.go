package api

import (
	"bytes"
	"errors"
	"unicode/utf8"

	"tallystick/domain"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"
)

func (s *server) transferRoutes(v1 *echo.Group) {
	v1.POST("/transfers", s.asProject(s.createTransfer))
}

// POST /v1/transfers
func (s *server) createTransfer(c echo.Context, who caller) error {
	var body TransferCreate
	if err := decodeTransfer(c, &body); err != nil {
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

// decodeTransfer reads a transfer the quick way. What that does not understand
// goes the strict way, like every other body, which says what is wrong with it.
func decodeTransfer(c echo.Context, into *TransferCreate) error {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	if err := readBody(c, buffer, maxBody, "application/json"); err != nil {
		return err
	}
	if quickTransfer(buffer.Bytes(), into) {
		return nil
	}
	*into = TransferCreate{}
	return decodeObject(buffer.Bytes(), into)
}

// quickTransfer answers whether it read a transfer that the strict way would
// have read just so.
func quickTransfer(data []byte, into *TransferCreate) bool {
	d := jx.GetDecoder()
	defer jx.PutDecoder(d)
	d.ResetBytes(data)
	if !utf8.Valid(data) || d.Validate() != nil {
		return false
	}
	d.ResetBytes(data)
	return nil == d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "reference":
			into.Reference, err = d.Str()
		case "sender_wallet_id":
			into.SenderWalletID, err = d.Str()
		case "recipient_wallet_id":
			into.RecipientWalletID, err = d.Str()
		case "recipient_identifier":
			into.RecipientIdentifier, err = d.Str()
		case "amount":
			into.Amount, err = d.Str()
		case "amount_minor":
			var raw jx.Raw
			raw, err = d.Raw()
			into.AmountMinor = bytes.Clone(raw)
		case "description":
			into.Description, err = d.Str()
		case "metadata":
			into.Metadata = Metadata{}
			err = d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
				into.Metadata[string(key)], err = d.Str()
				return err
			})
		default:
			err = errNotQuick
		}
		return err
	})
}

var errNotQuick = errors.New("api: not a field of a transfer")
