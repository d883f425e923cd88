package domain

import (
	"fmt"
	"strings"
	"testing"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// TestPrecedence holds each command to its table.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	for name, table := range tables {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table(t, setting(t))
		})
	}
}

// tables by the type of the command.
var tables = map[string]func(*testing.T, *script){
	"CreateProject": tableOfCreateProject, "ChangeProject": tableOfChangeProject,
	"CreateCredential": tableOfCreateCredential, "RevokeCredential": tableOfRevokeCredential,
	"DefineAsset": tableOfDefineAsset, "UpsertCustomer": tableOfUpsertCustomer,

	"CreateWallet": tableOfCreateWallet, "ChangeWallet": tableOfChangeWallet,
	"ChangeStatus": tableOfChangeStatus, "CloseWallet": tableOfCloseWallet,
	"SetMonitor": tableOfSetMonitor, "RemoveMonitor": tableOfRemoveMonitor, "Settle": tableOfSettle,

	"Transact": tableOfTransact, "Reverse": tableOfReverse, "CancelScheduled": tableOfCancelScheduled,

	"PlaceHold": tableOfPlaceHold, "CaptureHold": tableOfCaptureHold, "ReleaseHold": tableOfReleaseHold,
	"CreateEscrow": tableOfCreateEscrow, "ApproveEscrow": tableOfApproveEscrow, "EndEscrow": tableOfEndEscrow,

	"ExpireCredit": tableOfExpireCredit, "AnnounceExpiry": tableOfAnnounceExpiry, "ExpireHold": tableOfExpireHold,
	"MeetDeadline": tableOfMeetDeadline, "CallSettlement": tableOfCallSettlement, "PerformScheduled": tableOfPerformScheduled,
}

// A table begins with a command that breaks every rule it can. Each row repairs
// one fault of the row before and says what is reported then, so the rows stand
// in the order of precedence. The last breaks nothing.
//
// A table of what time asks for has no rejections: each row does nothing, but the last.
type row[C any] struct {
	name    string
	repair  func(*C)
	code    Code   // "": accepted
	message string // part of it
}

// world is the state that the tables are about.
const world = `
project other currency=USD
customer olu
wallet olus customer=olu
credential others
transact far: issue 9 to olus
hold far-hold from=olus amount=1
wallet far-till system=yes
escrow far-escrow from=olus to=far-till amount=1
project shop currency=USD fee=1 fee.capture=1 backdating=1h
asset POINTS scale=0 number=7
credential key
customer ama username=ama phone=+1 email=a@x
customer kofi username=kofi phone=+2 email=k@x
customer yaw username=yaw
wallet amas customer=ama max_amount=100
wallet kofis customer=kofi
wallet points customer=kofi currency=POINTS
wallet shut customer=ama currency=EUR
wallet shut-too customer=kofi currency=EUR
wallet open-euros system=yes currency=EUR
wallet full system=yes max_balance=9999999999999999999999999999990000
wallet till system=yes
wallet cold system=yes
wallet frost system=yes
wallet gone system=yes
wallet spent system=yes
wallet held customer=yaw
wallet shut-full system=yes
wallet shut-held system=yes
wallet watched system=yes
wallet debtor system=yes type=POSTPAID limit=20
wallet pool system=yes liquidity=yes currency=EUR
transact fill: issue 10 to amas, then issue 9999999999999999999999999999990000 to full, then issue 2 to pool
transact more: issue 5 to shut-full, then issue 5 to shut-held, then issue 7 to held, then issue 10 to cold, then issue 1 to frost, then issue 5 to till, then redeem 20 from debtor
transact sale: issue 5 to kofis, then issue 5 to kofis
reverse back of=sale parts=0
transact undone: issue 5 to kofis
reverse undoing of=undone
transact to-gone: issue 1 to gone
transact to-spent: issue 1 to spent
transact to-shut: issue 5 to shut-full
transact to-cold: issue 5 to cold
transact out: redeem 1 from gone, then redeem 1 from spent, then redeem 10 from cold
transact swap: exchange 2 from cold to open-euros rate 1
transact drain: redeem 2 from liquidity/USD, then issue 2 to pool
hold h0 from=held amount=1
release h0
hold h-spent from=cold amount=1
capture spent hold=h-spent
hold h1 from=held amount=5
hold h2 from=shut-held amount=5
hold h3 from=cold amount=1
hold h4 from=till amount=1
escrow e0 from=held to=till amount=1
refund e0-back escrow=e0
hold h-rest from=held amount=2
escrow e1 from=kofis to=till amount=5 approval=yes
approve e1 party=sender
transact again: issue 6 to kofis
escrow e2 from=kofis to=shut-held amount=1
transact never: issue 1 to till; scheduled_for=2026-06-01
cancel never
transact later: issue 1 to till; scheduled_for=2026-06-01
transact soon: issue 1 to till; scheduled_for=2026-01-01T00:00:01Z
wait 1s
close gone
disable shut
disable shut-too
disable shut-full
disable shut-held
freeze cold
freeze frost
`

func setting(t *testing.T) *script {
	s := newScript(t)
	s.set(world + monitors("watched"))
	return s
}

// set plays what must succeed.
func (s *script) set(text string) {
	s.t.Helper()
	if played := s.play(text); strings.Contains(played, "    rejected") || strings.Contains(played, "    failed") {
		s.t.Fatalf("the world is broken:\n%s", played)
	}
}

// testRows holds Decide to a table, and a state to staying as it was.
func testRows[C any](t *testing.T, s *script, faulty C, command func(*C) Command, cases []row[C]) {
	t.Helper()
	if kind := strings.TrimPrefix(strings.TrimPrefix(fmt.Sprintf("%T", command(&faulty)), "*"), "domain."); !strings.HasSuffix(t.Name(), "/"+kind) {
		t.Errorf("a table of %s", kind)
	}
	before := rows(s.state)
	for _, r := range cases {
		if r.repair != nil {
			r.repair(&faulty)
		}
		code, message := outcome(Decide(s.state, command(&faulty), ids.Place{Location: ids.Location{Sequence: 1000}, Time: s.now}))
		if code != r.code || !strings.Contains(message, r.message) {
			t.Errorf("%s: %q (%s), want %q (…%s…)", r.name, code, message, r.code, r.message)
		}
	}
	if after := rows(s.state); after != before {
		t.Errorf("deciding changed the state:\n%s", firstDifference(before, after))
	}
}

// outcome is the rule that was broken, whether that is recorded or not.
func outcome(events []Event, rejection *Rejection) (Code, string) {
	if rejection != nil {
		return rejection.Code, rejection.Message
	}
	if len(events) == 0 {
		return nothing, ""
	}
	for _, event := range events {
		if failed, ok := event.(*TransactionFailed); ok {
			return failed.Failure.Code, failed.Failure.Message
		}
	}
	return "", ""
}

// nothing is the outcome where what was asked for is so already.
const nothing Code = "nothing to do"

var (
	long = strings.Repeat("x", 2000)
	many = func() Metadata {
		all := Metadata{}
		for i := range MaxMetadataKeys + 1 {
			all[strings.Repeat("k", i+1)] = ""
		}
		return all
	}()
	bulky = Metadata{"a": strings.Repeat("a", MaxMetadataLength)}
	nul   = "a\x00b"
)

func checksOfSettings() []row[ProjectSettings] {
	minimum := amount("2")
	return []row[ProjectSettings]{
		{"no name", nil, BadRequest, "name is required"},
		{"name too long", func(p *ProjectSettings) { p.Name = long }, BadRequest, "name has 2000 bytes"},
		{"name not UTF-8", func(p *ProjectSettings) { p.Name = "\xff" }, BadRequest, "name is not valid UTF-8"},
		{"name with NUL", func(p *ProjectSettings) { p.Name = nul }, BadRequest, "name contains a NUL"},
		{"locale too long", func(p *ProjectSettings) { p.Name = "Shop" }, BadRequest, "locale"},
		{"no currency of ISO", func(p *ProjectSettings) { p.Locale = "" }, BadRequest, "ISO 4217"},
		{"a fee for nothing", func(p *ProjectSettings) { p.Currency, p.Fees = "GHS", make([]FeeRule, 2) }, BadRequest, `charged for ""`},
		{"a fee below zero", func(p *ProjectSettings) {
			p.Fees = []FeeRule{{Operation: Transfer, Fixed: amount("-1"), Minimum: minimum, Maximum: amount("1")}, {Operation: Transfer}}
		}, BadRequest, "fees.transfer.fixed must be zero or more"},
		{"a minimum above the maximum", func(p *ProjectSettings) { p.Fees[0].Fixed = money.Quantity{} }, BadRequest, "the minimum of a fee, 2"},
		{"two fees for one", func(p *ProjectSettings) { p.Fees[0].Maximum = minimum }, BadRequest, "two fees for transfer"},
		{"notice below zero", func(p *ProjectSettings) { p.Fees[1].Operation, p.ExpiryNotice, p.Backdating = Issue, -1, 1 }, BadRequest, "expiry_notice"},
		{"backdating of a part of a second", func(p *ProjectSettings) { p.ExpiryNotice = maxLeadTime }, BadRequest, "backdating"},
	}
}

func checksOfLimits() []row[ProjectSettings] {
	limits := []CurrencyLimits{{Currency: "NONE"}, {Currency: "GHS", Limits: Limits{DailyAmount: amount("0.001")}}, {Currency: "GHS"}}
	return []row[ProjectSettings]{
		{"a fee in no currency", func(p *ProjectSettings) {
			p.Backdating, p.Limits = 0, limits
			p.Fees = []FeeRule{{Operation: Transfer, Currency: "NOBODYS", Fixed: amount("0.001")}}
		}, BadRequest, `currency "NOBODYS"`},
		{"a fee that does not fit", func(p *ProjectSettings) { p.Fees[0].Currency = "GHS" }, BadRequest, "fees.transfer.currencies.GHS.fixed has more digits than GHS"},
		{"a fee that does not fit every asset", func(p *ProjectSettings) { p.Fees[0].Currency, p.Fees[0].Fixed = "", amount("1000000000000000000") }, BadRequest, "fees.transfer.fixed is in no one currency"},
		{"limits in no currency", func(p *ProjectSettings) { p.Fees = nil }, BadRequest, `currency "NONE"`},
		{"a limit that does not fit", func(p *ProjectSettings) { p.Limits = limits[1:] }, BadRequest, "daily_amount"},
		{"a limit below zero", func(p *ProjectSettings) { p.Limits[0].DailyAmount = amount("-1") }, BadRequest, "daily_amount"},
		{"two sets", func(p *ProjectSettings) { p.Limits[0].DailyAmount = amount("1") }, BadRequest, "two sets of limits for GHS"},
	}
}

func tableOfCreateProject(t *testing.T, s *script) {
	cases := append(checksOfSettings(), checksOfLimits()...)
	testRows(t, s, ProjectSettings{Locale: long, Currency: "POINTS"}, func(p *ProjectSettings) Command { return CreateProject{*p} },
		append(cases, row[ProjectSettings]{"a project", func(p *ProjectSettings) { p.Limits = p.Limits[:1] }, "", ""}))
}

func tableOfChangeProject(t *testing.T, s *script) {
	var cases []row[ChangeProject]
	add := func(checks []row[ProjectSettings]) {
		for _, r := range checks {
			cases = append(cases, row[ChangeProject]{r.name, func(c *ChangeProject) {
				if r.repair != nil {
					r.repair(&c.Settings)
				}
			}, r.code, r.message})
		}
	}
	add(checksOfSettings())
	cases = append(cases,
		row[ChangeProject]{"no such project", func(c *ChangeProject) { c.Settings.Backdating = 0 }, NotFound, "Project"},
		row[ChangeProject]{"another currency", func(c *ChangeProject) { c.Project = s.projectID() }, BadRequest, "cannot be changed"})
	checks := checksOfLimits()
	first := checks[0].repair
	checks[0].repair = func(p *ProjectSettings) { first(p); p.Currency = "USD" }
	add(checks)
	cases = append(cases,
		row[ChangeProject]{"a change", func(c *ChangeProject) { c.Settings.Limits = nil }, "", ""},
		row[ChangeProject]{"as it is", func(c *ChangeProject) {
			project, _ := s.state.Project(c.Project)
			c.Settings = project.Settings
		}, nothing, ""})
	testRows(t, s, ChangeProject{"none", ProjectSettings{Locale: long, Currency: "POINTS"}}, func(c *ChangeProject) Command { return *c }, cases)
}

func tableOfCreateCredential(t *testing.T, s *script) {
	testRows(t, s, CreateCredential{Project: "none", Name: long}, func(c *CreateCredential) Command { return *c }, []row[CreateCredential]{
		{"name too long", nil, BadRequest, "name"},
		{"no such project", func(c *CreateCredential) { c.Name = "" }, NotFound, "Project"},
		{"a credential", func(c *CreateCredential) { c.Project = s.projectID() }, "", ""},
	})
}

func tableOfRevokeCredential(t *testing.T, s *script) {
	testRows(t, s, RevokeCredential{s.projectID(), "none"}, func(c *RevokeCredential) Command { return *c }, []row[RevokeCredential]{
		{"no such credential", nil, NotFound, "Credential"},
		{"another project's", func(c *RevokeCredential) { c.Key = ids.APIKey(s.id("others")) }, NotFound, "Credential"},
		{"ours", func(c *RevokeCredential) { c.Key = ids.APIKey(s.id("key")) }, "", ""},
	})
}

func tableOfDefineAsset(t *testing.T, s *script) {
	faulty := DefineAsset{"none", money.Asset{Code: "P-1", Scale: 19, NumericID: -1, Name: long, Symbol: long}}
	testRows(t, s, faulty, func(c *DefineAsset) Command { return *c }, []row[DefineAsset]{
		{"code malformed", nil, BadRequest, "asset code"},
		{"scale too large", func(c *DefineAsset) { c.Asset.Code = "USD" }, BadRequest, "scale 19"},
		{"scale below zero", func(c *DefineAsset) { c.Asset.Scale = -1 }, BadRequest, "scale -1"},
		{"number below zero", func(c *DefineAsset) { c.Asset.Scale = 2 }, BadRequest, "numeric id"},
		{"name too long", func(c *DefineAsset) { c.Asset.NumericID = 8 }, BadRequest, "name"},
		{"symbol too long", func(c *DefineAsset) { c.Asset.Name = "" }, BadRequest, "symbol"},
		{"no such project", func(c *DefineAsset) { c.Asset.Symbol = "" }, NotFound, "Project"},
		{"a currency of ISO", func(c *DefineAsset) { c.Project = s.projectID() }, AssetConflict, "ISO 4217"},
		{"defined otherwise", func(c *DefineAsset) { c.Asset.Code = "POINTS" }, AssetConflict, "scale 0 and number 7"},
		{"another number", func(c *DefineAsset) { c.Asset.Scale = 0 }, AssetConflict, "scale 0 and number 7"},
		{"as it is", func(c *DefineAsset) { c.Asset.NumericID = 7 }, nothing, ""},
	})
}

func tableOfUpsertCustomer(t *testing.T, s *script) {
	text := func(value string) *string { return &value }
	faulty := UpsertCustomer{"none", "", ProfileChange{
		Username: &long, Phone: &long, Email: &long, Name: &long, Description: &long, Role: &long, Metadata: many,
	}}
	testRows(t, s, faulty, func(c *UpsertCustomer) Command { return *c }, []row[UpsertCustomer]{
		{"no identifier", nil, BadRequest, "customer_id is required"},
		{"identifier too long", func(c *UpsertCustomer) { c.Customer = ids.Customer(long) }, BadRequest, "customer_id has 2000"},
		{"username too long", func(c *UpsertCustomer) { c.Customer = "ama" }, BadRequest, "username"},
		{"phone too long", func(c *UpsertCustomer) { c.Change.Username = text("kofi") }, BadRequest, "phone"},
		{"e-mail too long", func(c *UpsertCustomer) { c.Change.Phone = text("+2") }, BadRequest, "email"},
		{"name too long", func(c *UpsertCustomer) { c.Change.Email = text("K@X") }, BadRequest, "name"},
		{"description too long", func(c *UpsertCustomer) { c.Change.Name = nil }, BadRequest, "description"},
		{"role too long", func(c *UpsertCustomer) { c.Change.Description = nil }, BadRequest, "role"},
		{"too many keys", func(c *UpsertCustomer) { c.Change.Role = nil }, BadRequest, "51 keys"},
		{"an empty key", func(c *UpsertCustomer) { c.Change.Metadata = Metadata{"": ""} }, BadRequest, "metadata key is required"},
		{"a value with NUL", func(c *UpsertCustomer) { c.Change.Metadata = Metadata{"a": nul} }, BadRequest, `metadata["a"]`},
		{"too many bytes", func(c *UpsertCustomer) { c.Change.Metadata = bulky }, BadRequest, "metadata has 16385 bytes"},
		{"no such project", func(c *UpsertCustomer) { c.Change.Metadata = nil }, NotFound, "Project"},
		{"username taken", func(c *UpsertCustomer) { c.Project = s.projectID() }, IdentifierTaken, "this username"},
		{"phone taken", func(c *UpsertCustomer) { c.Change.Username = nil }, IdentifierTaken, "this phone"},
		{"e-mail taken", func(c *UpsertCustomer) { c.Change.Phone = nil }, IdentifierTaken, "this email"},
		{"as it is", func(c *UpsertCustomer) { c.Change.Email = nil }, nothing, ""},
		{"a customer", func(c *UpsertCustomer) { c.Change.Name = text("Ama") }, "", ""},
	})
}
