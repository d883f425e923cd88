package events

import (
	"errors"
	"fmt"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/money"
)

// lots leaves out an empty list.
func (w writer) lots(name string, parts []domain.LotPart) {
	if len(parts) == 0 {
		return
	}
	w.FieldStart(name)
	w.ArrStart()
	for i := range parts {
		w.lot(&parts[i])
	}
	w.ArrEnd()
}

func (w writer) lot(part *domain.LotPart) {
	w.ObjStart()
	w.FieldStart("lot")
	w.UInt64(part.Lot)
	w.money("amount", part.Amount)
	w.money("original", part.Original)
	w.moment("expires", part.ExpiresAt)
	w.ObjEnd()
}

// lots are of the asset of what they are a part of, which comes before them.
func (r *reader) lots(asset money.AssetCode) (parts []domain.LotPart, err error) {
	err = r.d.Arr(func(*jx.Decoder) error {
		part, err := r.lot(asset)
		parts = append(parts, part)
		return err
	})
	return parts, err
}

func (r *reader) lot(asset money.AssetCode) (part domain.LotPart, err error) {
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "lot":
			part.Lot, err = d.UInt64()
		case "amount":
			part.Amount, err = r.money(asset)
		case "original":
			part.Original, err = r.money(asset)
		case "expires":
			part.ExpiresAt, err = r.moment()
		default:
			err = fmt.Errorf("unknown field %q of a lot", key)
		}
		return err
	})
	if err == nil && (part.Lot == 0 || part.Amount.Asset() == "" || part.Original.Asset() == "" || part.ExpiresAt.IsZero()) {
		err = errors.New("a field of a lot is missing, or its asset")
	}
	return part, err
}

func lotsInto(dst *[]domain.LotPart, asset *money.AssetCode) func(*reader) error {
	return func(r *reader) (err error) { *dst, err = r.lots(*asset); return err }
}

func creditExpiringV1() factReader {
	var f domain.CreditExpiring
	var asset money.AssetCode
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "wallet": into(&f.Wallet), "asset": assetInto(&asset),
		"lot": func(r *reader) (err error) { f.Lot, err = r.lot(asset); return err },
	}, func() bool { return f.Project != "" && f.Wallet != "" && f.Lot.Lot != 0 }}
}
