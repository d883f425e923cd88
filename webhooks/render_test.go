package webhooks

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallystick/domain"
	"tallystick/events"
)

var update = flag.Bool("update", false, "write the golden files anew")

// reapAll answers every message that a log makes for somebody who wants all.
func reapAll(t *testing.T, log *events.Memory, project domain.ProjectID) []message {
	t.Helper()
	listening := audience{}
	listening.add(listener{id: "we_1", project: project})
	h := &harvest{listening: listening, wallets: map[domain.WalletID]*wallet{}, statuses: map[domain.WalletID]domain.WalletStatus{}}
	last, err := log.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = log.Read(t.Context(), 1, last, func(m events.Message) error {
		commit, err := codec.Decode(m.Data)
		if err != nil {
			return err
		}
		return h.gather(commit)
	})
	if err != nil {
		t.Fatal(err)
	}
	return h.messages
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
	b.do(domain.SetWalletStatus{Project: b.project, Wallet: kofi, Status: domain.Disabled, Actor: "ops", Reason: "lost phone"})
	b.do(domain.SetWalletStatus{Project: b.project, Wallet: kofi, Status: domain.Active, Actor: "ops"})
}

func TestGoldenEvents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	history(b)
	seen := map[string]bool{}
	for _, m := range reapAll(t, b.log, b.project) {
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
	for _, kind := range EventTypes {
		if !seen[kind.Name] {
			t.Errorf("the history makes no %s", kind.Name)
		}
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
	first, second := reapAll(t, b.log, b.project), reapAll(t, b.log, b.project)
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
		domain.Operation{Type: domain.Issue, To: ama, Quantity: quantity(t, "100")},
		domain.Operation{Type: domain.Transfer, From: ama, To: kofi, Quantity: quantity(t, "10")},
		domain.Operation{Type: domain.Transfer, From: ama, To: kofi, Quantity: quantity(t, "20")},
	)
	b.do(both)
	balances := map[string]string{}
	for _, m := range reapAll(t, b.log, b.project) {
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
		operations[i] = domain.Operation{Type: domain.Transfer, From: ama, To: kofi, Quantity: quantity(t, "1")}
	}
	large := b.transact(operations...)
	large.Metadata = domain.Metadata{"k": strings.Repeat("\x01", domain.MaxMetadataLength-1)} // six bytes each in JSON
	b.do(large)
	small := b.transfer(ama, kofi, "1")
	small.Metadata = large.Metadata
	b.do(small)
	transfers := 0
	for _, m := range reapAll(t, b.log, b.project) {
		if len(m.body) >= maxBody {
			t.Errorf("%s has %d bytes", m.kind, len(m.body))
		}
		if m.kind == transferCompleted {
			transfers++
			if !strings.Contains(string(m.body), `"truncated":true`) {
				t.Error("a transfer without its metadata does not say so")
			}
		}
	}
	if transfers != domain.MaxOperations+1 {
		t.Errorf("%d transfers", transfers)
	}
}

func TestMinorUnitsAreExactOrNull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ amount, want string }{
		{"0.00", `"0.00","amount_minor":0`},
		{"-1.05", `"-1.05","amount_minor":-105`},
		{"90071992547409.91", `"90071992547409.91","amount_minor":9007199254740991`},
		{"90071992547409.92", `"90071992547409.92","amount_minor":null`},
		{"-90071992547409.92", `"-90071992547409.92","amount_minor":null`},
		{"123456789012345678901234567890.00", `"123456789012345678901234567890.00","amount_minor":null`},
	} {
		money, _ := domain.ParseMoney("GHS", c.amount)
		body := render("evt_1", "x", epoch, func(w writer, _ int) { w.money("amount", money) })
		if !strings.Contains(string(body), `{"amount":`+c.want+`}`) {
			t.Errorf("%s: %s", c.amount, body)
		}
	}
}
