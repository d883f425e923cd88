package webhooks

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"tallystick/domain"
	"tallystick/domain/ids"
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

// Callers that come at once do not get past the limit, and one project's
// endpoints are no reason to refuse another's.
func TestEndpointLimit(t *testing.T) {
	t.Parallel()
	f := setup(t)
	const limit, callers = 10, 30
	store := NewStore(f.connect(nil), master, localhost, limit)
	create := func(project ids.Project) error {
		_, _, err := store.CreateEndpoint(t.Context(), NewEndpoint{Project: project, URL: "http://localhost/"})
		return err
	}
	for range limit - 1 {
		f.listen("http://localhost/")
	}
	results := make(chan error, callers)
	for range callers {
		go func() { results <- create(f.project) }()
	}
	made := 0
	for range callers {
		err := <-results
		var tooMany *TooManyEndpoints
		switch {
		case err == nil:
			made++
		case !errors.As(err, &tooMany) || tooMany.Limit != limit:
			t.Error(err)
		}
	}
	if n := f.count(`SELECT count(*) FROM webhooks.endpoint`); made != 1 || n != limit {
		t.Errorf("%d were made, and there are %d; want %d", made, n, limit)
	}
	other := f.do(domain.CreateProject{Settings: domain.ProjectSettings{Name: "other", Currency: "GHS"}})[0].(*domain.ProjectCreated).Project
	if err := create(other); err != nil {
		t.Error(err)
	}
	page, _, err := store.Endpoints(t.Context(), f.project, "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := store.DeleteEndpoint(t.Context(), f.project, page[0].ID); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := create(f.project); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
	// Fifty, where the operator says nothing.
	for range defaultEndpoints - limit {
		f.listen("http://localhost/")
	}
	if _, _, err := f.store.CreateEndpoint(t.Context(), NewEndpoint{Project: f.project, URL: "http://localhost/"}); err == nil || !strings.Contains(err.Error(), "50") {
		t.Errorf("the 51st: %v", err)
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
