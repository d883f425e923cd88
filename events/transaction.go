package events

import (
	"errors"
	"fmt"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"

	"github.com/go-faster/jx"
)

// Operations, entries and lots fill the log. They are written and read by hand, which
// makes half the garbage that a record would.

var (
	operationTypes = []domain.OperationType{domain.Transfer, domain.Issue, domain.Redeem, domain.Exchange}
	entryKinds     = []domain.EntryKind{domain.DebitEntry, domain.CreditEntry, domain.IssueEntry, domain.RedeemEntry}
)

func (w *writer) operations(operations *[]domain.PostedOperation) error {
	w.posted = *operations
	w.ArrStart()
	for i := range *operations {
		w.item()
		w.operation(&(*operations)[i])
	}
	w.ArrEnd()
	return nil
}

// operation leaves out the fee where there is none.
func (w *writer) operation(o *domain.PostedOperation) {
	w.ObjStart()
	w.text("type", string(o.Type))
	w.optional("sender_wallet_id", string(o.Sender))
	w.optional("recipient_wallet_id", string(o.Recipient))
	w.text("currency", string(o.Amount.Asset()))
	w.amount("amount", &o.Amount)
	if !o.Fee.IsZero() {
		w.amount("fee", &o.Fee)
	}
	if o.Received.Asset() != "" {
		w.field("received")
		w.ownMoney(&o.Received) //nolint:errcheck // never fails
	}
	if o.FeeReturned.Asset() != "" {
		w.field("fee_returned")
		w.ownMoney(&o.FeeReturned) //nolint:errcheck // never fails
	}
	w.optional("rate", o.Rate.String())
	w.optionalMoment("expires_at", o.ExpiresAt)
	if o.Grant {
		w.field("grant")
		w.Bool(true)
	}
	w.ObjEnd()
}

func (r *reader) operations() ([]domain.PostedOperation, error) {
	operations := make([]domain.PostedOperation, 0, 1)
	err := r.d.Arr(func(*jx.Decoder) error {
		operations = append(operations, domain.PostedOperation{})
		return r.operation(&operations[len(operations)-1])
	})
	r.posted = operations
	return operations, err
}

func (r *reader) operation(o *domain.PostedOperation) error {
	var currency money.AssetCode
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "type":
			err = oneOf(r, &o.Type, operationTypes)
		case "sender_wallet_id":
			err = str(r, &o.Sender)
		case "recipient_wallet_id":
			err = str(r, &o.Recipient)
		case "currency":
			err = r.once(&currency)
		case "amount":
			o.Amount, err = r.money(currency)
		case "fee":
			o.Fee, err = r.money(currency)
		case "received":
			o.Received, err = r.ownMoney()
		case "fee_returned":
			o.FeeReturned, err = r.ownMoney()
		case "rate":
			o.Rate, err = r.rate()
		case "expires_at":
			o.ExpiresAt, err = r.moment()
		case "grant":
			o.Grant, err = d.Bool()
		default:
			err = fmt.Errorf("unknown field %q of an operation", key)
		}
		return err
	})
	if err == nil && (o.Type == "" || o.Amount.Asset() == "") {
		err = errors.New("a field of an operation is missing")
	}
	if o.Fee.Asset() == "" {
		o.Fee = money.New(currency, 0, o.Amount.Scale())
	}
	return err
}

// once reads the currency of an object, which has one.
func (r *reader) once(dst *money.AssetCode) (err error) {
	if *dst != "" {
		return errors.New("two currencies")
	}
	*dst, err = r.assetCode()
	return err
}

func (r *reader) rate() (money.Rate, error) {
	text, err := r.d.Str()
	if err != nil {
		return money.Rate{}, err
	}
	rate, ok := money.ParseRate(text)
	if !ok {
		err = fmt.Errorf("%q is not a rate", text)
	}
	return rate, err
}

func (w *writer) entries(entries *[]domain.Entry) error {
	w.ArrStart()
	for i := range *entries {
		w.item()
		e := &(*entries)[i]
		w.entry(e, w.posted[e.Operation].Amount.Asset())
	}
	w.ArrEnd()
	return nil
}

// entry leaves out its operation where that is the first, which most are, and its
// currency where that is the operation's, which it is but in exchanges.
func (w *writer) entry(e *domain.Entry, currency money.AssetCode) {
	w.ObjStart()
	w.text("wallet_id", string(e.Wallet))
	w.field("version")
	w.UInt64(e.Version)
	w.text("kind", string(e.Kind))
	if e.Operation != 0 {
		w.field("operation")
		w.Int(e.Operation)
	}
	if e.Fee {
		w.field("fee")
		w.Bool(true)
	}
	if e.Amount.Asset() != currency {
		w.text("currency", string(e.Amount.Asset()))
	}
	w.amount("amount", &e.Amount)
	w.amount("balance_after", &e.BalanceAfter)
	if len(e.Lots) > 0 {
		w.field("lots")
		w.lots(&e.Lots) //nolint:errcheck // never fails
	}
	w.ObjEnd()
}

// entries stand after operations, which name their currencies and tell how many
// entries there mostly are: two for each amount.
func (r *reader) entries() ([]domain.Entry, error) {
	expected := 0
	for i := range r.posted {
		o := &r.posted[i]
		for _, moved := range [...]*money.Amount{&o.Amount, &o.Fee, &o.Received, &o.FeeReturned} {
			if !moved.IsZero() {
				expected += 2
			}
		}
	}
	entries := make([]domain.Entry, 0, expected)
	err := r.d.Arr(func(*jx.Decoder) error {
		entries = append(entries, domain.Entry{})
		return r.entry(&entries[len(entries)-1])
	})
	return entries, err
}

func (r *reader) entry(e *domain.Entry) error {
	var currency money.AssetCode // "": that of the operation
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "wallet_id":
			e.Wallet, err = r.entryWallet()
		case "version":
			e.Version, err = d.UInt64()
		case "kind":
			err = oneOf(r, &e.Kind, entryKinds)
		case "operation":
			e.Operation, err = d.Int()
		case "fee":
			e.Fee, err = d.Bool()
		case "currency":
			err = r.once(&currency)
		case "amount":
			e.Amount, err = r.entryMoney(e.Operation, currency)
		case "balance_after":
			e.BalanceAfter, err = r.entryMoney(e.Operation, currency)
		case "lots":
			e.Lots, err = r.lots(e.Amount.Asset())
		default:
			err = fmt.Errorf("unknown field %q of an entry", key)
		}
		return err
	})
	if err != nil {
		return err
	}
	return r.checkEntry(e, currency)
}

// checkEntry returns an error for an entry that lacks a field, or that names its
// operation or currency after its amounts.
func (r *reader) checkEntry(e *domain.Entry, currency money.AssetCode) error {
	if e.Wallet == "" || e.Version == 0 || e.Kind == "" || e.Amount.Asset() == "" {
		return errors.New("a field of an entry is missing")
	}
	if e.Operation < 0 || e.Operation >= len(r.posted) {
		return fmt.Errorf("an entry of operation %d, which is not there", e.Operation)
	}
	if currency == "" {
		currency = r.posted[e.Operation].Amount.Asset()
	}
	if e.Amount.Asset() != currency || e.BalanceAfter.Asset() != currency {
		return fmt.Errorf("amount and balance_after of an entry are not both in %s", currency)
	}
	return nil
}

// entryWallet is mostly one that an operation named. It keeps its string instead of
// making another.
func (r *reader) entryWallet() (ids.Wallet, error) {
	text, err := r.d.StrBytes()
	for i := range min(len(r.posted), 4) {
		o := &r.posted[i]
		if string(text) == string(o.Sender) {
			return o.Sender, err
		}
		if string(text) == string(o.Recipient) {
			return o.Recipient, err
		}
	}
	return ids.Wallet(text), err
}

// entryMoney reads an amount in the currency of the entry or of its operation.
func (r *reader) entryMoney(operation int, currency money.AssetCode) (money.Amount, error) {
	if currency == "" && operation >= 0 && operation < len(r.posted) {
		currency = r.posted[operation].Amount.Asset()
	}
	return r.money(currency)
}

func (w *writer) lots(parts *[]domain.LotPart) error {
	w.ArrStart()
	for i := range *parts {
		w.item()
		w.lot(&(*parts)[i]) //nolint:errcheck // never fails
	}
	w.ArrEnd()
	return nil
}

// lot names a lot by the version that its wallet had after the entry that brought it.
func (w *writer) lot(part *domain.LotPart) error {
	w.ObjStart()
	w.field("version")
	w.UInt64(part.Lot)
	w.amount("amount", &part.Amount)
	w.amount("original", &part.Original)
	w.optionalMoment("expires_at", part.ExpiresAt)
	w.ObjEnd()
	return nil
}

// lots are of the currency of what they are a part of, which stands before them.
func (r *reader) lots(currency money.AssetCode) (parts []domain.LotPart, err error) {
	err = r.d.Arr(func(*jx.Decoder) error {
		part, err := r.lot(currency)
		parts = append(parts, part)
		return err
	})
	return parts, err
}

func (r *reader) lot(currency money.AssetCode) (part domain.LotPart, err error) {
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "version":
			part.Lot, err = d.UInt64()
		case "amount":
			part.Amount, err = r.money(currency)
		case "original":
			part.Original, err = r.money(currency)
		case "expires_at":
			part.ExpiresAt, err = r.moment()
		default:
			err = fmt.Errorf("unknown field %q of a lot", key)
		}
		return err
	})
	if err == nil && (part.Lot == 0 || part.Amount.Asset() == "" || part.Original.Asset() == "" || part.ExpiresAt.IsZero()) {
		err = errors.New("a field of a lot is missing")
	}
	return part, err
}
