package events

import (
	"fmt"

	"tallystick/domain"
)

func (w writer) wallet(f *domain.WalletCreated) {
	w.text("wallet", string(f.Wallet))
	w.optional("customer", string(f.Customer))
	w.text("role", string(f.Role))
	w.text("kind", string(f.Type))
	w.asset(f.Asset)
	w.FieldStart("number")
	w.UInt64(f.Number)
	w.optional("name", f.Name)
	w.metadata(f.Metadata)
}

type walletV1 struct{ created domain.WalletCreated }

func (w *walletV1) field(r *reader, key []byte) (known bool, err error) {
	f := &w.created
	switch string(key) {
	case "project":
		f.Project, err = r.projectID()
	case "wallet":
		err = str(r, &f.Wallet)
	case "customer":
		err = str(r, &f.Customer)
	case "role":
		f.Role, err = r.walletRole()
	case "kind":
		err = str(r, &f.Type)
	case "asset":
		f.Asset, err = r.assetValue()
	case "number":
		f.Number, err = r.d.UInt64()
	case "name":
		f.Name, err = r.d.Str()
	case "metadata":
		f.Metadata, err = r.metadata()
	default:
		return false, nil
	}
	return true, err
}

func (w *walletV1) fact() (domain.Event, bool) {
	f := &w.created
	return f, f.Project != "" && f.Wallet != "" && f.Role != "" && f.Type != "" && f.Asset.Code != "" && f.Number != 0
}

func (r *reader) walletRole() (domain.WalletRole, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return "", err
	}
	for _, known := range [...]domain.WalletRole{domain.CustomerWallet, domain.SystemWallet, domain.IssuanceWallet, domain.FeeWallet} {
		if string(text) == string(known) {
			return known, nil
		}
	}
	return "", fmt.Errorf("unknown role of a wallet %q", text)
}

func (w writer) walletStatus(f *domain.WalletStatusChanged) {
	w.text("wallet", string(f.Wallet))
	w.text("status", string(f.Status))
	w.optional("actor", f.Actor)
	w.optional("reason", f.Reason)
}

type walletStatusV1 struct{ changed domain.WalletStatusChanged }

func (w *walletStatusV1) field(r *reader, key []byte) (known bool, err error) {
	f := &w.changed
	switch string(key) {
	case "project":
		f.Project, err = r.projectID()
	case "wallet":
		err = str(r, &f.Wallet)
	case "status":
		err = str(r, &f.Status)
	case "actor":
		f.Actor, err = r.d.Str()
	case "reason":
		f.Reason, err = r.d.Str()
	default:
		return false, nil
	}
	return true, err
}

func (w *walletStatusV1) fact() (domain.Event, bool) {
	return &w.changed, w.changed.Project != "" && w.changed.Wallet != "" && w.changed.Status != ""
}
