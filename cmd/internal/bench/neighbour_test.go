package bench

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestNeighbour measures the same load twice, the second time beside each kind of
// neighbour that does not pause.
func TestNeighbour(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"operations", "batch", "dry-run"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := &fake{}
			c := f.start(t)
			c.Neighbour = name
			r := measure(t, c)
			if r.Neighbour == nil || r.Neighbour.Load != name || r.Neighbour.Beside.Acknowledged == 0 || r.Neighbour.Attack.Acknowledged == 0 {
				t.Fatalf("the neighbour: %+v", r.Neighbour)
			}
			if r.Failed+r.Neighbour.Beside.Failed+r.Neighbour.Attack.Failed > 0 {
				t.Errorf("errors %v, %v, %v", r.Errors, r.Neighbour.Beside.Errors, r.Neighbour.Attack.Errors)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, operations := range f.wide {
				if operations != 1000 {
					t.Errorf("a transaction of %d operations", operations)
				}
			}
			if batches := name == "batch"; batches != (f.lines >= 10_000) || batches != (len(f.wide) == 0) || (name == "dry-run") != (f.dry > 0) {
				t.Errorf("%d lines of batches, %d wide transactions, %d of them dry", f.lines, len(f.wide), f.dry)
			}
		})
	}
}

// TestNeighbourSchedules has the second measurement end when all that became due
// was done.
func TestNeighbourSchedules(t *testing.T) {
	t.Parallel()
	f := &fake{}
	server, err := f.start(t).check()
	if err != nil {
		t.Fatal(err)
	}
	on := server.connection(t.Context())
	defer on.close()
	p := &project{as: fakeProject}
	if err := p.open(t.Context(), []*connection{on}, 10, &strings.Builder{}); err != nil {
		t.Fatal(err)
	}
	kind := neighbour{operations: 20, extra: `,"scheduled_for":"%s"`, status: http.StatusCreated, scheduled: 3, ahead: time.Second}
	a := &attack{kind, load{wallets: 10, batch: 20, duration: time.Hour}, p, on, []target{kind.target(server.connection(t.Context()), p)}}
	start := time.Now()
	done, err := a.schedule(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if since := time.Since(start); since < kind.ahead || len(f.wide) != 3 {
		t.Errorf("%d were scheduled, and the load began after %s", len(f.wide), since)
	}
	<-done.Done()
	kind.ahead = 0
	a.neighbour, a.targets = kind, []target{kind.target(server.connection(t.Context()), p)}
	if _, err := a.schedule(t.Context()); err == nil {
		t.Error("what came too late to be scheduled is measured")
	}
}
