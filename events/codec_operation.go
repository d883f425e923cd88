package events

import (
	"errors"
	"fmt"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

var (
	operationTypesV1 = []domain.OperationType{domain.Transfer, domain.Issue, domain.Redeem}
	operationTypesV2 = append(operationTypesV1[:len(operationTypesV1):len(operationTypesV1)], domain.Exchange)

	entryKinds = []domain.EntryKind{domain.DebitEntry, domain.CreditEntry, domain.IssueEntry, domain.RedeemEntry}
)

func (r *reader) operations(second bool) ([]domain.PostedOperation, error) {
	operations := make([]domain.PostedOperation, 0, 1)
	err := r.d.Arr(func(*jx.Decoder) error {
		operations = append(operations, domain.PostedOperation{})
		return r.operation(&operations[len(operations)-1], second)
	})
	return operations, err
}

func (r *reader) operation(o *domain.PostedOperation, second bool) error {
	var asset money.AssetCode
	types := operationTypesV1
	if second {
		types = operationTypesV2
	}
	err := r.d.ObjBytes(func(_ *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "op":
			err = oneOf(r, &o.Type, types)
		case "from":
			err = str(r, &o.Sender)
		case "to":
			err = str(r, &o.Recipient)
		case "asset":
			err = r.assetOnce(&asset)
		case "amount":
			o.Amount, err = r.money(asset)
		case "fee":
			o.Fee, err = r.money(asset)
		default:
			known := false
			if second {
				known, err = r.operationV2(o, key)
			}
			if !known {
				err = fmt.Errorf("unknown field %q of an operation", key)
			}
		}
		return err
	})
	if err == nil && (o.Type == "" || o.Amount.Asset() == "") {
		err = errors.New("an operation without type, asset or amount")
	}
	if o.Fee.Asset() == "" {
		o.Fee = money.New(asset, 0, o.Amount.Scale())
	}
	return err
}

// operationV2 reads the fields that version 1 has not.
func (r *reader) operationV2(o *domain.PostedOperation, key []byte) (known bool, err error) {
	switch string(key) {
	case "received":
		o.Received, err = r.moneyOf()
	case "fee_returned":
		o.FeeReturned, err = r.moneyOf()
	case "rate":
		o.Rate, err = r.rate()
	case "expires":
		o.ExpiresAt, err = r.moment()
	case "grant":
		o.Grant, err = r.d.Bool()
	default:
		return false, nil
	}
	return true, err
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

// entries come after operations, which name their assets and tell how many
// entries there mostly are: two for each amount.
func (t *transactionV1) entries(r *reader) error {
	expected := 0
	for i := range t.completed.Operations {
		o := &t.completed.Operations[i]
		for _, moved := range [...]*money.Amount{&o.Amount, &o.Fee, &o.Received, &o.FeeReturned} {
			if !moved.IsZero() {
				expected += 2
			}
		}
	}
	entries := make([]domain.Entry, 0, expected)
	err := r.d.Arr(func(*jx.Decoder) error {
		entries = append(entries, domain.Entry{})
		return t.entry(r, &entries[len(entries)-1])
	})
	t.completed.Entries = entries
	return err
}

func (t *transactionV1) entry(r *reader, e *domain.Entry) error {
	var asset money.AssetCode // "": that of the operation
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "wallet":
			e.Wallet, err = t.wallet(r)
		case "version":
			e.Version, err = d.UInt64()
		case "kind":
			err = oneOf(r, &e.Kind, entryKinds)
		case "op":
			e.Operation, err = d.Int()
		case "fee":
			e.Fee, err = d.Bool()
		case "amount":
			e.Amount, err = t.entryMoney(r, e.Operation, asset)
		case "balance":
			e.BalanceAfter, err = t.entryMoney(r, e.Operation, asset)
		default:
			switch {
			case t.second && string(key) == "asset":
				err = r.assetOnce(&asset)
			case t.second && string(key) == "lots":
				e.Lots, err = r.lots(e.Amount.Asset())
			default:
				err = fmt.Errorf("unknown field %q of an entry", key)
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	return t.check(e, asset)
}

// check refuses an entry that lacks what all have, or says too late what its
// amounts are of.
func (t *transactionV1) check(e *domain.Entry, asset money.AssetCode) error {
	if e.Wallet == "" || e.Version == 0 || e.Kind == "" || e.Amount.Asset() == "" {
		return errors.New("a field of an entry is missing")
	}
	if e.Operation < 0 || e.Operation >= len(t.completed.Operations) {
		return fmt.Errorf("an entry of operation %d, which is not there", e.Operation)
	}
	if asset == "" {
		asset = t.completed.Operations[e.Operation].Amount.Asset()
	}
	if e.Amount.Asset() != asset || e.BalanceAfter.Asset() != asset {
		return fmt.Errorf("amount and balance of an entry are not both in %s", asset)
	}
	return nil
}

// wallet of an entry is mostly one that an operation named: then its bytes serve again.
func (t *transactionV1) wallet(r *reader) (ids.Wallet, error) {
	text, err := r.d.StrBytes()
	for i := range min(len(t.completed.Operations), 4) {
		o := &t.completed.Operations[i]
		if string(text) == string(o.Sender) {
			return o.Sender, err
		}
		if string(text) == string(o.Recipient) {
			return o.Recipient, err
		}
	}
	return ids.Wallet(text), err
}

// entryMoney of an operation that is not there is of no asset; check refuses it.
func (t *transactionV1) entryMoney(r *reader, operation int, asset money.AssetCode) (money.Amount, error) {
	if asset == "" && operation >= 0 && operation < len(t.completed.Operations) {
		asset = t.completed.Operations[operation].Amount.Asset()
	}
	return r.money(asset)
}
