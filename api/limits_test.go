package api

import (
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/money"
)

// TestLimitsReset: what counts by the day and the month begins anew when the
// project's clocks say so, also on days that have no midnight.
func TestLimitsReset(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ zone, now, day, month string }{
		{"UTC", "2026-03-07T12:00:00Z", "2026-03-08T00:00:00Z", "2026-04-01T00:00:00Z"},
		{"America/Havana", "2026-03-07T12:00:00Z", "2026-03-08T05:00:00Z", "2026-04-01T04:00:00Z"},
		{"America/Santiago", "2026-09-06T03:59:59Z", "2026-09-06T04:00:00Z", "2026-10-01T03:00:00Z"},
		{"Africa/Cairo", "2026-04-23T20:00:00Z", "2026-04-23T22:00:00Z", "2026-04-30T21:00:00Z"}, // at 22:00Z it is 1:00 there
	} {
		zone, err := time.LoadLocation(row.zone)
		if err != nil {
			t.Fatal(err)
		}
		now, err := time.Parse(time.RFC3339, row.now)
		if err != nil {
			t.Fatal(err)
		}
		project := &domain.Project{Settings: domain.ProjectSettings{Zone: zone}}
		wallet := &domain.Wallet{Role: domain.CustomerWallet, Asset: money.Asset{Code: "USD", Scale: 2}, Terms: &domain.Terms{
			Limits: domain.Limits{DailyCount: domain.NewCount(1)},
		}}
		used := usedOf(wallet, project, now)
		if day, month := used.DayEnds(project).Format(time.RFC3339), used.MonthEnds(project).Format(time.RFC3339); day != row.day || month != row.month {
			t.Errorf("in %s at %s the day ends at %s and the month at %s, want %s and %s", row.zone, row.now, day, month, row.day, row.month)
		}
	}
}
