package domain

import (
	"slices"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Monitor watches one number of a wallet. A fact reports that the number
// reached the threshold from below, another that it fell below again. None
// reports a change on one side.
type Monitor struct {
	ID        ids.Monitor
	Metric    MonitorMetric
	Threshold money.Amount
	Above     bool // on which side the number is: at or above the threshold
}

// MonitorMetric is what a monitor watches.
type MonitorMetric string

const (
	BalanceMetric   MonitorMetric = "balance"
	AvailableMetric MonitorMetric = "available"
	HeldMetric      MonitorMetric = "held"
)

// MaxMonitors is how many monitors a wallet has at most.
const MaxMonitors = 50

// Monitors of the wallet, in the order they were set.
func (w *Wallet) Monitors() []Monitor {
	if w.activity == nil {
		return nil
	}
	return w.activity.monitors
}

// metric returns the number that a monitor watches. The available amount
// includes expired credit until it is removed: so the lots of a wallet are not
// searched for each monitor.
func (w *Wallet) metric(m MonitorMetric) money.Amount {
	switch m {
	case HeldMetric:
		return w.Held()
	case AvailableMetric:
		return w.Balance.Sub(w.Held()).Add(w.creditLimit())
	}
	return w.Balance
}

func (s *State) changeMonitors(id ids.Wallet, change func([]Monitor) []Monitor) error {
	return s.changeWallet(id, func(w *Wallet) {
		w.change(func(d *activity) { d.monitors = change(slices.Clone(d.monitors)) })
	})
}

// SetMonitor watches a wallet. Setting what is watched already does nothing.
type SetMonitor struct {
	Project   ids.Project
	Wallet    ids.Wallet
	Metric    MonitorMetric
	Threshold money.Quantity // of any sign
}

func (c SetMonitor) ProjectID() ids.Project { return c.Project }

func (c SetMonitor) decide(s *State, at ids.Place) ([]Event, *Rejection) {
	if c.Metric != BalanceMetric && c.Metric != AvailableMetric && c.Metric != HeldMetric {
		return nil, reject(BadRequest, "metric %q must be %s, %s or %s", c.Metric, BalanceMetric, AvailableMetric, HeldMetric)
	}
	if !c.Threshold.Set() {
		return nil, reject(BadRequest, "threshold is required")
	}
	wallet, rejection := s.openWallet(c.Project, c.Wallet)
	if rejection != nil {
		return nil, rejection
	}
	threshold, rejection := fit(c.Threshold, wallet.Asset)
	if rejection != nil {
		return nil, rejection
	}
	for _, m := range wallet.Monitors() {
		if m.Metric == c.Metric && m.Threshold.Cmp(threshold) == 0 {
			return nil, nil
		}
	}
	if len(wallet.Monitors()) >= MaxMonitors {
		return nil, reject(BadRequest, "a wallet has at most %d monitors", MaxMonitors)
	}
	return []Event{&MonitorSet{Project: c.Project, Wallet: c.Wallet, Monitor: Monitor{
		ID: at.Monitor(), Metric: c.Metric, Threshold: threshold,
		Above: wallet.metric(c.Metric).Cmp(threshold) >= 0,
	}}}, nil
}

// MonitorSet adds a monitor to a wallet.
type MonitorSet struct {
	Asked
	Project ids.Project
	Wallet  ids.Wallet
	Monitor Monitor
}

func (e *MonitorSet) ProjectID() ids.Project { return e.Project }
func (*MonitorSet) WalletIDs() []ids.Wallet  { return nil }

func (e *MonitorSet) evolve(s *State) error {
	s.monitored++
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor { return append(all, e.Monitor) })
}

// RemoveMonitor removes a monitor. Repeating it is rejected as NotFound.
type RemoveMonitor struct {
	Project ids.Project
	Wallet  ids.Wallet
	Monitor ids.Monitor
}

func (c RemoveMonitor) ProjectID() ids.Project { return c.Project }

func (c RemoveMonitor) decide(s *State, _ ids.Place) ([]Event, *Rejection) {
	wallet, ok := s.Wallet(c.Wallet)
	if !ok || wallet.Project != c.Project {
		return nil, walletNotFound(c.Wallet)
	}
	if !slices.ContainsFunc(wallet.Monitors(), func(m Monitor) bool { return m.ID == c.Monitor }) {
		return nil, reject(NotFound, "Monitor not found")
	}
	return []Event{&MonitorRemoved{Project: c.Project, Wallet: c.Wallet, Monitor: c.Monitor}}, nil
}

// MonitorRemoved removes a monitor.
type MonitorRemoved struct {
	Asked
	Project ids.Project
	Wallet  ids.Wallet
	Monitor ids.Monitor
}

func (e *MonitorRemoved) ProjectID() ids.Project { return e.Project }
func (*MonitorRemoved) WalletIDs() []ids.Wallet  { return nil }

func (e *MonitorRemoved) evolve(s *State) error {
	s.monitored--
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor {
		return slices.DeleteFunc(all, func(m Monitor) bool { return m.ID == e.Monitor })
	})
}

// watch adds a fact for each threshold that the facts of a decision cross.
func (s *State) watch(events []Event) []Event {
	if s.monitored == 0 || len(events) == 0 {
		return events
	}
	var watched []ids.Wallet
	for _, id := range concerned(events) {
		if w, ok := s.Wallet(id); ok && len(w.Monitors()) > 0 {
			watched = append(watched, id)
		}
	}
	if len(watched) == 0 {
		return events
	}
	after := s.Fork()
	for _, event := range events {
		if err := after.Evolve(event); err != nil {
			panic("domain: decided what cannot be: " + err.Error())
		}
	}
	for _, id := range watched {
		w, _ := after.Wallet(id)
		for _, m := range w.Monitors() {
			value := w.metric(m.Metric)
			if above := value.Cmp(m.Threshold) >= 0; above != m.Above {
				events = append(events, &MonitorTriggered{
					Project: w.Project, Wallet: id, Monitor: m.ID, Metric: m.Metric, Threshold: m.Threshold, Value: value, Above: above,
				})
			}
		}
	}
	return events
}

// MonitorTriggered follows the facts that took a number of a wallet across a
// threshold.
type MonitorTriggered struct {
	Asked
	Project   ids.Project
	Wallet    ids.Wallet
	Monitor   ids.Monitor
	Metric    MonitorMetric
	Threshold money.Amount
	Value     money.Amount // after the crossing
	Above     bool         // at or above the threshold now; before it was below
}

func (e *MonitorTriggered) ProjectID() ids.Project  { return e.Project }
func (e *MonitorTriggered) WalletIDs() []ids.Wallet { return []ids.Wallet{e.Wallet} }

func (e *MonitorTriggered) evolve(s *State) error {
	return s.changeMonitors(e.Wallet, func(all []Monitor) []Monitor {
		for i := range all {
			if all[i].ID == e.Monitor {
				all[i].Above = e.Above
			}
		}
		return all
	})
}
