package events_test

import (
	"bytes"
	"errors"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/events"
)

// There is no flag to change a golden file: bytes of that kind may be in
// somebody's log, and must be read for ever. What a type writes from now on is a
// new version, in a new file.
var update = flag.Bool("update", false, "write the golden files that are missing")

const goldenDir = "testdata/golden"

var (
	place    = domain.Place{Location: domain.Location{Shard: 3, Sequence: 42}, Time: time.Date(2026, 3, 6, 9, 30, 0, 123456000, time.UTC)}
	previous = events.HashOf([]byte("the commit before"))
	metadata = domain.Metadata{"order": "A-17", "note": "for \"Ama\" <é>"}
)

func usd(minor int64) domain.Money { return domain.NewMoney("USD", minor, 2) }

// goldens are the facts of the files, every field of them set.
func goldens() map[string]domain.Event {
	const project, wallet, other = "proj_00000000g0003", "wall_00000002g0003", "wall_00000003g0003"
	fee, _ := domain.ParsePercentage("1.5")
	settings := domain.ProjectSettings{
		Name: "Shop", Currency: "GHS", Locale: "en-GH", TransferFee: domain.FeeRule{Percentage: fee}, OneWalletPerCustomer: true,
	}
	asset := domain.Asset{Code: "POINTS", Scale: 0, Name: "Points", Symbol: "PT", NumericID: 9001}
	transfer := domain.PostedOperation{Type: domain.Transfer, From: wallet, To: other, Amount: usd(10000), Fee: usd(150)}
	return map[string]domain.Event{
		"project.created.v1":    &domain.ProjectCreated{Project: project, Settings: settings},
		"project.changed.v1":    &domain.ProjectChanged{Project: project, Settings: settings},
		"credential.created.v1": &domain.CredentialCreated{Project: project, Key: "key_00000001g0003", Name: "till 1", SecretHash: events.HashOf([]byte("secret"))},
		"credential.revoked.v1": &domain.CredentialRevoked{Project: project, Key: "key_00000001g0003"},
		"asset.defined.v1":      &domain.AssetDefined{Project: project, Asset: asset},
		"customer.upserted.v1": &domain.CustomerUpserted{Project: project, Customer: "ama", Profile: domain.Profile{
			Username: "ama", Phone: "+233201234567", Email: "ama@example.com", Name: "Ama Mensah", Description: "a regular", Role: "buyer", Metadata: metadata,
		}},
		"wallet.created.v1": &domain.WalletCreated{
			Project: project, Wallet: wallet, Customer: "ama", Role: domain.CustomerWallet, Type: domain.Prepaid, Asset: asset,
			Number: 12, Name: "Savings", Metadata: metadata,
		},
		"wallet.status_changed.v1": &domain.WalletStatusChanged{Project: project, Wallet: wallet, Status: domain.Disabled, Actor: "support", Reason: "phone was stolen"},
		"transaction.completed.v1": &domain.TransactionCompleted{
			Project: project, Transaction: "tx_0000000a80003", Reference: "order-17",
			Operations: []domain.PostedOperation{
				{Type: domain.Issue, To: wallet, Amount: usd(10150), Fee: usd(0)},
				transfer,
				{Type: domain.Redeem, From: other, Amount: usd(1), Fee: usd(0)},
			},
			Entries: []domain.Entry{
				{Wallet: "wall_issuance", Version: 1, Kind: domain.IssueEntry, Amount: usd(-10150), Balance: usd(-10150)},
				{Wallet: wallet, Version: 1, Kind: domain.IssueEntry, Amount: usd(10150), Balance: usd(10150)},
				{Wallet: wallet, Version: 2, Kind: domain.DebitEntry, Operation: 1, Amount: usd(-10000), Balance: usd(150)},
				{Wallet: other, Version: 18446744073709551615, Kind: domain.CreditEntry, Operation: 1, Amount: usd(10000), Balance: usd(10000)},
				{Wallet: wallet, Version: 3, Kind: domain.DebitEntry, Operation: 1, Fee: true, Amount: usd(-150), Balance: usd(0)},
				{Wallet: "wall_fees", Version: 1, Kind: domain.CreditEntry, Operation: 1, Fee: true, Amount: usd(150), Balance: usd(150)},
				{Wallet: other, Version: 1, Kind: domain.RedeemEntry, Operation: 2, Amount: usd(-1), Balance: usd(9999)},
				{Wallet: "wall_issuance", Version: 2, Kind: domain.RedeemEntry, Operation: 2, Amount: usd(1), Balance: usd(-10149)},
			},
			Description: "Dinner split", Metadata: metadata,
		},
		"transaction.failed.v1": &domain.TransactionFailed{
			Project: project, Transaction: "tx_0000000a80103", Reference: "order-18", Operations: []domain.PostedOperation{transfer},
			Failure: domain.Rejection{
				Code: domain.InsufficientFunds, Message: "Insufficient funds", Operation: 0,
				Details: []domain.Detail{{Name: "wallet_id", Value: wallet}, {Name: "available", Value: "100.00"}},
			},
			Description: "Dinner split", Metadata: metadata,
		},
	}
}

// encode makes a commit of the facts. Their customers have keys.
func encode(t testing.TB, codec *events.Codec, facts ...domain.Event) []byte {
	t.Helper()
	ensure(t, codec, facts...)
	builder := codec.NewBuilder(place, previous)
	if ok, err := builder.Add(facts, 1<<20); err != nil || !ok {
		t.Fatalf("add: %t, %v", ok, err)
	}
	return builder.Bytes()
}

func ensure(t testing.TB, codec *events.Codec, facts ...domain.Event) {
	t.Helper()
	for _, fact := range facts {
		if f, ok := fact.(*domain.CustomerUpserted); ok {
			if err := codec.Keys.(*events.MemoryKeys).Ensure(t.Context(), f.Project, f.Customer); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func newCodec() *events.Codec { return &events.Codec{Keys: events.NewMemoryKeys()} }

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, fact := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			codec := newCodec()
			got := encode(t, codec, fact)
			file := filepath.Join(goldenDir, name+".json")
			if *update {
				writeMissing(t, file, got)
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v (a new type or version? go test ./events -run Golden -update)", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("is written otherwise than before, which needs a new version:\n got %s\nwant %s", got, want)
			}
			commit, err := codec.Decode(want)
			if err != nil {
				t.Fatal(err)
			}
			expected := &events.Commit{Shard: place.Shard, Sequence: place.Sequence, Time: place.Time, Previous: previous, Facts: []domain.Event{fact}}
			if !reflect.DeepEqual(commit, expected) {
				t.Errorf("reads back as\n%+v, want\n%+v", commit.Facts[0], fact)
			}
		})
	}
}

// writeMissing creates the file, and never touches one that is there.
func writeMissing(t *testing.T, file string, data []byte) {
	t.Helper()
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return
	}
	if err == nil {
		_, err = f.Write(data)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestGoldenIsComplete: no fact type without a file, and no file without a fact.
func TestGoldenIsComplete(t *testing.T) {
	t.Parallel()
	types := map[string]bool{}
	for _, fact := range goldens() {
		types[reflect.TypeOf(fact).Elem().Name()] = true
	}
	for _, name := range factTypes(t) {
		if !types[name] {
			t.Errorf("domain.%s has no golden file: add it to goldens(), then go test ./events -run Golden -update", name)
		}
	}
	files, err := filepath.Glob(goldenDir + "/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := goldens()[filepath.Base(file[:len(file)-len(".json")])]; !ok {
			t.Errorf("%s is not read by any test; golden files are read for ever", file)
		}
	}
}

// factTypes reads the types with a method fact() from the source of domain.
func factTypes(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "../domain/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, declaration := range file.Decls {
		if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "fact" {
			names = append(names, f.Recv.List[0].Type.(*ast.StarExpr).X.(*ast.Ident).Name)
		}
	}
	if len(names) < 10 {
		t.Fatalf("found the facts %v only", names)
	}
	return names
}
