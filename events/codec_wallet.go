package events

import (
	"tallystick/domain"
	"tallystick/domain/money"
)

// The words of the first versions, and those of the second.
var (
	rolesV1 = []domain.WalletRole{domain.CustomerWallet, domain.SystemWallet, domain.IssuanceWallet, domain.FeeWallet}
	rolesV2 = append(rolesV1[:len(rolesV1):len(rolesV1)], domain.BreakageWallet, domain.EscrowWallet, domain.LiquidityWallet)

	statusesV1 = []domain.WalletStatus{domain.Active, domain.Disabled}
	statusesV2 = append(statusesV1[:len(statusesV1):len(statusesV1)], domain.Frozen, domain.Closed)

	walletTypes = []domain.WalletType{domain.Prepaid, domain.Postpaid} // the first version had the first
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
	w.terms(&f.Terms)
}

// walletV2 has terms, and more roles and types.
type walletV2 struct{ walletV1 }

func (w *walletV2) field(r *reader, key []byte) (bool, error) {
	switch string(key) {
	case "role":
		return true, oneOf(r, &w.created.Role, rolesV2)
	case "kind":
		return true, oneOf(r, &w.created.Type, walletTypes)
	}
	if known, err := r.term(&w.created.Terms, key); known {
		return true, err
	}
	return w.walletV1.field(r, key)
}

func (w writer) walletChanged(f *domain.WalletChanged) {
	w.text("wallet", string(f.Wallet))
	w.optional("name", f.Name)
	w.metadata(f.Metadata)
	w.terms(&f.Terms)
}

type walletChangedV1 struct{ domain.WalletChanged }

func (w *walletChangedV1) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "project":
		w.Project, err = r.projectID()
	case "wallet":
		err = str(r, &w.Wallet)
	case "name":
		w.Name, err = r.d.Str()
	case "metadata":
		w.Metadata, err = r.metadata()
	default:
		return r.term(&w.Terms, key)
	}
	return true, err
}

func (w *walletChangedV1) fact() (domain.Event, bool) {
	return &w.WalletChanged, w.Project != "" && w.Wallet != ""
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
		err = oneOf(r, &f.Role, rolesV1)
	case "kind":
		err = oneOf(r, &f.Type, walletTypes[:1])
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
		err = oneOf(r, &f.Status, statusesV1)
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

// walletStatusV2 has more statuses.
type walletStatusV2 struct{ walletStatusV1 }

func (w *walletStatusV2) field(r *reader, key []byte) (bool, error) {
	if string(key) == "status" {
		return true, oneOf(r, &w.changed.Status, statusesV2)
	}
	return w.walletStatusV1.field(r, key)
}

func (w writer) settlementDue(f *domain.SettlementDue) {
	w.text("wallet", string(f.Wallet))
	w.assetOf(f.Amount)
	w.money("amount", f.Amount)
	w.moment("period_end", f.PeriodEnd)
	w.moment("next", f.Next)
}

func settlementDueV1() factReader {
	var f domain.SettlementDue
	var asset money.AssetCode
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "wallet": into(&f.Wallet), "asset": assetInto(&asset), "amount": moneyInto(&f.Amount, &asset),
		"period_end": timeInto(&f.PeriodEnd), "next": timeInto(&f.Next),
	}, func() bool {
		return f.Project != "" && f.Wallet != "" && f.Amount.Asset() != "" && !f.PeriodEnd.IsZero() && !f.Next.IsZero()
	}}
}
