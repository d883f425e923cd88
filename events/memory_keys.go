package events

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"fmt"
	"sync"

	"tallystick/domain"
)

// MemoryKeys is a Keyring in memory that keeps the rules of Keys: nothing is
// sealed before Ensure, nothing opens after Destroy or for another customer.
// Equal plaintexts of a customer seal to equal bytes, which golden files need
// and production must not have.
type MemoryKeys struct {
	mu   sync.Mutex
	keys map[string]bool // false: destroyed
}

// NewMemoryKeys makes an empty keyring.
func NewMemoryKeys() *MemoryKeys { return &MemoryKeys{keys: map[string]bool{}} }

// Ensure is Keys.Ensure.
func (k *MemoryKeys) Ensure(_ context.Context, project domain.ProjectID, customer domain.CustomerID) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[keyName(project, customer)] = true
	return nil
}

// Destroy erases a customer.
func (k *MemoryKeys) Destroy(project domain.ProjectID, customer domain.CustomerID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[keyName(project, customer)] = false
}

// Seal is Keys.Seal.
func (k *MemoryKeys) Seal(project domain.ProjectID, customer domain.CustomerID, plain []byte) ([]byte, error) {
	aead, name, err := k.aead(project, customer)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	nonce := sum[:aead.NonceSize()]
	return append(nonce[:len(nonce):len(nonce)], aead.Seal(nil, nonce, plain, []byte(name))...), nil
}

// Open is Keys.Open.
func (k *MemoryKeys) Open(project domain.ProjectID, customer domain.CustomerID, sealed []byte) ([]byte, error) {
	aead, name, err := k.aead(project, customer)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, fmt.Errorf("events: %d bytes are not encrypted data", len(sealed))
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(name))
}

func (k *MemoryKeys) aead(project domain.ProjectID, customer domain.CustomerID) (cipher.AEAD, string, error) {
	name := keyName(project, customer)
	k.mu.Lock()
	exists := k.keys[name]
	k.mu.Unlock()
	if !exists {
		return nil, name, ErrErased
	}
	key := sha256.Sum256([]byte(name))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, name, err
	}
	aead, err := cipher.NewGCM(block)
	return aead, name, err
}
