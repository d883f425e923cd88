package projections

import "tallystick/domain"

func (b *batch) monitorSet(f *domain.MonitorSet, at *moment) {
	row := &b.rows.monitors
	row.text("id", string(f.Monitor.ID))
	row.text("project_id", string(f.Project))
	row.text("wallet_id", string(f.Wallet))
	row.plain("metric", string(f.Monitor.Metric))
	row.money("threshold", f.Monitor.Threshold)
	row.bool("above", f.Monitor.Above)
	row.bool("removed", false)
	row.plain("created_at", at.text)
	row.plain("updated_at", at.text)
	row.endRow()
}

const removeMonitor = `UPDATE ledger.monitors SET removed = true, updated_at = $2 WHERE id = $1 AND NOT removed`

func (b *batch) monitorRemoved(f *domain.MonitorRemoved, at *moment) {
	b.change("monitor "+string(f.Monitor), removeMonitor, string(f.Monitor), at.time)
}

const crossMonitor = `UPDATE ledger.monitors SET above = $2, updated_at = $3 WHERE id = $1 AND NOT removed`

func (b *batch) monitorTriggered(f *domain.MonitorTriggered, at *moment) {
	b.change("monitor "+string(f.Monitor), crossMonitor, string(f.Monitor), f.Above, at.time)
	row := &b.rows.monitorCrossings
	row.text("monitor_id", string(f.Monitor))
	row.uint("sequence", at.sequence)
	row.int("position", at.position)
	row.text("project_id", string(f.Project))
	row.text("wallet_id", string(f.Wallet))
	row.money("value", f.Value)
	row.bool("above", f.Above)
	row.plain("created_at", at.text)
	row.endRow()
}
