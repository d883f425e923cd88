package events_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"tallystick/embedded/embeddedtest"
	"tallystick/events"

	"github.com/nats-io/nats.go"
)

// TestAppendOutcomes: for each response of a server to an append, the outcome of
// Append. A commit counts as refused only when the server says that it did not store
// it. A test cannot choose when a replicated stream sends the responses that it sends
// during other writes. A subscriber sends the responses instead.
func TestAppendOutcomes(t *testing.T) {
	t.Parallel()
	answer := func(code int) string {
		return fmt.Sprintf(`{"error":{"code":400,"err_code":%d,"description":"by the test"}}`, code)
	}
	outcomes := []error{events.ErrConflict, events.ErrRefused, events.ErrUnknown}
	for name, c := range map[string]struct {
		answer string // "": none
		want   error  // nil: acknowledged
	}{
		"stored":                              {`{"stream":"LEDGER_000","seq":8}`, nil},
		"stored elsewhere":                    {`{"stream":"LEDGER_000","seq":9}`, events.ErrConflict},
		"another sequence":                    {answer(10071), events.ErrConflict},
		"another commit is on its way":        {answer(10164), events.ErrConflict},
		"this commit is on its way (10158)":   {answer(10158), events.ErrUnknown},
		"no room":                             {answer(10077), events.ErrRefused},
		"too large":                           {answer(10054), events.ErrRefused},
		"no answer":                           {"", events.ErrUnknown},
		"an answer that cannot be understood": {"stored", events.ErrUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stream := answered(t, c.answer)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			if c.answer == "" {
				ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
			}
			defer cancel()
			err := stream.Append(ctx, 7, "id", []byte("commit"))
			for _, outcome := range outcomes {
				if errors.Is(err, outcome) != (outcome == c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
			}
			if c.want == nil && err != nil {
				t.Error(err)
			}
		})
	}
}

// answered returns a stream whose server sends the same response to every append.
func answered(t *testing.T, answer string) *events.Stream {
	t.Helper()
	conn, js := embeddedtest.JetStream(t, embeddedtest.NATS(t))
	stream, err := events.OpenStream(t.Context(), js, 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := js.DeleteStream(t.Context(), events.StreamName(0)); err != nil {
		t.Fatal(err)
	}
	_, err = conn.Subscribe("ledger.000", func(m *nats.Msg) {
		if answer != "" {
			_ = m.Respond([]byte(answer))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return stream
}

// TestAppendToAServerThatIsGone: the outcome is unknown, because the commit may have
// arrived before the server ended.
func TestAppendToAServerThatIsGone(t *testing.T) {
	t.Parallel()
	server := embeddedtest.NATS(t)
	stream, _ := openOn(t, server.URL())
	server.Stop()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := stream.Append(ctx, 0, "id", []byte("commit")); !errors.Is(err, events.ErrUnknown) || errors.Is(err, events.ErrRefused) {
		t.Errorf("an append without an answer: %v", err)
	}
}
