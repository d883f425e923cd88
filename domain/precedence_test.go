package domain

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A table begins with a command that breaks every rule it can. Each row repairs
// one fault of the row before and says what is reported then, so the rows stand
// in the order of precedence. The last breaks nothing.
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
project shop currency=USD fee=1
asset POINTS scale=0 number=7
credential key
customer ama username=ama phone=+1 email=a@x
customer kofi username=kofi phone=+2 email=k@x
wallet amas customer=ama
wallet kofis customer=kofi
wallet points customer=kofi currency=POINTS
wallet shut customer=ama currency=EUR
wallet shut-too customer=kofi currency=EUR
wallet full system=yes
disable shut
disable shut-too
transact fill: issue 10 to amas, then issue 9999999999999999999999999999990000 to full
`

func setting(t *testing.T) *script {
	s := newScript(t)
	if played := s.play(world); strings.Contains(played, "rejected") || strings.Contains(played, "failed") {
		t.Fatalf("the world is broken:\n%s", played)
	}
	return s
}

// testRows holds Decide to a table, and a state to staying as it was.
func testRows[C any](t *testing.T, s *script, faulty C, command func(*C) Command, cases []row[C]) {
	t.Helper()
	before := rows(s.state)
	for _, r := range cases {
		if r.repair != nil {
			r.repair(&faulty)
		}
		code, message := outcome(Decide(s.state, command(&faulty), Place{Location{Sequence: 1000}, time.Unix(0, 0).UTC()}))
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
	if len(events) > 0 {
		if failed, ok := events[len(events)-1].(*TransactionFailed); ok {
			return failed.Failure.Code, failed.Failure.Message
		}
	}
	return "", ""
}

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

func TestPrecedenceOfProjects(t *testing.T) {
	t.Parallel()
	faulty := ProjectSettings{Locale: long, Currency: "POINTS"}
	checks := []row[ProjectSettings]{
		{"no name", nil, BadRequest, "name is required"},
		{"name too long", func(p *ProjectSettings) { p.Name = long }, BadRequest, "name has 2000 bytes"},
		{"name not UTF-8", func(p *ProjectSettings) { p.Name = "\xff" }, BadRequest, "name is not valid UTF-8"},
		{"name with NUL", func(p *ProjectSettings) { p.Name = nul }, BadRequest, "name contains a NUL"},
		{"locale too long", func(p *ProjectSettings) { p.Name = "Shop" }, BadRequest, "locale"},
		{"no currency of ISO", func(p *ProjectSettings) { p.Locale = "" }, BadRequest, "ISO 4217"},
	}
	s := setting(t)
	testRows(t, s, faulty, func(p *ProjectSettings) Command { return CreateProject{*p} }, append(checks,
		row[ProjectSettings]{"a project", func(p *ProjectSettings) { p.Currency = "GHS" }, "", ""}))

	change := []row[ChangeProject]{}
	for _, r := range checks {
		repair := func(*ChangeProject) {}
		if r.repair != nil {
			repair = func(c *ChangeProject) { r.repair(&c.Settings) }
		}
		change = append(change, row[ChangeProject]{r.name, repair, r.code, r.message})
	}
	testRows(t, s, ChangeProject{"none", faulty}, func(c *ChangeProject) Command { return *c }, append(change,
		row[ChangeProject]{"no such project", func(c *ChangeProject) { c.Settings.Currency = "GHS" }, NotFound, "Project"},
		row[ChangeProject]{"another currency", func(c *ChangeProject) { c.Project = s.projectID() }, BadRequest, "cannot be changed"},
		row[ChangeProject]{"a change", func(c *ChangeProject) { c.Settings.Currency = "USD" }, "", ""}))
}

func TestPrecedenceOfCredentials(t *testing.T) {
	t.Parallel()
	s := setting(t)
	testRows(t, s, CreateCredential{Project: "none", Name: long}, func(c *CreateCredential) Command { return *c }, []row[CreateCredential]{
		{"name too long", nil, BadRequest, "name"},
		{"no such project", func(c *CreateCredential) { c.Name = "" }, NotFound, "Project"},
		{"a credential", func(c *CreateCredential) { c.Project = s.projectID() }, "", ""},
	})
	testRows(t, s, RevokeCredential{s.projectID(), "none"}, func(c *RevokeCredential) Command { return *c }, []row[RevokeCredential]{
		{"no such credential", nil, NotFound, "Credential"},
		{"another project's", func(c *RevokeCredential) { c.Key = APIKey(s.id("others")) }, NotFound, "Credential"},
		{"ours", func(c *RevokeCredential) { c.Key = APIKey(s.id("key")) }, "", ""},
	})
}

func TestPrecedenceOfAssets(t *testing.T) {
	t.Parallel()
	s := setting(t)
	faulty := DefineAsset{"none", Asset{Code: "P-1", Scale: 19, NumericID: -1, Name: long, Symbol: long}}
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
		{"as it is", func(c *DefineAsset) { c.Asset.NumericID = 7 }, "", ""},
	})
}

func TestPrecedenceOfCustomers(t *testing.T) {
	t.Parallel()
	s := setting(t)
	text := func(value string) *string { return &value }
	faulty := UpsertCustomer{"none", "", ProfileChange{
		Username: &long, Phone: &long, Email: &long, Name: &long, Description: &long, Role: &long, Metadata: many,
	}}
	testRows(t, s, faulty, func(c *UpsertCustomer) Command { return *c }, []row[UpsertCustomer]{
		{"no identifier", nil, BadRequest, "customer_id is required"},
		{"identifier too long", func(c *UpsertCustomer) { c.Customer = CustomerID(long) }, BadRequest, "customer_id has 2000"},
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
		{"a customer", func(c *UpsertCustomer) { c.Change.Email = nil }, "", ""},
	})
}

func TestPrecedenceOfWallets(t *testing.T) {
	t.Parallel()
	s := setting(t)
	faulty := CreateWallet{"none", "nobody", true, "NONE", long, many}
	testRows(t, s, faulty, func(c *CreateWallet) Command { return *c }, []row[CreateWallet]{
		{"both owners", nil, BadRequest, "not both"},
		{"no owner", func(c *CreateWallet) { c.Customer, c.System = "", false }, BadRequest, "customer_id is required"},
		{"name too long", func(c *CreateWallet) { c.Customer = "nobody" }, BadRequest, "name"},
		{"metadata", func(c *CreateWallet) { c.Name = "" }, BadRequest, "51 keys"},
		{"no such project", func(c *CreateWallet) { c.Metadata = nil }, NotFound, "Project"},
		{"no such currency", func(c *CreateWallet) { c.Project = s.projectID() }, BadRequest, `"NONE"`},
		{"no such customer", func(c *CreateWallet) { c.Currency = "POINTS" }, NotFound, "Customer"},
		{"another project's customer", func(c *CreateWallet) { c.Customer = "olu" }, NotFound, "Customer"},
		{"a wallet", func(c *CreateWallet) { c.Customer = "ama" }, "", ""},
	})
	status := SetWalletStatus{"none", "none", "shut", long, long}
	testRows(t, s, status, func(c *SetWalletStatus) Command { return *c }, []row[SetWalletStatus]{
		{"actor too long", nil, BadRequest, "actor"},
		{"reason too long", func(c *SetWalletStatus) { c.Actor = "" }, BadRequest, "reason"},
		{"no such status", func(c *SetWalletStatus) { c.Reason = "" }, BadRequest, `status "shut"`},
		{"no such wallet", func(c *SetWalletStatus) { c.Status = Disabled }, NotFound, "Wallet"},
		{"not this project's", func(c *SetWalletStatus) { c.Wallet = s.wallet("amas") }, NotFound, "Wallet"},
		{"a status", func(c *SetWalletStatus) { c.Project = s.projectID() }, "", ""},
	})
}

func amount(text string) Quantity {
	quantity, ok := MajorUnits(text)
	if !ok {
		panic(text)
	}
	return quantity
}

func TestPrecedenceOfTransactions(t *testing.T) {
	t.Parallel()
	s := setting(t)
	huge := amount("9999999999999999999999999999999999")
	first := func(change func(*Operation)) func(*Transact) {
		return func(c *Transact) { change(&c.Operations[0]) }
	}
	faulty := Transact{Project: "none", Description: long, Metadata: many, Operations: make([]Operation, MaxOperations+1)}
	testRows(t, s, faulty, func(c *Transact) Command { return c }, []row[Transact]{
		// Shape.
		{"no reference", nil, BadRequest, "reference is required"},
		{"reference too long", func(c *Transact) { c.Reference = Reference(long) }, BadRequest, "reference has 2000"},
		{"description too long", func(c *Transact) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *Transact) { c.Description = "" }, BadRequest, "51 keys"},
		{"too many operations", func(c *Transact) { c.Metadata = nil }, BadRequest, "not 1001"},
		{"no operation", func(c *Transact) { c.Operations = nil }, BadRequest, "not 0"},
		{"no such type", func(c *Transact) { c.Operations = []Operation{{Recipient: long}} }, BadRequest, `operation type ""`},
		{"issue to nobody", first(func(o *Operation) { o.Type = Issue }), BadRequest, "an issue operation"},
		{"redeem from nobody", first(func(o *Operation) { o.Type = Redeem }), BadRequest, "a redeem operation"},
		{"no sender", first(func(o *Operation) { o.Type = Transfer }), BadRequest, "the sender's wallet"},
		{"two recipients", first(func(o *Operation) { o.From, o.To = "none", "none" }), BadRequest, "not both"},
		{"no amount", first(func(o *Operation) { o.To = "" }), BadRequest, "more than zero"},
		{"recipient too long", first(func(o *Operation) { o.Quantity = amount("0.001") }), BadRequest, "recipient_identifier"},
		// Reference, existence, amounts.
		{"no such project", first(func(o *Operation) { o.To, o.Recipient = "none", "" }), NotFound, "Project"},
		{"reference used", func(c *Transact) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such sender", func(c *Transact) { c.Reference = "new" }, NotFound, "none not found"},
		{"another project's sender", first(func(o *Operation) { o.From = s.wallet("olus") }), NotFound, string(s.wallet("olus"))},
		{"no such recipient", first(func(o *Operation) { o.From = s.wallet("shut") }), NotFound, "none not found"},
		{"an issuance account", first(func(o *Operation) { o.To = s.wallet("issuance/USD") }), BadRequest, "issuance account"},
		{"amount does not fit", first(func(o *Operation) { o.To, o.Recipient = "", "nobody" }), BadRequest, "more digits than EUR"},
		// Recorded, from here on.
		{"nobody", first(func(o *Operation) { o.Quantity = huge }), RecipientNotFound, "No customer"},
		{"one wallet", first(func(o *Operation) { o.Recipient = "ama" }), SameWallet, "same wallet"},
		{"both disabled", first(func(o *Operation) { o.Recipient = "kofi" }), WalletIsDisabled, string(s.wallet("shut"))},
		{"recipient disabled", first(func(o *Operation) { o.From, o.To, o.Recipient = s.wallet("amas"), s.wallet("shut-too"), "" }), WalletIsDisabled, string(s.wallet("shut-too"))},
		{"two assets", first(func(o *Operation) { o.To = s.wallet("points") }), AssetMismatch, "never converts"},
		{"not enough", first(func(o *Operation) { o.To = s.wallet("full") }), InsufficientFunds, "10.00 USD is available"},
		{"not enough for the fee", first(func(o *Operation) { o.Quantity = amount("10") }), InsufficientFunds, "the fee 0.10"},
		{"too large a balance", first(func(o *Operation) { o.Type, o.From, o.Quantity = Issue, "", huge }), BalanceOutOfRange, "36 digits"},
		{"a transaction", first(func(o *Operation) { o.Quantity = amount("1") }), "", ""},
	})
}

// TestOperationsInTurn: the first operation that breaks a recorded rule is
// reported, however early in precedence that of a later one is.
func TestOperationsInTurn(t *testing.T) {
	t.Parallel()
	s := setting(t)
	for text, want := range map[string]Code{
		"redeem 11 from amas, then transfer 1 from amas to @nobody":                    InsufficientFunds,
		"transfer 1 from amas to @nobody, then redeem 11 from amas":                    RecipientNotFound,
		"redeem 10 from amas, then transfer 1 from shut to shut":                       SameWallet,
		"issue 1 to amas, then redeem 11 from amas, then transfer 1 from shut to shut": SameWallet,
	} {
		code, message := outcome(Decide(s.state, s.command("transact", "t: "+text), Place{Location: Location{Sequence: 1000}}))
		if code != want {
			t.Errorf("%s: %s (%s), want %s", text, code, message, want)
		}
	}
}

// TestEveryCodeIsShown: every code is a constant with a place in Codes, and in
// at least one story.
func TestEveryCodeIsShown(t *testing.T) {
	t.Parallel()
	var shown strings.Builder
	scripts, _ := filepath.Glob("testdata/scripts/*.txt")
	for _, file := range scripts {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	constants := codeConstants(t)
	for _, code := range constants {
		if !slices.Contains(Codes, code) {
			t.Errorf("%s is not in Codes: it has no place in the order of precedence", code)
		}
		if !strings.Contains(shown.String(), "rejected "+string(code)) && !strings.Contains(shown.String(), "failed "+string(code)) {
			t.Errorf("no script of testdata/scripts shows %s", code)
		}
	}
	if len(constants) != len(Codes) {
		t.Errorf("%d constants, %d Codes", len(constants), len(Codes))
	}
}

// codeConstants reads the constants of type Code from the source.
func codeConstants(t *testing.T) (codes []Code) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "rejection.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			if kind, ok := spec.Type.(*ast.Ident); ok && kind.Name == "Code" {
				codes = append(codes, Code(strings.Trim(spec.Values[0].(*ast.BasicLit).Value, `"`)))
			}
		}
		return true
	})
	return codes
}
