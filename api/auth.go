package api

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// caller is who asks for something.
type caller struct {
	project ids.Project // "" for the operator
	shard   int         // in which it is asked for
	by      domain.Principal
}

// operatorIn is the operator, who asks for something in a shard.
func operatorIn(shard int) caller { return caller{shard: shard, by: domain.Operator} }

// asProject accepts the credential of a project and passes the project to the handler.
// params are the names of the query parameters that the route has.
func (s *server) asProject(handler func(echo.Context, caller) error, params ...string) echo.HandlerFunc {
	return func(c echo.Context) error {
		who, isOperator, err := s.authenticate(c)
		if err != nil {
			return err
		}
		if isOperator {
			return problemf(forbidden, "This is for a project's credential, not for the operator's")
		}
		if err := s.checkRequest(c, who.shard, params); err != nil {
			return err
		}
		leave, err := s.admitBody(c, who.project)
		if err != nil {
			return err
		}
		defer leave()
		return handler(c, who)
	}
}

// asOperator accepts the credential of the operator; params are as in asProject.
func (s *server) asOperator(handler echo.HandlerFunc, params ...string) echo.HandlerFunc {
	return func(c echo.Context) error {
		_, isOperator, err := s.authenticate(c)
		if err != nil {
			return err
		}
		if !isOperator {
			return problemf(forbidden, "This is for the operator's credential, not for a project's")
		}
		if err := s.checkRequest(c, anyShard, params); err != nil {
			return err
		}
		leave, err := s.admitBody(c, "") // the operator's share is one more
		if err != nil {
			return err
		}
		defer leave()
		return handler(c)
	}
}

func (s *server) authenticate(c echo.Context) (who caller, isOperator bool, err error) {
	header := c.Request().Header
	key, secret := header.Get("Api-Key"), header.Get("Secret-Key")
	if key == "" || secret == "" || len(header["Api-Key"])+len(header["Secret-Key"]) > 2 {
		return who, false, problemf(unauthorized, "Send one credential in the headers api-key and secret-key")
	}
	hash := sha256.Sum256([]byte(secret))
	if s.operator.APIKey != "" && key == s.operator.APIKey { // a name, not a secret
		if s.operator.SecretKey == "" || !same(hash, sha256.Sum256([]byte(s.operator.SecretKey))) {
			return who, false, errCredential
		}
		return who, true, nil
	}
	credential, err := s.credential(c.Request().Context(), ids.APIKey(key))
	if err != nil {
		return who, false, err
	}
	if !same(hash, credential.SecretHash) || credential.Revoked {
		return who, false, errCredential
	}
	at, ok := credential.Project.Location()
	if !ok {
		return who, false, errCredential
	}
	return caller{project: credential.Project, shard: int(at.Shard), by: domain.Principal(key)}, false, nil
}

var errCredential = problemf(unauthorized, "The credential is not valid: api-key or secret-key is wrong, or it was revoked")

func same(a, b [sha256.Size]byte) bool { return subtle.ConstantTimeCompare(a[:], b[:]) == 1 }

// credential finds a key in the shard that it names. A key that Peek does not find
// may be newer than what this process has read: the log is asked before it is
// refused. A revocation by another process takes effect when this one has read it.
func (s *server) credential(ctx context.Context, key ids.APIKey) (domain.Credential, error) {
	at, ok := key.Location()
	if !ok || int(at.Shard) >= s.ledger.Shards() {
		return domain.Credential{}, errCredential
	}
	var found domain.Credential
	look := func(state *domain.State) {
		if credential, ok := state.Credential(key); ok {
			found = *credential
		}
	}
	if s.ledger.Peek(int(at.Shard), look); found.Key == key {
		return found, nil
	}
	if _, err := s.ledger.View(ctx, int(at.Shard), look); err != nil {
		return found, err
	}
	if found.Key != key {
		return found, errCredential
	}
	return found, nil
}

// NewSecret returns a secret key of 256 random bits, which is shown once, and its
// SHA-256, which is stored.
func NewSecret() (secret string, hash [sha256.Size]byte) {
	var bits [32]byte
	rand.Read(bits[:]) //nolint:errcheck // never fails
	secret = "sk_" + base64.RawURLEncoding.EncodeToString(bits[:])
	return secret, sha256.Sum256([]byte(secret))
}
