package projections

import (
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Facts that are rare beside transactions are a statement each, all sent at
// once, in the order of the log.

const insertProject = `
INSERT INTO ledger.projects
       (id, name, currency, locale, one_wallet_per_customer, time_zone, fees, own_transfers_free, limits, expiry_notice_seconds, backdating_seconds,
        updated_at, sequence, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::jsonb, $8, $9::text::jsonb, $10, $11,
        $12, $13, $12)`

const updateProject = `
UPDATE ledger.projects
   SET name = $2, currency = $3, locale = $4, one_wallet_per_customer = $5, time_zone = $6, fees = $7::text::jsonb,
       own_transfers_free = $8, limits = $9::text::jsonb, expiry_notice_seconds = $10,
       backdating_seconds = $11, updated_at = $12, sequence = $13
 WHERE id = $1`

func (b *batch) projectCreated(f *domain.ProjectCreated, at *moment) {
	b.rare.Queue(insertProject, b.project(f.Project, &f.Settings, at)...)
}

func (b *batch) projectChanged(f *domain.ProjectChanged, at *moment) {
	b.change("project "+string(f.Project), updateProject, b.project(f.Project, &f.Settings, at)...)
}

// project is the arguments of both statements.
func (b *batch) project(id ids.Project, s *domain.ProjectSettings, at *moment) []any {
	zone := "UTC"
	if s.Zone != nil {
		zone = s.Zone.String()
	}
	encodeFees(&b.scratch, s.Fees)
	fees := b.scratch.String()
	encodeProjectLimits(&b.scratch, s.Limits)
	return []any{
		string(id), s.Name, string(s.Currency), s.Locale, s.OneWalletPerCustomer, zone, fees, s.OwnTransfersFree, b.scratch.String(),
		int64(s.ExpiryNotice / time.Second), int64(s.Backdating / time.Second), at.time, int64(at.sequence),
	}
}

// change queues an update of one row. A row that is not there means that the
// read model is not of this log.
func (b *batch) change(what, statement string, args ...any) {
	b.rare.Queue(statement, args...).Exec(func(tag pgconn.CommandTag) error {
		if tag.RowsAffected() != 1 {
			return fmt.Errorf("%w: a change of %s, which is not there", ErrDiverged, what)
		}
		return nil
	})
}

const upsertAsset = `
INSERT INTO ledger.assets (project_id, code, scale, name, symbol, numeric_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, code) DO UPDATE SET name = excluded.name, symbol = excluded.symbol`

func (b *batch) assetDefined(f *domain.AssetDefined) { b.asset(upsertAsset, f.Project, &f.Asset) }

const noteAsset = `
INSERT INTO ledger.assets (project_id, code, scale, name, symbol, numeric_id)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (project_id, code) DO NOTHING`

// assetUsed notes the asset of a wallet: nothing defines a currency of ISO 4217.
func (b *batch) assetUsed(project ids.Project, asset *money.Asset) {
	if key := (assetKey{project, asset.Code}); !b.assets[key] {
		b.assets[key] = true
		b.asset(noteAsset, project, asset)
	}
}

func (b *batch) asset(statement string, project ids.Project, a *money.Asset) {
	b.rare.Queue(statement, string(project), string(a.Code), a.Scale, a.Name, a.Symbol, a.NumericID)
}

const upsertCustomer = `
INSERT INTO ledger.customers
       (project_id, id, username, phone, email, name, description, role, metadata, created_at, updated_at, sequence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $10, $11)
ON CONFLICT (project_id, id) DO UPDATE
   SET username = excluded.username, phone = excluded.phone, email = excluded.email, name = excluded.name,
       description = excluded.description, role = excluded.role, metadata = excluded.metadata,
       updated_at = excluded.updated_at, sequence = excluded.sequence`

func (b *batch) customerUpserted(f *domain.CustomerUpserted, at *moment) {
	p := &f.Profile
	b.rare.Queue(upsertCustomer, string(f.Project), string(f.Customer), p.Username, p.Phone, p.Email, p.Name, p.Description, p.Role,
		metadataText(p.Metadata), at.time, int64(at.sequence))
}
