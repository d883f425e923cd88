package events_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"tallystick/domain"
)

// absent lists the optional fields of each type of fact. All other fields are required.
// ("entries.lots.lot" is a field of each lot of each entry.)
var absent = map[string]string{
	"project.created": `locale time_zone one_wallet_per_customer fees fees.currency fees.percentage fees.fixed fees.minimum fees.maximum
		own_transfers_free limits limits.maximum_balance limits.maximum_amount limits.daily_amount limits.monthly_amount
		limits.daily_count limits.monthly_count expiry_notice_seconds backdating_seconds`,
	"credential.created": "name",
	"asset.defined":      "asset.name asset.symbol asset.numeric_id",
	"wallet.created": `customer_id asset.name asset.symbol asset.numeric_id name metadata credit_limit fees fees.percentage fees.fixed fees.minimum
		fees.maximum limits limits.maximum_balance limits.maximum_amount limits.daily_amount limits.monthly_amount
		limits.daily_count limits.monthly_count settlement`,
	"wallet.changed": `name metadata credit_limit fees fees.percentage fees.fixed fees.minimum fees.maximum
		limits limits.maximum_balance limits.maximum_amount limits.daily_amount limits.monthly_amount
		limits.daily_count limits.monthly_count settlement`,
	"wallet.status_changed": "actor reason",
	"transaction.completed": `operations.sender_wallet_id operations.recipient_wallet_id operations.fee operations.received operations.fee_returned
		operations.rate operations.expires_at operations.grant entries.operation entries.fee entries.currency entries.lots origin effective_at
		counted_on description metadata`,
	"transaction.failed": `operations.sender_wallet_id operations.recipient_wallet_id operations.fee operations.received operations.rate
		origin origin.id effective_at description metadata`,
	"transaction.scheduled": `operations.sender_wallet_id operations.recipient_wallet_id operations.fee operations.received operations.rate
		operations.expires_at operations.grant description metadata`,
	"transaction.cancelled": "actor reason",
	"transaction.reversed":  "operations.received whole",
	"hold.placed":           "lots expires_at description metadata",
	"hold.captured":         "lots remaining_lots",
	"hold.released":         "lots remaining_lots expired",
	"escrow.created":        "lots approval",
	"escrow.approved":       "actor",
	"escrow.released":       "remaining_lots expired",
	"escrow.refunded":       "remaining_lots expired",
	"monitor.set":           "above",
	"monitor.triggered":     "above",
}

func optional(kind string) map[string]bool {
	if kind == "project.changed" {
		kind = "project.created"
	}
	fields := map[string]bool{}
	for _, field := range strings.Fields(absent[kind]) {
		fields[field] = true
	}
	return fields
}

// TestStrict takes every form of every fact and changes one field, which may be nested.
// A field that is missing, has a wrong type or is unknown must be an error. Only
// optional fields may be missing.
func TestStrict(t *testing.T) {
	t.Parallel()
	for name := range goldens() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, _, _ := strings.Cut(name, ".v")
			can, could := optional(kind), map[string]bool{}
			changes(t, readGolden(t, name), func(what change, data []byte) {
				_, err := newCodec().Decode(data)
				if what.how == "without" && can[what.path] {
					could[what.path] = could[what.path] || err == nil
				} else if err == nil {
					t.Errorf("%s %s it was read: %s", what.how, what.path, data)
				}
			})
			for field, ever := range could {
				if !ever {
					t.Errorf("%s is never absent", field)
				}
			}
		})
	}
}

// change is a change of one field of a fact.
type change struct{ how, path string }

// free are the objects that may have any field.
var free = map[string]bool{"metadata": true, "failure.details": true}

// changes returns, for each possible change, a commit with the changed fact.
func changes(t *testing.T, commit []byte, each func(change, []byte)) {
	t.Helper()
	var whole struct{ Facts []json.RawMessage }
	if err := json.Unmarshal(commit, &whole); err != nil {
		t.Fatal(err)
	}
	fact := whole.Facts[0]
	alter(t, "", fact, func(what change, other []byte) {
		each(what, bytes.Replace(commit, fact, other, 1))
	})
}

// alter makes all changes to the value at a path.
func alter(t *testing.T, path string, value json.RawMessage, each func(change, []byte)) {
	t.Helper()
	switch value[0] {
	case '{':
		alterObject(t, path, value, each)
	case '[':
		var items []json.RawMessage
		if err := json.Unmarshal(value, &items); err != nil {
			t.Fatal(err)
		}
		for i, item := range items {
			alter(t, path, item, func(what change, other []byte) {
				others := append(append(append([]json.RawMessage{}, items[:i]...), other), items[i+1:]...)
				each(what, join(t, others))
			})
		}
		each(change{"as an object", path}, []byte(`{"x":1}`))
	default:
		each(change{"as a list", path}, []byte(`[7]`))
	}
	if path != "" {
		each(change{"as null", path}, []byte("null"))
	}
}

func alterObject(t *testing.T, path string, value json.RawMessage, each func(change, []byte)) {
	t.Helper()
	fields := objectFields(t, value)
	for i, f := range fields {
		at := strings.TrimPrefix(path+"."+f.name, ".")
		rest := append(append([]field{}, fields[:i]...), fields[i+1:]...)
		if !free[path] {
			each(change{"without", at}, object(rest))
		}
		alter(t, at, f.value, func(what change, other []byte) {
			others := append([]field{}, fields...)
			others[i].value = other
			each(what, object(others))
		})
	}
	if !free[path] {
		each(change{"with another field in", path}, object(append(append([]field{}, fields...), field{"another", json.RawMessage("1")})))
	}
}

type field struct {
	name  string
	value json.RawMessage
}

// objectFields returns the fields in their order, on which the decoder depends.
func objectFields(t *testing.T, value json.RawMessage) (fields []field) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(value))
	if _, err := d.Token(); err != nil {
		t.Fatal(err)
	}
	for d.More() {
		name, err := d.Token()
		f := field{name: fmt.Sprint(name)}
		if err == nil {
			err = d.Decode(&f.value)
		}
		if err != nil {
			t.Fatal(err)
		}
		fields = append(fields, f)
	}
	return fields
}

func object(fields []field) []byte {
	parts := make([][]byte, len(fields))
	for i, f := range fields {
		parts[i] = fmt.Appendf(nil, "%q:%s", f.name, f.value)
	}
	return append(append([]byte("{"), bytes.Join(parts, []byte(","))...), '}')
}

func join(t *testing.T, items []json.RawMessage) []byte {
	t.Helper()
	list, err := json.Marshal(items)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestWords: a field that allows certain words only cannot be decoded with another word.
func TestWords(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ golden, old, new string }{
		{"project.created.v1", `"percentage":"1.5"`, `"percentage":"101"`},
		{"project.created.v1", `"own_transfers_free":true`, `"own_transfers_free":false`},
		{"project.created.v1", `"time_zone":"Africa/Accra"`, `"time_zone":"Africa/Wakanda"`},
		{"project.created.v1", `"time_zone":"Africa/Accra"`, `"time_zone":"Local"`},
		{"project.created.v1", `"time_zone":"Africa/Accra"`, `"time_zone":""`},
		{"project.created.v1", `"backdating_seconds":90`, `"backdating_seconds":-90`},
		{"project.created.v1", `"backdating_seconds":90`, `"backdating_seconds":0`},
		{"project.created.v1", `"backdating_seconds":90`, `"backdating_seconds":9223372037`},
		{"project.created.v1", `"fixed":"0.10"`, `"fixed":"1e3"`},
		{"project.created.v1", `"daily_count":20`, `"daily_count":-1`},
		{"project.created.v1", `"type":"exchange"`, `"type":"closing"`},
		{"wallet.created.v1", `"role":"customer"`, `"role":"casino"`},
		{"wallet.created.v1", `"name":"Savings"`, `"name":""`},
		{"wallet.created.v1", `"name":"Savings"`, `"name":"Savings","name":"Savings"`},
		{"wallet.created.v1", `"metadata":{`, `"metadata":{"order":"A-16",`},
		{"wallet.created.v1", `"metadata":{"note":"for \"Ama\" <é>","order":"A-17"}`, `"metadata":{}`},
		{"wallet.created.v1", `"scale":2`, `"scale":-2`},
		{"wallet.created.v1", `"type":"POSTPAID"`, `"type":"UNPAID"`},
		{"wallet.created.v1", `"period":"monthly"`, `"period":"yearly"`},
		{"wallet.status_changed.v1", `"status":"closed"`, `"status":"melted"`},
		{"transaction.failed.v1", `"origin"`, `"entries":[],"origin"`},
		{"transaction.failed.v1", `"origin"`, `"counted_on":"2026-03-06","origin"`},
		{"transaction.scheduled.v1", `"type":"issue"`, `"type":"mint"`},
		{"escrow.created.v1", `"at_deadline":"refund"`, `"at_deadline":"keep"`},
		{"escrow.created.v1", `"deadline":"2026-03-25T17:00:00Z","at_deadline":"refund"`, `"at_deadline":"keep"`},
		{"escrow.approved.v1", `"party":"recipient"`, `"party":"notary"`},
		{"monitor.set.v1", `"metric":"available"`, `"metric":"mood"`},
		{"monitor.triggered.v1", `"metric":"held"`, `"metric":"mood"`},
		{"monitor.triggered.v1", `"value":`, `"currency":"GHS","value":`},
		{"hold.placed.v1", `"lots":`, `"currency":"GHS","lots":`},
		{"hold.captured.v1", `"remaining":`, `"currency":"GHS","remaining":`},
		{"hold.placed.v1", `"currency":"USD","amount":"10.00"`, `"amount":"10.00","currency":"USD"`},
		{"hold.placed.v1", `"version":4`, `"version":0`},
		{"transaction.completed.v1", `"origin":{"kind":"schedule","id":"tx_0000000b80003"}`, `"origin":{"kind":"escrow"}`},
		{"transaction.reversed.v1", `{"operation":0,"currency":"USD","amount":"25.00"`, `{"operation":0,"amount":"25.00","currency":"USD"`},
	} {
		good := string(readGolden(t, c.golden))
		bad := strings.Replace(good, c.old, c.new, 1)
		if bad == good {
			t.Errorf("%s has no %s", c.golden, c.old)
		}
		if commit, err := newCodec().Decode([]byte(bad)); err == nil {
			t.Errorf("%s: %s was read as %+v", c.golden, c.new, commit.Facts[0])
		}
	}
}

// TestTimesAreUTC: a time is encoded in the same way whatever its time zone is.
func TestTimesAreUTC(t *testing.T) {
	t.Parallel()
	here := domain.HoldPlaced{Asked: asked, Project: project, Hold: "hold_1", Wallet: wallet, Reference: "room-9", Amount: usd(1), ExpiresAt: at(13, 9)}
	there := here
	there.ExpiresAt = here.ExpiresAt.In(zone("Asia/Kathmandu"))
	if want, got := encode(t, newCodec(), &here), encode(t, newCodec(), &there); !bytes.Equal(want, got) {
		t.Errorf("in Kathmandu\n%s, here\n%s", got, want)
	}
}

// TestZones: a time zone that could not be decoded is not encoded.
func TestZones(t *testing.T) {
	t.Parallel()
	codec := newCodec()
	for _, zone := range []*time.Location{time.FixedZone("Freetown", -3600), time.FixedZone("", 0), time.Local} {
		settings := domain.ProjectSettings{Name: "Shop", Currency: "GHS", Zone: zone}
		for _, fact := range []domain.Event{
			&domain.ProjectCreated{Project: project, Settings: settings}, &domain.ProjectChanged{Project: project, Settings: settings},
		} {
			builder := codec.NewBuilder(place, previous)
			if ok, err := builder.Add([]domain.Event{fact}, 1<<20); ok || err == nil || builder.Len() != 0 {
				t.Errorf("zone %q was written: %t, %v", zone, ok, err)
			}
		}
	}
}
