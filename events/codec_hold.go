package events

import (
	"tallystick/domain"
	"tallystick/domain/money"
)

func (w writer) holdPlaced(f *domain.HoldPlaced) {
	w.text("hold", string(f.Hold))
	w.text("wallet", string(f.Wallet))
	w.text("reference", string(f.Reference))
	w.assetOf(f.Amount)
	w.money("amount", f.Amount)
	w.lots("lots", f.Lots)
	w.moment("expires_at", f.ExpiresAt)
	w.optional("description", f.Description)
	w.metadata(f.Metadata)
}

// Holds come with every payment by card, so their readers list no fields but
// switch over them, as those of transactions do.
type holdPlacedV1 struct {
	placed domain.HoldPlaced
	asset  money.AssetCode
}

func (h *holdPlacedV1) field(r *reader, key []byte) (known bool, err error) {
	f := &h.placed
	switch string(key) {
	case "project":
		f.Project, err = r.projectID()
	case "hold":
		err = str(r, &f.Hold)
	case "wallet":
		err = str(r, &f.Wallet)
	case "reference":
		err = str(r, &f.Reference)
	case "asset":
		err = r.assetOnce(&h.asset)
	case "amount":
		f.Amount, err = r.money(h.asset)
	case "lots":
		f.Lots, err = r.lots(h.asset)
	case "expires_at":
		f.ExpiresAt, err = r.moment()
	case "description":
		f.Description, err = r.d.Str()
	case "metadata":
		f.Metadata, err = r.metadata()
	default:
		return false, nil
	}
	return true, err
}

func (h *holdPlacedV1) fact() (domain.Event, bool) {
	f := &h.placed
	return f, f.Project != "" && f.Hold != "" && f.Wallet != "" && f.Reference != "" && f.Amount.Asset() != ""
}

// holdPart writes what captures and releases have in common.
func (w writer) holdPart(f *domain.HoldCaptured) {
	w.text("hold", string(f.Hold))
	w.text("wallet", string(f.Wallet))
	w.assetOf(f.Amount)
	w.money("amount", f.Amount)
	w.lots("lots", f.Lots)
	w.lots("kept", f.Kept)
	w.money("remaining", f.Remaining)
}

// holdPart reads it.
type holdPart struct {
	captured domain.HoldCaptured
	asset    money.AssetCode
}

func (h *holdPart) field(r *reader, key []byte) (known bool, err error) {
	f := &h.captured
	switch string(key) {
	case "project":
		f.Project, err = r.projectID()
	case "hold":
		err = str(r, &f.Hold)
	case "wallet":
		err = str(r, &f.Wallet)
	case "asset":
		err = r.assetOnce(&h.asset)
	case "amount":
		f.Amount, err = r.money(h.asset)
	case "lots":
		f.Lots, err = r.lots(h.asset)
	case "kept":
		f.Kept, err = r.lots(h.asset)
	case "remaining":
		f.Remaining, err = r.money(h.asset)
	default:
		return false, nil
	}
	return true, err
}

func (h *holdPart) complete() bool {
	f := &h.captured
	return f.Project != "" && f.Hold != "" && f.Wallet != "" && f.Amount.Asset() != "" && f.Remaining.Asset() != ""
}

type holdCapturedV1 struct{ holdPart }

func (h *holdCapturedV1) field(r *reader, key []byte) (bool, error) {
	if string(key) == "transaction" {
		return true, str(r, &h.captured.Transaction)
	}
	return h.holdPart.field(r, key)
}

func (h *holdCapturedV1) fact() (domain.Event, bool) {
	return &h.captured, h.complete() && h.captured.Transaction != ""
}

type holdReleasedV1 struct {
	holdPart
	expired bool
}

func (h *holdReleasedV1) field(r *reader, key []byte) (known bool, err error) {
	if string(key) == "expired" {
		h.expired, err = r.d.Bool()
		return true, err
	}
	return h.holdPart.field(r, key)
}

func (h *holdReleasedV1) fact() (domain.Event, bool) {
	f := &h.captured
	return &domain.HoldReleased{
		Project: f.Project, Hold: f.Hold, Wallet: f.Wallet, Amount: f.Amount, Lots: f.Lots, Kept: f.Kept,
		Remaining: f.Remaining, Expired: h.expired,
	}, h.complete()
}
