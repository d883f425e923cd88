package events

import (
	"tallystick/domain"
	"tallystick/domain/money"
)

var metrics = []domain.MonitorMetric{domain.BalanceMetric, domain.AvailableMetric, domain.HeldMetric}

func (w writer) monitorSet(f *domain.MonitorSet) {
	w.text("wallet", string(f.Wallet))
	w.text("monitor", string(f.Monitor.ID))
	w.text("metric", string(f.Monitor.Metric))
	w.assetOf(f.Monitor.Threshold)
	w.money("threshold", f.Monitor.Threshold)
	w.flag("above", f.Monitor.Above)
}

func monitorSetV1() factReader {
	var f domain.MonitorSet
	var asset money.AssetCode
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "wallet": into(&f.Wallet), "monitor": into(&f.Monitor.ID), "metric": wordInto(&f.Monitor.Metric, metrics),
		"asset": assetInto(&asset), "threshold": moneyInto(&f.Monitor.Threshold, &asset), "above": flagInto(&f.Monitor.Above),
	}, func() bool {
		return f.Project != "" && f.Wallet != "" && f.Monitor.ID != "" && f.Monitor.Metric != "" && f.Monitor.Threshold.Asset() != ""
	}}
}

func monitorRemovedV1() factReader {
	var f domain.MonitorRemoved
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "wallet": into(&f.Wallet), "monitor": into(&f.Monitor),
	}, func() bool { return f.Project != "" && f.Wallet != "" && f.Monitor != "" }}
}

func (w writer) monitorTriggered(f *domain.MonitorTriggered) {
	w.text("wallet", string(f.Wallet))
	w.text("monitor", string(f.Monitor))
	w.text("metric", string(f.Metric))
	w.assetOf(f.Threshold)
	w.money("threshold", f.Threshold)
	w.money("value", f.Value)
	w.flag("above", f.Above)
}

func monitorTriggeredV1() factReader {
	var f domain.MonitorTriggered
	var asset money.AssetCode
	return &fields{&f, map[string]func(*reader) error{
		"project": projectInto(&f.Project), "wallet": into(&f.Wallet), "monitor": into(&f.Monitor), "metric": wordInto(&f.Metric, metrics),
		"asset": assetInto(&asset), "threshold": moneyInto(&f.Threshold, &asset), "value": moneyInto(&f.Value, &asset), "above": flagInto(&f.Above),
	}, func() bool {
		return f.Project != "" && f.Wallet != "" && f.Monitor != "" && f.Metric != "" && f.Threshold.Asset() != "" && f.Value.Asset() != ""
	}}
}
