package api

import (
	"strconv"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics has the counters of each route, which are looked up once at the start.
type metrics struct {
	routes    map[route]routeMetrics
	unmatched routeMetrics
}

type route struct{ method, path string }

type routeMetrics struct {
	requests *prometheus.CounterVec // by code
	seconds  prometheus.Observer
}

func newMetrics(registry prometheus.Registerer, routes []*echo.Route) *metrics {
	requests := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tallystick_http_requests_total", Help: "Requests answered, by route and status code.",
	}, []string{"route", "code"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "tallystick_http_request_seconds", Help: "How long requests took, by route.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"route"})
	registry.MustRegister(requests, seconds)
	of := func(label string) routeMetrics {
		return routeMetrics{
			requests: requests.MustCurryWith(prometheus.Labels{"route": label}),
			seconds:  seconds.WithLabelValues(label),
		}
	}
	m := &metrics{routes: make(map[route]routeMetrics, len(routes)), unmatched: of("unmatched")}
	for _, r := range routes {
		m.routes[route{r.Method, r.Path}] = of(r.Method + " " + r.Path)
	}
	return m
}

func (m *metrics) observe(method, path string, status int, took time.Duration) {
	of, ok := m.routes[route{method, path}]
	if !ok {
		of = m.unmatched
	}
	of.seconds.Observe(took.Seconds())
	of.requests.WithLabelValues(statusText(status)).Inc()
}

// statusText returns a status as text, without an allocation for the usual ones.
func statusText(status int) string {
	switch status {
	case 200:
		return "200"
	case 201:
		return "201"
	}
	return strconv.Itoa(status)
}
