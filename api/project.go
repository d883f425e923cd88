package api

import (
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

func (s *server) projectRoutes(v1 *echo.Group) {
	v1.POST("/projects", s.asOperator(s.createProject))
	v1.GET("/projects", s.asOperator(s.listProjects, "limit", "cursor"))
	v1.GET("/projects/:project_id", s.asOperator(s.getProject))
	v1.PATCH("/projects/:project_id", s.asOperator(s.changeProject))
}

// POST /v1/projects
func (s *server) createProject(c echo.Context) error {
	var body ProjectCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	settings := domain.ProjectSettings{Currency: money.AssetCode(body.Currency)}
	err := changeSettings(&settings, &ProjectChange{
		Name: &body.Name, Locale: &body.Locale, Fees: body.Fees, OwnTransfersFree: &body.OwnTransfersFree, TimeZone: &body.TimeZone,
		Limits: body.Limits, ExpiryNoticeSeconds: &body.ExpiryNoticeSeconds, BackdatingSeconds: &body.BackdatingSeconds,
		OneWalletPerCustomer: &body.OneWalletPerCustomer,
	})
	if err != nil {
		return err
	}
	receipt, err := s.do(c, operatorIn(s.ledger.ShardFor(body.Name)), domain.CreateProject{Settings: settings})
	if err != nil {
		return err
	}
	id := receipt.Events[0].(*domain.ProjectCreated).Project
	shown := shownProject{id, &settings, receipt.Time}
	return answer(c, http.StatusCreated, shown.write)
}

// GET /v1/projects
func (s *server) listProjects(c echo.Context) error {
	q := queryOf(c)
	limit, after := q.limit(), ids.Project(q.text("cursor"))
	if q.err != nil {
		return q.err
	}
	var all []domain.Project
	for shard := range s.ledger.Shards() {
		_, err := s.view(c, shard, func(state *domain.State) {
			for _, project := range state.Projects() {
				all = append(all, *project)
			}
		})
		if err != nil {
			return err
		}
	}
	delete(c.Response().Header(), "Tally-Sequence") // one of several shards says nothing
	rows, next := pageAfter(all, limit, string(after), func(p domain.Project) string { return string(p.ID) })
	list := make([]shownProject, len(rows))
	for i := range rows {
		created, err := s.projectTime(c, rows[i].ID)
		if err != nil {
			return err
		}
		list[i] = shownProject{rows[i].ID, &rows[i].Settings, created}
	}
	return answerList(c, list, next, func(w *resource.Writer, row *shownProject) { row.write(w) })
}

// GET /v1/projects/{project_id}
func (s *server) getProject(c echo.Context) error {
	project, err := s.project(c)
	if err != nil {
		return err
	}
	return s.answerProject(c, project.ID, project.Settings)
}

// PATCH /v1/projects/{project_id}. Of two at the same time the later replaces all that
// the earlier one changed: settings change seldom, and by one operator.
func (s *server) changeProject(c echo.Context) error {
	var body ProjectChange
	if err := decode(c, &body); err != nil {
		return err
	}
	project, err := s.project(c)
	if err != nil {
		return err
	}
	settings := project.Settings
	if err := changeSettings(&settings, &body); err != nil {
		return err
	}
	at, _ := project.ID.Location()
	if _, err := s.do(c, operatorIn(int(at.Shard)), domain.ChangeProject{Project: project.ID, Settings: settings}); err != nil {
		return err
	}
	return s.answerProject(c, project.ID, settings)
}

// project returns the project that the path names.
func (s *server) project(c echo.Context) (domain.Project, error) {
	id := ids.Project(param(c, "project_id"))
	at, ok := id.Location()
	if !ok || int(at.Shard) >= s.ledger.Shards() {
		return domain.Project{}, notFound("Project")
	}
	var found domain.Project
	_, err := s.view(c, int(at.Shard), func(state *domain.State) {
		if project, ok := state.Project(id); ok {
			found = *project
		}
	})
	if err == nil && found.ID == "" {
		err = notFound("Project")
	}
	return found, err
}

func (s *server) projectTime(c echo.Context, id ids.Project) (time.Time, error) {
	at, _ := id.Location()
	return s.ledger.Time(c.Request().Context(), at)
}

func (s *server) answerProject(c echo.Context, id ids.Project, settings domain.ProjectSettings) error {
	created, err := s.projectTime(c, id)
	if err != nil {
		return err
	}
	shown := shownProject{id, &settings, created}
	return answer(c, http.StatusOK, shown.write)
}

// shownProject is a project with all that an answer shows of it.
type shownProject struct {
	id       ids.Project
	settings *domain.ProjectSettings
	created  time.Time
}

// write writes the project: schema Project.
func (p *shownProject) write(w *resource.Writer) {
	settings := p.settings
	w.Begin()
	w.Word("id", string(p.id))
	w.Text("name", settings.Name)
	w.Word("currency", string(settings.Currency))
	w.Text("locale", settings.Locale)
	w.Object("fees", func() { resource.FeeFields(w, withTransferFee(settings.Fees)) })
	w.Bool("own_transfers_free", settings.OwnTransfersFree)
	w.Word("time_zone", zoneOf(settings).String())
	w.Object("limits", func() {
		for i := range settings.Limits {
			of := &settings.Limits[i]
			w.Object(string(of.Currency), func() { resource.LimitFields(w, &of.Limits) })
		}
	})
	w.Int("expiry_notice_seconds", int(settings.ExpiryNotice/time.Second))
	w.Int("backdating_seconds", int(settings.Backdating/time.Second))
	w.Bool("one_wallet_per_customer", settings.OneWalletPerCustomer)
	w.Time("created_at", p.created)
	w.End()
}

// withTransferFee returns fees with one for transfers, which is shown even when it
// is nothing.
func withTransferFee(fees []domain.FeeRule) []domain.FeeRule {
	if slices.ContainsFunc(fees, func(f domain.FeeRule) bool { return f.Operation == domain.Transfer }) {
		return fees
	}
	return append(slices.Clone(fees), domain.FeeRule{Operation: domain.Transfer})
}

// changeSettings sets what is given: of fees only the operations that are named, and of
// limits only the currencies.
func changeSettings(settings *domain.ProjectSettings, change *ProjectChange) error {
	setIf(&settings.Name, change.Name)
	setIf(&settings.Locale, change.Locale)
	setIf(&settings.OneWalletPerCustomer, change.OneWalletPerCustomer)
	setIf(&settings.OwnTransfersFree, change.OwnTransfersFree)
	if change.Currency != nil {
		settings.Currency = money.AssetCode(*change.Currency)
	}
	if err := setSeconds(&settings.ExpiryNotice, "expiry_notice_seconds", change.ExpiryNoticeSeconds); err != nil {
		return err
	}
	if err := setSeconds(&settings.Backdating, "backdating_seconds", change.BackdatingSeconds); err != nil {
		return err
	}
	if err := changeZone(settings, change.TimeZone); err != nil {
		return err
	}
	if err := changeFees(settings, &change.Fees); err != nil {
		return err
	}
	return changeLimits(settings, change.Limits)
}

// setSeconds refuses what a time.Duration cannot hold. The domain allows less.
func setSeconds(field *time.Duration, name string, seconds *int64) error {
	const most = int64(math.MaxInt64 / time.Second)
	if seconds == nil {
		return nil
	}
	if *seconds < 0 || *seconds > most {
		return badRequest("%s must be 0 to %d", name, most)
	}
	*field = time.Duration(*seconds) * time.Second
	return nil
}

func changeZone(settings *domain.ProjectSettings, name *string) error {
	if name == nil {
		return nil
	}
	zone, err := time.LoadLocation(*name)
	if err != nil || *name == "Local" { // Local is the zone of this machine
		return badRequest("time_zone %q is not a name of the IANA's time zone database, such as Africa/Accra", *name)
	}
	settings.Zone = zone
	return nil
}

// zoneOf returns the zone in which the project's days begin.
func zoneOf(settings *domain.ProjectSettings) *time.Location {
	if settings.Zone == nil {
		return time.UTC
	}
	return settings.Zone
}

func changeFees(settings *domain.ProjectSettings, change *Fees) error {
	given, err := feeRules(change)
	if err != nil {
		return err
	}
	kept := make([]domain.FeeRule, 0, len(settings.Fees)+len(given))
	for _, rule := range settings.Fees {
		if *change.of(rule.Operation) == nil {
			kept = append(kept, rule)
		}
	}
	for _, rule := range given {
		if !free(&rule) || rule.Currency != "" {
			kept = append(kept, rule)
		}
	}
	settings.Fees = kept
	return nil
}

func changeLimits(settings *domain.ProjectSettings, change ProjectLimits) error {
	var next []domain.CurrencyLimits
	for _, limits := range settings.Limits {
		if _, named := change[string(limits.Currency)]; !named {
			next = append(next, limits)
		}
	}
	for _, currency := range slices.Sorted(maps.Keys(change)) {
		given := change[currency]
		limits, err := limitsFrom(&given)
		if err != nil {
			return problemf(domain.BadRequest, "limits.%s.%s", currency, err)
		}
		if !limits.IsZero() {
			next = append(next, domain.CurrencyLimits{Currency: money.AssetCode(currency), Limits: limits})
		}
	}
	settings.Limits = next
	return nil
}

// setIf sets a field that was given.
func setIf[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
