package domain

import (
	"testing"
	"time"
)

// TestStartOfDay: a date begins at the first moment that has it or a later date,
// by the clocks of the zone, also where they are set at midnight.
func TestStartOfDay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Africa/Accra", "Africa/Cairo", "Africa/Casablanca", "America/Asuncion", "America/Havana", "America/Nuuk", "America/Santiago",
		"America/Sao_Paulo", "Asia/Amman", "Asia/Beirut", "Asia/Kathmandu", "Asia/Tehran", "Atlantic/Azores", "Australia/Lord_Howe",
		"Europe/Berlin", "Pacific/Apia", "Pacific/Kiritimati",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		day := func(at time.Time) string { return at.In(zone).Format(time.DateOnly) }
		for date := time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() < 2038; date = date.AddDate(0, 0, 1) {
			start, want := startOf(date, zone), date.Format(time.DateOnly)
			if day(start) < want || day(start.Add(-time.Microsecond)) >= want {
				t.Errorf("%s in %s begins at %s, where it is %s", want, name, start.UTC(), start)
			}
		}
	}
}

// TestSettlementsOfAYear: a month is asked for twelve times a year, and a week as
// often as it begins, each at the start of its day.
func TestSettlementsOfAYear(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"America/Havana", "America/Santiago", "America/Asuncion", "Asia/Beirut", "Atlantic/Azores", "Pacific/Kiritimati"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
		for day := 1; day <= 31; day++ {
			checkSettlements(t, Settlement{Period: Monthly, Day: day}, begin, 12)
		}
		for day := 1; day <= 7; day++ {
			checkSettlements(t, Settlement{Period: Weekly, Day: day}, begin, 52)
		}
	}
}

// checkSettlements counts the ends of periods of 2026 that come after its first
// moment, which may be one itself.
func checkSettlements(t *testing.T, s Settlement, begin time.Time, want int) {
	t.Helper()
	count, zone := 0, begin.Location()
	for at := s.after(begin.Add(-time.Second), zone); at.In(zone).Year() == 2026; at = s.after(at, zone) {
		if local := at.In(zone); !s.endsOn(local) || local.Add(-time.Second).Day() == local.Day() {
			t.Errorf("%+v in %s: %s", s, zone, local)
		}
		count++
	}
	if count != want && (s.Period != Weekly || count != want+1) {
		t.Errorf("%+v in %s: %d times in a year", s, zone, count)
	}
}
