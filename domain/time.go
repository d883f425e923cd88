package domain

import "time"

// endOfTime is the first moment that cannot be written everywhere.
var endOfTime = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)

// moment is a time as the ledger keeps it: UTC, in whole microseconds.
func moment(at time.Time) time.Time {
	if at.IsZero() {
		return at
	}
	return at.UTC().Truncate(time.Microsecond)
}

// checkFuture refuses a moment that is over, or further away than can be written.
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

// startOf is the first moment of a date by the clocks of a zone. That is not
// midnight where the clocks go forward just then: time.Date may then answer the
// evening before. Clocks change at whole quarters of an hour.
func startOf(date time.Time, zone *time.Location) time.Time {
	start := time.Date(date.Year(), date.Month(), date.Day(), 0, 0, 0, 0, zone)
	for start.Format(time.DateOnly) < date.Format(time.DateOnly) {
		start = start.Add(15 * time.Minute)
	}
	return start
}

// date is the day that it is at a moment, by the project's clocks.
func (p *Project) date(now time.Time) string {
	return now.In(p.Settings.zone()).Format(time.DateOnly)
}

func (p *posting) date() string { return p.project.date(p.at.Time) }
