package events

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// fields reads a fact whose fields are listed: for facts that are rare.
type fields struct {
	event    domain.Event
	each     map[string]func(*reader) error
	complete func() bool
}

func (f *fields) field(r *reader, key []byte) (bool, error) {
	read, ok := f.each[string(key)]
	if !ok {
		return false, nil
	}
	return true, read(r)
}

func (f *fields) fact() (domain.Event, bool) { return f.event, f.complete() }

// into reads a string into any of the domain's string types.
func into[T ~string](dst *T) func(*reader) error {
	return func(r *reader) error { return str(r, dst) }
}

// wordInto reads a word that must be one of those known.
func wordInto[T ~string](dst *T, known []T) func(*reader) error {
	return func(r *reader) error { return oneOf(r, dst, known) }
}

// projectInto reads the project.
func projectInto(dst *ids.Project) func(*reader) error {
	return func(r *reader) (err error) { *dst, err = r.projectID(); return err }
}

// assetInto reads the asset of the amounts that follow.
func assetInto(dst *money.AssetCode) func(*reader) error {
	return func(r *reader) error { return r.assetOnce(dst) }
}

// moneyInto reads an amount of an asset that was read before.
func moneyInto(dst *money.Amount, asset *money.AssetCode) func(*reader) error {
	return func(r *reader) (err error) {
		if *asset == "" {
			return errors.New("an amount before its asset")
		}
		*dst, err = r.money(*asset)
		return err
	}
}

func timeInto(dst *time.Time) func(*reader) error {
	return func(r *reader) (err error) { *dst, err = r.moment(); return err }
}

func flagInto(dst *bool) func(*reader) error {
	return func(r *reader) (err error) { *dst, err = r.d.Bool(); return err }
}

func metadataInto(dst *domain.Metadata) func(*reader) error {
	return func(r *reader) (err error) { *dst, err = r.metadata(); return err }
}

// object reads an object of listed fields.
func (r *reader) object(what string, each map[string]func(*reader) error) error {
	return r.d.ObjBytes(func(_ *jx.Decoder, key []byte) error {
		read, ok := each[string(key)]
		if !ok {
			return fmt.Errorf("unknown field %q of %s", key, what)
		}
		return read(r)
	})
}

// moneyOf reads an amount that is written with its asset.
func (r *reader) moneyOf() (amount money.Amount, err error) {
	var asset money.AssetCode
	err = r.object("an amount", map[string]func(*reader) error{"asset": assetInto(&asset), "amount": moneyInto(&amount, &asset)})
	if err == nil && amount.Asset() == "" {
		err = errors.New("a field of an amount is missing")
	}
	return amount, err
}
