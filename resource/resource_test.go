package resource

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The shapes of all things are held to openapi.yaml by the tests of api and webhooks.

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
		amount, _ := money.Parse("GHS", c.amount)
		var w Writer
		w.Begin()
		w.Money("amount", amount)
		w.End()
		if got := string(w.Bytes()); got != `{"amount":`+c.want+`}` {
			t.Errorf("%s: %s", c.amount, got)
		}
	}
}

// TestText: what callers write is escaped, and reads back as it was.
func TestText(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "plain", `"quoted" \ back`, "line\nend\x00\x1f", "₵ ★ 😀", "</script>"} {
		var w Writer
		w.Begin()
		w.Text("text", text)
		w.Metadata(domain.Metadata{text: text, "a": "b"})
		w.End()
		var got struct {
			Text     string
			Metadata map[string]string
		}
		if err := json.Unmarshal(w.Bytes(), &got); err != nil || got.Text != text || got.Metadata[text] != text {
			t.Errorf("%q: %s, %v", text, w.Bytes(), err)
		}
	}
}

func TestMetadataHasItsKeysInOrder(t *testing.T) {
	t.Parallel()
	many := domain.Metadata{}
	for _, key := range strings.Split("zyxwvutsrqponmlkjihgfedcba", "") {
		many[key] = key
	}
	for range 10 {
		var w Writer
		w.Begin()
		w.Metadata(many)
		w.End()
		if got := string(w.Bytes()); !strings.HasPrefix(got, `{"metadata":{"a":"a","b":"b","c":"c"`) || !strings.HasSuffix(got, `"z":"z"}}`) {
			t.Fatal(got)
		}
	}
}

// TestCuts: each cut leaves out more, says so, and leaves valid JSON.
func TestCuts(t *testing.T) {
	t.Parallel()
	transaction := Transaction{At: time.Unix(0, 0), Fact: &domain.TransactionCompleted{
		Transaction: "tx_1", Operations: make([]domain.PostedOperation, 1), Entries: make([]domain.Entry, 1), Metadata: domain.Metadata{"k": "v"},
	}}
	for cut, want := range map[Cut]string{CutNothing: "operations entries metadata", CutOperations: "metadata", CutMetadata: ""} {
		var w Writer
		w.Reset(cut)
		transaction.Write(&w)
		var got map[string]any
		if err := json.Unmarshal(w.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, name := range []string{"operations", "entries", "metadata"} {
			value, there := got[name]
			if !there {
				t.Errorf("cut %d: %s is missing, not null", cut, name)
			}
			if value != nil {
				left = append(left, name)
			}
		}
		if strings.Join(left, " ") != want || w.Truncated() != (cut != CutNothing) {
			t.Errorf("cut %d leaves %s, truncated %t", cut, left, w.Truncated())
		}
	}
}

// TestLines: a writer that is used again, and lines, begin without a comma.
func TestLines(t *testing.T) {
	t.Parallel()
	var w Writer
	for range 2 {
		w.Reset(CutNothing)
		for range 2 {
			w.Begin()
			w.Int("n", 1)
			w.End()
			w.Line()
		}
		if got := string(w.Bytes()); got != "{\"n\":1}\n{\"n\":1}\n" {
			t.Errorf("%q", got)
		}
	}
}

// TestStates: how something ended shows once nothing remains of it.
func TestStates(t *testing.T) {
	t.Parallel()
	none, some := money.New("GHS", 0, 2), money.New("GHS", 1, 2)
	for got, want := range map[string]string{
		AfterCapture(&domain.HoldCaptured{Remaining: some}).Status:                "active",
		AfterCapture(&domain.HoldCaptured{Remaining: none}).Status:                "captured",
		AfterRelease(&domain.HoldReleased{Remaining: none}).Status:                "released",
		AfterRelease(&domain.HoldReleased{Remaining: none, Expired: true}).Status: "expired",
		AfterEscrowRelease(&domain.EscrowReleased{Remaining: some}).Status:        "open",
		AfterEscrowRefund(&domain.EscrowRefunded{Remaining: none}).Status:         "refunded",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// BenchmarkTransaction is the JSON of a transfer with a fee, as it is answered.
func BenchmarkTransaction(b *testing.B) {
	amount := func(minor int64) money.Amount { return money.New("GHS", minor, 2) }
	wallet := func(n uint64) ids.Wallet { return ids.Location{Sequence: n}.Wallet() }
	t := Transaction{At: time.Now().Truncate(time.Microsecond), Fact: &domain.TransactionCompleted{
		Transaction: "tx_000000003o4g07", Reference: "order-1234567890", Description: "Dinner split", Metadata: domain.Metadata{"order": "1234"},
		Operations: []domain.PostedOperation{{Type: domain.Transfer, Sender: wallet(5), Recipient: wallet(6), Amount: amount(5000), Fee: amount(50)}},
		Entries: []domain.Entry{
			{Wallet: wallet(5), Version: 7, Kind: domain.DebitEntry, Amount: amount(-5000), BalanceAfter: amount(95000)},
			{Wallet: wallet(6), Version: 3, Kind: domain.CreditEntry, Amount: amount(5000), BalanceAfter: amount(5000)},
			{Wallet: wallet(5), Version: 8, Kind: domain.DebitEntry, Fee: true, Amount: amount(-50), BalanceAfter: amount(94950)},
			{Wallet: wallet(9), Version: 99, Kind: domain.CreditEntry, Fee: true, Amount: amount(50), BalanceAfter: amount(123450)},
		},
	}}
	var w Writer
	b.ReportAllocs()
	for b.Loop() {
		w.Reset(CutNothing)
		t.Write(&w)
	}
}
