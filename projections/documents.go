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

// The columns of type jsonb: how the projector writes them and the queries read them.
// Operations are in every transaction, so they are written without reflection.

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

// encodeText leaves out a field that has nothing to say.
func encodeText(e *jx.Encoder, field, text string) {
	if text != "" {
		e.FieldStart(field)
		e.Str(text)
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

// decodeMetadata returns nil for none, as facts have it.
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

// parseMoney reads an amount. NUMERIC keeps all digits that it was given, zeros at the
// end too, so the amount has the scale of its asset.
func parseMoney(asset money.AssetCode, text string) (money.Amount, error) {
	value, ok := money.Parse(asset, text)
	if !ok {
		return value, fmt.Errorf("%q is not an amount", text)
	}
	return value, nil
}

// feeDocument is a fee in the columns fees.
type feeDocument struct {
	Type       domain.OperationType `json:"type"`
	Currency   money.AssetCode      `json:"currency,omitempty"`
	Percentage string               `json:"percentage"`
	Fixed      string               `json:"fixed,omitempty"`
	Minimum    string               `json:"minimum,omitempty"`
	Maximum    string               `json:"maximum,omitempty"`
}

func encodeFees(rules []domain.FeeRule) string {
	documents := make([]feeDocument, len(rules))
	for i, f := range rules {
		documents[i] = feeDocument{f.Operation, f.Currency, f.Percentage.String(), f.Fixed.String(), f.Minimum.String(), f.Maximum.String()}
	}
	return encode(documents)
}

// encodeOwnFees returns "" for none.
func encodeOwnFees(rules []domain.FeeRule) string {
	if len(rules) == 0 {
		return ""
	}
	return encodeFees(rules)
}

// decodeFees returns nil for none.
func decodeFees(text []byte) ([]domain.FeeRule, error) {
	if text == nil {
		return nil, nil
	}
	var documents []feeDocument
	if err := json.Unmarshal(text, &documents); err != nil {
		return nil, fmt.Errorf("fees: %w", err)
	}
	rules := make([]domain.FeeRule, len(documents))
	for i, d := range documents {
		percentage, ok := money.ParsePercentage(d.Percentage)
		if !ok {
			return nil, fmt.Errorf("fees: %q is not a percentage", d.Percentage)
		}
		rules[i] = domain.FeeRule{Operation: d.Type, Currency: d.Currency, Percentage: percentage}
		err := parseQuantities(
			quantity{&rules[i].Fixed, d.Fixed}, quantity{&rules[i].Minimum, d.Minimum}, quantity{&rules[i].Maximum, d.Maximum})
		if err != nil {
			return nil, fmt.Errorf("fees: %w", err)
		}
	}
	return rules, nil
}

// limitsDocument is limits in the columns limits. Those of a project name a currency.
type limitsDocument struct {
	Currency       money.AssetCode `json:"currency,omitempty"`
	MaximumBalance string          `json:"maximum_balance,omitempty"`
	MaximumAmount  string          `json:"maximum_amount,omitempty"`
	DailyAmount    string          `json:"daily_amount,omitempty"`
	MonthlyAmount  string          `json:"monthly_amount,omitempty"`
	DailyCount     *uint64         `json:"daily_count,omitempty"`
	MonthlyCount   *uint64         `json:"monthly_count,omitempty"`
}

func limitsDocumentOf(currency money.AssetCode, l *domain.Limits) limitsDocument {
	return limitsDocument{
		currency, l.MaximumBalance.String(), l.MaximumAmount.String(), l.DailyAmount.String(), l.MonthlyAmount.String(),
		countOrNil(l.DailyCount), countOrNil(l.MonthlyCount),
	}
}

func countOrNil(c domain.Count) *uint64 {
	if !c.Set() {
		return nil
	}
	n := c.Value()
	return &n
}

func encodeProjectLimits(limits []domain.CurrencyLimits) string {
	documents := make([]limitsDocument, len(limits))
	for i := range limits {
		documents[i] = limitsDocumentOf(limits[i].Currency, &limits[i].Limits)
	}
	return encode(documents)
}

// encodeOwnLimits returns "" for none.
func encodeOwnLimits(limits domain.Limits) string {
	if limits.IsZero() {
		return ""
	}
	return encode(limitsDocumentOf("", &limits))
}

// decodeLimits returns the zero Limits for none.
func decodeLimits(text []byte) (domain.Limits, error) {
	var limits domain.Limits
	if text == nil {
		return limits, nil
	}
	var d limitsDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return limits, fmt.Errorf("limits: %w", err)
	}
	if d.DailyCount != nil {
		limits.DailyCount = domain.NewCount(*d.DailyCount)
	}
	if d.MonthlyCount != nil {
		limits.MonthlyCount = domain.NewCount(*d.MonthlyCount)
	}
	err := parseQuantities(
		quantity{&limits.MaximumBalance, d.MaximumBalance}, quantity{&limits.MaximumAmount, d.MaximumAmount},
		quantity{&limits.DailyAmount, d.DailyAmount}, quantity{&limits.MonthlyAmount, d.MonthlyAmount})
	if err != nil {
		return limits, fmt.Errorf("limits: %w", err)
	}
	return limits, nil
}

// encode is for documents whose values are strings and numbers, which cannot fail.
func encode(document any) string {
	text, err := json.Marshal(document)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// quantity is a text and where it goes; an empty one leaves that as it is.
type quantity struct {
	to   *money.Quantity
	text string
}

func parseQuantities(all ...quantity) error {
	for _, q := range all {
		if q.text == "" {
			continue
		}
		value, ok := money.MajorUnits(q.text)
		if !ok {
			return fmt.Errorf("%q is not an amount", q.text)
		}
		*q.to = value
	}
	return nil
}
