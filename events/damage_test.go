package events_test

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"tallystick/domain"
	"tallystick/events"
)

// TestKindsOfDecodeErrors: an error in the bytes never passes. An error of a keyring
// that cannot provide a key now may pass.
func TestKindsOfDecodeErrors(t *testing.T) {
	t.Parallel()
	keys := events.NewMemoryKeys()
	codec := &events.Codec{Keys: keys}
	if err := keys.Ensure(t.Context(), "proj_1", ama); err != nil {
		t.Fatal(err)
	}
	whole := encode(t, codec, &domain.CustomerUpserted{Asked: asked, Project: "proj_1", Customer: ama, Profile: domain.Profile{Name: "Ama"}})
	damaged := func(data []byte) bool {
		t.Helper()
		_, err := codec.Decode(data)
		if err == nil {
			t.Errorf("decoded %s", data)
		}
		return errors.Is(err, events.ErrDamaged)
	}
	for name, data := range map[string][]byte{
		"nothing":            {},
		"cut":                whole[:len(whole)-3],
		"an unknown fact":    bytes.Replace(whole, []byte("customer.upserted"), []byte("customer.forgotten"), 1),
		"an unknown version": bytes.Replace(whole, []byte(`"commit":1`), []byte(`"commit":9`), 1),
		"no profile":         bytes.Replace(whole, []byte(`"profile"`), []byte(`"elided"`), 1),
	} {
		if !damaged(data) {
			t.Errorf("%s may pass", name)
		}
	}
	keys.SetOffline(true)
	if damaged(whole) {
		t.Error("a key that cannot be read now was taken for damage")
	}
	keys.SetOffline(false)
	if _, err := codec.Decode(whole); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

func TestVerifyIn(t *testing.T) {
	t.Parallel()
	log := events.NewMemory()
	var at []events.Cursor // after each commit
	for i, data := range chain(t, 4) {
		if err := log.Append(t.Context(), uint64(i), string(rune('a'+i)), data); err != nil {
			t.Fatal(err)
		}
		at = append(at, events.Cursor{Sequence: uint64(i + 1), Hash: events.HashOf(data)})
	}
	verify := func(cursor events.Cursor) error {
		_, err := cursor.VerifyIn(t.Context(), log, "the test")
		return err
	}
	if last, err := at[2].VerifyIn(t.Context(), log, "the test"); last != 4 || err != nil {
		t.Errorf("%d, %v", last, err)
	}
	if err := verify(events.Cursor{}); err != nil {
		t.Errorf("before the first: %v", err)
	}
	log.FailReads(context.DeadlineExceeded)
	if err := verify(at[1]); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, events.ErrDamaged) {
		t.Errorf("a time-out: %v", err)
	}
	if err := verify(events.Cursor{Sequence: 2, Hash: at[2].Hash}); !errors.Is(err, events.ErrLostCommits) {
		t.Errorf("another hash: %v", err)
	}
	log.Damage(2, nil)
	if err := verify(at[1]); !errors.Is(err, events.ErrDamaged) || errors.Is(err, events.ErrLostCommits) {
		t.Errorf("a missing one: %v", err)
	}
	log.Truncate(3)
	if err := verify(at[3]); !errors.Is(err, events.ErrLostCommits) || !errors.Is(err, events.ErrDamaged) {
		t.Errorf("a shorter log: %v", err)
	}
}

func TestMemoryDamage(t *testing.T) {
	t.Parallel()
	log := events.NewMemory()
	for i, data := range []string{"a", "b", "c"} {
		if err := log.Append(t.Context(), uint64(i), data, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	read := func() (got string, err error) {
		err = log.Read(t.Context(), 1, 3, func(m events.Message) error {
			got += string(m.Data)
			return nil
		})
		return got, err
	}
	log.FailReads(nil, events.ErrGap)
	if got, err := read(); got != "a" || !errors.Is(err, events.ErrGap) {
		t.Errorf("%q, %v", got, err)
	}
	log.Damage(2, []byte("x"))
	if got, err := read(); got != "axc" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	log.Damage(2, nil)
	if got, err := read(); got != "a" || !errors.Is(err, events.ErrDamaged) {
		t.Errorf("%q, %v", got, err)
	}
	log.Truncate(1)
	if err := log.Append(t.Context(), 1, "c", []byte("c")); err != nil {
		t.Errorf("a commit that was lost cannot be written again: %v", err)
	}
}
