package domain

import (
	"fmt"
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

func (s *ProjectSettings) equal(t *ProjectSettings) bool {
	return s.Name == t.Name && s.Currency == t.Currency && s.Locale == t.Locale && s.zone().String() == t.zone().String() &&
		s.OneWalletPerCustomer == t.OneWalletPerCustomer && s.OwnTransfersFree == t.OwnTransfersFree &&
		s.ExpiryNotice == t.ExpiryNotice && s.Backdating == t.Backdating &&
		slices.EqualFunc(s.Fees, t.Fees, FeeRule.equal) &&
		slices.EqualFunc(s.Limits, t.Limits, func(a, b CurrencyLimits) bool { return a.Currency == b.Currency && a.Limits.equal(b.Limits) })
}

// maxLeadTime bounds the expiry notice and the backdating of a project.
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

// checkAmounts checks the amounts of settings against the assets of the
// project.
func checkAmounts(s *ProjectSettings, project *Project) *Rejection {
	return first(checkFeesFit(s.Fees, project, finest), checkProjectLimits(s.Limits, project))
}

// CreateProject makes a project. The currency must be one of ISO 4217.
type CreateProject struct{ Settings ProjectSettings }

func (CreateProject) ProjectID() ids.Project { return "" }

func (c CreateProject) decide(_ *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := first(checkSettings(c.Settings), checkAmounts(&c.Settings, &Project{})); rejection != nil {
		return nil, rejection
	}
	return []Event{&ProjectCreated{Project: at.Project(), Settings: c.Settings}}, nil
}

// ProjectCreated is the first fact of a project.
type ProjectCreated struct {
	Asked
	Project  ids.Project
	Settings ProjectSettings
}

func (e *ProjectCreated) ProjectID() ids.Project { return e.Project }
func (*ProjectCreated) WalletIDs() []ids.Wallet  { return nil }

func (e *ProjectCreated) evolve(s *State) error {
	s.projects.put(e.Project, &Project{ID: e.Project, Settings: e.Settings})
	return nil
}

// ChangeProject replaces the project's settings. The currency cannot change,
// because wallets were created with it.
type ChangeProject struct {
	Project  ids.Project
	Settings ProjectSettings
}

func (c ChangeProject) ProjectID() ids.Project { return c.Project }

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

// ProjectChanged replaces the settings of a project.
type ProjectChanged struct {
	Asked
	Project  ids.Project
	Settings ProjectSettings
}

func (e *ProjectChanged) ProjectID() ids.Project { return e.Project }
func (*ProjectChanged) WalletIDs() []ids.Wallet  { return nil }

// evolve plans the project anew if lots are now announced earlier or later.
func (e *ProjectChanged) evolve(s *State) error {
	var before time.Duration
	err := s.changeProject(e.Project, func(p *Project) {
		before = p.Settings.ExpiryNotice
		p.Settings = e.Settings
	})
	if err == nil && e.Settings.ExpiryNotice != before {
		s.replan(e.Project, func(*State, *plan) {})
	}
	return err
}

func (s *State) changeProject(id ids.Project, change func(*Project)) error {
	project, ok := edit(&s.projects, id)
	if !ok {
		return fmt.Errorf("domain: a change of project %s, which was never created", id)
	}
	change(project)
	return nil
}
