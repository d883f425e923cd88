package webhooks

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	secretLength = 32 // bytes of a new secret
	minSecret    = 24 // bytes; Standard Webhooks allows 24 to 64
	maxSecret    = 64
)

var errNoSecret = errors.New("webhooks: an endpoint without a secret: nothing can be signed")

// newSecret returns a new signing key.
func newSecret() []byte {
	key := make([]byte, secretLength)
	rand.Read(key) //nolint:errcheck // never fails
	return key
}

// formatSecret returns a key in the form for receivers: whsec_ and base64.
func formatSecret(key []byte) string {
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// sign returns the headers of one attempt by Standard Webhooks 1.0.0: webhook-timestamp
// in Unix seconds, and webhook-signature with one signature for each key, in the order
// given. It returns an error without a key, and for a key whose length is not allowed.
func sign(keys [][]byte, id string, at time.Time, body []byte) (timestamp, signature string, err error) {
	if len(keys) == 0 {
		return "", "", errNoSecret
	}
	timestamp = strconv.FormatInt(at.Unix(), 10)
	signatures := make([]string, len(keys))
	for i, key := range keys {
		if len(key) < minSecret || len(key) > maxSecret {
			return "", "", errNoSecret
		}
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(id + "." + timestamp + ".")) //nolint:errcheck // never fails
		mac.Write(body)                               //nolint:errcheck // never fails
		signatures[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return timestamp, strings.Join(signatures, " "), nil
}
