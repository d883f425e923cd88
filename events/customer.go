package events

import (
	"encoding/base64"
	"errors"
	"reflect"

	"tallystick/domain"
	"tallystick/domain/ids"

	"github.com/go-faster/jx"
)

// customerUpserted has the profile encrypted.
type customerUpserted struct {
	domain.Asked `fact:"by"`
	Project      ids.Project  `fact:"project_id"`
	Customer     ids.Customer `fact:"customer_id"`
	Profile      string       `fact:"profile"` // base64
}

// profile is what is encrypted.
type profile struct {
	Username    string          `fact:"username,optional"`
	Phone       string          `fact:"phone,optional"`
	Email       string          `fact:"email,optional"`
	Name        string          `fact:"name,optional"`
	Description string          `fact:"description,optional"`
	Role        string          `fact:"role,optional"`
	Metadata    domain.Metadata `fact:"metadata,optional"`
}

var profileKind = objectKind(recordOf(reflect.TypeFor[profile]()))

// sealProfile encrypts the profile with the customer's key.
func sealProfile(keys Keyring, f *domain.CustomerUpserted) (*customerUpserted, error) {
	var plain writer
	if err := profileKind.write(&plain, reflect.ValueOf(&f.Profile).Elem()); err != nil {
		return nil, err
	}
	sealed, err := keys.Seal(f.Project, f.Customer, plain.Buf)
	return &customerUpserted{f.Asked, f.Project, f.Customer, base64.StdEncoding.EncodeToString(sealed)}, err
}

// openProfile decrypts it. The profile of an erased customer is empty.
func openProfile(keys Keyring, f *customerUpserted) (*domain.CustomerUpserted, error) {
	fact := &domain.CustomerUpserted{Asked: f.Asked, Project: f.Project, Customer: f.Customer}
	sealed, err := base64.StdEncoding.Strict().DecodeString(f.Profile)
	if err != nil {
		return nil, err
	}
	plain, err := keys.Open(f.Project, f.Customer, sealed)
	switch {
	case errors.Is(err, ErrErased):
		return fact, nil
	case err == nil:
		r := reader{d: jx.DecodeBytes(plain)}
		return fact, profileKind.read(&r, reflect.ValueOf(&fact.Profile).Elem())
	case errors.Is(err, ErrDamaged), errors.Is(err, ErrWrongMasterKey):
		return nil, err
	}
	return nil, &mayPass{err}
}

// mayPass is an error of the keyring that may pass: it is not of the commit.
type mayPass struct{ cause error }

// Error and Unwrap are those of the cause.
func (m *mayPass) Error() string { return m.cause.Error() }
func (m *mayPass) Unwrap() error { return m.cause }
