package projections

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Wallet is a wallet as of Sequence, the commit that last changed it. Its asset has its
// present name and symbol. Held, Available and Due hide the methods of domain.Wallet of
// the same names, which need state that is not here.
type Wallet struct {
	domain.Wallet
	Held      money.Amount // reserved by active holds
	Available money.Amount // balance and credit limit, less what is held; has no meaning for an issuance account
	Due       money.Amount // what the last settlement asked for and was not paid since
	CreatedAt time.Time    // UTC
	Sequence  uint64
}

// WalletFilter says which wallets of a project. Zero fields do not filter.
type WalletFilter struct {
	Project  ids.Project
	Customer ids.Customer
	Currency money.AssetCode
	Status   domain.WalletStatus
	Name     string // the whole name
	Type     domain.WalletType
	System   *bool             // true: wallets of the project itself; false: of customers
	Metadata map[string]string // the wallet has all of these, and perhaps more
	Cursor   string
	Limit    int
}

const selectWallets = `
SELECT w.id, w.project_id, coalesce(w.customer_id, ''), w.role, w.type, w.currency, w.scale, a.name, a.symbol, a.numeric_id,
       w.number, w.name, w.metadata, w.status, w.version, w.balance::text, w.created_at, w.updated_by, w.sequence,
       round(w.held, w.scale)::text, round(w.amount_due, w.scale)::text, round(w.credit_limit, w.scale)::text, w.fees, w.limits,
       coalesce(w.settlement_period, ''), coalesce(w.settlement_day, 0), w.settlement_next_at
  FROM ledger.wallets w
  JOIN ledger.assets a ON a.project_id = w.project_id AND a.code = w.currency`

// Wallets lists wallets, newest first. Error: ErrBadCursor.
func (q *Queries) Wallets(ctx context.Context, f WalletFilter) (Page[Wallet], error) {
	s := selectFrom(selectWallets)
	f.apply(s)
	if f.Cursor != "" {
		id, err := decodeCursor(walletCursor, f.Cursor)
		if err != nil {
			return Page[Wallet]{}, err
		}
		s.where("w.id < ?", id)
	}
	page, err := list(ctx, q, s, "w.id DESC", limitOf(f.Limit, MaxLimit), scanWallet,
		func(w Wallet) string { return encodeCursor(walletCursor, string(w.ID)) })
	if err != nil {
		return page, fmt.Errorf("projections: wallets: %w", err)
	}
	return page, nil
}

// NumberedWallets returns one page of wallets, newest first, by its number from 1, and how
// many wallets there are on all pages. It ignores the filter's cursor and limit. A page
// costs the reading of all pages before it.
func (q *Queries) NumberedWallets(ctx context.Context, f WalletFilter, number, size int) (rows []Wallet, total int, err error) {
	count := selectFrom(`SELECT count(*) FROM ledger.wallets w`)
	f.apply(count)
	if err := q.pool.QueryRow(ctx, count.sql.String(), count.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("projections: count wallets: %w", err)
	}
	size = limitOf(size, MaxNumberedSize)
	if max(number, 1)-1 > total/size {
		return nil, total, nil
	}
	s := selectFrom(selectWallets)
	f.apply(s)
	s.and("ORDER BY w.id DESC LIMIT " + strconv.Itoa(size) + " OFFSET " + strconv.Itoa((max(number, 1)-1)*size))
	if rows, err = collect(ctx, q, s, scanWallet); err != nil {
		return nil, 0, fmt.Errorf("projections: wallets: %w", err)
	}
	return rows, total, nil
}

func (f *WalletFilter) apply(s *selection) {
	s.where("w.project_id = ?", f.Project)
	if f.Customer != "" {
		s.where("w.customer_id = ?", f.Customer)
	}
	if f.Currency != "" {
		s.where("w.currency = ?", f.Currency)
	}
	if f.Status != "" {
		s.where("w.status = ?", f.Status)
	}
	if f.Name != "" {
		s.where("w.name = ?", f.Name)
	}
	if f.Type != "" {
		s.where("w.type = ?", f.Type)
	}
	if f.System != nil {
		s.where("(w.role <> 'customer') = ?", *f.System)
	}
	if len(f.Metadata) > 0 {
		s.and("AND w.metadata <> '{}'") // as the partial index has it
		s.where("w.metadata @> ?::text::jsonb", metadataText(f.Metadata))
	}
}

func scanWallet(row pgx.CollectableRow) (Wallet, error) {
	var w Wallet
	var terms domain.Terms
	var metadata, fees, limits []byte
	var balance, held, due string
	var creditLimit *string
	var next *time.Time
	err := row.Scan(&w.ID, &w.Project, &w.Customer, &w.Role, &w.Type, &w.Asset.Code, &w.Asset.Scale, &w.Asset.Name,
		&w.Asset.Symbol, &w.Asset.NumericID, &w.Number, &w.Name, &metadata, &w.Status, &w.Version, &balance, &w.CreatedAt, &w.UpdatedBy, &w.Sequence,
		&held, &due, &creditLimit, &fees, &limits, &terms.Settlement.Period, &terms.Settlement.Day, &next)
	if err != nil {
		return w, err
	}
	w.CreatedAt = w.CreatedAt.UTC()
	terms.Settlement.Next = timeOrZero(next)
	if w.Metadata, err = decodeMetadata(metadata); err != nil {
		return w, err
	}
	if terms.Fees, err = decodeFees(fees); err != nil {
		return w, err
	}
	if terms.Limits, err = decodeLimits(limits); err != nil {
		return w, err
	}
	amounts := []amount{{&w.Balance, balance}, {&w.Held, held}, {&w.Due, due}}
	if creditLimit != nil {
		amounts = append(amounts, amount{&terms.CreditLimit, *creditLimit})
	}
	if err := parseAmounts(w.Asset.Code, amounts...); err != nil {
		return w, err
	}
	w.Terms = &terms
	w.setAvailable()
	return w, nil
}

// setAvailable computes what can be spent.
func (w *Wallet) setAvailable() {
	w.Available = w.Balance.Sub(w.Held)
	if w.Type == domain.Postpaid {
		w.Available = w.Available.Add(w.Terms.CreditLimit)
	}
}

func (b *batch) walletCreated(f *domain.WalletCreated, at *moment) {
	b.assetUsed(f.Project, &f.Asset)
	none := f.Asset.Zero()
	row := &b.rows.wallets
	row.text("id", string(f.Wallet))
	row.text("project_id", string(f.Project))
	row.optionalText("customer_id", string(f.Customer))
	row.plain("role", string(f.Role))
	row.text("type", string(f.Type))
	row.text("currency", string(f.Asset.Code))
	row.int("scale", f.Asset.Scale)
	row.uint("number", f.Number)
	row.text("name", f.Name)
	b.metadata(row, f.Metadata)
	row.plain("status", string(domain.Active))
	row.plain("version", "0")
	row.money("balance", none)
	row.money("held", none)
	row.money("amount_due", none)
	if f.Type == domain.Postpaid {
		row.money("credit_limit", f.Terms.CreditLimit)
	} else {
		row.null("credit_limit")
	}
	row.optionalText("fees", encodeOwnFees(f.Terms.Fees))
	row.optionalText("limits", encodeOwnLimits(f.Terms.Limits))
	row.optionalText("settlement_period", string(f.Terms.Settlement.Period))
	if f.Terms.Settlement.Period == "" {
		row.null("settlement_day")
	} else {
		row.int("settlement_day", f.Terms.Settlement.Day)
	}
	row.optionalTime("settlement_next_at", f.Terms.Settlement.Next)
	row.plain("created_at", at.text)
	row.plain("updated_at", at.text)
	row.text("updated_by", string(f.By))
	row.uint("sequence", at.sequence)
	row.endRow()
}

const updateWallet = `
UPDATE ledger.wallets
   SET name = @name, metadata = @metadata::text::jsonb, credit_limit = CASE type WHEN 'POSTPAID' THEN @credit_limit::text::numeric END,
       fees = @fees::text::jsonb, limits = @limits::text::jsonb, settlement_period = @settlement_period, settlement_day = @settlement_day,
       settlement_next_at = @settlement_next_at, updated_at = @at, updated_by = @by, sequence = @sequence
 WHERE id = @id`

func (b *batch) walletChanged(f *domain.WalletChanged, at *moment) {
	terms := &f.Terms
	b.change("wallet "+string(f.Wallet), updateWallet, pgx.StrictNamedArgs{
		"id": string(f.Wallet), "name": f.Name, "metadata": metadataText(f.Metadata), "credit_limit": terms.CreditLimit.String(),
		"fees": orNull(encodeOwnFees(terms.Fees)), "limits": orNull(encodeOwnLimits(terms.Limits)),
		"settlement_period": orNull(string(terms.Settlement.Period)), "settlement_day": orNull(terms.Settlement.Day),
		"settlement_next_at": timeOrNull(terms.Settlement.Next), "at": at.time, "by": string(f.By), "sequence": int64(at.sequence),
	})
}

const updateStatus = `UPDATE ledger.wallets SET status = $2, updated_at = $3, sequence = $4, updated_by = $5 WHERE id = $1`

func (b *batch) walletStatusChanged(f *domain.WalletStatusChanged, at *moment) {
	b.change("wallet "+string(f.Wallet), updateStatus, string(f.Wallet), string(f.Status), at.time, int64(at.sequence), string(f.By))
	row := &b.rows.statusChanges
	row.text("wallet_id", string(f.Wallet))
	row.uint("sequence", at.sequence)
	row.int("position", at.position)
	row.text("project_id", string(f.Project))
	row.plain("status", string(f.Status))
	row.text("actor", f.Actor)
	row.text("reason", f.Reason)
	row.text("by", string(f.By))
	row.plain("created_at", at.text)
	row.endRow()
}

const updateDue = `
UPDATE ledger.wallets SET amount_due = $2::text::numeric, settlement_next_at = $3, updated_at = $4, sequence = $5 WHERE id = $1`

func (b *batch) settlementDue(f *domain.SettlementDue, at *moment) {
	b.change("wallet "+string(f.Wallet), updateDue, string(f.Wallet), f.Amount.String(), f.Next, at.time, int64(at.sequence))
	b.balances.settled(f.Wallet, f.Amount)
	row := &b.rows.settlements
	row.text("wallet_id", string(f.Wallet))
	row.plain("period_ended_at", timestamp(f.PeriodEnd))
	row.text("project_id", string(f.Project))
	row.money("amount_due", f.Amount)
	row.plain("created_at", at.text)
	row.endRow()
}
