package webhooks

import (
	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// subscriber is an endpoint that gets events.
type subscriber struct {
	id       string
	project  ids.Project
	patterns []string
	from     uint64 // it gets the events of later facts only
}

// subscribers are the endpoints of a shard by project and event type.
type subscribers map[ids.Project]map[string][]subscriber

func (a subscribers) add(l subscriber) {
	kinds := a[l.project]
	if kinds == nil {
		kinds = map[string][]subscriber{}
		a[l.project] = kinds
	}
	for _, kind := range EventTypes {
		if wants(l.patterns, kind.Name) {
			kinds[kind.Name] = append(kinds[kind.Name], l)
		}
	}
}

// output is the rows that a run of commits leads to.
type output struct {
	subscribers subscribers
	wallets     map[ids.Wallet]*wallet // those that events show, as of the fact that is processed

	created  []wallet // new wallets
	changes  []change // in order
	messages []message
	// Deliveries, one for each index.
	endpointIDs []string
	messageIDs  []string
}

// change is a change of a wallet's name or status.
type change struct {
	wallet   ids.Wallet
	sequence uint64
	name     *string // nil: no change
	status   *domain.WalletStatus
}

func (h *output) empty() bool {
	return len(h.created) == 0 && len(h.changes) == 0 && len(h.messages) == 0
}

// unknown returns the wallets that the events of a run of commits show and that it did not
// create.
func (h *output) unknown(commits []*events.Commit) []ids.Wallet {
	var wallets []ids.Wallet
	made := map[ids.Wallet]bool{} // or listed
	for _, commit := range commits {
		for _, fact := range commit.Facts {
			if h.subscribers[fact.ProjectID()] == nil {
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

// add adds the facts of a commit, in order.
func (h *output) add(commit *events.Commit) error {
	for i, fact := range commit.Facts {
		if kinds := h.subscribers[fact.ProjectID()]; kinds != nil {
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

func (h *output) change(c change) {
	h.changes = append(h.changes, c)
	of := h.wallets[c.wallet]
	if of == nil {
		return // no event shows it
	}
	if c.name != nil {
		of.Name = *c.name
	}
	if c.status != nil {
		of.Status = *c.status
	}
}

// announce makes the messages of one fact of a commit, and their deliveries.
func (h *output) announce(commit *events.Commit, index int, kinds map[string][]subscriber) error {
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
