package api

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/money"
)

func (s *server) assetRoutes(v1 *echo.Group) {
	v1.PUT("/assets/:code", s.asProject(s.defineAsset))
	v1.GET("/assets/:code", s.asProject(s.getAsset))
	v1.GET("/assets", s.asProject(s.listAssets, "limit", "cursor"))
}

// PUT /v1/assets/{code}
func (s *server) defineAsset(c echo.Context, who caller) error {
	var body struct {
		AssetDefine
		Scale *int `json:"scale"` // nil tells 0 from nothing
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.Scale == nil {
		return badRequest("scale is required: how many digits the asset has after the point, 0 to %d", money.MaxScale)
	}
	asset := money.Asset{
		Code: money.AssetCode(param(c, "code")), Scale: *body.Scale, Name: body.Name, Symbol: body.Symbol, NumericID: body.NumericID,
	}
	if _, err := s.do(c, who, domain.DefineAsset{Project: who.project, Asset: asset}); err != nil {
		return err
	}
	return answerJSON(c, http.StatusOK, assetOf(&asset))
}

// GET /v1/assets/{code}
func (s *server) getAsset(c echo.Context, who caller) error {
	project, err := s.ownProject(c, who)
	if err != nil {
		return err
	}
	asset, ok := project.Asset(money.AssetCode(param(c, "code")))
	if !ok {
		return notFound("Asset")
	}
	return answerJSON(c, http.StatusOK, assetOf(&asset))
}

// GET /v1/assets
func (s *server) listAssets(c echo.Context, who caller) error {
	q := queryOf(c)
	limit, after := q.limit(), q.text("cursor")
	if q.err != nil {
		return q.err
	}
	project, err := s.ownProject(c, who)
	if err != nil {
		return err
	}
	var rows []money.Asset
	next := ""
	for asset := range project.OwnAssets(money.AssetCode(after)) {
		if len(rows) == limit {
			next = string(rows[limit-1].Code)
			break
		}
		if string(asset.Code) != after {
			rows = append(rows, asset)
		}
	}
	return answerJSON(c, http.StatusOK, AssetList{Data: converted(rows, assetOf), NextCursor: nextCursor(next)})
}

// ownProject is the caller's project as it is now.
func (s *server) ownProject(c echo.Context, who caller) (project domain.Project, err error) {
	_, err = s.view(c, who.shard, func(state *domain.State) { project = projectIn(state, who) })
	return project, err
}

func projectIn(state *domain.State, who caller) domain.Project {
	if project, ok := state.Project(who.project); ok {
		return *project
	}
	return domain.Project{ID: who.project} // of a credential that outlived it: never so far
}

func assetOf(a *money.Asset) Asset {
	asset := Asset{Code: string(a.Code), Scale: a.Scale, Name: a.Name, Symbol: a.Symbol}
	if a.NumericID != 0 {
		asset.NumericID = &a.NumericID
	}
	return asset
}
