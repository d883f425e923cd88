package events

import (
	"encoding/hex"
	"fmt"

	"tallystick/domain"

	"github.com/go-faster/jx"
)

func (w writer) settings(s domain.ProjectSettings) {
	w.text("name", s.Name)
	w.text("currency", string(s.Currency))
	w.optional("locale", s.Locale)
	if !s.TransferFee.Percentage.IsZero() {
		w.FieldStart("transfer_fee")
		w.ObjStart()
		w.text("percentage", s.TransferFee.Percentage.String())
		w.ObjEnd()
	}
	if s.OneWalletPerCustomer {
		w.FieldStart("one_wallet_per_customer")
		w.Bool(true)
	}
}

type projectV1 struct {
	changed  bool
	project  domain.ProjectID
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
		p.settings.TransferFee, err = r.feeRule()
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

func (r *reader) feeRule() (rule domain.FeeRule, err error) {
	err = r.d.ObjBytes(func(d *jx.Decoder, key []byte) error {
		if string(key) != "percentage" {
			return fmt.Errorf("unknown field %q of a fee", key)
		}
		text, err := d.Str()
		if err != nil {
			return err
		}
		percentage, ok := domain.ParsePercentage(text)
		if !ok {
			return fmt.Errorf("%q is not a percentage", text)
		}
		rule.Percentage = percentage
		return nil
	})
	return rule, err
}

func (w writer) credential(f *domain.CredentialCreated) {
	w.text("key", string(f.Key))
	w.optional("name", f.Name)
	w.text("secret_hash", hex.EncodeToString(f.SecretHash[:]))
}

type credentialV1 struct {
	revoked bool
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
	return &c.created, complete
}

func (w writer) asset(a domain.Asset) {
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

func (r *reader) assetValue() (asset domain.Asset, err error) {
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
