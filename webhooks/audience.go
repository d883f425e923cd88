package webhooks

import (
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// listener is an endpoint as ingest sees it.
type listener struct {
	id       string
	project  ids.Project
	patterns []string
	from     uint64 // facts up to here are not for it, or it has them
}

// audience is who listens: project, event type, endpoints.
type audience map[ids.Project]map[string][]listener

func (a audience) add(l listener) {
	kinds := a[l.project]
	if kinds == nil {
		kinds = map[string][]listener{}
		a[l.project] = kinds
	}
	for _, kind := range EventTypes {
		if wants(l.patterns, kind.Name) {
			kinds[kind.Name] = append(kinds[kind.Name], l)
		}
	}
}

// harvest is what a run of commits comes to: rows.
type harvest struct {
	listening audience
	wallets   map[ids.Wallet]*wallet // the ones that are told about, as of the fact at hand

	created  []wallet // as they were made
	changes  []change // in order
	messages []message
	// Deliveries, one for each index.
	endpointIDs []string
	messageIDs  []string
}

// change is what a fact says that a wallet is from now on.
type change struct {
	wallet   ids.Wallet
	sequence uint64
	name     *string // nil: as it is
	status   *domain.WalletStatus
}

func (h *harvest) empty() bool {
	return len(h.created) == 0 && len(h.changes) == 0 && len(h.messages) == 0
}

// unknown lists the wallets that a run of commits tells about and did not make.
func (h *harvest) unknown(commits []*events.Commit) []ids.Wallet {
	var wallets []ids.Wallet
	made := map[ids.Wallet]bool{} // or listed
	for _, commit := range commits {
		for _, fact := range commit.Facts {
			if h.listening[fact.ProjectID()] == nil {
				continue
			}
			if created, ok := fact.(*domain.WalletCreated); ok {
				made[created.Wallet] = true
			}
			for _, id := range fact.WalletIDs() {
				if !made[id] {
					made[id] = true
					wallets = append(wallets, id)
				}
			}
		}
	}
	return wallets
}

// gather takes the facts of a commit in order.
func (h *harvest) gather(commit *events.Commit) error {
	for i, fact := range commit.Facts {
		if kinds := h.listening[fact.ProjectID()]; kinds != nil {
			if err := h.announce(commit, i, kinds); err != nil {
				return err
			}
		}
		switch f := fact.(type) {
		case *domain.WalletCreated:
			made := newWallet(f)
			h.created = append(h.created, *made)
			h.wallets[f.Wallet] = made
		case *domain.WalletChanged:
			h.change(change{wallet: f.Wallet, sequence: commit.Sequence, name: &f.Name})
		case *domain.WalletStatusChanged:
			h.change(change{wallet: f.Wallet, sequence: commit.Sequence, status: &f.Status})
		}
	}
	return nil
}

func (h *harvest) change(c change) {
	h.changes = append(h.changes, c)
	of := h.wallets[c.wallet]
	if of == nil {
		return // nobody is told about it
	}
	if c.name != nil {
		of.Name = *c.name
	}
	if c.status != nil {
		of.Status = *c.status
	}
}

// announce makes the messages of one fact of a commit, and their deliveries.
func (h *harvest) announce(commit *events.Commit, index int, kinds map[string][]listener) error {
	fact, at := commit.Facts[index], commit.Place(index)
	a := announcement{place: at, commit: commit.Facts, project: fact.ProjectID(), wallets: h.wallets, wanted: func(kind string) bool {
		for i := range kinds[kind] {
			if at.Sequence > kinds[kind][i].from {
				return true
			}
		}
		return false
	}}
	if err := a.announce(fact); err != nil {
		return err
	}
	for _, made := range a.made {
		for _, l := range kinds[made.kind] {
			if at.Sequence > l.from {
				h.endpointIDs = append(h.endpointIDs, l.id)
				h.messageIDs = append(h.messageIDs, made.id)
			}
		}
	}
	h.messages = append(h.messages, a.made...)
	return nil
}
