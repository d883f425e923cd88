package projections

import (
	"fmt"

	"tallystick/domain"

	"github.com/jackc/pgx/v5/pgconn"
)

// Facts that are rare beside transactions are a statement each, all sent at
// once, in the order of the log.

const insertProject = `
INSERT INTO ledger.projects
       (id, name, currency, locale, transfer_fee_percentage, one_wallet_per_customer, created_at, updated_at, sequence)
VALUES ($1, $2, $3, $4, $5::text::numeric, $6, $7, $7, $8)`

func (b *batch) projectCreated(f *domain.ProjectCreated, at *moment) {
	s := &f.Settings
	b.rare.Queue(insertProject, string(f.Project), s.Name, string(s.Currency), s.Locale, s.TransferFee.Percentage.String(),
		s.OneWalletPerCustomer, at.time, int64(at.sequence))
}

const updateProject = `
UPDATE ledger.projects
   SET name = $2, currency = $3, locale = $4, transfer_fee_percentage = $5::text::numeric, one_wallet_per_customer = $6,
       updated_at = $7, sequence = $8
 WHERE id = $1`

func (b *batch) projectChanged(f *domain.ProjectChanged, at *moment) {
	s := &f.Settings
	b.change("project "+string(f.Project), updateProject, string(f.Project), s.Name, string(s.Currency), s.Locale,
		s.TransferFee.Percentage.String(), s.OneWalletPerCustomer, at.time, int64(at.sequence))
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
func (b *batch) assetUsed(project domain.ProjectID, asset *domain.Asset) {
	if key := (assetKey{project, asset.Code}); !b.assets[key] {
		b.assets[key] = true
		b.asset(noteAsset, project, asset)
	}
}

func (b *batch) asset(statement string, project domain.ProjectID, a *domain.Asset) {
	b.rare.Queue(statement, string(project), string(a.Code), a.Scale, a.Name, a.Symbol, a.NumericID)
}

const upsertCustomer = `
INSERT INTO ledger.customers
       (project_id, customer_id, username, phone, email, name, description, role, metadata, created_at, updated_at, sequence)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::jsonb, $10, $10, $11)
ON CONFLICT (project_id, customer_id) DO UPDATE
   SET username = excluded.username, phone = excluded.phone, email = excluded.email, name = excluded.name,
       description = excluded.description, role = excluded.role, metadata = excluded.metadata,
       updated_at = excluded.updated_at, sequence = excluded.sequence`

func (b *batch) customerUpserted(f *domain.CustomerUpserted, at *moment) {
	p := &f.Profile
	b.rare.Queue(upsertCustomer, string(f.Project), string(f.Customer), p.Username, p.Phone, p.Email, p.Name, p.Description, p.Role,
		metadataText(p.Metadata), at.time, int64(at.sequence))
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
