package service

import (
	"context"
	"encoding/json"
	"net"
	"net/http"

	"tallystick/api"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry has the metrics of the process and of Go.
func NewRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// ServeHealth serves /healthz, /readyz and /metrics of a service that has no
// other HTTP, until ctx ends.
func (c Common) ServeHealth(ctx context.Context, listener net.Listener, checks ...api.Check) error {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeStatus(w, http.StatusOK, nil) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		waiting := map[string]string{}
		for _, check := range checks {
			if err := check.Fn(); err != nil {
				waiting[check.Name] = err.Error()
			}
		}
		status := http.StatusOK
		if len(waiting) > 0 {
			status = http.StatusServiceUnavailable
		}
		writeStatus(w, status, waiting)
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(c.Registry, promhttp.HandlerOpts{}))
	return api.Serve(ctx, listener, mux, c.Logger)
}

func writeStatus(w http.ResponseWriter, status int, waiting map[string]string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	//nolint:errcheck // the caller is gone, then
	json.NewEncoder(w).Encode(map[string]any{"ready": len(waiting) == 0, "waiting_for": waiting})
}
