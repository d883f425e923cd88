package events_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"tallystick/events"
)

// TestLostStream: a stream that is gone is not created again when it is known that the
// installation existed.
func TestLostStream(t *testing.T) {
	t.Parallel()
	nobody := func(context.Context) (string, error) { return "", nil }
	somebody := func(context.Context) (string, error) { return "the read model", nil }
	away := errors.New("the database is away")
	for name, c := range map[string]struct {
		gone []string // of an installation of two shards
		seen func(context.Context) (string, error)
		want error
		says string
	}{
		"all, and nobody knows":          {[]string{"LEDGER_000", "LEDGER_001", "KV_TALLYSTICK_KEYS"}, nobody, nil, ""},
		"all, and somebody knows":        {[]string{"LEDGER_000", "LEDGER_001", "KV_TALLYSTICK_KEYS"}, somebody, events.ErrLostCommits, "the read model has seen commits"},
		"all, and nobody can be asked":   {[]string{"LEDGER_000", "LEDGER_001", "KV_TALLYSTICK_KEYS"}, func(context.Context) (string, error) { return "", away }, away, "not known yet"},
		"the first, and the keys remain": {[]string{"LEDGER_000"}, nobody, events.ErrLostCommits, "LEDGER_000 does not exist"},
		"the last, and the keys remain":  {[]string{"LEDGER_001"}, nobody, events.ErrLostCommits, "LEDGER_001 does not exist"},
		"the keys, and somebody knows":   {[]string{"KV_TALLYSTICK_KEYS"}, somebody, events.ErrLostCommits, "KV_TALLYSTICK_KEYS does not exist"},
		"the keys of a start cut short":  {[]string{"KV_TALLYSTICK_KEYS"}, nobody, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			js := connect(t)
			cfg := events.OpenConfig{Create: true, Shards: 2, Master: master, SeenBy: nobody}
			if _, err := events.Open(t.Context(), js, cfg); err != nil {
				t.Fatal(err)
			}
			for _, stream := range c.gone {
				if err := js.DeleteStream(t.Context(), stream); err != nil {
					t.Fatal(err)
				}
			}
			cfg.SeenBy = c.seen
			_, err := events.Open(t.Context(), js, cfg)
			if !errors.Is(err, c.want) || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Fatalf("opened with %v", err)
			}
			if err == nil {
				return
			}
			for _, stream := range c.gone {
				if _, err := js.Stream(t.Context(), stream); err == nil {
					t.Errorf("stream %s was made anew", stream)
				}
			}
			if errors.Is(err, events.ErrDamaged) && !strings.Contains(err.Error(), "do not drop the read model") {
				t.Errorf("it says %s", err)
			}
		})
	}
}
