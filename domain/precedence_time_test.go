package domain

import (
	"testing"

	"tallystick/domain/ids"
)

// late lets everything end whose time is given, with nothing done about it yet.
const late = `
transact credit: issue 5 to till expires 2026-02-01
hold h5 from=till amount=0.01 expires=2026-02-01
hold h6 from=till amount=0.01
escrow e3 from=till to=kofis amount=0.01 deadline=2026-02-01
escrow e4 from=till to=kofis amount=0.01
enable shut-held
escrow e5 from=till to=shut-held amount=0.01 deadline=2026-02-01 at_deadline=release
disable shut-held
late 2026-02-01
`

func tableOfExpireCredit(t *testing.T, s *script) {
	s.set("transact extra: issue 5 to amas expires 2026-03-01\n" + late)
	wallet, _ := s.state.Wallet(s.wallet("till"))
	other, _ := s.state.Wallet(s.wallet("amas"))
	testRows(t, s, ExpireCredit{"none", "none", 77, scriptsBegin}, func(c *ExpireCredit) Command { return *c }, []row[ExpireCredit]{
		{"no such wallet", nil, nothing, ""},
		{"no lot", func(c *ExpireCredit) { c.Wallet = s.wallet("points") }, nothing, ""},
		{"no such lot", func(c *ExpireCredit) { c.Wallet = wallet.ID }, nothing, ""},
		{"no such project", func(c *ExpireCredit) { c.Lot, c.ExpiresAt = wallet.Lots()[0].Lot, wallet.Lots()[0].ExpiresAt }, nothing, ""},
		{"not expired", func(c *ExpireCredit) {
			c.Project, c.Wallet, c.Lot, c.ExpiresAt = s.projectID(), other.ID, other.Lots()[0].Lot, other.Lots()[0].ExpiresAt
		}, nothing, ""},
		{"with another end", func(c *ExpireCredit) { c.Wallet, c.Lot = wallet.ID, wallet.Lots()[0].Lot }, nothing, ""},
		{"expired", func(c *ExpireCredit) { c.ExpiresAt = wallet.Lots()[0].ExpiresAt }, "", ""},
	})
}

func tableOfAnnounceExpiry(t *testing.T, s *script) {
	s.set("change shop notice=30d\ntransact extra: issue 5 to amas expires 2026-01-03\ntransact credit: issue 5 to till expires 2026-03-01\n")
	wallet, _ := s.state.Wallet(s.wallet("till"))
	told, _ := s.state.Wallet(s.wallet("amas"))
	testRows(t, s, AnnounceExpiry{"none", "none", 77, scriptsBegin}, func(c *AnnounceExpiry) Command { return *c }, []row[AnnounceExpiry]{
		{"no such wallet", nil, nothing, ""},
		{"no such lot", func(c *AnnounceExpiry) { c.Wallet = wallet.ID }, nothing, ""},
		{"no such project", func(c *AnnounceExpiry) { c.Lot, c.ExpiresAt = wallet.Lots()[0].Lot, wallet.Lots()[0].ExpiresAt }, nothing, ""},
		{"announced before", func(c *AnnounceExpiry) {
			c.Project, c.Wallet, c.Lot, c.ExpiresAt = s.projectID(), told.ID, told.Lots()[0].Lot, told.Lots()[0].ExpiresAt
		}, nothing, ""},
		{"with another end", func(c *AnnounceExpiry) { c.Wallet, c.Lot = wallet.ID, wallet.Lots()[0].Lot }, nothing, ""},
		{"announced", func(c *AnnounceExpiry) { c.ExpiresAt = wallet.Lots()[0].ExpiresAt }, "", ""},
	})
}

func tableOfExpireHold(t *testing.T, s *script) {
	s.set("hold h7 from=till amount=0.01 expires=2026-03-01\n" + late)
	hold := func(name string) func(*ExpireHold) { return func(c *ExpireHold) { c.Hold = ids.Hold(s.id(name)) } }
	testRows(t, s, ExpireHold{"none", "none"}, func(c *ExpireHold) Command { return *c }, []row[ExpireHold]{
		{"no such hold", nil, nothing, ""},
		{"no such project", hold("h5"), nothing, ""},
		{"ended", func(c *ExpireHold) { c.Project, c.Hold = s.projectID(), ids.Hold(s.id("h0")) }, nothing, ""},
		{"without an end", hold("h6"), nothing, ""},
		{"not over", hold("h7"), nothing, ""},
		{"over", hold("h5"), "", ""},
	})
}

func tableOfMeetDeadline(t *testing.T, s *script) {
	s.set("escrow e6 from=till to=kofis amount=0.01 deadline=2026-03-01\n" + late)
	escrow := func(name string) func(*MeetDeadline) {
		return func(c *MeetDeadline) { c.Escrow = ids.Escrow(s.id(name)) }
	}
	testRows(t, s, MeetDeadline{"none", "none"}, func(c *MeetDeadline) Command { return *c }, []row[MeetDeadline]{
		{"no such escrow", nil, nothing, ""},
		{"no such project", escrow("e3"), nothing, ""},
		{"ended", func(c *MeetDeadline) { c.Project, c.Escrow = s.projectID(), ids.Escrow(s.id("e0")) }, nothing, ""},
		{"without a deadline", escrow("e4"), nothing, ""},
		{"not over", escrow("e6"), nothing, ""},
		{"into a disabled wallet", escrow("e5"), nothing, ""},
		{"over", escrow("e3"), "", ""},
	})
}

func tableOfCallSettlement(t *testing.T, s *script) {
	s.set(`
changewallet debtor settle=monthly:1
wallet over system=yes type=POSTPAID settle=monthly:1
wallet unsettled system=yes type=POSTPAID
close over
` + late + "wallet monthly system=yes type=POSTPAID settle=monthly:2\n")
	wallet := func(name string) func(*CallSettlement) {
		return func(c *CallSettlement) { c.Wallet = s.wallet(name) }
	}
	testRows(t, s, CallSettlement{"none", "none"}, func(c *CallSettlement) Command { return *c }, []row[CallSettlement]{
		{"no such wallet", nil, nothing, ""},
		{"no such project", wallet("debtor"), nothing, ""},
		{"closed", func(c *CallSettlement) { c.Project, c.Wallet = s.projectID(), s.wallet("over") }, nothing, ""},
		{"not settled by period", wallet("unsettled"), nothing, ""},
		{"not over", wallet("monthly"), nothing, ""},
		{"over", wallet("debtor"), "", ""},
	})
}

func tableOfPerformScheduled(t *testing.T, s *script) {
	s.set(`
transact due: issue 1 to till; scheduled_for=2026-02-01
transact late: issue 1 to till expires 2026-01-31; scheduled_for=2026-01-30
transact poor: redeem 1000 from till; scheduled_for=2026-02-01
` + late)
	of := func(reference string) func(*PerformScheduled) {
		return func(c *PerformScheduled) { c.Transaction = s.transaction(reference) }
	}
	testRows(t, s, PerformScheduled{Project: "none", Transaction: "none"}, func(c *PerformScheduled) Command { return *c }, []row[PerformScheduled]{
		{"no such transaction", nil, nothing, ""},
		{"never scheduled", of("fill"), nothing, ""},
		{"no such project", of("due"), nothing, ""},
		{"performed", func(c *PerformScheduled) { c.Project, c.Transaction = s.projectID(), s.transaction("soon") }, nothing, ""},
		{"cancelled", of("never"), nothing, ""},
		{"not due", of("later"), nothing, ""},
		{"not enough", of("poor"), InsufficientFunds, "Insufficient"},
		{"its credit has expired by now", of("late"), "", ""},
		{"refused by the log", func(c *PerformScheduled) { of("due")(c); c.Refused = reject(BadRequest, "too large") }, BadRequest, "too large"},
		{"due", func(c *PerformScheduled) { c.Refused = nil }, "", ""},
	})
}
