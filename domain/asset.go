package domain

import (
	"iter"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Asset returns an asset that the project's wallets can hold.
func (p *Project) Asset(code money.AssetCode) (money.Asset, bool) {
	if asset, ok := p.OwnAsset(code); ok {
		return asset, true
	}
	return money.ISO(code)
}

// OwnAsset returns an asset that the project defined.
func (p *Project) OwnAsset(code money.AssetCode) (money.Asset, bool) { return p.assets.get(code) }

// OwnAssets returns the assets that the project defined, in the order of their
// codes, from a code on.
func (p *Project) OwnAssets(from money.AssetCode) iter.Seq[money.Asset] {
	return func(yield func(money.Asset) bool) {
		p.assets.from(from, func(_ money.AssetCode, asset money.Asset) bool { return yield(asset) })
	}
}

func unknownCurrency(code money.AssetCode) *Rejection {
	return reject(BadRequest, "currency %q is neither a code of ISO 4217 nor an asset of this project", code)
}

// DefineAsset defines an asset of the project. Name and symbol can be changed
// later; scale and number never.
type DefineAsset struct {
	Project ids.Project
	Asset   money.Asset
}

func (c DefineAsset) ProjectID() ids.Project { return c.Project }

func (c DefineAsset) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkAsset(c.Asset); rejection != nil {
		return nil, rejection
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if _, iso := money.ISO(c.Asset.Code); iso {
		return nil, reject(AssetConflict, "%s is a currency of ISO 4217 and needs no definition", c.Asset.Code)
	}
	existing, defined := project.OwnAsset(c.Asset.Code)
	switch {
	case !defined:
		return []Event{&AssetDefined{Project: c.Project, Asset: c.Asset}}, nil
	case existing == c.Asset:
		return nil, nil
	case existing.Scale != c.Asset.Scale || existing.NumericID != c.Asset.NumericID:
		return nil, reject(AssetConflict, "%s is defined with scale %d and number %d, which never change",
			c.Asset.Code, existing.Scale, existing.NumericID)
	}
	return []Event{&AssetDefined{Project: c.Project, Asset: c.Asset}}, nil
}

func checkAsset(a money.Asset) *Rejection {
	switch {
	case !a.Code.Valid():
		return reject(BadRequest, "asset code %q must be 2 to 24 of A-Z, 0-9 and _, a letter first", a.Code)
	case a.Scale < 0 || a.Scale > money.MaxScale:
		return reject(BadRequest, "scale %d must be 0 to %d", a.Scale, money.MaxScale)
	case a.NumericID < 0 || a.NumericID > 1<<31-1:
		return reject(BadRequest, "numeric id %d must be 0 to %d", a.NumericID, 1<<31-1)
	}
	return first(checkText("name", a.Name, MaxNameLength), checkText("symbol", a.Symbol, 16))
}

// AssetDefined defines an asset of the project, or renames it.
type AssetDefined struct {
	Asked
	Project ids.Project
	Asset   money.Asset
}

func (e *AssetDefined) ProjectID() ids.Project { return e.Project }
func (*AssetDefined) WalletIDs() []ids.Wallet  { return nil }

func (e *AssetDefined) evolve(s *State) error {
	return s.changeProject(e.Project, func(p *Project) { p.assets = p.assets.with(e.Asset.Code, e.Asset) })
}
