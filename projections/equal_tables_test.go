package projections_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// equalTables compares the tables that no query of ours reads, as an analyst sees
// them: each row as a line of text.
func equalTables(t *testing.T, h *history, facts []recordedFact, pool *pgxpool.Pool) {
	t.Helper()
	equalLines(t, pool, "lots in wallets", walletLots(h), `
		SELECT concat_ws(' ', id, wallet_id, remaining, original, `+sqlStamp("expires_at")+`) FROM ledger.credit_lots WHERE remaining > 0`)
	equalLines(t, pool, "announcements", announcements(facts), `
		SELECT concat_ws(' ', id, `+sqlStamp("announced_at")+`) FROM ledger.credit_lots WHERE announced_at IS NOT NULL`)
	reserved, expired := lotSums(facts)
	equalLines(t, pool, "lots in holds", reserved, `SELECT concat_ws(' ', id, held) FROM ledger.credit_lots WHERE held > 0`)
	equalLines(t, pool, "lots that expired", expired, `SELECT concat_ws(' ', id, expired) FROM ledger.credit_lots WHERE expired > 0`)
	equalLines(t, pool, "lots by status", nil, `
		SELECT id FROM ledger.credit_lots
		 WHERE (remaining + held > 0) <> (status = 'active') OR (status = 'spent') <> (remaining + held + expired = 0)`)
	equalLines(t, pool, "monitors", monitors(h), `
		SELECT concat_ws(' ', wallet_id, id, metric, threshold, above) FROM ledger.monitors WHERE NOT removed`)
	var statuses, settlements, crossings, projects []string
	for _, recorded := range facts {
		at := recorded.time.Format(stamp)
		switch f := recorded.fact.(type) {
		case *domain.WalletStatusChanged:
			statuses = append(statuses, fmt.Sprintf("%s %s %s %s [%s] [%s]", at, f.Wallet, f.Status, f.By, f.Actor, f.Reason))
		case *domain.SettlementDue:
			settlements = append(settlements, fmt.Sprintf("%s %s %s %s", at, f.Wallet, f.PeriodEnd.Format(stamp), f.Amount))
		case *domain.MonitorTriggered:
			crossings = append(crossings, fmt.Sprintf("%s %s %s %s %t", at, f.Wallet, f.Monitor, f.Value, f.Above))
		case *domain.ProjectCreated:
			projects = append(projects, settingsOf(h, f.Project))
		}
	}
	created := sqlStamp("created_at")
	equalLines(t, pool, "changes of status", statuses, `
		SELECT `+created+` || ' ' || wallet_id || ' ' || status || ' ' || by || ' [' || actor || '] [' || reason || ']' FROM ledger.wallet_status_changes`)
	equalLines(t, pool, "settlements", settlements, `
		SELECT concat_ws(' ', `+created+`, wallet_id, `+sqlStamp("period_ended_at")+`, amount_due) FROM ledger.settlements`)
	equalLines(t, pool, "crossings", crossings, `
		SELECT concat_ws(' ', `+created+`, wallet_id, monitor_id, value, above) FROM ledger.monitor_crossings`)
	equalLines(t, pool, "projects", projects, `
		SELECT concat_ws(' ', id, name, currency, locale, time_zone, one_wallet_per_customer, own_transfers_free,
		                 expiry_notice_seconds, backdating_seconds,
		                 (SELECT concat_ws(' ', count(*), sum((fee ->> 'maximum')::numeric), max(fee ->> 'percentage'))
		                    FROM jsonb_array_elements(fees) fee),
		                 (SELECT string_agg(concat_ws(' ', x ->> 'currency', x ->> 'maximum_amount', x ->> 'daily_amount', x ->> 'monthly_count'), ' ')
		                    FROM jsonb_array_elements(limits) x))
		  FROM ledger.projects`)
}

const stamp = "2006-01-02 15:04:05.000000"

// sqlStamp formats a column like stamp, booleans of concat_ws being t and f.
func sqlStamp(column string) string {
	return "to_char(" + column + " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
}

func equalLines(t *testing.T, pool *pgxpool.Pool, what string, want []string, statement string) {
	t.Helper()
	rows, err := pool.Query(t.Context(), statement)
	if err != nil {
		t.Fatal(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	slices.Sort(want)
	same(t, what, strings.Join(got, "\n"), strings.ReplaceAll(strings.ReplaceAll(strings.Join(want, "\n"), " true", " t"), " false", " f"))
}

// walletLots is what the state knows of lots: those that are in wallets.
func walletLots(h *history) (all []string) {
	for w := range h.state.Wallets() {
		for _, l := range w.Lots() {
			all = append(all, fmt.Sprintf("%s %s %s %s %s", ids.Lot(w.ID, l.Lot), w.ID, l.Amount, l.Original, l.ExpiresAt.Format(stamp)))
		}
	}
	return all
}

// announcements are when the end of each lot was last announced. The state forgets
// that of a lot which was spent whole and came back.
func announcements(facts []recordedFact) (all []string) {
	last := map[string]time.Time{}
	for _, recorded := range facts {
		if f, ok := recorded.fact.(*domain.CreditExpiring); ok {
			if id := ids.Lot(f.Wallet, f.Lot.Lot); recorded.time.After(last[id]) {
				last[id] = recorded.time
			}
		}
	}
	for id, at := range last {
		all = append(all, id+" "+at.Format(stamp))
	}
	return all
}

// lotSums is how much of each lot holds keep, and how much has expired.
func lotSums(facts []recordedFact) (reserved, expired []string) {
	kept := map[ids.Hold]map[string]money.Amount{}
	gone := map[string]money.Amount{}
	named := func(wallet ids.Wallet, parts []domain.LotPart) map[string]money.Amount {
		named := map[string]money.Amount{}
		for _, p := range parts {
			named[ids.Lot(wallet, p.Lot)] = p.Amount
		}
		return named
	}
	for _, recorded := range slices.Backward(facts) {
		switch f := recorded.fact.(type) {
		case *domain.HoldPlaced:
			kept[f.Hold] = named(f.Wallet, f.Lots)
		case *domain.HoldCaptured:
			kept[f.Hold] = named(f.Wallet, f.Kept)
		case *domain.HoldReleased:
			kept[f.Hold] = named(f.Wallet, f.Kept)
		case *domain.TransactionCompleted:
			if f.Origin.Kind == domain.ExpiryOrigin {
				add(gone, f.Origin.ID, f.Operations[0].Amount)
			}
		}
	}
	sums := map[string]money.Amount{}
	for _, parts := range kept {
		for id, amount := range parts {
			add(sums, id, amount)
		}
	}
	for id, sum := range sums {
		reserved = append(reserved, id+" "+sum.String())
	}
	for id, sum := range gone {
		expired = append(expired, id+" "+sum.String())
	}
	return reserved, expired
}

func add(sums map[string]money.Amount, id string, amount money.Amount) {
	if sum, there := sums[id]; there {
		amount = sum.Add(amount)
	}
	sums[id] = amount
}

func monitors(h *history) (all []string) {
	for w := range h.state.Wallets() {
		for _, m := range w.Monitors() {
			all = append(all, fmt.Sprintf("%s %s %s %s %t", w.ID, m.ID, m.Metric, m.Threshold, m.Above))
		}
	}
	return all
}

// settingsOf is a line of what a project's settings are now: of fees and limits,
// something of each.
func settingsOf(h *history, id ids.Project) string {
	project, _ := h.state.Project(id)
	s := &project.Settings
	zone := "UTC"
	if s.Zone != nil {
		zone = s.Zone.String()
	}
	line := fmt.Sprintf("%s %s %s %s %s %t %t %d %d %d", id, s.Name, s.Currency, s.Locale, zone, s.OneWalletPerCustomer, s.OwnTransfersFree,
		s.ExpiryNotice/time.Second, s.Backdating/time.Second, len(s.Fees))
	var maximum int
	var most string
	for _, f := range s.Fees {
		if f.Maximum.Set() {
			maximum += 2
		}
		most = max(most, f.Percentage.String())
	}
	if maximum > 0 {
		line += fmt.Sprintf(" %d", maximum)
	}
	if most != "" {
		line += " " + most
	}
	for _, l := range s.Limits {
		line += fmt.Sprintf(" %s %s %s %d", l.Currency, l.MaximumAmount, l.DailyAmount, l.MonthlyCount.Value())
	}
	return line
}
