package projections

import (
	"tallystick/domain"
	"tallystick/domain/money"
)

func (b *batch) walletCreated(f *domain.WalletCreated, at *moment) {
	b.assetUsed(f.Project, &f.Asset)
	none := money.New(f.Asset.Code, 0, f.Asset.Scale)
	row := &b.wallets
	row.text(string(f.Wallet))
	row.text(string(f.Project))
	row.optional(string(f.Customer))
	row.plain(string(f.Role))
	row.text(string(f.Type))
	row.text(string(f.Asset.Code))
	row.int(f.Asset.Scale)
	row.uint(f.Number)
	row.text(f.Name)
	b.metadata(row, f.Metadata)
	row.plain("active")
	row.plain("0") // version
	row.money(none)
	row.plain(at.text)
	row.plain(at.text)
	row.uint(at.sequence)
	row.money(none) // held
	row.money(none) // amount_due
	if f.Type == domain.Postpaid {
		row.money(f.Terms.CreditLimit)
	} else {
		row.null()
	}
	b.terms(row, &f.Terms)
	row.endRow()
}

// terms are the columns from fees to settlement_next_at.
func (b *batch) terms(row *copyRows, terms *domain.Terms) {
	if len(terms.Fees) == 0 {
		row.null()
	} else {
		encodeFees(&b.scratch, terms.Fees)
		row.json(&b.scratch)
	}
	if terms.Limits.IsZero() {
		row.null()
	} else {
		encodeLimits(&b.scratch, terms.Limits)
		row.json(&b.scratch)
	}
	if terms.Settlement.Period == "" {
		row.null()
		row.null()
	} else {
		row.plain(string(terms.Settlement.Period))
		row.int(terms.Settlement.Day)
	}
	row.optionalTime(terms.Settlement.Next)
}

const updateWallet = `
UPDATE ledger.wallets
   SET name = $2, metadata = $3::text::jsonb, credit_limit = CASE type WHEN 'POSTPAID' THEN $4::text::numeric END,
       fees = $5::text::jsonb, limits = $6::text::jsonb,
       settlement_period = $7, settlement_day = $8, settlement_next_at = $9, updated_at = $10, sequence = $11
 WHERE id = $1`

func (b *batch) walletChanged(f *domain.WalletChanged, at *moment) {
	terms := &f.Terms
	var fees, limits *string
	if len(terms.Fees) > 0 {
		encodeFees(&b.scratch, terms.Fees)
		fees = textOrNull(b.scratch.String())
	}
	if !terms.Limits.IsZero() {
		encodeLimits(&b.scratch, terms.Limits)
		limits = textOrNull(b.scratch.String())
	}
	period := textOrNull(string(terms.Settlement.Period))
	var day *int
	if period != nil {
		day = &terms.Settlement.Day
	}
	b.change("wallet "+string(f.Wallet), updateWallet, string(f.Wallet), f.Name, metadataText(f.Metadata), terms.CreditLimit.String(),
		fees, limits, period, day, orNull(terms.Settlement.Next), at.time, int64(at.sequence))
}

const updateStatus = `UPDATE ledger.wallets SET status = $2, updated_at = $3, sequence = $4 WHERE id = $1`

const insertStatusChange = `
INSERT INTO ledger.wallet_status_changes (wallet_id, sequence, position, project_id, status, actor, reason, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`

func (b *batch) walletStatusChanged(f *domain.WalletStatusChanged, at *moment) {
	b.change("wallet "+string(f.Wallet), updateStatus, string(f.Wallet), string(f.Status), at.time, int64(at.sequence))
	b.rare.Queue(insertStatusChange, string(f.Wallet), int64(at.sequence), at.position, string(f.Project), string(f.Status),
		f.Actor, f.Reason, at.time)
}

const updateDue = `
UPDATE ledger.wallets SET amount_due = $2::text::numeric, settlement_next_at = $3, updated_at = $4, sequence = $5 WHERE id = $1`

const insertSettlement = `
INSERT INTO ledger.settlements (wallet_id, period_ended_at, project_id, amount_due, created_at) VALUES ($1, $2, $3, $4::text::numeric, $5)`

func (b *batch) settlementDue(f *domain.SettlementDue, at *moment) {
	b.change("wallet "+string(f.Wallet), updateDue, string(f.Wallet), f.Amount.String(), f.Next, at.time, int64(at.sequence))
	b.balances.demand(f.Wallet, &f.Amount)
	b.rare.Queue(insertSettlement, string(f.Wallet), f.PeriodEnd, string(f.Project), f.Amount.String(), at.time)
}

const insertMonitor = `
INSERT INTO ledger.monitors (id, project_id, wallet_id, metric, threshold, above, removed, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5::text::numeric, $6, false, $7, $7)`

func (b *batch) monitorSet(f *domain.MonitorSet, at *moment) {
	m := &f.Monitor
	b.rare.Queue(insertMonitor, string(m.ID), string(f.Project), string(f.Wallet), string(m.Metric), m.Threshold.String(), m.Above, at.time)
}

const removeMonitor = `UPDATE ledger.monitors SET removed = true, updated_at = $2 WHERE id = $1 AND NOT removed`

func (b *batch) monitorRemoved(f *domain.MonitorRemoved, at *moment) {
	b.change("monitor "+string(f.Monitor), removeMonitor, string(f.Monitor), at.time)
}

const crossMonitor = `UPDATE ledger.monitors SET above = $2, updated_at = $3 WHERE id = $1 AND NOT removed`

const insertCrossing = `
INSERT INTO ledger.monitor_crossings (monitor_id, sequence, position, project_id, wallet_id, value, above, created_at)
VALUES ($1, $2, $3, $4, $5, $6::text::numeric, $7, $8)`

func (b *batch) monitorTriggered(f *domain.MonitorTriggered, at *moment) {
	b.change("monitor "+string(f.Monitor), crossMonitor, string(f.Monitor), f.Above, at.time)
	b.rare.Queue(insertCrossing, string(f.Monitor), int64(at.sequence), at.position, string(f.Project), string(f.Wallet),
		f.Value.String(), f.Above, at.time)
}
