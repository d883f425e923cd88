package api

import (
	"net/http"
	"time"

	"tallystick/domain"

	"github.com/labstack/echo/v4"
)

func (s *server) projectRoutes(v1 *echo.Group) {
	v1.POST("/projects", s.asOperator(s.createProject))
	v1.GET("/projects", s.asOperator(s.listProjects))
	v1.GET("/projects/:project_id", s.asOperator(s.getProject))
	v1.PATCH("/projects/:project_id", s.asOperator(s.changeProject))
}

// POST /v1/projects
func (s *server) createProject(c echo.Context) error {
	var body ProjectCreate
	if err := decode(c, &body); err != nil {
		return err
	}
	settings := domain.ProjectSettings{
		Name: body.Name, Currency: domain.AssetCode(body.Currency), Locale: body.Locale, OneWalletPerCustomer: body.OneWalletPerCustomer,
	}
	if err := changeFees(&settings, body.Fees); err != nil {
		return err
	}
	receipt, err := s.do(c, s.ledger.ShardFor(body.Name), domain.CreateProject{Settings: settings})
	if err != nil {
		return err
	}
	id := receipt.Events[0].(*domain.ProjectCreated).Project
	return answerJSON(c, http.StatusCreated, projectOf(id, settings, receipt.Time))
}

// GET /v1/projects
func (s *server) listProjects(c echo.Context) error {
	q := readQuery(c, "limit", "cursor")
	limit, after := q.limit(), domain.ProjectID(q.text("cursor"))
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
	list := ProjectList{Data: []Project{}, NextCursor: nextCursor(next)}
	for _, project := range rows {
		created, err := s.projectTime(c, project.ID)
		if err != nil {
			return err
		}
		list.Data = append(list.Data, projectOf(project.ID, project.Settings, created))
	}
	return answerJSON(c, http.StatusOK, list)
}

// GET /v1/projects/{project_id}
func (s *server) getProject(c echo.Context) error {
	project, err := s.project(c)
	if err != nil {
		return err
	}
	return s.answerProject(c, project.ID, project.Settings)
}

// PATCH /v1/projects/{project_id}: of two at the same time, the later one wins
// with all that it was based on. Settings change seldom, and by one operator.
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
	setIf(&settings.Name, body.Name)
	setIf(&settings.Locale, body.Locale)
	setIf(&settings.OneWalletPerCustomer, body.OneWalletPerCustomer)
	if body.Currency != nil {
		settings.Currency = domain.AssetCode(*body.Currency)
	}
	if err := changeFees(&settings, body.Fees); err != nil {
		return err
	}
	at, _ := project.ID.Location()
	if _, err := s.do(c, int(at.Shard), domain.ChangeProject{Project: project.ID, Settings: settings}); err != nil {
		return err
	}
	return s.answerProject(c, project.ID, settings)
}

// project is the one that the path names.
func (s *server) project(c echo.Context) (domain.Project, error) {
	id := domain.ProjectID(param(c, "project_id"))
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

func (s *server) projectTime(c echo.Context, id domain.ProjectID) (time.Time, error) {
	at, _ := id.Location()
	return s.ledger.Time(c.Request().Context(), at)
}

func (s *server) answerProject(c echo.Context, id domain.ProjectID, settings domain.ProjectSettings) error {
	created, err := s.projectTime(c, id)
	if err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, projectOf(id, settings, created))
}

func projectOf(id domain.ProjectID, settings domain.ProjectSettings, created time.Time) Project {
	return Project{
		ID: string(id), Name: settings.Name, Currency: string(settings.Currency), Locale: settings.Locale,
		Fees:                 Fees{Transfer: Fee{Percentage: settings.TransferFee.Percentage.String()}},
		OneWalletPerCustomer: settings.OneWalletPerCustomer, CreatedAt: created,
	}
}

func changeFees(settings *domain.ProjectSettings, change FeesChange) error {
	text := change.Transfer.Percentage
	if text == nil {
		return nil
	}
	percentage, ok := domain.ParsePercentage(*text)
	if !ok {
		return badRequest(`fees.transfer.percentage must be "0" to "100" with at most six digits after the point: "1.0"`)
	}
	settings.TransferFee.Percentage = percentage
	return nil
}

// setIf sets a field that was given.
func setIf[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}
