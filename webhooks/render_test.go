package webhooks

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"

	"github.com/getkin/kin-openapi/openapi3"
)

var update = flag.Bool("update", false, "write the golden files anew")

// allMessages returns every message that a log makes for an endpoint that wants all events.
func allMessages(t *testing.T, log *events.Memory, project ids.Project) []message {
	t.Helper()
	listening := subscribers{}
	listening.add(subscriber{id: "we_1", project: project})
	h := &output{subscribers: listening, wallets: map[ids.Wallet]*wallet{}}
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = log.Read(t.Context(), 1, last, func(m events.Message) error {
		commit, err := codec.Decode(m.Data)
		if err != nil {
			return err
		}
		return h.add(commit)
	})
	if err != nil {
		t.Fatal(err)
	}
	for i := range h.messages {
		checkContract(t, &h.messages[i])
	}
	return h.messages
}

// contract is the specification that HTTP answers are held to, too.
var contract = sync.OnceValue(func() *openapi3.T {
	doc, err := openapi3.NewLoader().LoadFromFile(filepath.Join("..", "api", "openapi.yaml"))
	if err != nil {
		panic(err)
	}
	return doc
})

// schemaOf returns the schema of the data of an event, nil for none.
func schemaOf(kind string) *openapi3.Schema {
	of, _ := contract().Extensions["x-events"].(map[string]any)[kind].(map[string]any)
	name, _ := of["$ref"].(string)
	ref := contract().Components.Schemas[strings.TrimPrefix(name, "#/components/schemas/")]
	if ref == nil {
		return nil
	}
	return ref.Value
}

// checkContract holds the body of a message to the specification.
func checkContract(t *testing.T, m *message) {
	t.Helper()
	var body map[string]any
	err := json.Unmarshal(m.body, &body)
	if err == nil {
		err = contract().Components.Schemas["Event"].Value.VisitJSON(body)
	}
	if schema := schemaOf(m.kind); err == nil && schema != nil {
		err = schema.VisitJSON(body["data"])
	} else if schema == nil {
		t.Errorf("x-events of openapi.yaml has no %s", m.kind)
	}
	if err != nil {
		t.Errorf("%s is not in the contract: %v\n%s", m.kind, err, m.body)
	}
}

// TestEveryEventHasASchema: x-events of openapi.yaml is the catalogue.
func TestEveryEventHasASchema(t *testing.T) {
	t.Parallel()
	for _, kind := range EventTypes {
		if schemaOf(kind.Name) == nil {
			t.Errorf("x-events of openapi.yaml has no schema of %s", kind.Name)
		}
	}
	if got := len(contract().Extensions["x-events"].(map[string]any)); got != len(EventTypes) {
		t.Errorf("x-events of openapi.yaml has %d events, the catalogue %d", got, len(EventTypes))
	}
}

// history makes one of each event: see testdata/golden.
func history(b *book) {
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	fund := b.issue(ama, "150")
	fund.Description, fund.Metadata = "opening", domain.Metadata{"till": "7", "batch": "x\"y"}
	b.do(fund)
	pay := b.transfer(ama, kofi, "50.00")
	pay.Description, pay.Metadata = "rent", domain.Metadata{"invoice": "I-1"}
	b.do(pay)
	b.do(b.transfer(ama, kofi, "1000"))
	b.do(domain.ChangeStatus{Project: b.project, Wallet: kofi, Change: domain.Disable, Actor: "ops", Reason: "lost phone"})
	b.do(domain.ChangeStatus{Project: b.project, Wallet: kofi, Change: domain.Enable, Actor: "ops"})
	walletHistory(b, ama, kofi)
	creditHistory(b, ama)
	dealingsHistory(b, ama, kofi)
	b.do(domain.CloseWallet{Project: b.project, Wallet: kofi, Redeem: true, Reference: "close", Actor: "kofi", Reason: "moved abroad"})
}

// walletHistory: status, terms, settlement, monitors.
func walletHistory(b *book, ama, kofi ids.Wallet) {
	b.do(domain.ChangeStatus{Project: b.project, Wallet: ama, Change: domain.Freeze, Actor: "ops", Reason: "asked for by the bank"})
	b.do(domain.ChangeStatus{Project: b.project, Wallet: ama, Change: domain.Unfreeze, Actor: "ops", Reason: "cleared"})
	b.do(domain.UpsertCustomer{Project: b.project, Customer: "esi"})
	esi := created(b.do(domain.CreateWallet{Project: b.project, Customer: "esi", Type: domain.Postpaid}))
	name, half := "esi's shop", percentage(b.t, "0.5")
	b.do(domain.ChangeWallet{Project: b.project, Wallet: esi, Name: &name, Metadata: domain.Metadata{"segment": "retail"}, Terms: domain.TermsChange{
		CreditLimit: quantity(b.t, "100"),
		Fees:        []domain.FeeRule{{Operation: domain.Transfer, Percentage: half, Fixed: quantity(b.t, "0.10"), Maximum: quantity(b.t, "2")}},
		Limits:      &domain.Limits{DailyAmount: quantity(b.t, "500.00"), MonthlyCount: domain.NewCount(100)},
		Settlement:  &domain.Settlement{Period: domain.Weekly, Day: 1},
	}})
	b.do(domain.SetMonitor{Project: b.project, Wallet: esi, Metric: domain.AvailableMetric, Threshold: quantity(b.t, "75")})
	b.do(b.transfer(esi, kofi, "40"))
	b.wait(time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC))
	b.do(domain.CallSettlement{Project: b.project, Wallet: esi})
}

// creditHistory: a lot that is granted, announced, and expires.
func creditHistory(b *book, ama ids.Wallet) {
	expires := b.now().Add(24 * time.Hour)
	granted := b.transact(domain.Operation{Type: domain.Issue, Recipient: ama, Quantity: quantity(b.t, "20"), Grant: true, ExpiresAt: expires})
	lot := b.do(granted)[0].(*domain.TransactionCompleted).Entries[1].Version
	b.do(domain.AnnounceExpiry{Project: b.project, Wallet: ama, Lot: lot, ExpiresAt: expires})
	b.do(b.transact(domain.Operation{Type: domain.Redeem, Sender: ama, Quantity: quantity(b.t, "5")}))
	b.wait(expires)
	b.do(domain.ExpireCredit{Project: b.project, Wallet: ama, Lot: lot, ExpiresAt: expires})
}

// dealingsHistory: transactions to come and taken back, holds, escrows.
func dealingsHistory(b *book, ama, kofi ids.Wallet) {
	later := b.transfer(ama, kofi, "3")
	later.ScheduledFor, later.Metadata = b.now().Add(time.Hour), domain.Metadata{"instalment": "2"}
	scheduled := b.do(later)[0].(*domain.TransactionScheduled).Transaction
	b.do(domain.CancelScheduled{Project: b.project, Transaction: scheduled, Actor: "ama", Reason: "changed my mind"})

	paid := completed(b.do(b.transfer(ama, kofi, "10")))
	b.do(&domain.Reverse{Project: b.project, Original: paid, Reference: "back", ReturnFees: true, Parts: []domain.ReversalPart{{Quantity: quantity(b.t, "4")}}})

	hold := b.hold(ama, "12")
	b.do(domain.CaptureHold{Project: b.project, Hold: hold, Recipient: kofi, Reference: "capture", Quantity: quantity(b.t, "5")})
	b.do(domain.ReleaseHold{Project: b.project, Hold: hold, Quantity: quantity(b.t, "3")})
	b.wait(b.now().Add(time.Hour))
	b.do(domain.ExpireHold{Project: b.project, Hold: hold})

	escrow := b.escrow(domain.CreateEscrow{Sender: ama, Recipient: kofi, Quantity: quantity(b.t, "15"), Approval: true})
	b.do(domain.ApproveEscrow{Project: b.project, Escrow: escrow, Party: domain.EscrowSender, Actor: "ama"},
		domain.ApproveEscrow{Project: b.project, Escrow: escrow, Party: domain.EscrowRecipient, Actor: "kofi"})
	b.do(domain.EndEscrow{Project: b.project, Escrow: escrow, How: domain.ReleaseAtDeadline, Reference: "release", Quantity: quantity(b.t, "9")})
	b.do(domain.EndEscrow{Project: b.project, Escrow: escrow, How: domain.RefundAtDeadline, Reference: "refund"})
	late := b.escrow(domain.CreateEscrow{Sender: ama, Recipient: kofi, Quantity: quantity(b.t, "2"), Deadline: b.now().Add(time.Hour)})
	b.wait(b.now().Add(time.Hour))
	b.do(domain.MeetDeadline{Project: b.project, Escrow: late})
}

func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	history(b)
	seen := map[string]bool{}
	for _, m := range allMessages(t, b.log, b.project) {
		if seen[m.kind] { // the first of each kind
			continue
		}
		seen[m.kind] = true
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, m.body, "", "  "); err != nil {
			t.Fatal(err)
		}
		pretty.WriteByte('\n')
		golden(t, m.kind+".json", pretty.Bytes())
	}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range EventTypes {
		if !seen[kind.Name] {
			t.Errorf("the history makes no %s", kind.Name)
		}
		if !slices.Contains(files, filepath.Join("testdata", "golden", kind.Name+".json")) {
			t.Errorf("%s has no golden file", kind.Name)
		}
	}
	if len(files) != len(EventTypes) {
		t.Errorf("%d golden files, %d event types", len(files), len(EventTypes))
	}
}

// golden compares with a file, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not as on file (see -update):\n%s", name, got)
	}
}

func TestEventsAreDeterministic(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	history(b)
	first, second := allMessages(t, b.log, b.project), allMessages(t, b.log, b.project)
	ids := map[string]bool{}
	for i, m := range first {
		if ids[m.id] || strings.Contains(m.id, ".") {
			t.Errorf("id %s is used twice, or has a point", m.id)
		}
		ids[m.id] = true
		if m.id != second[i].id || !bytes.Equal(m.body, second[i].body) {
			t.Errorf("message %d came out differently", i)
		}
		if i > 0 && m.id <= first[i-1].id {
			t.Errorf("id %s does not sort after %s", m.id, first[i-1].id)
		}
	}
}

func TestBalanceOncePerWalletAndTransaction(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	both := b.transact(
		domain.Operation{Type: domain.Issue, Recipient: ama, Quantity: quantity(t, "100")},
		domain.Operation{Type: domain.Transfer, Sender: ama, Recipient: kofi, Quantity: quantity(t, "10")},
		domain.Operation{Type: domain.Transfer, Sender: ama, Recipient: kofi, Quantity: quantity(t, "20")},
	)
	b.do(both)
	balances := map[string]string{}
	for _, m := range allMessages(t, b.log, b.project) {
		if m.kind != walletBalanceUpdated {
			continue
		}
		var event struct {
			Data struct {
				Wallet struct{ ID, Role, Balance string }
			}
		}
		if err := json.Unmarshal(m.body, &event); err != nil {
			t.Fatal(err)
		}
		w := event.Data.Wallet
		if balances[w.Role+w.ID] != "" {
			t.Errorf("two events of wallet %s", w.ID)
		}
		balances[w.Role+w.ID] = w.Balance
	}
	if len(balances) != 3 || balances["customer"+string(ama)] != "69.70" || balances["customer"+string(kofi)] != "30.00" {
		t.Errorf("balances %v", balances)
	}
}

func TestLargeEventsAreCut(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	ama, kofi := b.wallet("ama"), b.wallet("kofi")
	b.do(b.issue(ama, "1000000"))
	operations := make([]domain.Operation, domain.MaxOperations)
	for i := range operations {
		operations[i] = domain.Operation{Type: domain.Transfer, Sender: ama, Recipient: kofi, Quantity: quantity(t, "1")}
	}
	large := b.transact(operations...)
	large.Metadata = domain.Metadata{"k": strings.Repeat("\x01", domain.MaxMetadataLength-1)} // six bytes each in JSON
	paid := completed(b.do(large))
	b.do(&domain.Reverse{Project: b.project, Original: paid, Reference: "back", Metadata: large.Metadata})
	large.Reference, large.ScheduledFor = "later", b.now().Add(time.Hour)
	b.do(large)
	fees := make([]domain.FeeRule, domain.MaxRules)
	for i := range fees {
		asset := money.Asset{Code: money.AssetCode(fmt.Sprintf("X%04d", i))}
		b.do(domain.DefineAsset{Project: b.project, Asset: asset})
		fees[i] = domain.FeeRule{Operation: domain.Redeem, Currency: asset.Code, Percentage: percentage(t, "1.25")}
	}
	b.do(domain.ChangeWallet{Project: b.project, Wallet: ama, Metadata: large.Metadata, Terms: domain.TermsChange{Fees: fees}})
	small := b.transfer(ama, kofi, "1")
	small.Metadata = large.Metadata
	b.do(small)
	transfers, kinds := 0, map[string]bool{}
	for _, m := range allMessages(t, b.log, b.project) {
		if len(m.body) >= maxBody {
			t.Errorf("%s has %d bytes", m.kind, len(m.body))
		}
		if strings.Contains(string(m.body), `"truncated":true`) {
			kinds[m.kind] = true
		}
		if m.kind == transferCompleted {
			transfers++
			if !strings.Contains(string(m.body), `"truncated":true`) {
				t.Error("a transfer without its metadata does not say so")
			}
		}
	}
	if transfers != 2*domain.MaxOperations+1 {
		t.Errorf("%d transfers", transfers)
	}
	for _, kind := range []string{transactionCompleted, transactionReversed, transactionScheduled, walletUpdated} {
		if !kinds[kind] {
			t.Errorf("no %s was cut", kind)
		}
	}
}
