package events

import (
	"encoding/json"
	"errors"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// personal is a customer's profile as it is encrypted.
type personal struct {
	Username    string          `json:"username,omitempty"`
	Phone       string          `json:"phone,omitempty"`
	Email       string          `json:"email,omitempty"`
	Name        string          `json:"name,omitempty"`
	Description string          `json:"description,omitempty"`
	Role        string          `json:"role,omitempty"`
	Metadata    domain.Metadata `json:"metadata,omitempty"`
}

func (c *Codec) encodeCustomer(w writer, f *domain.CustomerUpserted) error {
	w.text("customer", string(f.Customer))
	plain, err := json.Marshal(personal(f.Profile))
	if err != nil {
		return err
	}
	sealed, err := c.Keys.Seal(f.Project, f.Customer, plain)
	if err != nil {
		return err
	}
	w.FieldStart("profile")
	w.Base64(sealed)
	return nil
}

type customerV1 struct {
	upserted domain.CustomerUpserted
	sealed   bool
}

func (c *customerV1) field(r *reader, key []byte) (known bool, err error) {
	switch string(key) {
	case "project":
		c.upserted.Project, err = r.projectID()
	case "customer":
		err = str(r, &c.upserted.Customer)
	case "profile":
		c.sealed = true
		c.upserted.Profile, err = r.profile(c.upserted.Project, c.upserted.Customer)
	default:
		return false, nil
	}
	return true, err
}

func (c *customerV1) fact() (domain.Event, bool) {
	return &c.upserted, c.upserted.Project != "" && c.upserted.Customer != "" && c.sealed
}

// profile of an erased customer is empty.
func (r *reader) profile(project ids.Project, customer ids.Customer) (domain.Profile, error) {
	if r.d.Next() != jx.String { // Base64 would read null as nothing
		return domain.Profile{}, errors.New("a profile that is not a string")
	}
	sealed, err := r.d.Base64()
	if err != nil {
		return domain.Profile{}, err
	}
	plain, err := r.codec.Keys.Open(project, customer, sealed)
	if errors.Is(err, ErrErased) {
		return domain.Profile{}, nil
	}
	if err != nil {
		r.mayPass = !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrWrongMasterKey)
		return domain.Profile{}, err
	}
	var p personal
	err = json.Unmarshal(plain, &p)
	return domain.Profile(p), err
}
