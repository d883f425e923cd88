package events_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain/ids"
	"tallystick/events"
)

const ama = ids.Customer("ama")

var master = events.MasterKey{1, 2, 3}

func openKeys(t *testing.T, js jetstream.JetStream, master events.MasterKey) *events.Keys {
	t.Helper()
	keys, err := events.OpenKeys(t.Context(), js, events.OpenConfig{Create: true, Master: master})
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func sealed(t *testing.T, keys events.Keyring, plain string) []byte {
	t.Helper()
	data, err := keys.Seal("proj_1", ama, []byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// keyring is the common interface of Keys and MemoryKeys.
type keyring interface {
	events.Keyring
	Ensure(ctx context.Context, project ids.Project, customer ids.Customer) error
}

// erase deletes the keys of all customers from the bucket, as an operator deletes one.
func erase(t *testing.T, js jetstream.JetStream) {
	t.Helper()
	bucket, err := js.KeyValue(t.Context(), "TALLYSTICK_KEYS")
	if err != nil {
		t.Fatal(err)
	}
	names, err := bucket.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if name == "master-check" { // not a customer's key
			continue
		}
		if strings.Contains(name, string(ama)) {
			t.Errorf("the name of a key tells whose it is: %s", name)
		}
		if err := bucket.Purge(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
}

func TestKeysSealAndOpen(t *testing.T) {
	t.Parallel()
	js := connect(t)
	keys := openKeys(t, js, master)
	if _, err := keys.Seal("proj_1", ama, nil); !errors.Is(err, events.ErrKeyNotFound) {
		t.Errorf("sealed without a key: %v", err)
	}
	for range 2 { // repeating it does nothing
		if err := keys.Ensure(t.Context(), "proj_1", ama); err != nil {
			t.Fatal(err)
		}
	}
	first, second := sealed(t, keys, "+233201234567"), sealed(t, keys, "+233201234567")
	if bytes.Contains(first, []byte("233201234567")) || bytes.Equal(first, second) {
		t.Error("what is sealed shows, or shows that it is the same")
	}

	// Another process, and a process that reads all keys at its start.
	another, loaded := openKeys(t, js, master), openKeys(t, js, master)
	if err := loaded.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, keys := range map[string]*events.Keys{"this": keys, "another": another, "loaded": loaded} {
		plain, err := keys.Open("proj_1", ama, first)
		if err != nil || string(plain) != "+233201234567" {
			t.Errorf("%s process: %q, %v", name, plain, err)
		}
		// Open fails for another customer or project, and after the change of a bit.
		if err := keys.Ensure(t.Context(), "proj_2", ama); err != nil {
			t.Fatal(err)
		}
		if _, err := keys.Open("proj_2", ama, first); err == nil {
			t.Errorf("%s process opened it for another project", name)
		}
		changed := bytes.Clone(first)
		changed[len(changed)-1] ^= 1
		if _, err := keys.Open("proj_1", ama, changed); err == nil {
			t.Errorf("%s process opened what was changed", name)
		}
		if _, err := keys.Open("proj_1", ama, nil); err == nil {
			t.Errorf("%s process opened nothing", name)
		}
	}
}

func TestKeysWithTheWrongMasterKey(t *testing.T) {
	t.Parallel()
	js := connect(t)
	keys := openKeys(t, js, master)
	if err := keys.Ensure(t.Context(), "proj_1", ama); err != nil {
		t.Fatal(err)
	}
	data := sealed(t, keys, "secret")
	if _, err := events.OpenKeys(t.Context(), js, events.OpenConfig{Master: events.MasterKey{9}}); !errors.Is(err, events.ErrWrongMasterKey) {
		t.Errorf("opened with another key: %v", err)
	}
	if plain, err := openKeys(t, js, master).Open("proj_1", ama, data); err != nil || string(plain) != "secret" {
		t.Errorf("the wrong key did harm: %q, %v", plain, err)
	}
}

// TestKeysErased: only the marker in place of the key erases a customer. A key that is
// not found may still appear, or may be restored.
func TestKeysErased(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		remove func(bucket jetstream.KeyValue, stream jetstream.Stream, name string) error
		want   error
	}{
		"purged": {func(bucket jetstream.KeyValue, _ jetstream.Stream, name string) error {
			return bucket.Purge(t.Context(), name)
		}, events.ErrErased},
		"deleted": {func(bucket jetstream.KeyValue, _ jetstream.Stream, name string) error {
			return bucket.Delete(t.Context(), name)
		}, events.ErrErased},
		"lost": {func(_ jetstream.KeyValue, stream jetstream.Stream, name string) error {
			return stream.Purge(t.Context(), jetstream.WithPurgeSubject("$KV.TALLYSTICK_KEYS."+name))
		}, events.ErrKeyNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			js := connect(t)
			keys := openKeys(t, js, master)
			if err := keys.Ensure(t.Context(), "proj_1", ama); err != nil {
				t.Fatal(err)
			}
			data := sealed(t, keys, "secret")
			bucket, key := keyOf(t, js)
			stream, err := js.Stream(t.Context(), "KV_TALLYSTICK_KEYS")
			if err != nil {
				t.Fatal(err)
			}
			if err := c.remove(bucket, stream, key); err != nil {
				t.Fatal(err)
			}
			fresh := openKeys(t, js, master)
			if err := fresh.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			if plain, err := fresh.Open("proj_1", ama, data); !errors.Is(err, c.want) {
				t.Errorf("opened: %q, %v", plain, err)
			}
			if _, err := fresh.Seal("proj_1", ama, nil); !errors.Is(err, c.want) {
				t.Errorf("sealed: %v", err)
			}
		})
	}
}

// keyOf returns the bucket, and the name of the key of the only customer in it.
func keyOf(t *testing.T, js jetstream.JetStream) (jetstream.KeyValue, string) {
	t.Helper()
	bucket, err := js.KeyValue(t.Context(), "TALLYSTICK_KEYS")
	if err != nil {
		t.Fatal(err)
	}
	names, err := bucket.Keys(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names = slices.DeleteFunc(names, func(name string) bool { return name == "master-check" })
	if len(names) != 1 {
		t.Fatalf("keys %q", names)
	}
	return bucket, names[0]
}

// TestDecodeWithoutTheKey: when a key is not found, Decode returns ErrKeyNotFound. It
// never returns an empty profile.
func TestDecodeWithoutTheKey(t *testing.T) {
	t.Parallel()
	data := encode(t, newCodec(), goldens()["customer.upserted.v1"])
	commit, err := (&events.Codec{Keys: events.NewMemoryKeys()}).Decode(data)
	if !errors.Is(err, events.ErrKeyNotFound) || commit != nil {
		t.Errorf("%v, %v", commit, err)
	}
}

// TestKeysOfOneWhoComesBack: a customer who was erased can be created again. The new
// data can be read, even by a process that has the old key in its cache. The old data
// stays erased: its error is ErrErased, with which a replay can continue, because every
// replay reads that part of the log.
func TestKeysOfOneWhoComesBack(t *testing.T) {
	t.Parallel()
	js := connect(t)
	memory := events.NewMemoryKeys()
	first, second := openKeys(t, js, master), openKeys(t, js, master)
	for name, c := range map[string]struct {
		keys, after keyring
		erase       func()
	}{
		"memory":             {memory, memory, func() { memory.Destroy("proj_1", ama) }},
		"jetstream":          {first, openKeys(t, js, master), func() { erase(t, js) }},
		"jetstream, running": {second, second, func() { erase(t, js) }},
	} {
		if err := c.keys.Ensure(t.Context(), "proj_1", ama); err != nil {
			t.Fatal(err)
		}
		old := sealed(t, c.keys, "old")
		c.erase()
		if err := c.after.Ensure(t.Context(), "proj_1", ama); err != nil {
			t.Fatal(err)
		}
		fresh := sealed(t, c.after, "new")
		for reader, keys := range map[string]keyring{"before": c.keys, "after": c.after} {
			if plain, err := keys.Open("proj_1", ama, fresh); err != nil || string(plain) != "new" {
				t.Errorf("%s, %s: what came after: %q, %v", name, reader, plain, err)
			}
			if plain, err := keys.Open("proj_1", ama, old); !errors.Is(err, events.ErrErased) {
				t.Errorf("%s, %s: what was erased: %q, %v", name, reader, plain, err)
			}
		}
	}
}

// TestKeysEnsuredTogether: when many processes create a customer's key at the same
// time, one succeeds, and all use that key.
func TestKeysEnsuredTogether(t *testing.T) {
	t.Parallel()
	js := connect(t)
	processes := make([]*events.Keys, 8)
	var all sync.WaitGroup
	for i := range processes {
		processes[i] = openKeys(t, js, master)
		all.Go(func() {
			if err := processes[i].Ensure(t.Context(), "proj_1", ama); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	for i, writer := range processes {
		data := sealed(t, writer, "secret")
		reader := processes[(i+1)%len(processes)]
		if _, err := reader.Open("proj_1", ama, data); err != nil {
			t.Errorf("sealed by %d: %v", i, err)
		}
	}
}
