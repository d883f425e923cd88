package api

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"tallystick/domain"

	"github.com/go-faster/jx"
	"github.com/labstack/echo/v4"
)

// Transactions and their entries are encoded by hand, into one buffer: every
// transfer is answered with one, and reflection would cost more than the rest of
// the request. Every answer of the tests is held to openapi.yaml.
//
// Identifiers, codes and times have nothing to escape; what callers write has.

// answerTransaction writes a transaction as the whole body.
func answerTransaction(c echo.Context, status int, event domain.Event, at time.Time) error {
	buffer := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(buffer)
	buffer.Reset()
	buffer.Write(appendTransaction(buffer.AvailableBuffer(), event, at))
	return send(c, status, jsonType, buffer.Bytes())
}

// encodeTransaction writes a transaction within another body.
func encodeTransaction(e *jx.Encoder, event domain.Event, at time.Time) {
	e.Raw(appendTransaction(nil, event, at))
}

// appendTransaction appends a *domain.TransactionCompleted or *domain.TransactionFailed.
func appendTransaction(b []byte, event domain.Event, at time.Time) []byte {
	var buf [40]byte
	created := at.UTC().AppendFormat(buf[:0], time.RFC3339Nano)
	switch t := event.(type) {
	case *domain.TransactionCompleted:
		b = appendHead(b, t.Transaction, t.Reference, "completed")
		b = appendOperations(b, t.Operations)
		b = append(b, `,"entries":[`...)
		for i := range t.Entries {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendEntry(b, &t.Entries[i], t.Transaction, created)
		}
		b = append(b, `],"failure":null`...)
		return appendTail(b, t.Description, t.Metadata, created)
	case *domain.TransactionFailed:
		b = appendHead(b, t.Transaction, t.Reference, "failed")
		b = appendOperations(b, t.Operations)
		b = append(b, `,"entries":[],"failure":`...)
		b = appendFailure(b, &t.Failure)
		return appendTail(b, t.Description, t.Metadata, created)
	}
	return b
}

func appendHead(b []byte, id domain.TransactionID, reference domain.Reference, status string) []byte {
	b = append(append(b, `{"id":"`...), id...)
	b = appendText(append(b, `","reference":`...), string(reference))
	b = append(append(b, `,"status":"`...), status...)
	return append(b, '"')
}

func appendTail(b []byte, description string, metadata domain.Metadata, created []byte) []byte {
	b = appendText(append(b, `,"description":`...), description)
	b = append(b, `,"metadata":{`...)
	for key, value := range metadata {
		b = appendText(b, key)
		b = appendText(append(b, ':'), value)
		b = append(b, ',')
	}
	b = append(bytes.TrimSuffix(b, []byte{','}), `},"created_at":"`...)
	return append(append(b, created...), `"}`...)
}

func appendOperations(b []byte, operations []domain.PostedOperation) []byte {
	b = append(b, `,"operations":[`...)
	for i := range operations {
		o := &operations[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(append(b, `{"type":"`...), o.Type...)
		b = appendWallet(append(b, `","sender_wallet_id":`...), o.From)
		b = appendWallet(append(b, `,"recipient_wallet_id":`...), o.To)
		b = append(append(b, `,"currency":"`...), o.Amount.Asset()...)
		b = appendAmount(append(b, `","amount":"`...), o.Amount, `","amount_minor":`)
		b = appendAmount(append(b, `,"fee":"`...), o.Fee, `","fee_minor":`)
		b = append(b, '}')
	}
	return append(b, ']')
}

func appendFailure(b []byte, failure *domain.Rejection) []byte {
	b = append(append(b, `{"code":"`...), failure.Code...)
	b = appendText(append(b, `","message":`...), failure.Message)
	b = strconv.AppendInt(append(b, `,"failed_operation":`...), int64(failure.Operation), 10)
	b = append(b, `,"details":{`...)
	for i, d := range failure.Details {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, d.Name)
		b = appendText(append(b, ':'), d.Value)
	}
	return append(b, `}}`...)
}

// appendEntry appends an entry. Its id is made of its wallet and its version,
// which together are unique: ent_<wallet>_<version>.
func appendEntry(b []byte, entry *domain.Entry, transaction domain.TransactionID, created []byte) []byte {
	b = append(append(b, `{"id":"ent_`...), strings.TrimPrefix(string(entry.Wallet), "wall_")...)
	b = strconv.AppendUint(append(b, '_'), entry.Version, 10)
	b = append(append(b, `","wallet_id":"`...), entry.Wallet...)
	b = strconv.AppendUint(append(b, `","version":`...), entry.Version, 10)
	b = append(append(b, `,"kind":"`...), entry.Kind...)
	b = strconv.AppendInt(append(b, `","operation":`...), int64(entry.Operation), 10)
	b = strconv.AppendBool(append(b, `,"fee":`...), entry.Fee)
	b = append(append(b, `,"currency":"`...), entry.Amount.Asset()...)
	b = appendAmount(append(b, `","amount":"`...), entry.Amount, `","amount_minor":`)
	b = appendAmount(append(b, `,"balance_after":"`...), entry.Balance, `","balance_after_minor":`)
	b = append(append(b, `,"transaction_id":"`...), transaction...)
	b = append(append(b, `","created_at":"`...), created...)
	return append(b, `"}`...)
}

// appendAmount appends both forms of an amount, with what stands between them.
func appendAmount(b []byte, m domain.Money, between string) []byte {
	b = append(m.AppendText(b), between...)
	if units, ok := safeMinor(m); ok {
		return strconv.AppendInt(b, units, 10)
	}
	return append(b, `null`...)
}

func appendWallet(b []byte, id domain.WalletID) []byte {
	if id == "" {
		return append(b, `null`...)
	}
	return append(append(append(b, '"'), id...), '"')
}

// appendText appends a JSON string of valid UTF-8.
func appendText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' {
			var e jx.Encoder
			e.Str(text)
			return append(b, e.Bytes()...)
		}
	}
	return append(append(append(b, '"'), text...), '"')
}
