package projections

import (
	"encoding/json"
	"fmt"

	"tallystick/domain"

	"github.com/go-faster/jx"
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
		if o.From != "" {
			e.FieldStart("from")
			e.Str(string(o.From))
		}
		if o.To != "" {
			e.FieldStart("to")
			e.Str(string(o.To))
		}
		e.FieldStart("currency")
		e.Str(string(o.Amount.Asset()))
		encodeMoney(e, "amount", o.Amount)
		encodeMoney(e, "fee", o.Fee)
		e.ObjEnd()
	}
	e.ArrEnd()
}

func encodeMoney(e *jx.Encoder, field string, m domain.Money) {
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
	e.FieldStart("operation")
	e.Int(f.Operation)
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

func decodeOperations(text []byte) ([]domain.PostedOperation, error) {
	var rows []struct {
		Type     domain.OperationType
		From, To domain.WalletID
		Currency domain.AssetCode
		Amount   string
		Fee      string
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		return nil, fmt.Errorf("operations: %w", err)
	}
	operations := make([]domain.PostedOperation, len(rows))
	for i, row := range rows {
		amount, err := parseMoney(row.Currency, row.Amount)
		if err != nil {
			return nil, err
		}
		fee, err := parseMoney(row.Currency, row.Fee)
		if err != nil {
			return nil, err
		}
		operations[i] = domain.PostedOperation{Type: row.Type, From: row.From, To: row.To, Amount: amount, Fee: fee}
	}
	return operations, nil
}

func decodeFailure(text []byte) (domain.Rejection, error) {
	var failure domain.Rejection // its fields, and those of Detail, are named like the keys
	if err := json.Unmarshal(text, &failure); err != nil {
		return failure, fmt.Errorf("failure: %w", err)
	}
	if len(failure.Details) == 0 {
		failure.Details = nil
	}
	return failure, nil
}

// parseMoney reads an amount back. NUMERIC keeps the digits that it was given,
// zeros at the end too, so the scale is the asset's.
func parseMoney(asset domain.AssetCode, text string) (domain.Money, error) {
	money, ok := domain.ParseMoney(asset, text)
	if !ok {
		return money, fmt.Errorf("%q is not an amount", text)
	}
	return money, nil
}
