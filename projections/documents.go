package projections

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The jsonb columns: how they are written (by the projector, often) and read
// back (by the queries, a page at a time).

func encodeOperations(e *jx.Encoder, operations []domain.PostedOperation) {
	e.Reset()
	e.ArrStart()
	for i := range operations {
		o := &operations[i]
		e.ObjStart()
		e.FieldStart("type")
		e.Str(string(o.Type))
		if o.Sender != "" {
			e.FieldStart("sender_wallet_id")
			e.Str(string(o.Sender))
		}
		if o.Recipient != "" {
			e.FieldStart("recipient_wallet_id")
			e.Str(string(o.Recipient))
		}
		e.FieldStart("currency")
		e.Str(string(o.Amount.Asset()))
		encodeMoney(e, "amount", o.Amount)
		encodeMoney(e, "fee", o.Fee)
		if o.Received.Asset() != "" {
			encodeMoney(e, "received", o.Received)
			e.FieldStart("received_currency")
			e.Str(string(o.Received.Asset()))
			encodeText(e, "rate", o.Rate.String())
		}
		if o.FeeReturned.Asset() != "" {
			encodeMoney(e, "fee_returned", o.FeeReturned)
		}
		if o.Type == domain.Issue {
			encodeCredit(e, o)
		}
		e.ObjEnd()
	}
	e.ArrEnd()
}

func encodeCredit(e *jx.Encoder, o *domain.PostedOperation) {
	if !o.ExpiresAt.IsZero() {
		e.FieldStart("expires_at")
		e.Str(o.ExpiresAt.UTC().Format(time.RFC3339Nano))
	}
	if o.Grant {
		e.FieldStart("grant")
		e.Bool(true)
	}
}

func encodeMoney(e *jx.Encoder, field string, m money.Amount) {
	var buf [64]byte
	e.FieldStart(field)
	e.ByteStr(m.AppendText(buf[:0]))
}

func encodeFailure(e *jx.Encoder, f *domain.Rejection) {
	e.Reset()
	e.ObjStart()
	e.FieldStart("code")
	e.Str(string(f.Code))
	e.FieldStart("message")
	e.Str(f.Message)
	e.FieldStart("failed_operation")
	if f.Operation == domain.NoOperation {
		e.Null()
	} else {
		e.Int(f.Operation)
	}
	e.FieldStart("details") // an array: jsonb does not keep the order of an object
	e.ArrStart()
	for _, detail := range f.Details {
		e.ObjStart()
		e.FieldStart("name")
		e.Str(detail.Name)
		e.FieldStart("value")
		e.Str(detail.Value)
		e.ObjEnd()
	}
	e.ArrEnd()
	e.ObjEnd()
}

func encodeMetadata(e *jx.Encoder, metadata domain.Metadata) {
	e.Reset()
	e.ObjStart()
	for key, value := range metadata {
		e.FieldStart(key)
		e.Str(value)
	}
	e.ObjEnd()
}

// metadataText is metadata as an argument of a statement.
func metadataText(metadata domain.Metadata) string {
	var e jx.Encoder
	encodeMetadata(&e, metadata)
	return e.String()
}

// decodeMetadata answers nil for none, as the events have it.
func decodeMetadata(text []byte) (domain.Metadata, error) {
	var metadata domain.Metadata
	if err := json.Unmarshal(text, &metadata); err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	if len(metadata) == 0 {
		return nil, nil
	}
	return metadata, nil
}

// operationRow is an operation as it is written.
type operationRow struct {
	Type             domain.OperationType
	From             ids.Wallet `json:"sender_wallet_id"`
	To               ids.Wallet `json:"recipient_wallet_id"`
	Currency         money.AssetCode
	Amount           string
	Fee              string
	Received         string
	ReceivedCurrency money.AssetCode `json:"received_currency"`
	Rate             string
	FeeReturned      string    `json:"fee_returned"`
	Expires          time.Time `json:"expires_at"`
	Grant            bool
}

func decodeOperations(text []byte) ([]domain.PostedOperation, error) {
	var rows []operationRow
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	operations := make([]domain.PostedOperation, len(rows))
	for i := range rows {
		var err error
		if operations[i], err = rows[i].operation(); err != nil {
			return nil, fmt.Errorf("operations: %w", err)
		}
	}
	return operations, nil
}

func (row *operationRow) operation() (o domain.PostedOperation, err error) {
	o = domain.PostedOperation{Type: row.Type, Sender: row.From, Recipient: row.To, ExpiresAt: row.Expires, Grant: row.Grant}
	if o.Amount, err = parseMoney(row.Currency, row.Amount); err != nil {
		return o, err
	}
	if o.Fee, err = parseMoney(row.Currency, row.Fee); err != nil {
		return o, err
	}
	payee := row.Currency
	if row.Received != "" {
		payee = row.ReceivedCurrency
		if o.Received, err = parseMoney(payee, row.Received); err != nil {
			return o, err
		}
	}
	if row.FeeReturned != "" {
		if o.FeeReturned, err = parseMoney(payee, row.FeeReturned); err != nil {
			return o, err
		}
	}
	if row.Rate != "" {
		var ok bool
		if o.Rate, ok = money.ParseRate(row.Rate); !ok {
			return o, fmt.Errorf("%q is not a rate", row.Rate)
		}
	}
	return o, nil
}

func decodeFailure(text []byte) (domain.Rejection, error) {
	var row struct {
		Code            domain.Code
		Message         string
		FailedOperation *int            `json:"failed_operation"`
		Details         []domain.Detail // its fields are named like the keys
	}
	if err := json.Unmarshal(text, &row); err != nil {
		return domain.Rejection{}, fmt.Errorf("failure: %w", err)
	}
	failure := domain.Rejection{Code: row.Code, Message: row.Message, Operation: domain.NoOperation}
	if row.FailedOperation != nil {
		failure.Operation = *row.FailedOperation
	}
	if len(row.Details) > 0 {
		failure.Details = row.Details
	}
	return failure, nil
}

// parseMoney reads an amount back. NUMERIC keeps the digits that it was given,
// zeros at the end too, so the scale is the asset's.
func parseMoney(asset money.AssetCode, text string) (money.Amount, error) {
	value, ok := money.Parse(asset, text)
	if !ok {
		return value, fmt.Errorf("%q is not an amount", text)
	}
	return value, nil
}
