package events

import (
	"errors"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/money"
)

func transactionScheduledV1() factReader {
	var f domain.TransactionScheduled
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "transaction": into(&f.Transaction), "reference": into(&f.Reference),
		"operations":    func(r *reader) (err error) { f.Operations, err = r.operations(true); return err },
		"scheduled_for": timeInto(&f.ScheduledFor), "description": into(&f.Description), "metadata": metadataInto(&f.Metadata),
	}, func() bool {
		return f.Project != "" && f.Transaction != "" && f.Reference != "" && len(f.Operations) > 0 && !f.ScheduledFor.IsZero()
	}}
}

func transactionCancelledV1() factReader {
	var f domain.TransactionCancelled
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "transaction": into(&f.Transaction), "actor": into(&f.Actor), "reason": into(&f.Reason),
	}, func() bool { return f.Project != "" && f.Transaction != "" }}
}

func transactionReversedV1() factReader {
	var f domain.TransactionReversed
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "transaction": into(&f.Transaction), "reversal": into(&f.Reversal),
		"operations": func(r *reader) (err error) { f.Operations, err = r.reversedOperations(); return err },
		"whole":      flagInto(&f.Whole),
	}, func() bool {
		return f.Project != "" && f.Transaction != "" && f.Reversal != "" && len(f.Operations) > 0
	}}
}

func (r *reader) reversedOperations() (all []domain.ReversedOperation, err error) {
	err = r.d.Arr(func(*jx.Decoder) error {
		o := domain.ReversedOperation{Operation: -1}
		var asset money.AssetCode
		err := r.object("a reversed operation", map[string]func(*reader) error{
			"op":    func(r *reader) (err error) { o.Operation, err = r.d.Int(); return err },
			"asset": assetInto(&asset), "amount": moneyInto(&o.Amount, &asset), "fee": moneyInto(&o.Fee, &asset),
			"received": func(r *reader) (err error) { o.Received, err = r.moneyOf(); return err },
		})
		if err == nil && (o.Operation < 0 || o.Amount.Asset() == "") {
			err = errors.New("a field of a reversed operation is missing")
		}
		if o.Fee.Asset() == "" {
			o.Fee = money.New(asset, 0, o.Amount.Scale())
		}
		all = append(all, o)
		return err
	})
	return all, err
}
