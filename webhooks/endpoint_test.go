package webhooks

import (
	"fmt"
	"strings"
	"testing"
)

func TestEndpoints(t *testing.T) {
	t.Parallel()
	f := setup(t)
	var want []string
	for i := range 5 {
		endpoint, secret := f.listen(fmt.Sprintf("http://localhost/%d", i), "wallet.*", transferCompleted)
		if !strings.HasPrefix(endpoint.ID, "we_") || !strings.HasPrefix(secret, "whsec_") || endpoint.Status != Enabled {
			t.Errorf("%+v %s", endpoint, secret)
		}
		want = append([]string{endpoint.ID}, want...)
	}
	var got []string
	for cursor := ""; ; {
		page, next, err := f.store.Endpoints(t.Context(), f.project, cursor, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, endpoint := range page {
			got = append(got, endpoint.ID)
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, _, err := f.store.Endpoints(t.Context(), f.project, "x", 2); err != ErrBadCursor {
		t.Error(err)
	}
	if _, ok, err := f.store.Endpoint(t.Context(), "proj_other", want[0]); ok || err != nil {
		t.Error("another project's endpoint", err)
	}
	if ok, err := f.store.DeleteEndpoint(t.Context(), "proj_other", want[0]); ok || err != nil {
		t.Error("deleted another project's endpoint", err)
	}
	if ok, err := f.store.DeleteEndpoint(t.Context(), f.project, want[0]); !ok || err != nil {
		t.Error(err)
	}
	if _, ok, err := f.store.Endpoint(t.Context(), f.project, want[0]); ok || err != nil {
		t.Error("still there", err)
	}
	for _, n := range []NewEndpoint{
		{Project: f.project, URL: "https://10.0.0.1"},
		{Project: f.project, URL: "https://example.com", EventTypes: []string{"wallet"}},
		{Project: f.project, URL: "https://example.com", EventTypes: []string{"walet.*"}},
		{Project: f.project, URL: "https://example.com", EventTypes: make([]string, maxPatterns+1)},
		{Project: f.project, URL: "https://example.com", Description: "\x00"},
		{Project: "x", URL: "https://example.com"},
	} {
		if _, _, err := f.store.CreateEndpoint(t.Context(), n); !isInvalid(err) {
			t.Errorf("%+v: %v", n, err)
		}
	}
	if err := Migrate(t.Context(), f.url); err != nil {
		t.Error(err)
	}
}

func isInvalid(err error) bool {
	_, ok := err.(*InvalidEndpoint)
	return ok
}

func TestSecretIsNotStoredInTheClear(t *testing.T) {
	t.Parallel()
	f := setup(t)
	endpoint, secret := f.listen("http://localhost/")
	var sealed []byte
	if err := f.pool.QueryRow(t.Context(), `SELECT sealed FROM webhooks.secret`).Scan(&sealed); err != nil {
		t.Fatal(err)
	}
	key, err := f.store.seal.open(endpoint.ID, sealed)
	if err != nil || formatSecret(key) != secret || strings.Contains(string(sealed), string(key)) {
		t.Error(err)
	}
}
