package domain

import (
	"iter"
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Project is one application, programme or merchant: it owns customers, wallets
// and assets, and no transaction leaves it.
type Project struct {
	ID       ids.Project
	Settings ProjectSettings

	assets      sorted[money.AssetCode, money.Asset] // its own, beside the currencies of ISO 4217
	accounts    sorted[accountKey, ids.Wallet]
	credentials sorted[ids.APIKey, struct{}]
}

// ProjectSettings are the rules that a project chooses.
type ProjectSettings struct {
	Name                 string
	Currency             money.AssetCode // of wallets that name none
	Locale               string          // how balances are formatted: "en-GH"; "" is "en"
	Zone                 *time.Location  // of days, months and settlements; nil is UTC
	OneWalletPerCustomer bool            // whatever the currency
	Fees                 []FeeRule
	OwnTransfersFree     bool // no fee between the wallets of one customer, which are of different assets: for their exchanges
	Limits               []CurrencyLimits
	ExpiryNotice         time.Duration // how long ahead the end of a lot is announced; 0: not at all
	Backdating           time.Duration // how far back effective_at may lie; 0: not at all
}

func (s *ProjectSettings) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// Asset answers an asset that the project's wallets can hold.
func (p *Project) Asset(code money.AssetCode) (money.Asset, bool) {
	if asset, ok := p.OwnAsset(code); ok {
		return asset, true
	}
	return money.ISO(code)
}

// OwnAsset answers an asset that the project defined.
func (p *Project) OwnAsset(code money.AssetCode) (money.Asset, bool) { return p.assets.get(code) }

// OwnAssets are those that the project defined, from a code on, by code.
func (p *Project) OwnAssets(from money.AssetCode) iter.Seq[money.Asset] {
	return func(yield func(money.Asset) bool) {
		p.assets.from(from, func(_ money.AssetCode, asset money.Asset) bool { return yield(asset) })
	}
}

// Credential lets a program act for one project. The secret itself is nowhere.
type Credential struct {
	Key        ids.APIKey
	Project    ids.Project
	Name       string
	SecretHash [32]byte // SHA-256 of the secret key
	Revoked    bool
}

// CreateProject makes a project. The currency must be one of ISO 4217.
type CreateProject struct{ Settings ProjectSettings }

// ChangeProject replaces the project's settings. The currency stays: wallets
// were made by it.
type ChangeProject struct {
	Project  ids.Project
	Settings ProjectSettings
}

// CreateCredential records a secret that was made outside, by its hash.
type CreateCredential struct {
	Project    ids.Project
	Name       string
	SecretHash [32]byte
}

// RevokeCredential ends a credential for ever. Repeating it does nothing.
type RevokeCredential struct {
	Project ids.Project
	Key     ids.APIKey
}

// DefineAsset makes an asset of the project's own. Name and symbol may be
// changed later; scale and number never.
type DefineAsset struct {
	Project ids.Project
	Asset   money.Asset
}

func (c CreateProject) decide(_ *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := first(checkSettings(c.Settings), checkAmounts(&c.Settings, &Project{})); rejection != nil {
		return nil, rejection
	}
	return []Event{&ProjectCreated{Project: at.Project(), Settings: c.Settings}}, nil
}

// maxLeadTime bounds how long ahead or back a project may look.
const maxLeadTime = 10 * 366 * 24 * time.Hour

func checkSettings(s ProjectSettings) *Rejection {
	if rejection := first(checkRequired("name", s.Name, MaxNameLength), checkText("locale", s.Locale, 35)); rejection != nil {
		return rejection
	}
	if _, ok := money.ISO(s.Currency); !ok {
		return reject(BadRequest, "currency %q is not a code of ISO 4217", s.Currency)
	}
	if rejection := checkFees(s.Fees); rejection != nil {
		return rejection
	}
	for _, window := range [...]struct {
		name string
		time time.Duration
	}{{"expiry_notice", s.ExpiryNotice}, {"backdating", s.Backdating}} {
		if window.time < 0 || window.time > maxLeadTime || window.time%time.Second != 0 {
			return reject(BadRequest, "%s must be whole seconds, from 0 to %d", window.name, maxLeadTime/time.Second)
		}
	}
	return nil
}

// checkAmounts holds the amounts of settings to the assets that the project has.
func checkAmounts(s *ProjectSettings, project *Project) *Rejection {
	return first(checkFeesFit(s.Fees, project, finest), checkProjectLimits(s.Limits, project))
}

func unknownCurrency(code money.AssetCode) *Rejection {
	return reject(BadRequest, "currency %q is neither a code of ISO 4217 nor an asset of this project", code)
}

func checkProjectLimits(limits []CurrencyLimits, project *Project) *Rejection {
	if len(limits) > MaxRules {
		return reject(BadRequest, "there are limits for %d currencies; at most %d are allowed", len(limits), MaxRules)
	}
	seen := make(map[money.AssetCode]bool, len(limits))
	for i := range limits {
		asset, ok := project.Asset(limits[i].Currency)
		if !ok {
			return unknownCurrency(limits[i].Currency)
		}
		if seen[asset.Code] {
			return reject(BadRequest, "two sets of limits for %s", asset.Code)
		}
		seen[asset.Code] = true
		if rejection := checkLimits(limits[i].Limits, asset); rejection != nil {
			return rejection
		}
	}
	return nil
}

func (c ChangeProject) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkSettings(c.Settings); rejection != nil {
		return nil, rejection
	}
	project, ok := s.Project(c.Project)
	if !ok {
		return nil, reject(NotFound, "Project not found")
	}
	if project.Settings.Currency != c.Settings.Currency {
		return nil, reject(BadRequest, "the currency of a project cannot be changed: it is %s", project.Settings.Currency)
	}
	if rejection := checkAmounts(&c.Settings, project); rejection != nil {
		return nil, rejection
	}
	if project.Settings.equal(&c.Settings) {
		return nil, nil
	}
	return []Event{&ProjectChanged{Project: c.Project, Settings: c.Settings}}, nil
}

func (s *ProjectSettings) equal(t *ProjectSettings) bool {
	return s.Name == t.Name && s.Currency == t.Currency && s.Locale == t.Locale && s.zone().String() == t.zone().String() &&
		s.OneWalletPerCustomer == t.OneWalletPerCustomer && s.OwnTransfersFree == t.OwnTransfersFree &&
		s.ExpiryNotice == t.ExpiryNotice && s.Backdating == t.Backdating &&
		slices.EqualFunc(s.Fees, t.Fees, FeeRule.equal) &&
		slices.EqualFunc(s.Limits, t.Limits, func(a, b CurrencyLimits) bool { return a.Currency == b.Currency && a.Limits.equal(b.Limits) })
}

func (c CreateCredential) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := checkText("name", c.Name, MaxNameLength); rejection != nil {
		return nil, rejection
	}
	if _, ok := s.Project(c.Project); !ok {
		return nil, reject(NotFound, "Project not found")
	}
	return []Event{&CredentialCreated{
		Project: c.Project, Key: at.APIKey(), Name: c.Name, SecretHash: c.SecretHash,
	}}, nil
}

func (c RevokeCredential) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	credential, ok := s.Credential(c.Key)
	if !ok || credential.Project != c.Project {
		return nil, reject(NotFound, "Credential not found")
	}
	if credential.Revoked {
		return nil, nil
	}
	return []Event{&CredentialRevoked{Project: c.Project, Key: c.Key}}, nil
}

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
