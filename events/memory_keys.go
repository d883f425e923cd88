package events

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"sync"

	"tallystick/domain/ids"
)

// MemoryKeys is a Keyring in memory that follows the rules of Keys. Seal fails before
// Ensure. Open fails after Destroy and for another customer. It also fails with the
// new key of a customer who was erased and created again.
//
// Equal plaintexts give equal ciphertexts under the same key. Golden files need this.
// It would not be secure in production.
type MemoryKeys struct {
	mu      sync.Mutex
	keys    map[string]*memoryKey
	offline bool
}

type memoryKey struct {
	generation int // how often the customer was created again
	destroyed  bool
}

// NewMemoryKeys returns an empty keyring.
func NewMemoryKeys() *MemoryKeys { return &MemoryKeys{keys: map[string]*memoryKey{}} }

// Ensure is Keys.Ensure.
func (k *MemoryKeys) Ensure(_ context.Context, project ids.Project, customer ids.Customer) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	name := keyName(project, customer)
	key, ok := k.keys[name]
	if !ok {
		k.keys[name] = &memoryKey{}
	} else if key.destroyed {
		k.keys[name] = &memoryKey{generation: key.generation + 1}
	}
	return nil
}

// Destroy destroys the customer's key, which erases the customer.
func (k *MemoryKeys) Destroy(project ids.Project, customer ids.Customer) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if key, ok := k.keys[keyName(project, customer)]; ok {
		key.destroyed = true
	}
}

// SetOffline(true) makes Seal and Open fail as if the server were down, until
// SetOffline(false).
func (k *MemoryKeys) SetOffline(offline bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.offline = offline
}

// Seal is Keys.Seal.
func (k *MemoryKeys) Seal(project ids.Project, customer ids.Customer, plain []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	sealed := append(key.tag(), sum[:aead.NonceSize()]...)
	return aead.Seal(sealed, sum[:aead.NonceSize()], plain, []byte(name)), nil
}

// Open is Keys.Open.
func (k *MemoryKeys) Open(project ids.Project, customer ids.Customer, sealed []byte) ([]byte, error) {
	key, name, err := k.find(project, customer)
	if err != nil {
		return nil, err
	}
	return key.open(sealed, name)
}

func (k *MemoryKeys) find(project ids.Project, customer ids.Customer) (customerKey, string, error) {
	name := keyName(project, customer)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.offline {
		return customerKey{}, name, errOffline
	}
	key, ok := k.keys[name]
	switch {
	case !ok:
		return customerKey{}, name, ErrKeyNotFound
	case key.destroyed:
		return customerKey{}, name, ErrErased
	}
	return sha256.Sum256(fmt.Append(nil, name, key.generation)), name, nil
}
