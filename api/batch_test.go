package api

import (
	"strings"
	"testing"
)

// hostileBatches are bodies of 10 MB to /v1/transactions/batch that mean little
// and could cost much.
func hostileBatches() map[string]string {
	fill := func(begin, part, end string) string {
		return begin + strings.Repeat(part, (maxBatchBody-len(begin)-len(end))/len(part)) + end
	}
	return map[string]string{
		"zeros":            fill("[", "0,", "0]"),
		"objects":          fill("[", "{},", "{}]"),
		"texts":            fill("[", `"",`, `""]`),
		"nested":           fill("[", "[", ""),
		"closed nested":    fill("[", "[],", "[]]"),
		"operations":       fill(`[{"operations":[`, "{},", "{}]}]"),
		"preconditions":    fill(`[{"preconditions":[`, "{},", "{}]}]"),
		"metadata":         `[{"metadata":{` + keys(maxBatchBody/14, `""`) + `}}]`,
		"names":            `[{` + keys(maxBatchBody/14, `""`) + `}]`,
		"minor":            fill(`[{"operations":[{"amount_minor":[`, "0,", `0]}]}]`),
		"number":           fill(`[{"operations":[{"amount_minor":`, "9", `}]}]`),
		"text":             fill(`[{"reference":"`, "x", `"}]`),
		"escapes":          fill(`[{"reference":"`, `\u0061`, `"}]`),
		"lines":            fill("", "0\n", ""),
		"empty lines":      fill("", "\n", ""),
		"spaces":           fill("[", " ", "]"),
		"one line":         fill("", "{}", ""),
		"metadata of each": "[" + strings.Repeat(`{"metadata":{`+keys(50, `""`)+`}},`, maxBatch-1) + "0]",
		"many full":        fill("[", `{"operations":[`+strings.TrimSuffix(strings.Repeat("{},", maxElements), ",")+`]},`, "0]"),
	}
}

// TestHostileBatches: below 50 MB each, whose sum is what matters to the garbage
// collector, and nothing is written.
func TestHostileBatches(t *testing.T) {
	w := newWorld(t)
	p := w.tenant("Hostile", "GHS", "")
	for name, body := range hostileBatches() {
		p.unchanged(func() {
			allocated := allocates(func() {
				if reply := w.serve(p.identity, "POST", "/v1/transactions/batch", body); reply.Code != 400 && reply.Code != 200 {
					t.Errorf("%s: %d", name, reply.Code)
				}
			})
			t.Logf("%s: %.1f MB", name, float64(allocated)/1e6)
			if allocated > 50e6 {
				t.Errorf("%s took %d bytes", name, allocated)
			}
		})
	}
}

func BenchmarkHostileBatch(b *testing.B) {
	w := newWorld(b)
	p := w.tenant("Hostile", "GHS", "")
	for name, body := range hostileBatches() {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w.serve(p.identity, "POST", "/v1/transactions/batch", body)
			}
		})
	}
}
