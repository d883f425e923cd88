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

	"tallystick/domain"

	"github.com/nats-io/nats.go/jetstream"
)

// keysBucket holds a key per customer, each wrapped by the master key.
const keysBucket = "TALLYSTICK_KEYS"

// MasterKey wraps the customers' keys (AES-256).
type MasterKey [32]byte

// Keys is the Keyring over a JetStream key-value bucket. The order of writes is
// key first, fact second: a crash between them leaves a key without a customer,
// which harms nobody; the other way round would leave a fact that nobody can read.
type Keys struct {
	bucket jetstream.KeyValue
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
		return nil, fmt.Errorf("events: %d bytes are not encrypted data", len(sealed))
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

// OpenKeys answers the keyring, and creates its bucket where there is none.
func OpenKeys(ctx context.Context, js jetstream.JetStream, master MasterKey, replicas int) (*Keys, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	bucket, err := js.KeyValue(ctx, keysBucket)
	if errors.Is(err, jetstream.ErrBucketNotFound) {
		bucket, err = js.CreateKeyValue(ctx, jetstream.KeyValueConfig{
			Bucket: keysBucket, Description: "Tallystick: customers' keys, wrapped", History: 1,
			Storage: jetstream.FileStorage, Replicas: max(replicas, 1),
		})
	}
	if err != nil {
		return nil, fmt.Errorf("events: open bucket %s: %w", keysBucket, err)
	}
	aead, err := newAEAD(master)
	if err != nil {
		return nil, err
	}
	k := &Keys{bucket: bucket, master: aead, cached: map[string]customerKey{}}
	return k, k.checkMaster(ctx)
}

// masterCheck is a text under the master key, made with the bucket: whoever
// comes with another key hears of it at start, not at the first customer.
const masterCheck = "master-check"

func (k *Keys) checkMaster(ctx context.Context) error {
	_, err := k.bucket.Create(ctx, masterCheck, seal(k.master, []byte(masterCheck), masterCheck))
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("events: check the master key: %w", err)
	}
	entry, err := k.bucket.Get(ctx, masterCheck)
	if err != nil {
		return fmt.Errorf("events: check the master key: %w", err)
	}
	if _, err := open(k.master, entry.Value(), masterCheck); err != nil {
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
// about the customer is decided.
func (k *Keys) Ensure(ctx context.Context, project domain.ProjectID, customer domain.CustomerID) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	name := keyName(project, customer)
	_, err := k.key(ctx, name)
	if !errors.Is(err, ErrErased) {
		return err
	}
	var key customerKey
	rand.Read(key[:]) //nolint:errcheck // never fails
	wrapped := seal(k.master, key[:], name)
	if _, err := k.bucket.Create(ctx, name, wrapped); err != nil && !errors.Is(err, jetstream.ErrKeyExists) {
		return fmt.Errorf("events: store a customer's key: %w", err)
	}
	_, err = k.key(ctx, name) // ours, or the one of whoever was quicker
	return err
}

// Seal encrypts with AES-256-GCM: 8 bytes that name the key, 12 of nonce, then
// the ciphertext.
func (k *Keys) Seal(project domain.ProjectID, customer domain.CustomerID, plain []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	return key.seal(plain, name)
}

// Open decrypts what Seal made. ErrErased when the key is gone, also when the
// customer came back since and has another one.
func (k *Keys) Open(project domain.ProjectID, customer domain.CustomerID, sealed []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	return key.open(sealed, name)
}

func (k *Keys) find(project domain.ProjectID, customer domain.CustomerID) (customerKey, string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	name := keyName(project, customer)
	key, err := k.key(ctx, name)
	return key, name, err
}

func (k *Keys) key(ctx context.Context, name string) (customerKey, error) {
	k.mu.RLock()
	key, ok := k.cached[name]
	k.mu.RUnlock()
	if ok {
		return key, nil
	}
	entry, err := k.bucket.Get(ctx, name)
	if errors.Is(err, jetstream.ErrKeyNotFound) {
		return key, ErrErased
	}
	if err != nil {
		return key, fmt.Errorf("events: read a customer's key: %w", err)
	}
	return k.unwrap(name, entry.Value())
}

func (k *Keys) unwrap(name string, wrapped []byte) (key customerKey, err error) {
	plain, err := open(k.master, wrapped, name)
	if err != nil || len(plain) != len(key) {
		return key, ErrWrongMasterKey
	}
	copy(key[:], plain)
	k.mu.Lock()
	k.cached[name] = key
	k.mu.Unlock()
	return key, nil
}

// keyName hides who the customer is, and fits any identifier into a bucket's key.
func keyName(project domain.ProjectID, customer domain.CustomerID) string {
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
		return nil, fmt.Errorf("events: encrypted data does not open: %w", err)
	}
	return plain, nil
}
