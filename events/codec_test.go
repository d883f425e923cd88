package events_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// TestRoundTrip writes and reads commits of random facts.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := random{rand.New(rand.NewPCG(seed, 0))}
	codec := newCodec()
	for range 500 {
		facts := make([]domain.Event, 1+random.IntN(5))
		for i := range facts {
			facts[i] = random.fact()
		}
		data := encode(t, codec, facts...)
		commit, err := codec.Decode(data)
		if err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		for i := range facts {
			if !reflect.DeepEqual(commit.Facts[i], facts[i]) {
				t.Fatalf("wrote %+v\n read %+v\n  for %s", facts[i], commit.Facts[i], data)
			}
		}
		if again := encode(t, codec, commit.Facts...); !bytes.Equal(again, data) {
			t.Fatalf("equal facts, other bytes:\n%s\n%s", data, again)
		}
	}
}

// A sum of no amounts has no currency. It is left out like an amount that was never set.
func TestAmountWithoutCurrencyIsLeftOut(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	reversed := &domain.TransactionReversed{
		Asked: asked, Project: "proj_00000000g0003", Transaction: "tx_0000000a80003", Reversal: "tx_0000000c80003",
		Operations: []domain.ReversedOperation{{Amount: money.New("GHS", 100, 2), Received: money.Amount{}.Sub(money.Amount{}), Fee: money.New("GHS", 0, 2)}},
	}
	data := encode(t, codec, reversed)
	commit, err := codec.Decode(data)
	if err != nil {
		t.Fatalf("%v\n%s", err, data)
	}
	if got := commit.Facts[0].(*domain.TransactionReversed).Operations[0].Received; got != (money.Amount{}) {
		t.Errorf("received %s %q of %s", got, got.Asset(), data)
	}
}

// TestPlace: a commit returns the places of its facts.
func TestPlace(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	local := place
	local.Time = place.Time.In(time.FixedZone("Freetown", -3600))
	data := codec.NewBuilder(local, previous).JSON()
	commit, err := codec.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	if at, err := events.TimeOf(data); err != nil || at != place.Time {
		t.Errorf("made at %s, %v", at, err)
	}
	for _, bad := range []string{"", "{}", `{"time":1}`, `{"time":"now"}`, `{"facts":["time"]}`} {
		if at, err := events.TimeOf([]byte(bad)); err == nil {
			t.Errorf("%s was made at %s", bad, at)
		}
	}
	want := place
	want.Index = 7
	if got := commit.Place(7); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestDecodeRefuses changes one thing in a valid commit.
func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	good := string(encode(t, codec, goldens()["transaction.completed.v1"], goldens()["asset.defined.v1"]))
	for _, c := range []struct{ name, old, new string }{
		{"unknown type", `"asset.defined"`, `"asset.undefined"`},
		{"unknown version", `"asset.defined","v":1`, `"asset.defined","v":2`},
		{"version 0", `"asset.defined","v":1`, `"asset.defined","v":0`},
		{"no type", `"fact":"asset.defined",`, ``},
		{"no version", `"asset.defined","v":1`, `"asset.defined"`},
		{"type after version", `"fact":"asset.defined","v":1`, `"v":1,"fact":"asset.defined"`},
		{"two types", `"fact":"asset.defined"`, `"fact":"asset.defined","fact":"asset.defined"`},
		{"no fact", `{"fact":"asset.defined"`, `{},{"fact":"asset.defined"`},
		{"a fact with nothing in it", `{"fact":"asset.defined"`, `{"fact":"wallet.created","v":1},{"fact":"asset.defined"`},
		{"a transaction without entries", `{"fact":"asset.defined"`, `{"fact":"transaction.completed","v":1,"project_id":"p","transaction_id":"t","reference":"r","operations":[{"type":"issue","recipient_wallet_id":"w","currency":"A","amount":"1"}]},{"fact":"asset.defined"`},
		{"unknown envelope", `"commit":1`, `"commit":2`},
		{"no envelope", `"commit":1,`, ``},
		{"unknown field of a commit", `"shard":3`, `"shard":3,"x":1`},
		{"unknown field of a fact", `"asset":{`, `"x":1,"asset":{`},
		{"unknown field of an asset", `"scale":0`, `"scale":0,"x":1`},
		{"unknown field of an operation", `"type":"issue"`, `"type":"issue","x":1`},
		{"unknown field of an entry", `"version":1,`, `"version":1,"x":1,`},
		{"a failed transaction's field", `"entries":[`, `"failure":{},"entries":[`},
		{"unknown operation", `"type":"issue"`, `"type":"mint"`},
		{"unknown kind of entry", `"kind":"issue"`, `"kind":"mint"`},
		{"an amount that is none", `"amount":"-25.00"`, `"amount":"1e3"`},
		{"an amount as a number", `"amount":"-25.00"`, `"amount":-25.00`},
		{"an entry of no operation", `"operation":2`, `"operation":5`},
		{"an operation before the first", `"operation":2`, `"operation":-1`},
		{"an entry's operation after its amounts", `"balance_after":"1.50"}`, `"balance_after":"1.50","operation":9}`},
		{"an entry's asset after its amounts", `"balance_after":"1.50"}`, `"balance_after":"1.50","currency":"GHS"}`},
		{"an entry in two assets", `"balance_after":"880"`, `"currency":"USD","balance_after":"880"`},
		{"operations in two parts", `"entries":[`, `"operations":[],"entries":[`},
		{"operations after entries", `"effective_at":`, `"operations":[{"type":"issue","recipient_wallet_id":"w","currency":"A","amount":"1"}],"effective_at":`},
		{"version 2", `"transaction.completed","v":1`, `"transaction.completed","v":2`},
		{"an unknown origin", `"kind":"schedule"`, `"kind":"dream"`},
		{"a rate of nothing", `"rate":"12.05"`, `"rate":"0"`},
		{"a day that is none", `"counted_on":"2026-03-06"`, `"counted_on":"2026-02-30"`},
		{"a time elsewhere", `"effective_at":"2026-03-05T23:00:00.000000001Z"`, `"effective_at":"2026-03-05T23:00:00+01:00"`},
		{"a time in another spelling", `"effective_at":"2026-03-05T23:00:00.000000001Z"`, `"effective_at":"2026-03-05T23:00:00.10Z"`},
		{"a time finer than can be kept", `"effective_at":"2026-03-05T23:00:00.000000001Z"`, `"effective_at":"2026-03-05T23:00:00.0000000001Z"`},
		{"the zero time", `"effective_at":"2026-03-05T23:00:00.000000001Z"`, `"effective_at":"0001-01-01T00:00:00Z"`},
		{"an entry of no operation, without amounts", `"entries":[`, `"entries":[{"operation":9},`},
		{"a shard too large", `"shard":3`, `"shard":300`},
		{"a time that is none", `"time":"2026-03-06T`, `"time":"2026-03-06 `},
		{"a short hash", `"previous":"`, `"previous":"00`},
		{"trailing garbage", good, good + "x"},
		{"two commits", good, good + good},
		{"nothing", good, ""},
		{"not an object", good, "[]"},
	} {
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s: nothing to replace in %s", c.name, good)
		}
		if commit, err := codec.Decode([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", c.name, commit)
		}
	}
	for n := range len(good) {
		if _, err := codec.Decode([]byte(good[:n])); err == nil {
			t.Errorf("cut after byte %d, it was read", n)
		}
	}
}

// TestErasure: without the key the personal data cannot be read. Everything else can.
func TestErasure(t *testing.T) {
	t.Parallel()
	keys := events.NewMemoryKeys()
	codec := &events.Codec{Keys: keys}
	ama := goldens()["customer.upserted.v1"].(*domain.CustomerUpserted)
	kofi := *ama
	kofi.Customer = "kofi"
	data := encode(t, codec, ama, &kofi)
	for _, personal := range []string{ama.Profile.Username, ama.Profile.Phone, ama.Profile.Email, "Mensah", "A-17"} {
		if personal != "ama" && bytes.Contains(data, []byte(personal)) { // "ama" is the identifier, too
			t.Errorf("%q is in the clear: %s", personal, data)
		}
	}
	keys.Destroy(ama.Project, ama.Customer)
	commit, err := codec.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	want := []domain.Event{&domain.CustomerUpserted{Asked: asked, Project: ama.Project, Customer: "ama"}, &kofi}
	if !reflect.DeepEqual(commit.Facts, want) {
		t.Errorf("%+v", commit.Facts)
	}
	if _, err := codec.NewBuilder(place, previous).Add([]domain.Event{ama}, 1<<20); !errors.Is(err, events.ErrErased) {
		t.Errorf("written without a key: %v", err)
	}
	// Data that was encrypted for one customer cannot be decrypted for another. The
	// error is the same as for a key that was destroyed. The chain shows that the log
	// was changed.
	swapped := strings.Replace(string(data), `"customer_id":"kofi"`, `"customer_id":"efua"`, 1)
	ensure(t, codec, &domain.CustomerUpserted{Project: ama.Project, Customer: "efua"})
	commit, err = codec.Decode([]byte(swapped))
	if err != nil {
		t.Fatal(err)
	}
	if efua := commit.Facts[1].(*domain.CustomerUpserted); efua.Customer != "efua" || efua.Profile.Username != "" {
		t.Errorf("kofi's profile was read as efua's: %+v", efua)
	}
}

// TestBuilderLimit: facts that would make the commit too large are not added. The
// commit is the same as without the attempt to add them.
func TestBuilderLimit(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	first, second := goldens()["wallet.created.v1"], goldens()["transaction.completed.v1"]
	whole := encode(t, codec, first, second)
	for _, c := range []struct {
		limit, count int
	}{{len(whole) - 1, 1}, {len(whole), 2}} {
		builder := codec.NewBuilder(place, previous)
		add(t, builder, true, c.limit, first)
		add(t, builder, c.count == 2, c.limit, second)
		// A fact that cannot be encoded does not change the commit either.
		if ok, err := builder.Add([]domain.Event{first, nil}, 1<<20); ok || err == nil {
			t.Errorf("added nil: %t, %v", ok, err)
		}
		if builder.Len() != c.count {
			t.Errorf("%d facts, want %d", builder.Len(), c.count)
		}
		got := builder.JSON()
		if want := encode(t, codec, []domain.Event{first, second}[:c.count]...); !bytes.Equal(got, want) || len(got) > c.limit {
			t.Errorf("limit %d, %d bytes:\n%s\n%s", c.limit, len(got), got, want)
		}
	}
}

// TestBuilderGroups: the bytes of a commit do not depend on how its facts were grouped
// into decisions. A decision without facts does not change them.
func TestBuilderGroups(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	first, second := goldens()["wallet.created.v1"], goldens()["transaction.completed.v1"]
	builder := codec.NewBuilder(place, previous)
	add(t, builder, true, 1<<20)
	add(t, builder, true, 1<<20, first)
	add(t, builder, true, 1<<20)
	add(t, builder, true, 1<<20, second)
	if got, want := builder.JSON(), encode(t, codec, first, second); !bytes.Equal(got, want) {
		t.Errorf("one by one:\n%s\nat once:\n%s", got, want)
	}
}

func add(t *testing.T, builder *events.Builder, want bool, limit int, facts ...domain.Event) {
	t.Helper()
	if ok, err := builder.Add(facts, limit); err != nil || ok != want {
		t.Fatalf("add: %t, %v", ok, err)
	}
}

func TestBuilderHoldsTheNumberOfFacts(t *testing.T) {
	t.Parallel()
	builder := newCodec().NewBuilder(place, previous)
	fact := goldens()["credential.revoked.v1"]
	facts := make([]domain.Event, ids.MaxFactsPerCommit)
	for i := range facts {
		facts[i] = fact
	}
	add(t, builder, true, 1<<30, facts...)
	add(t, builder, false, 1<<30, fact)
}

// TestCursor: a reader of the log notices every commit that is missing, changed or
// inserted.
func TestCursor(t *testing.T) {
	t.Parallel()
	log := chain(t, 4)
	if err := follow(log); err != nil {
		t.Fatal(err)
	}
	changed := bytes.Replace(log[1], []byte(`"number":2`), []byte(`"number":9`), 1)
	other := chain(t, 5)
	for name, log := range map[string][][]byte{
		"the first is missing": log[1:],
		"one is missing":       {log[0], log[2]},
		"one comes twice":      {log[0], log[0]},
		"two are swapped":      {log[0], log[2], log[1]},
		"a byte was changed":   {log[0], changed, log[2]},
		"one of another log":   {log[0], other[1], log[2]},
	} {
		if err := follow(log); !errors.Is(err, events.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// chain returns a log of n commits. Chains of different lengths differ in every commit.
func chain(t *testing.T, n int) (log [][]byte) {
	t.Helper()
	codec := newCodec()
	var hash events.Hash
	for i := range n {
		at := ids.Place{Location: ids.Location{Sequence: uint64(i + 1)}, Time: place.Time}
		builder := codec.NewBuilder(at, hash)
		add(t, builder, true, 1<<20, &domain.WalletCreated{
			Asked:   asked,
			Project: "proj_1", Wallet: "wall_1", Number: uint64(i + 1), Role: domain.SystemWallet, Type: domain.Prepaid,
			Asset: money.Asset{Code: "GHS", Scale: 2}, Name: fmt.Sprint("of ", n),
		})
		log = append(log, builder.JSON())
		hash = events.HashOf(log[i])
	}
	return log
}

func follow(log [][]byte) error {
	var cursor events.Cursor
	for _, data := range log {
		commit, err := newCodec().Decode(data)
		if err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		before := cursor
		if err := cursor.Next(commit, data); err != nil {
			if cursor != before {
				return fmt.Errorf("the cursor moved over what it refused: %v", err)
			}
			return err
		}
	}
	return nil
}

// FuzzDecode: no bytes cause a panic. A commit that can be decoded can be encoded, and
// then decoded with the same result.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob(goldenDir + "/*")
	if err != nil || len(files) == 0 {
		f.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(compress(f, data))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		codec := newCodec()
		commit, err := codec.Decode(data)
		if year := commitYear(commit); err != nil || year < 0 || year > 9999 {
			return
		}
		at := commit.Place(0)
		ensure(t, codec, commit.Facts...)
		builder := codec.NewBuilder(at, commit.Previous)
		add(t, builder, true, 1<<30, commit.Facts...)
		once := builder.JSON()
		again, err := codec.Decode(once)
		if err != nil {
			t.Fatalf("%v\nread %s\nwrote %s", err, data, once)
		}
		builder = codec.NewBuilder(again.Place(0), again.Previous)
		add(t, builder, true, 1<<30, again.Facts...)
		if twice := builder.JSON(); !bytes.Equal(once, twice) {
			t.Fatalf("read %s\nwrote %s\n then %s", data, once, twice)
		}
	})
}

// commitYear returns the year in UTC. It may be one that cannot be encoded, because the
// time was read in another zone.
func commitYear(commit *events.Commit) int {
	if commit == nil {
		return 0
	}
	return commit.Time.UTC().Year()
}
