package ledger_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tallystick/domain"
	"tallystick/events"
	"tallystick/ledger"
)

// TestMetrics counts each outcome of a command and of an append once.
func TestMetrics(t *testing.T) {
	fakeTime(func(t *testing.T) {
		at := newClock()
		b := newObserved(t, 2, func(cfg *ledger.Config) { at.config(cfg); cfg.Patience = time.Second })
		counted := func(name, label string) float64 {
			t.Helper()
			families, err := b.registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, family := range families {
				for _, m := range family.GetMetric() {
					if family.GetName() == "tallystick_"+name && (label == "" || m.GetLabel()[0].GetValue() == label) {
						return m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
					}
				}
			}
			return 0
		}
		step := func(what string, do func(), want map[[2]string]float64) {
			t.Helper()
			all := [][2]string{
				{"commits_total"}, {"commands_total", "done"}, {"commands_total", "rejected"}, {"commands_total", "unavailable"}, {"commit_commands"}, {"append_seconds"},
				{"append_outcomes_total", "acknowledged"}, {"append_outcomes_total", "conflict"}, {"append_outcomes_total", "refused"}, {"append_outcomes_total", "unknown"},
				{"log_sequence"}, {"replayed_commits_total"}, {"deadlines_total"}, {"waiting_operations"},
			}
			before := map[[2]string]float64{}
			for _, key := range all {
				before[key] = counted(key[0], key[1])
			}
			do()
			synctest.Wait()
			for _, key := range all {
				if more := counted(key[0], key[1]) - before[key]; more != want[key] {
					t.Errorf("%s: %v more of %v, want %v", what, more, key, want[key])
				}
			}
		}
		one := map[[2]string]float64{{"commits_total"}: 1, {"commands_total", "done"}: 1, {"commit_commands"}: 1, {"append_seconds"}: 1, {"append_outcomes_total", "acknowledged"}: 1, {"log_sequence"}: 1}
		step("a transfer", func() { b.must(b.transfer("one", 0, 1, "1.00")) }, one)
		step("a rejection", func() { _, _ = b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("one", 0, 1, "1.00")) }, map[[2]string]float64{{"commands_total", "rejected"}: 1})
		b.log.Fail(events.Full)
		_, _ = b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("two", 0, 1, "1.00"))
		if refused := counted("append_outcomes_total", "refused"); refused != 1 {
			t.Errorf("%v appends were refused", refused)
		}
		b.log.SetOffline(true)
		step("an absent log", func() {
			_, _ = b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("three", 0, 1, "1.00"))
			_, _ = b.ledger.Do(t.Context(), 0, domain.Operator, b.transfer("four", 0, 1, "1.00")) // is refused at once
		}, map[[2]string]float64{{"commands_total", "unavailable"}: 2})
		step("its return", func() { b.log.SetOffline(false); time.Sleep(2 * time.Second) }, one)
		other := open(t, b.log, b.keys, at.config)
		other.project, other.wallets = b.project, b.wallets
		other.must(other.transfer("five", 0, 1, "1.00"))
		step("a conflict", func() { b.must(b.transfer("six", 0, 1, "1.00")) }, map[[2]string]float64{
			{"commits_total"}: 1, {"commands_total", "done"}: 1, {"commit_commands"}: 1, {"append_seconds"}: 2, {"append_outcomes_total", "acknowledged"}: 1,
			{"append_outcomes_total", "conflict"}: 1, {"log_sequence"}: 2, {"replayed_commits_total"}: 1,
		})
		b.must(b.grant("bonus", 0, "5.00", at.time().Add(time.Hour)))
		at.advance(time.Hour)
		step("a deadline", func() { _, _ = b.ledger.View(t.Context(), 0, func(*domain.State) {}); time.Sleep(time.Minute) }, map[[2]string]float64{
			{"commits_total"}: 1, {"commit_commands"}: 1, {"append_seconds"}: 1, {"append_outcomes_total", "acknowledged"}: 1, {"log_sequence"}: 1, {"deadlines_total"}: 1, {"commands_total", "done"}: 1,
		})
	})(t)
}

// TestAppendedBytes: the bytes of all commits of the log are counted.
func TestAppendedBytes(t *testing.T) {
	fakeTime(func(t *testing.T) {
		b := newObserved(t, 2, nil)
		b.must(b.transfer("one", 0, 1, "1.00"))
		last, err := b.log.Last(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stored := 0
		err = b.log.Read(t.Context(), 1, last, func(m events.Message) error {
			stored += len(m.Data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		counted := b.metric("tallystick_append_bytes_total")
		if stored == 0 || counted != float64(stored) {
			t.Errorf("%v bytes are counted, %d are in the log", counted, stored)
		}
	})(t)
}
