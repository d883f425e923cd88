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

// keysBucket contains one key for each customer, encrypted with the master key.
const (
	keysBucket  = "TALLYSTICK_KEYS"
	keysStream  = "KV_" + keysBucket
	keysSubject = "$KV." + keysBucket + "."
)

// ensurePause is the pause before Ensure reads again a key that another process is
// creating.
const ensurePause = 10 * time.Millisecond

// MasterKey encrypts the customers' keys (AES-256).
type MasterKey [32]byte

// Keys is a Keyring that stores the keys in a JetStream key-value bucket. The key is
// written before the first fact about the customer. A crash between the two leaves a
// key without a customer, which does no harm. In the other order, a crash would leave
// a fact that cannot be decrypted.
//
// Keys are read from the bucket's leader. A key that is not found does not mean that
// the customer was erased. A customer is erased when the bucket has a marker in place
// of the key. Deleting or purging the bucket's entry leaves such a marker.
type Keys struct {
	bucket jetstream.KeyValue
	stream jetstream.Stream
	master cipher.AEAD

	mu     sync.RWMutex
	cached map[string]customerKey
}

type customerKey [32]byte

// tagSize is the number of bytes of the key's SHA-256 that precede the encrypted data.
const tagSize = 8

// tag identifies the key among all keys that the customer has in the course of time. A
// customer who was erased and created again has a new key.
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

// OpenKeys returns the keyring. If the bucket does not exist, OpenKeys creates it
// when cfg.Create is set, and otherwise returns ErrNoLedger.
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

// keysConfig returns the settings that CreateKeyValue would use, except that direct
// gets are off, so that reads go to the leader. Any replica can serve a direct get. A
// replica that is behind does not have the key that was just written.
func keysConfig(replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name: keysStream, Subjects: []string{keysSubject + ">"}, Description: "Tallystick: customers' keys, wrapped",
		Storage: jetstream.FileStorage, Replicas: max(replicas, 1), Discard: jetstream.DiscardNew,
		MaxMsgsPerSubject: 1, MaxMsgs: -1, MaxBytes: -1, MaxMsgSize: -1, MaxConsumers: -1, Duplicates: dedupWindow,
		AllowRollup: true, DenyDelete: true,
	}
}

// masterCheck is the name of an entry that is encrypted with the master key and
// written when the bucket is created. With it, a process that has the wrong master key
// fails at its start, and not at the first customer.
const masterCheck = "master-check"

func (k *Keys) checkMaster(ctx context.Context, create bool) error {
	sealed, err := k.value(ctx, masterCheck)
	if errors.Is(err, ErrKeyNotFound) && create {
		_, err = k.bucket.Create(ctx, masterCheck, seal(k.master, []byte(masterCheck), masterCheck))
		if err == nil {
			return nil
		}
		if errors.Is(err, jetstream.ErrKeyExists) { // another process has created it
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

// ErrWrongMasterKey is returned by OpenKeys when the ledger was created with
// another master key.
var ErrWrongMasterKey = errors.New("events: this is not the master key that the ledger was created with")

// Load reads all keys into the cache, so that a replay does not request each key.
func (k *Keys) Load(ctx context.Context) error {
	watcher, err := k.bucket.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("events: read the keys: %w", err)
	}
	defer watcher.Stop() //nolint:errcheck // reading is over
	for {
		select {
		case entry := <-watcher.Updates():
			if entry == nil { // all entries were received
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

// Ensure creates the customer's key if there is none. It must be called before a fact
// about the customer is decided. It reads the bucket each time, because another
// process may have destroyed a key that is in the cache.
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
		// Another process created a key first, which can be read now or soon.
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

// Seal encrypts with AES-256-GCM. The result is 8 bytes that identify the key, 12
// bytes of nonce, and the ciphertext.
func (k *Keys) Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	return key.seal(plain, name)
}

// Open decrypts data that Seal encrypted. It returns ErrErased when the key was
// destroyed, also if the customer was created again since and has another key. It
// returns ErrKeyNotFound when there is no key, which may pass.
func (k *Keys) Open(project ids.Project, customer ids.Customer, sealed []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	plain, err := key.open(sealed, name)
	if !errors.Is(err, ErrErased) {
		return plain, err
	}
	// The data was encrypted with another key. Either that key was destroyed, or it is
	// the customer's new key, and the key in the cache was destroyed.
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	if key, err = k.read(ctx, name); err != nil {
		return nil, err
	}
	return key.open(sealed, name)
}

// find returns the customer's key from the cache, or else from the bucket.
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

// read returns the customer's key from the bucket, and puts it into the cache.
func (k *Keys) read(ctx context.Context, name string) (customerKey, error) {
	wrapped, err := k.value(ctx, name)
	if err != nil {
		return customerKey{}, err
	}
	return k.unwrap(name, wrapped)
}

// value returns the value that the bucket's leader has for a name. It returns
// ErrErased when a delete or purge left its marker, which is a message without data,
// and ErrKeyNotFound when there is no message.
func (k *Keys) value(ctx context.Context, name string) ([]byte, error) {
	message, err := ask(ctx, func() (*jetstream.RawStreamMsg, error) { return k.stream.GetLastMsgForSubject(ctx, keysSubject+name) })
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return nil, fmt.Errorf("%w: %s in bucket %s; if it stays missing, restore the bucket from its backup, "+
			"or give up the data: nats kv purge %[3]s %[2]s", ErrKeyNotFound, name, keysBucket)
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

// keyName returns the customer's name in the bucket. It does not reveal who the
// customer is, and is a valid name whatever the identifiers are.
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

// seal encrypts plain and binds the ciphertext to its purpose, so that it cannot be
// decrypted for any other purpose.
func seal(aead cipher.AEAD, plain []byte, purpose string) []byte {
	return aead.Seal(nil, nil, plain, []byte(purpose))
}

func open(aead cipher.AEAD, sealed []byte, purpose string) ([]byte, error) {
	plain, err := aead.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, fmt.Errorf("%w: encrypted data cannot be decrypted: %w", ErrDamaged, err)
	}
	return plain, nil
}
