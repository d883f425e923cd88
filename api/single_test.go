package api

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// far is a Tally-Sequence of the tenant's shard that the log has not come to.
func (p *tenant) far() string {
	at, _ := p.id.Location()
	return fmt.Sprintf("%d:99999", at.Shard)
}

// sameAsListed fails the test unless each thing reads alone, from the ledger, as
// it stands in its list, which is the read model's.
func (p *tenant) sameAsListed(path string, ids ...string) {
	p.t.Helper()
	var list struct{ Data []map[string]any }
	if err := json.Unmarshal(p.do("GET", path, "").want(200).body, &list); err != nil {
		p.t.Fatal(err)
	}
	rows := map[any]map[string]any{}
	for _, row := range list.Data {
		rows[row["id"]] = row
	}
	for _, id := range ids {
		var alone map[string]any
		if err := json.Unmarshal(p.do("GET", path+"/"+id, "").want(200).body, &alone); err != nil {
			p.t.Fatal(err)
		}
		if !reflect.DeepEqual(alone, rows[id]) {
			p.t.Errorf("%s reads alone\n%v, and in the list\n%v", id, alone, rows[id])
		}
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var left, right any
	if err := json.Unmarshal([]byte(a), &left); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(b), &right); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(left, right)
}
