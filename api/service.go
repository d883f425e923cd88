package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"gopkg.in/yaml.v3"
)

// serviceRoutes are the routes of the process itself; they need no credential.
func (s *server) serviceRoutes(e *echo.Echo) {
	e.GET("/healthz", s.health)
	e.GET("/readyz", s.readiness)
	e.GET("/metrics", echo.WrapHandler(promhttp.HandlerFor(s.registry, promhttp.HandlerOpts{})))
	e.GET("/openapi.yaml", s.openAPI)
	e.GET("/docs", docs())
}

// Starting returns the handler to use until there is a ledger and so the handler of New:
// it has the routes of the process itself, and answers 503 on all others.
func Starting(cfg Config) http.Handler {
	s := newServer(cfg)
	e := echo.New()
	e.HTTPErrorHandler = s.answerError
	e.Use(s.middleware)
	s.serviceRoutes(e)
	e.RouteNotFound("/*", func(echo.Context) error {
		return &problem{code: unavailable, message: "the ledger is not open yet; GET /readyz says why", retryAfter: time.Second}
	})
	s.metrics = newMetrics(prometheus.NewRegistry(), e.Routes()) // New registers those that are shown
	return withoutTrailingSlash(e)
}

// GET /healthz
func (s *server) health(c echo.Context) error {
	return answerJSON(c, http.StatusOK, Health{Status: "up"})
}

// GET /readyz
func (s *server) readiness(c echo.Context) error {
	answer := ReadinessOf(s.checks)
	status := http.StatusOK
	if !answer.Ready {
		status = http.StatusServiceUnavailable
	}
	return answerJSON(c, status, answer)
}

// ReadinessOf returns the body of /readyz, of every service.
func ReadinessOf(checks []Check) Readiness {
	answer := Readiness{Ready: true, Reasons: map[string]string{}}
	for _, check := range checks {
		if err := check.Fn(); err != nil {
			answer.Ready, answer.Reasons[check.Name] = false, err.Error()
		}
	}
	return answer
}

// GET /openapi.yaml
func (s *server) openAPI(c echo.Context) error {
	return send(c, http.StatusOK, []string{"application/yaml"}, specification)
}

//go:embed docs.html
var docsTemplate string

// GET /docs. The page is made once: the specification does not change.
func docs() echo.HandlerFunc {
	page, err := renderDocs(specification)
	if err != nil {
		panic(fmt.Sprintf("api: openapi.yaml, which is part of this program, cannot be shown: %v", err))
	}
	return func(c echo.Context) error {
		return send(c, http.StatusOK, []string{"text/html; charset=utf-8"}, page)
	}
}

// documented is the part of the specification that /docs shows.
type documented struct {
	Info struct{ Title, Description string }
	Tags []struct {
		Name, Description string
		Routes            []documentedRoute `yaml:"-"`
	}
	Paths map[string]map[string]yaml.Node
}

type documentedRoute struct {
	Method, Path string
	Summary      string
	Tags         []string
}

func renderDocs(spec []byte) ([]byte, error) {
	var doc documented
	if err := yaml.Unmarshal(spec, &doc); err != nil {
		return nil, err
	}
	var routes []documentedRoute
	for path, methods := range doc.Paths {
		for method, node := range methods {
			if method == "parameters" {
				continue
			}
			route := documentedRoute{Method: strings.ToUpper(method), Path: path}
			if err := node.Decode(&route); err != nil {
				return nil, err
			}
			routes = append(routes, route)
		}
	}
	slices.SortFunc(routes, func(a, b documentedRoute) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	for i := range doc.Tags {
		for _, route := range routes {
			if slices.Contains(route.Tags, doc.Tags[i].Name) {
				doc.Tags[i].Routes = append(doc.Tags[i].Routes, route)
			}
		}
	}
	page, err := template.New("docs").Parse(docsTemplate)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = page.Execute(&out, doc)
	return out.Bytes(), err
}
