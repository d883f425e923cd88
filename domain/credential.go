package domain

import (
	"fmt"

	"tallystick/domain/ids"
)

// Credential lets a program act for one project. The secret is not kept.
type Credential struct {
	Key        ids.APIKey
	Project    ids.Project
	Name       string
	SecretHash [32]byte // SHA-256 of the secret key
	Revoked    bool
}

// CreateCredential records a secret that was made outside, by its hash.
type CreateCredential struct {
	Project    ids.Project
	Name       string
	SecretHash [32]byte
}

func (c CreateCredential) ProjectID() ids.Project { return c.Project }

func (c CreateCredential) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	if rejection := checkText("name", c.Name, MaxNameLength); rejection != nil {
		return nil, rejection
	}
	if _, ok := s.Project(c.Project); !ok {
		return nil, reject(NotFound, "Project not found")
	}
	return []Event{&CredentialCreated{
		Project: c.Project, Key: at.APIKey(), Name: c.Name, SecretHash: c.SecretHash,
	}}, nil
}

// CredentialCreated lets a program act for the project.
type CredentialCreated struct {
	Asked
	Project    ids.Project
	Key        ids.APIKey
	Name       string
	SecretHash [32]byte
}

func (e *CredentialCreated) ProjectID() ids.Project { return e.Project }
func (*CredentialCreated) WalletIDs() []ids.Wallet  { return nil }

func (e *CredentialCreated) evolve(s *State) error {
	s.credentials.put(e.Key, &Credential{Key: e.Key, Project: e.Project, Name: e.Name, SecretHash: e.SecretHash})
	return s.changeProject(e.Project, func(p *Project) { p.credentials = p.credentials.with(e.Key, struct{}{}) })
}

// RevokeCredential ends a credential for ever. Repeating it does nothing.
type RevokeCredential struct {
	Project ids.Project
	Key     ids.APIKey
}

func (c RevokeCredential) ProjectID() ids.Project { return c.Project }

func (c RevokeCredential) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	credential, ok := s.Credential(c.Key)
	if !ok || credential.Project != c.Project {
		return nil, reject(NotFound, "Credential not found")
	}
	if credential.Revoked {
		return nil, nil
	}
	return []Event{&CredentialRevoked{Project: c.Project, Key: c.Key}}, nil
}

// CredentialRevoked ends a credential.
type CredentialRevoked struct {
	Asked
	Project ids.Project
	Key     ids.APIKey
}

func (e *CredentialRevoked) ProjectID() ids.Project { return e.Project }
func (*CredentialRevoked) WalletIDs() []ids.Wallet  { return nil }

func (e *CredentialRevoked) evolve(s *State) error {
	credential, ok := edit(&s.credentials, e.Key)
	if !ok {
		return fmt.Errorf("domain: credential %s revoked, but never created", e.Key)
	}
	credential.Revoked = true
	return nil
}
