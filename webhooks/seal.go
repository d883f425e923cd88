package webhooks

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"tallystick/events"
)

// sealPurpose separates the key for signing secrets from other keys that are derived from
// the master key. It never changes.
const sealPurpose = "tallystick webhooks: signing secrets, v1"

// sealer encrypts signing secrets with AES-256-GCM. Each is bound to its endpoint and
// cannot be decrypted in the row of another one.
type sealer struct{ aead cipher.AEAD }

func newSealer(master events.MasterKey) sealer {
	key, err := hkdf.Key(sha256.New, master[:], nil, sealPurpose, 32)
	if err != nil {
		panic("webhooks: derive a key: " + err.Error()) // only for a length that cannot be
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("webhooks: a key of 32 bytes: " + err.Error())
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("webhooks: AES is a cipher of 16 byte blocks: " + err.Error())
	}
	return sealer{aead}
}

func (s sealer) seal(endpoint string, key []byte) []byte {
	return s.aead.Seal(nil, nil, key, []byte(endpoint))
}

func (s sealer) open(endpoint string, sealed []byte) ([]byte, error) {
	key, err := s.aead.Open(nil, nil, sealed, []byte(endpoint))
	if err != nil {
		return nil, fmt.Errorf("webhooks: the secret of %s cannot be decrypted: is this the master key that it was encrypted with? %w", endpoint, err)
	}
	return key, nil
}
