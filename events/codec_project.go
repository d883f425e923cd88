package events

import (
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// settings fails for a zone that could not be read back.
func (w writer) settings(s *domain.ProjectSettings) error {
	w.text("name", s.Name)
	w.text("currency", string(s.Currency))
	w.optional("locale", s.Locale)
	if s.Zone != nil {
		if _, err := zoneOf(s.Zone.String()); err != nil {
			return err
		}
		w.text("time_zone", s.Zone.String())
	}
	w.flag("one_wallet_per_customer", s.OneWalletPerCustomer)
	w.fees(s.Fees)
	w.flag("own_transfers_free", s.OwnTransfersFree)
	if len(s.Limits) > 0 {
		w.FieldStart("limits")
		w.ArrStart()
		for i := range s.Limits {
			w.ObjStart()
			w.text("currency", string(s.Limits[i].Currency))
			w.limits(&s.Limits[i].Limits)
			w.ObjEnd()
		}
		w.ArrEnd()
	}
	w.seconds("expiry_notice", s.ExpiryNotice)
	w.seconds("backdating", s.Backdating)
	return nil
}

type projectV1 struct {
	changed  bool
	project  ids.Project
	settings domain.ProjectSettings
}

func (p *projectV1) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "project":
		p.project, err = r.projectID()
	case "name":
		p.settings.Name, err = r.d.Str()
	case "currency":
		p.settings.Currency, err = r.assetCode()
	case "locale":
		p.settings.Locale, err = r.d.Str()
	case "transfer_fee":
		p.settings.Fees, err = r.transferFee()
	case "one_wallet_per_customer":
		p.settings.OneWalletPerCustomer, err = r.d.Bool()
	default:
		return false, nil
	}
	return true, err
}

func (p *projectV1) fact() (domain.Event, bool) {
	complete := p.project != "" && p.settings.Name != "" && p.settings.Currency != ""
	if p.changed {
		return &domain.ProjectChanged{Project: p.project, Settings: p.settings}, complete
	}
	return &domain.ProjectCreated{Project: p.project, Settings: p.settings}, complete
}

// projectV2 has all fees in a list, and more settings.
type projectV2 struct{ projectV1 }

func (p *projectV2) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "transfer_fee":
		return false, nil
	case "time_zone":
		p.settings.Zone, err = r.zone()
	case "fees":
		p.settings.Fees, err = r.fees()
	case "own_transfers_free":
		p.settings.OwnTransfersFree, err = r.d.Bool()
	case "limits":
		p.settings.Limits, err = r.currencyLimits()
	case "expiry_notice":
		p.settings.ExpiryNotice, err = r.seconds()
	case "backdating":
		p.settings.Backdating, err = r.seconds()
	default:
		return p.projectV1.field(r, key)
	}
	return true, err
}

// transferFee is the one fee of version 1: a percentage of transfers.
func (r *reader) transferFee() ([]domain.FeeRule, error) {
	rule := domain.FeeRule{Operation: domain.Transfer}
	err := r.object("a fee", map[string]func(*reader) error{
		"percentage": func(r *reader) (err error) { rule.Percentage, err = r.percentage(); return err },
	})
	if rule.Percentage.IsZero() {
		return nil, err
	}
	return []domain.FeeRule{rule}, err
}

func (w writer) credential(f *domain.CredentialCreated) {
	w.text("key", string(f.Key))
	w.optional("name", f.Name)
	w.text("secret_hash", hex.EncodeToString(f.SecretHash[:]))
}

type credentialV1 struct {
	revoked bool
	hashed  bool
	created domain.CredentialCreated
}

func (c *credentialV1) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "project":
		c.created.Project, err = r.projectID()
	case "key":
		err = str(r, &c.created.Key)
	case "name":
		c.created.Name, err = r.d.Str()
		return !c.revoked, err
	case "secret_hash":
		c.hashed = true
		err = r.hash(c.created.SecretHash[:])
		return !c.revoked, err
	default:
		return false, nil
	}
	return true, err
}

func (c *credentialV1) fact() (domain.Event, bool) {
	complete := c.created.Project != "" && c.created.Key != ""
	if c.revoked {
		return &domain.CredentialRevoked{Project: c.created.Project, Key: c.created.Key}, complete
	}
	return &c.created, complete && c.hashed
}

func (w writer) asset(a money.Asset) {
	w.FieldStart("asset")
	w.ObjStart()
	w.text("code", string(a.Code))
	w.FieldStart("scale")
	w.Int(a.Scale)
	w.optional("name", a.Name)
	w.optional("symbol", a.Symbol)
	if a.NumericID != 0 {
		w.FieldStart("number")
		w.Int(a.NumericID)
	}
	w.ObjEnd()
}

func (r *reader) assetValue() (asset money.Asset, err error) {
	asset.Scale = -1
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch string(key) {
		case "code":
			asset.Code, err = r.assetCode()
		case "scale":
			asset.Scale, err = d.Int()
		case "name":
			asset.Name, err = d.Str()
		case "symbol":
			asset.Symbol, err = d.Str()
		case "number":
			asset.NumericID, err = d.Int()
		default:
			err = fmt.Errorf("unknown field %q of an asset", key)
		}
		return err
	})
	if err == nil && (asset.Code == "" || asset.Scale < 0) {
		err = errors.New("an asset without a code or a scale")
	}
	return asset, err
}

type assetV1 struct{ defined domain.AssetDefined }

func (a *assetV1) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "project":
		a.defined.Project, err = r.projectID()
	case "asset":
		a.defined.Asset, err = r.assetValue()
	default:
		return false, nil
	}
	return true, err
}

func (a *assetV1) fact() (domain.Event, bool) {
	return &a.defined, a.defined.Project != "" && a.defined.Asset.Code != ""
}
