package service

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallystick/api"
	"tallystick/embedded/embeddedtest"
	"tallystick/events"
)

// TestReadyzOfALostLog: every service stays, says in the same field what it waits
// for, and the command API makes no new log in the place of the lost one.
func TestReadyzOfALostLog(t *testing.T) {
	t.Parallel()
	server := embeddedtest.NATS(t)
	conn, js := embeddedtest.JetStream(t, server)
	if _, err := events.Open(t.Context(), js, events.OpenConfig{Create: true}); err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), events.StreamName(0)); err != nil {
		t.Fatal(err)
	}
	common := func() Common {
		return Common{NATS: conn, Postgres: "postgres://127.0.0.1:1/none", Logger: slog.New(slog.DiscardHandler), Registry: NewRegistry()}
	}
	serve := func(run func(ctx context.Context, listener net.Listener) error) string {
		t.Helper()
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- run(ctx, listener) }()
		t.Cleanup(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("ended with %v", err)
			}
		})
		return "http://" + listener.Addr().String()
	}
	commandAPI := serve(func(ctx context.Context, listener net.Listener) error {
		run := &CommandAPI{Common: common(), Listener: listener}
		return run.Run(ctx)
	})
	projector := serve(func(ctx context.Context, listener net.Listener) error {
		common := common()
		run := NewProjector(common)
		go run.Run(ctx) //nolint:errcheck // it waits for the log
		return common.ServeHealth(ctx, listener, api.Check{Name: "projector", Fn: run.Ready})
	})
	expectReason(t, commandAPI, "ledger", "LEDGER_000 does not exist", "do not drop the read model")
	expectReason(t, projector, "projector", "there is no ledger")
	if response, err := http.Get(commandAPI + "/v1/wallets"); err != nil || response.StatusCode != http.StatusServiceUnavailable || response.Header.Get("Retry-After") == "" {
		t.Errorf("another route: %v %v", response, err)
	}
	if _, err := js.Stream(t.Context(), events.StreamName(0)); err == nil {
		t.Error("the stream was made anew")
	}
}

// expectReason waits until /readyz gives a reason that says all of these.
func expectReason(t *testing.T, base, check string, says ...string) {
	t.Helper()
	var answer struct {
		Ready   bool
		Reasons map[string]string
	}
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		response, err := http.Get(base + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		err = json.NewDecoder(response.Body).Decode(&answer)
		response.Body.Close()
		if err != nil || answer.Ready || response.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("%d %+v %v", response.StatusCode, answer, err)
		}
		all := true
		for _, text := range says {
			all = all && strings.Contains(answer.Reasons[check], text)
		}
		if all {
			return
		}
	}
	t.Errorf("%s: %+v", check, answer)
}
