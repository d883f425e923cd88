package domain

import (
	"fmt"
	"slices"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func (s *State) changeWallet(id ids.Wallet, change func(*Wallet)) error {
	wallet, ok := edit(&s.walletTable, id)
	if !ok {
		return fmt.Errorf("domain: a change of wallet %s, which was never created", id)
	}
	change(wallet)
	return nil
}

// evolve: when ends are announced further ahead, or less far, the
// project's next moment is another.
func (e *ProjectChanged) evolve(s *State) error {
	var before time.Duration
	err := s.changeProject(e.Project, func(p *Project) {
		before = p.Settings.ExpiryNotice
		p.Settings = e.Settings
	})
	if err == nil && e.Settings.ExpiryNotice != before {
		s.replan(e.Project, func(*State, *plan) {})
	}
	return err
}

// evolve: a wallet that was closed is no longer its customer's and is not
// settled, and one that was disabled lets the escrows end whose deadline it had
// stopped.
func (e *WalletStatusChanged) evolve(s *State) error {
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.frozen = e.Status == Disabled && (w.frozen || w.Status == Frozen)
		w.Status = e.Status
		if e.Status == Closed {
			if customer, ok := edit(&s.customers, customerKey{w.Project, w.Customer}); ok {
				s.disown(customer, w)
			}
			s.resettle(w, w.Terms.Settlement, Settlement{})
		}
		if w.dealings != nil && w.dealings.escrows > 0 {
			s.reappointEscrows(w)
		}
	})
}

func (e *HoldPlaced) evolve(s *State) error {
	at, ok := e.Hold.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a hold", e.Hold)
	}
	wallet, ok := s.Wallet(e.Wallet)
	if !ok {
		return fmt.Errorf("domain: hold %s of wallet %s, which was never created", e.Hold, e.Wallet)
	}
	lots, ok := wallet.lots().without(e.Lots)
	if !ok {
		return fmt.Errorf("domain: hold %s takes lots that are not there", e.Hold)
	}
	s.holds.put(e.Hold, &Hold{ID: e.Hold, Project: e.Project, Wallet: e.Wallet, Remaining: e.Amount, Lots: e.Lots, ExpiresAt: e.ExpiresAt})
	s.references.put(e.Reference.HoldKey(e.Project), at.Bits())
	s.appoint(e.Project, e.ExpiresAt, holdExpires, at)
	return s.changeWallet(e.Wallet, func(w *Wallet) {
		w.deal(func(d *dealings) { d.held, d.holds, d.lots = d.held.Add(e.Amount), d.holds+1, lots })
		s.cancelLots(w, e.Lots)
	})
}

// takeFromHold takes an amount out of a hold; the lots go back to its wallet.
func (s *State) takeFromHold(id ids.Hold, amount money.Amount, lots, kept []LotPart, remaining money.Amount, how ending) error {
	hold, ok := edit(&s.holds, id)
	at, known := id.Location()
	if !ok || !known {
		return fmt.Errorf("domain: a change of hold %s, which is not active", id)
	}
	hold.Remaining, hold.Lots = remaining, kept
	if remaining.IsZero() {
		drop(&s.holds, id)
		s.ends.put(at.Bits(), ended{hold.Project, how})
		s.cancel(hold.Project, hold.ExpiresAt, holdExpires, at)
	}
	return s.changeWallet(hold.Wallet, func(w *Wallet) {
		w.deal(func(d *dealings) {
			d.held, d.lots = d.held.Sub(amount), d.lots.with(lots)
			if remaining.IsZero() {
				d.holds--
			}
		})
		s.appointLots(w, lots)
	})
}

func (e *EscrowCreated) evolve(s *State) error {
	escrow := &Escrow{
		ID: e.Escrow, Project: e.Project, Sender: e.Sender, Recipient: e.Recipient, Remaining: e.Amount, Lots: e.Lots,
		Deadline: e.Deadline, AtDeadline: e.AtDeadline, Approval: e.Approval,
	}
	s.escrows.put(e.Escrow, escrow)
	s.appointEscrow(escrow)
	for _, id := range [...]ids.Wallet{e.Sender, e.Recipient} {
		err := s.changeWallet(id, func(w *Wallet) {
			w.deal(func(d *dealings) { d.escrows++ })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *State) changeEscrow(id ids.Escrow, change func(*Escrow)) error {
	escrow, ok := edit(&s.escrows, id)
	if !ok {
		return fmt.Errorf("domain: a change of escrow %s, which is not open", id)
	}
	change(escrow)
	return nil
}

func (s *State) takeFromEscrow(id ids.Escrow, kept []LotPart, remaining money.Amount, how ending) error {
	escrow, ok := s.escrows.get(id)
	at, known := id.Location()
	if !ok || escrow == nil || !known {
		return fmt.Errorf("domain: a change of escrow %s, which is not open", id)
	}
	if !remaining.IsZero() {
		return s.changeEscrow(id, func(e *Escrow) { e.Remaining, e.Lots = remaining, kept })
	}
	drop(&s.escrows, id)
	s.ends.put(at.Bits(), ended{escrow.Project, how})
	s.cancelEscrow(escrow)
	for _, wallet := range [...]ids.Wallet{escrow.Sender, escrow.Recipient} {
		err := s.changeWallet(wallet, func(w *Wallet) {
			w.deal(func(d *dealings) { d.escrows-- })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *TransactionScheduled) evolve(s *State) error {
	at, ok := e.Transaction.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", e.Transaction)
	}
	s.schedule.put(e.Transaction, scheduled{project: e.Project, pending: e})
	s.appoint(e.Project, e.ScheduledFor, transactionIsDue, at)
	return s.remember(e.Project, e.Reference, e.Transaction)
}

// endScheduled ends a scheduled transaction.
func (s *State) endScheduled(origin Origin, id ids.Transaction, done bool) {
	if origin.Kind != ScheduleOrigin {
		return
	}
	of, _ := s.schedule.get(id)
	if at, ok := id.Location(); ok && of.pending != nil {
		s.cancel(of.project, of.pending.ScheduledFor, transactionIsDue, at)
	}
	of.pending, of.done = nil, done
	if at, ok := ids.Transaction(origin.ID).Location(); ok {
		of.outcome = at.Bits()
	}
	s.schedule.put(id, of)
}

func (e *TransactionCancelled) evolve(s *State) error {
	if of, ok := s.schedule.get(e.Transaction); !ok || of.pending == nil {
		return fmt.Errorf("domain: %s cancelled, which does not wait", e.Transaction)
	}
	s.endScheduled(Origin{Kind: ScheduleOrigin}, e.Transaction, false)
	return nil
}

func (e *TransactionReversed) evolve(s *State) error {
	at, ok := e.Transaction.Location()
	if !ok {
		return fmt.Errorf("domain: %q is not the identifier of a transaction", e.Transaction)
	}
	before, _ := s.reversals.get(at.Bits())
	s.reversals.put(at.Bits(), before.with(e))
	return nil
}

func (s *State) changeMonitors(id ids.Wallet, change func([]Monitor) []Monitor) error {
	return s.changeWallet(id, func(w *Wallet) {
		w.deal(func(d *dealings) { d.monitors = change(slices.Clone(d.monitors)) })
	})
}
