package domain

import "time"

// endOfTime is the first moment whose year has five digits, which RFC 3339
// cannot write.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// moment returns a time as the ledger keeps it: UTC, in whole microseconds.
func moment(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Microsecond)
}

// checkFuture refuses a moment that has passed or that is after the year 9999.
func checkFuture(name string, at, now time.Time) *Rejection {
	switch {
	case at.IsZero():
		return nil
	case !moment(at).After(now):
		return reject(BadRequest, "%s must be in the future", name)
	case !at.Before(endOfTime):
		return reject(BadRequest, "%s must be before the year 10000", name)
	}
	return nil
}

func timestamp(at time.Time) string { return at.UTC().Format(time.RFC3339Nano) }

// startOf returns the first moment of a date in a zone. Where clocks go forward
// at midnight that is not midnight, and time.Date may return the evening
// before. Clocks change at whole quarters of an hour.
func startOf(date time.Time, zone *time.Location) time.Time {
	start := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	for start.Format(time.DateOnly) < date.Format(time.DateOnly) {
		start = start.Add(15 * time.Minute)
	}
	return start
}

// date returns the day at a moment, in the project's zone.
func (p *Project) date(now time.Time) string {
	return now.In(p.Settings.zone()).Format(time.DateOnly)
}

func (p *posting) date() string { return p.project.date(p.at.Time) }
