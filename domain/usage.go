package domain

import (
	"time"

	"tallystick/domain/money"
)

// Usage is what counts against limits by the day and the month. It counts from
// when a limit that needs it is there.
type Usage struct {
	Date        string // "2006-01-02": the day under way
	DayAmount   money.Amount
	DayCount    uint64
	MonthAmount money.Amount
	MonthCount  uint64
}

// on is the usage as it stands on a day. Days do not go back: where the project's
// zone was moved west, the day that was begun goes on until it is over there too.
func (u Usage) on(date string, asset money.Asset) Usage {
	if u.Date >= date {
		return u
	}
	next := Usage{Date: date, DayAmount: asset.Zero(), MonthAmount: asset.Zero()}
	if len(u.Date) >= 7 && u.Date[:7] == date[:7] {
		next.MonthAmount, next.MonthCount = u.MonthAmount, u.MonthCount
	}
	return next
}

func (u Usage) plus(amount money.Amount) Usage {
	u.DayAmount, u.MonthAmount = u.DayAmount.Add(amount), u.MonthAmount.Add(amount)
	u.DayCount++
	u.MonthCount++
	return u
}

// DayEnds is when the day under way is over by the project's clocks, and what
// counts by the day begins anew. UTC.
func (u Usage) DayEnds(p *Project) time.Time {
	day := u.day()
	return startOf(time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, time.UTC), p.Settings.zone()).UTC()
}

// MonthEnds is when the month under way is over. UTC.
func (u Usage) MonthEnds(p *Project) time.Time {
	day := u.day()
	return startOf(time.Date(day.Year(), day.Month()+1, 1, 0, 0, 0, 0, time.UTC), p.Settings.zone()).UTC()
}

func (u Usage) day() time.Time {
	day, err := time.Parse(time.DateOnly, u.Date)
	if err != nil {
		panic("domain: usage of no day: " + err.Error())
	}
	return day
}

// date is the day that it is at a moment, by the project's clocks.
func (p *Project) date(now time.Time) string {
	return now.In(p.Settings.zone()).Format(time.DateOnly)
}

// Used is what counts against a wallet's limits at a moment: what has left it, and
// what holds reserve. Each hold counts as if it had left by one operation, so that
// the capture that ends it needs no room of its own. A capture that leaves some
// of it counts beside it.
func (p *Project) Used(w *Wallet, now time.Time) Usage { return p.used(w.Asset, w.dealings, now) }

func (p *Project) used(asset money.Asset, d *dealings, now time.Time) Usage {
	if d == nil {
		return Usage{}.on(p.date(now), asset)
	}
	used := d.usage.on(p.date(now), asset)
	used.DayAmount, used.MonthAmount = used.DayAmount.Add(d.held), used.MonthAmount.Add(d.held)
	used.DayCount += uint64(d.holds)
	used.MonthCount += uint64(d.holds)
	return used
}
