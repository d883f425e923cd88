package events

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"tallystick/domain/ids"
)

// keysBucket holds a key per customer, each wrapped by the master key.
const (
	keysBucket  = "TALLYSTICK_KEYS"
	keysStream  = "KV_" + keysBucket
	keysSubject = "$KV." + keysBucket + "."
)

// ensurePause is between looks at a key that another process is making.
const ensurePause = 10 * time.Millisecond

// MasterKey wraps the customers' keys (AES-256).
type MasterKey [32]byte

// Keys is the Keyring over a JetStream key-value bucket. The order of writes is
// key first, fact second: a crash between them leaves a key without a customer,
// which harms nobody; the other way round would leave a fact that nobody can read.
//
// Keys are read from the bucket's leader. A key that is not found is not a key
// that was destroyed: a customer is erased by a marker that stands in the key's
// place, which is what a delete or purge of the bucket's entry leaves.
type Keys struct {
	bucket jetstream.KeyValue
	stream jetstream.Stream
	master cipher.AEAD

	mu     sync.RWMutex
	cached map[string]customerKey
}

type customerKey [32]byte

// tagSize is how many bytes of a key's SHA-256 stand before what it sealed.
const tagSize = 8

// tag tells the key from another one that the same customer had or will have.
func (key customerKey) tag() []byte {
	sum := sha256.Sum256(key[:])
	return sum[:tagSize]
}

func (key customerKey) seal(plain []byte, name string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return append(key.tag(), seal(aead, plain, name)...), nil
}

func (key customerKey) open(sealed []byte, name string) ([]byte, error) {
	if len(sealed) < tagSize {
		return nil, fmt.Errorf("%w: %d bytes are not encrypted data", ErrDamaged, len(sealed))
	}
	if !bytes.Equal(sealed[:tagSize], key.tag()) {
		return nil, ErrErased
	}
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	return open(aead, sealed[tagSize:], name)
}

// OpenKeys returns the keyring. With cfg.Create it makes the bucket where there is
// none; otherwise that is ErrNoLedger.
func OpenKeys(ctx context.Context, js jetstream.JetStream, cfg OpenConfig) (*Keys, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	stream, err := openOrCreate(ctx, js, keysConfig(cfg.Replicas), cfg)
	if err != nil {
		return nil, err
	}
	bucket, err := js.KeyValue(ctx, keysBucket)
	if err != nil {
		return nil, fmt.Errorf("events: open bucket %s: %w", keysBucket, err)
	}
	aead, err := newAEAD(cfg.Master)
	if err != nil {
		return nil, err
	}
	k := &Keys{bucket: bucket, stream: stream, master: aead, cached: map[string]customerKey{}}
	return k, k.checkMaster(ctx, cfg.Create)
}

// keysConfig is what CreateKeyValue would make, but that reads go to the leader:
// any replica answers a direct get, and one that is behind does not know of the
// key that was just written.
func keysConfig(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: keysStream, Subjects: []string{keysSubject + ">"}, Description: "Tallystick: customers' keys, wrapped",
		Storage: jetstream.FileStorage, Replicas: max(replicas, 1), Discard: jetstream.DiscardNew,
		MaxMsgsPerSubject: 1, MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxConsumers: -1, Duplicates: dedupWindow,
		AllowRollup: true, DenyDelete: true,
	}
}

// masterCheck is a text under the master key, made with the bucket: whoever
// comes with another key hears of it at start, not at the first customer.
const masterCheck = "master-check"

func (k *Keys) checkMaster(ctx context.Context, create bool) error {
	sealed, err := k.value(ctx, masterCheck)
	if errors.Is(err, ErrKeyNotFound) && create {
		_, err = k.bucket.Create(ctx, masterCheck, seal(k.master, []byte(masterCheck), masterCheck))
		if err == nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrKeyExists) { // made by another process since
			sealed, err = k.value(ctx, masterCheck)
		}
	}
	if err != nil {
		return fmt.Errorf("events: check the master key: %w", err)
	}
	if _, err := open(k.master, sealed, masterCheck); err != nil {
		return ErrWrongMasterKey
	}
	return nil
}

// ErrWrongMasterKey is returned by OpenKeys when the ledger was made with
// another master key.
var ErrWrongMasterKey = errors.New("events: this is not the master key that the ledger was created with")

// Load reads every key at once: a replay then asks for none one by one.
func (k *Keys) Load(ctx context.Context) error {
	watcher, err := k.bucket.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("events: read the keys: %w", err)
	}
	defer watcher.Stop() //nolint:errcheck // reading is over
	for {
		select {
		case entry := <-watcher.Updates():
			if entry == nil { // the end of what there is
				return nil
			}
			if entry.Key() == masterCheck {
				continue
			}
			if _, err := k.unwrap(entry.Key(), entry.Value()); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(requestTimeout):
			return errors.New("events: read the keys: no answer")
		}
	}
}

// Ensure makes the customer's key if there is none. To be called before a fact
// about the customer is decided. It asks the bucket each time: a key in the cache
// may have been destroyed by another process since.
func (k *Keys) Ensure(ctx context.Context, project ids.Project, customer ids.Customer) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	name := keyName(project, customer)
	for {
		_, err := k.read(ctx, name)
		if errors.Is(err, ErrErased) || errors.Is(err, ErrKeyNotFound) {
			err = k.create(ctx, name)
		}
		if !errors.Is(err, jetstream.ErrKeyExists) {
			return err
		}
		// Another process was quicker: its key is there, or is about to be.
		select {
		case <-time.After(ensurePause):
		case <-ctx.Done():
			return fmt.Errorf("events: store a customer's key: %w", err)
		}
	}
}

func (k *Keys) create(ctx context.Context, name string) error {
	var key customerKey
	rand.Read(key[:]) //nolint:errcheck // never fails
	if _, err := k.bucket.Create(ctx, name, seal(k.master, key[:], name)); err != nil {
		return fmt.Errorf("events: store a customer's key: %w", err)
	}
	k.keep(name, key)
	return nil
}

// Seal encrypts with AES-256-GCM: 8 bytes that name the key, 12 of nonce, then
// the ciphertext.
func (k *Keys) Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	return key.seal(plain, name)
}

// Open decrypts what Seal made. ErrErased when the key was destroyed, also when
// the customer came back since and has another one; ErrKeyNotFound when it is not
// there, which may pass.
func (k *Keys) Open(project ids.Project, customer ids.Customer, sealed []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	plain, err := key.open(sealed, name)
	if !errors.Is(err, ErrErased) {
		return plain, err
	}
	// Another key sealed it: one that was destroyed, or one that the customer got
	// after the one in the cache was.
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	if key, err = k.read(ctx, name); err != nil {
		return nil, err
	}
	return key.open(sealed, name)
}

// find returns the customer's key from the cache, else from the bucket.
func (k *Keys) find(project ids.Project, customer ids.Customer) (customerKey, string, error) {
	name := keyName(project, customer)
	k.mu.RLock()
	key, ok := k.cached[name]
	k.mu.RUnlock()
	if ok {
		return key, name, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	key, err := k.read(ctx, name)
	return key, name, err
}

// read returns the customer's key as the bucket has it, and keeps it.
func (k *Keys) read(ctx context.Context, name string) (customerKey, error) {
	wrapped, err := k.value(ctx, name)
	if err != nil {
		return customerKey{}, err
	}
	return k.unwrap(name, wrapped)
}

// value returns what the bucket's leader has under a name. ErrErased where a
// delete or purge left its marker, a message without a value, and ErrKeyNotFound
// where there is nothing.
func (k *Keys) value(ctx context.Context, name string) ([]byte, error) {
	message, err := ask(ctx, func() (*jetstream.RawStreamMsg, error) { return k.stream.GetLastMsgForSubject(ctx, keysSubject+name) })
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, fmt.Errorf("%w: %s in bucket %s; if it stays away, restore the bucket from its backup, "+
			"or give the data up: nats kv purge %[3]s %[2]s", ErrKeyNotFound, name, keysBucket)
	case err != nil:
		return nil, fmt.Errorf("events: read a customer's key: %w", err)
	case len(message.Data) == 0:
		return nil, ErrErased
	}
	return message.Data, nil
}

func (k *Keys) unwrap(name string, wrapped []byte) (key customerKey, err error) {
	plain, err := open(k.master, wrapped, name)
	if err != nil || len(plain) != len(key) {
		return key, ErrWrongMasterKey
	}
	copy(key[:], plain)
	k.keep(name, key)
	return key, nil
}

func (k *Keys) keep(name string, key customerKey) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cached[name] = key
}

// keyName hides who the customer is, and fits any identifier into a bucket's key.
func keyName(project ids.Project, customer ids.Customer) string {
	sum := sha256.Sum256([]byte(string(project) + "\x00" + string(customer)))
	return hex.EncodeToString(sum[:])
}

func newAEAD(key [32]byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// seal binds the ciphertext to what it is for, so that it opens nowhere else.
func seal(aead cipher.AEAD, plain []byte, purpose string) []byte {
	return aead.Seal(nil, nil, plain, []byte(purpose))
}

func open(aead cipher.AEAD, sealed []byte, purpose string) ([]byte, error) {
	plain, err := aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("%w: encrypted data does not open: %w", ErrDamaged, err)
	}
	return plain, nil
}
