package domain

import (
	"strings"

	"tallystick/domain/ids"
)

// Customer is a person, company or device that owns wallets, known by the
// caller's own identifier.
type Customer struct {
	Project   ids.Project
	ID        ids.Customer
	Profile   Profile
	UpdatedBy Principal // who gave the profile last
	wallets   ownWallets
}

// Profile is what is known of a customer beyond the identifier. Every field is
// optional and personal data: the log encrypts it.
type Profile struct {
	Username    string
	Phone       string // E.164 recommended; kept without spaces, dashes and brackets
	Email       string // kept in lower case
	Name        string
	Description string
	Role        string
	Metadata    Metadata
}

func (p Profile) equal(q Profile) bool {
	if len(p.Metadata) != len(q.Metadata) {
		return false
	}
	for key, value := range p.Metadata {
		if other, ok := q.Metadata[key]; !ok || other != value {
			return false
		}
	}
	return p.Username == q.Username && p.Phone == q.Phone && p.Email == q.Email &&
		p.Name == q.Name && p.Description == q.Description && p.Role == q.Role
}

func checkProfile(p Profile) *Rejection {
	return first(
		checkText("username", p.Username, MaxNameLength),
		checkText("phone", p.Phone, 32),
		checkText("email", p.Email, 254),
		checkText("name", p.Name, MaxNameLength),
		checkText("description", p.Description, MaxDescriptionLength),
		checkText("role", p.Role, MaxNameLength),
		checkMetadata(p.Metadata),
	)
}

func normalizeEmail(email string) string { return strings.ToLower(email) }

func normalizePhone(phone string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -().", r) {
			return -1
		}
		return r
	}, phone)
}

// UpsertCustomer makes a customer, or changes the fields that are given.
type UpsertCustomer struct {
	Project  ids.Project
	Customer ids.Customer
	Change   ProfileChange
}

func (c UpsertCustomer) ProjectID() ids.Project { return c.Project }

// ProfileChange holds the fields to set; nil leaves a field as it is.
type ProfileChange struct {
	Username, Phone, Email, Name, Description, Role *string
	Metadata                                        Metadata
}

func (c ProfileChange) on(p Profile) Profile {
	set := func(field *string, value *string) {
		if value != nil {
			*field = strings.TrimSpace(*value)
		}
	}
	set(&p.Username, c.Username)
	set(&p.Phone, c.Phone)
	set(&p.Email, c.Email)
	set(&p.Name, c.Name)
	set(&p.Description, c.Description)
	set(&p.Role, c.Role)
	p.Phone, p.Email = normalizePhone(p.Phone), normalizeEmail(p.Email)
	if c.Metadata != nil {
		p.Metadata = c.Metadata
	}
	return p
}

func (c UpsertCustomer) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	if rejection := checkRequired("customer_id", string(c.Customer), MaxIDLength); rejection != nil {
		return nil, rejection
	}
	existing, known := s.Customer(c.Project, c.Customer)
	next := Customer{Project: c.Project, ID: c.Customer}
	if known {
		next.Profile = existing.Profile
	}
	next.Profile = c.Change.on(next.Profile)
	if rejection := checkProfile(next.Profile); rejection != nil {
		return nil, rejection
	}
	if _, ok := s.Project(c.Project); !ok {
		return nil, reject(NotFound, "Project not found")
	}
	for _, id := range next.identifiers() {
		if as, taken := s.takenAs(id, c.Customer); taken {
			return nil, identifierTaken(id.kind, as)
		}
	}
	if known && existing.Profile.equal(next.Profile) {
		return nil, nil
	}
	return []Event{&CustomerUpserted{Project: c.Project, Customer: c.Customer, Profile: next.Profile}}, nil
}

// CustomerUpserted gives the whole profile after the change. The facts of an
// erased customer are read with an empty profile.
type CustomerUpserted struct {
	Asked
	Project  ids.Project
	Customer ids.Customer
	Profile  Profile
}

func (e *CustomerUpserted) ProjectID() ids.Project { return e.Project }
func (*CustomerUpserted) WalletIDs() []ids.Wallet  { return nil }

func (e *CustomerUpserted) evolve(s *State) error {
	key := customerKey{e.Project, e.Customer}
	customer, known := edit(&s.customers, key)
	if !known {
		customer = &Customer{Project: e.Project, ID: e.Customer}
		s.customers.put(key, customer)
	}
	for _, old := range customer.identifiers() {
		drop(&s.identifiers, old)
	}
	customer.Profile, customer.UpdatedBy = e.Profile, e.By
	for _, id := range customer.identifiers() {
		s.identifiers.put(id, e.Customer)
	}
	return nil
}

// identifierKind orders the ways to find a recipient: username first, then
// phone, then e-mail (HOST Pay, "Identify the Recipient").
type identifierKind uint8

const (
	byUsername identifierKind = iota
	byPhone
	byEmail
)

// identifierKinds in order of precedence.
var identifierKinds = [...]identifierKind{byUsername, byPhone, byEmail}

// of returns a profile's identifier of the kind, "" for none.
func (k identifierKind) of(p *Profile) string {
	return [...]string{byUsername: p.Username, byPhone: p.Phone, byEmail: p.Email}[k]
}

// normalize returns what somebody typed in the form that profiles keep.
func (k identifierKind) normalize(text string) string {
	switch k {
	case byPhone:
		return normalizePhone(text)
	case byEmail:
		return normalizeEmail(text)
	}
	return text
}

// String is the name of the field.
func (k identifierKind) String() string {
	return [...]string{byUsername: "username", byPhone: "phone", byEmail: "email"}[k]
}

type identifier struct {
	project ids.Project
	kind    identifierKind
	value   string
}

// identifiers of a profile, in order of precedence; only the ones that it has.
func (c *Customer) identifiers() []identifier {
	all := make([]identifier, 0, 3)
	for _, kind := range identifierKinds {
		if value := kind.of(&c.Profile); value != "" {
			all = append(all, identifier{c.Project, kind, value})
		}
	}
	return all
}

// takenAs returns the kind of identifier by which another customer is already
// found by this text. All kinds are searched: a username that equals another
// customer's phone would receive her transfers.
func (s *State) takenAs(id identifier, customer ids.Customer) (identifierKind, bool) {
	for _, kind := range identifierKinds {
		owner, ok := s.identifiers.get(identifier{id.project, kind, kind.normalize(id.value)})
		if ok && owner != "" && owner != customer {
			return kind, true
		}
	}
	return 0, false
}

func identifierTaken(field, as identifierKind) *Rejection {
	rejection := reject(IdentifierTaken, "another customer has this %s", field)
	if field != as {
		rejection = reject(IdentifierTaken, "this %s is another customer's %s", field, as)
	}
	return rejection.with("field", field.String()).with("taken_as", as.String())
}
