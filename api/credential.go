package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// Only the operator makes and revokes credentials. A credential that leaked could
// otherwise make another one, and so outlive its revocation.
func (s *server) credentialRoutes(v1 *echo.Group) {
	v1.POST("/projects/:project_id/credentials", s.asOperator(s.createCredential))
	v1.GET("/projects/:project_id/credentials", s.asOperator(s.listCredentials, "limit", "cursor"))
	v1.DELETE("/projects/:project_id/credentials/:api_key", s.asOperator(s.revokeCredential))
}

// POST /v1/projects/{project_id}/credentials
func (s *server) createCredential(c echo.Context) error {
	var body CredentialCreate
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	project, err := s.project(c)
	if err != nil {
		return err
	}
	secret, hash := NewSecret()
	at, _ := project.ID.Location()
	receipt, err := s.do(c, operatorIn(int(at.Shard)), domain.CreateCredential{Project: project.ID, Name: body.Name, SecretHash: hash})
	if err != nil {
		return err
	}
	made := receipt.Events[0].(*domain.CredentialCreated)
	c.Response().Header().Set("Cache-Control", "no-store")
	return answerJSON(c, http.StatusCreated, NewCredential{
		APIKey: string(made.Key), SecretKey: secret, ProjectID: string(made.Project), Name: made.Name, CreatedAt: receipt.Time,
	})
}

// GET /v1/projects/{project_id}/credentials
func (s *server) listCredentials(c echo.Context) error {
	q := queryOf(c)
	limit, after := q.limit(), ids.APIKey(q.text("cursor"))
	if q.err != nil {
		return q.err
	}
	project, err := s.project(c)
	if err != nil {
		return err
	}
	at, _ := project.ID.Location()
	var rows []domain.Credential
	next := ""
	_, err = s.view(c, int(at.Shard), func(state *domain.State) {
		for credential := range state.Credentials(project.ID, after) {
			if len(rows) == limit {
				next = string(rows[limit-1].Key)
				return
			}
			if credential.Key != after {
				rows = append(rows, *credential)
			}
		}
	})
	if err != nil {
		return err
	}
	list := CredentialList{Data: []Credential{}, NextCursor: nextCursor(next)}
	for _, row := range rows {
		at, _ := row.Key.Location()
		created, err := s.ledger.Time(c.Request().Context(), at)
		if err != nil {
			return err
		}
		list.Data = append(list.Data, Credential{
			APIKey: string(row.Key), ProjectID: string(row.Project), Name: row.Name, Revoked: row.Revoked, CreatedAt: created,
		})
	}
	return answerJSON(c, http.StatusOK, list)
}

// DELETE /v1/projects/{project_id}/credentials/{api_key}
func (s *server) revokeCredential(c echo.Context) error {
	project, err := s.project(c)
	if err != nil {
		return err
	}
	at, _ := project.ID.Location()
	command := domain.RevokeCredential{Project: project.ID, Key: ids.APIKey(param(c, "api_key"))}
	if _, err := s.do(c, operatorIn(int(at.Shard)), command); err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}
