package projections_test

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"tallystick/domain"
	"tallystick/domain/money"
	"tallystick/events"
)

// deal does what is neither a plain transaction nor administration.
func (r *random) deal() {
	switch r.IntN(12) {
	case 0, 1:
		wallet := r.wallet()
		r.try(domain.PlaceHold{
			Project: r.projectOf(wallet), Wallet: wallet, Reference: r.reference(), Quantity: r.amount(), ExpiresAt: r.later(),
			Description: r.text(), Metadata: domain.Metadata{"key": r.text()},
		})
	case 2, 3:
		r.endHold()
	case 4, 5:
		wallet := r.wallet()
		command := domain.CreateEscrow{
			Project: r.projectOf(wallet), Sender: wallet, Recipient: r.like(wallet), Reference: r.reference(), Quantity: r.amount(),
			Deadline: r.later(), Approval: r.IntN(3) == 0,
		}
		if !command.Deadline.IsZero() && r.IntN(2) == 0 {
			command.AtDeadline = domain.ReleaseAtDeadline
		}
		r.try(command)
	case 6, 7:
		r.endEscrow()
	case 8:
		r.reverse()
	case 9:
		r.settle()
	case 10:
		if waiting, ok := recent(r, r.waiting); ok {
			r.try(domain.CancelScheduled{Project: waiting.Project, Transaction: waiting.Transaction, Actor: r.text(), Reason: r.text()})
		}
	default:
		r.monitor()
	}
}

func (r *random) endHold() {
	hold, ok := recent(r, r.holds)
	if !ok {
		return
	}
	if r.IntN(4) == 0 {
		r.try(domain.ReleaseHold{Project: hold.Project, Hold: hold.Hold, Quantity: r.part()})
		return
	}
	command := domain.CaptureHold{
		Project: hold.Project, Hold: hold.Hold, Reference: r.reference(), Quantity: r.part(), ReleaseRest: r.IntN(4) == 0, Description: r.text(),
	}
	if r.IntN(2) == 0 {
		command.Recipient = r.like(hold.Wallet)
	}
	r.try(command)
}

func (r *random) endEscrow() {
	escrow, ok := recent(r, r.escrows)
	if !ok {
		return
	}
	if r.IntN(2) == 0 {
		r.try(domain.ApproveEscrow{
			Project: escrow.Project, Escrow: escrow.Escrow,
			Party: []domain.EscrowParty{domain.EscrowSender, domain.EscrowRecipient}[r.IntN(2)],
		})
	}
	r.try(domain.EndEscrow{
		Project: escrow.Project, Escrow: escrow.Escrow, Reference: r.reference(), Quantity: r.part(),
		How: []domain.EscrowEnd{domain.ReleaseAtDeadline, domain.RefundAtDeadline}[r.IntN(2)],
	})
}

func (r *random) reverse() {
	original, ok := recent(r, r.completed)
	if !ok {
		return
	}
	command := &domain.Reverse{Project: original.Project, Original: original, Reference: r.reference(), ReturnFees: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		command.Parts = []domain.ReversalPart{{Operation: r.IntN(len(original.Operations)), Quantity: r.part()}}
	}
	r.try(command)
}

func (r *random) settle() {
	for _, wallet := range r.wallets {
		if w, ok := r.state.Wallet(wallet); ok && w.Type == domain.Postpaid && w.Balance.Sign() < 0 {
			command := domain.Settle{Project: w.Project, Wallet: wallet, Reference: r.reference(), Quantity: r.part()}
			if r.IntN(2) == 0 {
				command.Sender = r.like(wallet)
			}
			r.try(command)
		}
	}
}

func (r *random) monitor() {
	if len(r.monitors) > 0 && r.IntN(4) == 0 {
		set := r.monitors[r.IntN(len(r.monitors))]
		r.try(domain.RemoveMonitor{Project: set.Project, Wallet: set.Wallet, Monitor: set.Monitor.ID})
		return
	}
	wallet := r.wallet()
	r.try(domain.SetMonitor{
		Project: r.projectOf(wallet), Wallet: wallet, Threshold: r.amount(),
		Metric: []domain.MonitorMetric{domain.BalanceMetric, domain.AvailableMetric, domain.HeldMetric}[r.IntN(3)],
	})
}

// The read model is the fold of the log, whatever the history, and wherever in
// it the projector stopped.
func TestReadModelEqualsFold(t *testing.T) {
	t.Parallel()
	for range 3 {
		seed := rand.Uint64()
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			t.Parallel()
			h := newHistory(t)
			r := newRandom(h, seed)
			h.commit()
			pool := database(t)
			for i := range 4 {
				_, stop := project(t, h, pool)
				for range 200 {
					r.step()
				}
				if i%2 == 0 { // else it may stop anywhere
					caughtUp(t, h, pool)
				}
				stop()
			}
			h.do(domain.DefineAsset{Project: r.projects[0], Asset: money.Asset{Code: "LAST"}})
			h.commit()
			project(t, h, pool)
			caughtUp(t, h, pool)
			equal(t, h, pool)
		})
	}
}

// Without every fact in them, the tests of random histories would prove little.
func TestRandomHistoriesHaveEveryFact(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for seed := range uint64(3) {
		r := newRandom(newHistory(t), seed)
		r.commit()
		for range 1000 {
			r.step()
		}
		if len(r.facts) > 0 {
			r.commit()
		}
		for _, recorded := range r.recordedFacts() {
			seen[fmt.Sprintf("%T", recorded.fact)]++
		}
	}
	t.Log(seen)
	for _, fact := range events.Types() {
		if kind := "*" + fact.String(); seen[kind] < 5 && !strings.HasPrefix(kind, "*domain.Credential") {
			t.Errorf("%d of %s", seen[kind], kind)
		}
	}
}
