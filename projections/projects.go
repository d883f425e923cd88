package projections

import (
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

const insertProject = `
INSERT INTO ledger.projects (id, name, currency, locale, time_zone, one_wallet_per_customer, fees, own_transfers_free, limits,
       expiry_notice_seconds, backdating_seconds, created_at, updated_at, sequence)
VALUES (@id, @name, @currency, @locale, @time_zone, @one_wallet_per_customer, @fees::text::jsonb, @own_transfers_free, @limits::text::jsonb,
       @expiry_notice_seconds, @backdating_seconds, @at, @at, @sequence)`

const updateProject = `
UPDATE ledger.projects
   SET name = @name, currency = @currency, locale = @locale, time_zone = @time_zone, one_wallet_per_customer = @one_wallet_per_customer,
       fees = @fees::text::jsonb, own_transfers_free = @own_transfers_free, limits = @limits::text::jsonb,
       expiry_notice_seconds = @expiry_notice_seconds, backdating_seconds = @backdating_seconds, updated_at = @at, sequence = @sequence
 WHERE id = @id`

func (b *batch) projectCreated(f *domain.ProjectCreated, at *moment) {
	b.change("project "+string(f.Project), insertProject, projectColumns(f.Project, &f.Settings, at))
}

func (b *batch) projectChanged(f *domain.ProjectChanged, at *moment) {
	b.change("project "+string(f.Project), updateProject, projectColumns(f.Project, &f.Settings, at))
}

func projectColumns(id ids.Project, s *domain.ProjectSettings, at *moment) pgx.StrictNamedArgs {
	zone := "UTC"
	if s.Zone != nil {
		zone = s.Zone.String()
	}
	return pgx.StrictNamedArgs{
		"id": string(id), "name": s.Name, "currency": string(s.Currency), "locale": s.Locale, "time_zone": zone,
		"one_wallet_per_customer": s.OneWalletPerCustomer, "fees": encodeFees(s.Fees), "own_transfers_free": s.OwnTransfersFree,
		"limits": encodeProjectLimits(s.Limits), "expiry_notice_seconds": int64(s.ExpiryNotice / time.Second),
		"backdating_seconds": int64(s.Backdating / time.Second), "at": at.time, "sequence": int64(at.sequence),
	}
}

const upsertAsset = `
INSERT INTO ledger.assets (project_id, code, scale, name, symbol, numeric_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, code) DO UPDATE SET name = excluded.name, symbol = excluded.symbol`

func (b *batch) assetDefined(f *domain.AssetDefined, _ *moment) {
	b.asset(upsertAsset, f.Project, &f.Asset)
}

type assetKey struct {
	project ids.Project
	code    money.AssetCode
}

const insertAsset = `
INSERT INTO ledger.assets (project_id, code, scale, name, symbol, numeric_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, code) DO NOTHING`

// assetUsed inserts the asset of a wallet, since no fact defines a currency of ISO 4217.
func (b *batch) assetUsed(project ids.Project, asset *money.Asset) {
	if key := (assetKey{project, asset.Code}); !b.assets[key] {
		b.assets[key] = true
		b.asset(insertAsset, project, asset)
	}
}

func (b *batch) asset(statement string, project ids.Project, a *money.Asset) {
	b.statements.Queue(statement, string(project), string(a.Code), a.Scale, a.Name, a.Symbol, a.NumericID)
}
