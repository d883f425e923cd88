package events

import (
	"errors"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// forms lists each type and version of a fact. The log can hold any of them, so none
// is ever changed or taken away.
//
// When the meaning of a fact changes, it gets a new version: its struct below stays
// as it is, under a new name (holdPlacedV1), with a function that makes the newest
// fact of it; and a new struct, written from then on, comes before it in this table.
var forms = []form{
	written("project.created", 1, func(f *projectSettled) *domain.ProjectCreated { return (*domain.ProjectCreated)(f) }),
	written("project.changed", 1, func(f *projectSettled) *domain.ProjectChanged { return (*domain.ProjectChanged)(f) }),
	written("credential.created", 1, func(f *credentialCreated) *domain.CredentialCreated { return (*domain.CredentialCreated)(f) }),
	written("credential.revoked", 1, func(f *credentialRevoked) *domain.CredentialRevoked { return (*domain.CredentialRevoked)(f) }),
	written("asset.defined", 1, func(f *assetDefined) *domain.AssetDefined { return (*domain.AssetDefined)(f) }),
	sealed("customer.upserted", 1, sealProfile, openProfile),
	written("wallet.created", 1, func(f *walletCreated) *domain.WalletCreated { return (*domain.WalletCreated)(f) }),
	written("wallet.changed", 1, func(f *walletChanged) *domain.WalletChanged { return (*domain.WalletChanged)(f) }),
	written("wallet.status_changed", 1, func(f *walletStatusChanged) *domain.WalletStatusChanged { return (*domain.WalletStatusChanged)(f) }),
	written("settlement.due", 1, func(f *settlementDue) *domain.SettlementDue { return (*domain.SettlementDue)(f) }),
	written("transaction.completed", 1, func(f *transactionCompleted) *domain.TransactionCompleted { return (*domain.TransactionCompleted)(f) }),
	written("transaction.failed", 1, func(f *transactionFailed) *domain.TransactionFailed { return (*domain.TransactionFailed)(f) }),
	written("transaction.scheduled", 1, func(f *transactionScheduled) *domain.TransactionScheduled { return (*domain.TransactionScheduled)(f) }),
	written("transaction.cancelled", 1, func(f *transactionCancelled) *domain.TransactionCancelled { return (*domain.TransactionCancelled)(f) }),
	written("transaction.reversed", 1, func(f *transactionReversed) *domain.TransactionReversed { return (*domain.TransactionReversed)(f) }),
	written("credit.expiring", 1, func(f *creditExpiring) *domain.CreditExpiring { return (*domain.CreditExpiring)(f) }),
	written("hold.placed", 1, func(f *holdPlaced) *domain.HoldPlaced { return (*domain.HoldPlaced)(f) }),
	written("hold.captured", 1, func(f *holdCaptured) *domain.HoldCaptured { return (*domain.HoldCaptured)(f) }),
	written("hold.released", 1, func(f *holdReleased) *domain.HoldReleased { return (*domain.HoldReleased)(f) }),
	written("escrow.created", 1, func(f *escrowCreated) *domain.EscrowCreated { return (*domain.EscrowCreated)(f) }),
	written("escrow.approved", 1, func(f *escrowApproved) *domain.EscrowApproved { return (*domain.EscrowApproved)(f) }),
	written("escrow.released", 1, func(f *escrowEnded) *domain.EscrowReleased { return (*domain.EscrowReleased)(f) }),
	written("escrow.refunded", 1, func(f *escrowEnded) *domain.EscrowRefunded { return (*domain.EscrowRefunded)(f) }),
	written("monitor.set", 1, func(f *monitorSet) *domain.MonitorSet { return (*domain.MonitorSet)(f) }),
	written("monitor.removed", 1, func(f *monitorRemoved) *domain.MonitorRemoved { return (*domain.MonitorRemoved)(f) }),
	written("monitor.triggered", 1, func(f *monitorTriggered) *domain.MonitorTriggered { return (*domain.MonitorTriggered)(f) }),
}

// Each struct here is one of domain's, field for field, with the words of the log: Go
// converts one to the other only as long as this is so. A field that domain gets
// or loses therefore does not compile until it is said here what becomes of it in the log.

type projectSettled struct {
	domain.Asked `fact:"by"`
	Project      ids.Project            `fact:"project_id"`
	Settings     domain.ProjectSettings `fact:",inline"`
}

type credentialCreated struct {
	domain.Asked `fact:"by"`
	Project      ids.Project `fact:"project_id"`
	Key          ids.APIKey  `fact:"api_key"`
	Name         string      `fact:"name,optional"`
	SecretHash   [32]byte    `fact:"secret_hash,zero"`
}

type credentialRevoked struct {
	domain.Asked `fact:"by"`
	Project      ids.Project `fact:"project_id"`
	Key          ids.APIKey  `fact:"api_key"`
}

type assetDefined struct {
	domain.Asked `fact:"by"`
	Project      ids.Project `fact:"project_id"`
	Asset        money.Asset `fact:"asset"`
}

type walletCreated struct {
	domain.Asked `fact:"by"`
	Project      ids.Project       `fact:"project_id"`
	Wallet       ids.Wallet        `fact:"wallet_id"`
	Customer     ids.Customer      `fact:"customer_id,optional"`
	Role         domain.WalletRole `fact:"role"`
	Type         domain.WalletType `fact:"type"`
	Asset        money.Asset       `fact:"asset"`
	Number       uint64            `fact:"number"`
	Name         string            `fact:"name,optional"`
	Metadata     domain.Metadata   `fact:"metadata,optional"`
	Terms        domain.Terms      `fact:",inline"`
}

type walletChanged struct {
	domain.Asked `fact:"by"`
	Project      ids.Project     `fact:"project_id"`
	Wallet       ids.Wallet      `fact:"wallet_id"`
	Name         string          `fact:"name,optional"`
	Metadata     domain.Metadata `fact:"metadata,optional"`
	Terms        domain.Terms    `fact:",inline"`
}

type walletStatusChanged struct {
	domain.Asked `fact:"by"`
	Project      ids.Project         `fact:"project_id"`
	Wallet       ids.Wallet          `fact:"wallet_id"`
	Status       domain.WalletStatus `fact:"status"`
	Actor        string              `fact:"actor,optional"`
	Reason       string              `fact:"reason,optional"`
}

type settlementDue struct {
	domain.Asked `fact:"by"`
	Project      ids.Project  `fact:"project_id"`
	Wallet       ids.Wallet   `fact:"wallet_id"`
	Amount       money.Amount `fact:"amount,currency"`
	PeriodEnd    time.Time    `fact:"period_ended_at"`
	Next         time.Time    `fact:"next_at"`
}

type transactionCompleted struct {
	domain.Asked `fact:"by"`
	Project      ids.Project              `fact:"project_id"`
	Transaction  ids.Transaction          `fact:"transaction_id"`
	Reference    ids.Reference            `fact:"reference"`
	Origin       domain.Origin            `fact:"origin,optional"`
	Operations   []domain.PostedOperation `fact:"operations"`
	Entries      []domain.Entry           `fact:"entries"`
	EffectiveAt  time.Time                `fact:"effective_at,optional"`
	Date         string                   `fact:"counted_on,optional,date"`
	Description  string                   `fact:"description,optional"`
	Metadata     domain.Metadata          `fact:"metadata,optional"`
}

// check returns an error for an origin without an identifier. Only an escrow that
// failed has none, since it never came to be.
func (t *transactionCompleted) check() error {
	if t.Origin.Kind != "" && t.Origin.ID == "" {
		return errors.New(`field "id" of origin is missing`)
	}
	return nil
}

type transactionFailed struct {
	domain.Asked `fact:"by"`
	Project      ids.Project              `fact:"project_id"`
	Transaction  ids.Transaction          `fact:"transaction_id"`
	Reference    ids.Reference            `fact:"reference"`
	Origin       domain.Origin            `fact:"origin,optional"`
	Operations   []domain.PostedOperation `fact:"operations"`
	Failure      domain.Rejection         `fact:"failure"`
	EffectiveAt  time.Time                `fact:"effective_at,optional"`
	Description  string                   `fact:"description,optional"`
	Metadata     domain.Metadata          `fact:"metadata,optional"`
}

type transactionScheduled struct {
	domain.Asked `fact:"by"`
	Project      ids.Project              `fact:"project_id"`
	Transaction  ids.Transaction          `fact:"transaction_id"`
	Reference    ids.Reference            `fact:"reference"`
	Operations   []domain.PostedOperation `fact:"operations"`
	ScheduledFor time.Time                `fact:"scheduled_for"`
	Description  string                   `fact:"description,optional"`
	Metadata     domain.Metadata          `fact:"metadata,optional"`
}

type transactionCancelled struct {
	domain.Asked `fact:"by"`
	Project      ids.Project     `fact:"project_id"`
	Transaction  ids.Transaction `fact:"transaction_id"`
	Actor        string          `fact:"actor,optional"`
	Reason       string          `fact:"reason,optional"`
}

type transactionReversed struct {
	domain.Asked `fact:"by"`
	Project      ids.Project                `fact:"project_id"`
	Transaction  ids.Transaction            `fact:"transaction_id"`
	Reversal     ids.Transaction            `fact:"reversal_id"`
	Operations   []domain.ReversedOperation `fact:"operations"`
	Whole        bool                       `fact:"whole,optional"`
}

type creditExpiring struct {
	domain.Asked `fact:"by"`
	Project      ids.Project    `fact:"project_id"`
	Wallet       ids.Wallet     `fact:"wallet_id"`
	Lot          domain.LotPart `fact:"lot,currency"`
}

type holdPlaced struct {
	domain.Asked `fact:"by"`
	Project      ids.Project      `fact:"project_id"`
	Hold         ids.Hold         `fact:"hold_id"`
	Wallet       ids.Wallet       `fact:"wallet_id"`
	Reference    ids.Reference    `fact:"reference"`
	Amount       money.Amount     `fact:"amount,currency"`
	Lots         []domain.LotPart `fact:"lots,optional"`
	ExpiresAt    time.Time        `fact:"expires_at,optional"`
	Description  string           `fact:"description,optional"`
	Metadata     domain.Metadata  `fact:"metadata,optional"`
}

type holdCaptured struct {
	domain.Asked `fact:"by"`
	Project      ids.Project      `fact:"project_id"`
	Hold         ids.Hold         `fact:"hold_id"`
	Wallet       ids.Wallet       `fact:"wallet_id"`
	Transaction  ids.Transaction  `fact:"transaction_id"`
	Amount       money.Amount     `fact:"amount,currency"`
	Lots         []domain.LotPart `fact:"lots,optional"`
	Kept         []domain.LotPart `fact:"remaining_lots,optional"`
	Remaining    money.Amount     `fact:"remaining"`
}

type holdReleased struct {
	domain.Asked `fact:"by"`
	Project      ids.Project      `fact:"project_id"`
	Hold         ids.Hold         `fact:"hold_id"`
	Wallet       ids.Wallet       `fact:"wallet_id"`
	Amount       money.Amount     `fact:"amount,currency"`
	Lots         []domain.LotPart `fact:"lots,optional"`
	Kept         []domain.LotPart `fact:"remaining_lots,optional"`
	Remaining    money.Amount     `fact:"remaining"`
	Expired      bool             `fact:"expired,optional"`
}

type escrowCreated struct {
	domain.Asked `fact:"by"`
	Project      ids.Project      `fact:"project_id"`
	Escrow       ids.Escrow       `fact:"escrow_id"`
	Transaction  ids.Transaction  `fact:"transaction_id"`
	Sender       ids.Wallet       `fact:"sender_wallet_id"`
	Recipient    ids.Wallet       `fact:"recipient_wallet_id"`
	Amount       money.Amount     `fact:"amount,currency"`
	Lots         []domain.LotPart `fact:"lots,optional"`
	Deadline     time.Time        `fact:"deadline,optional"`
	AtDeadline   domain.EscrowEnd `fact:"at_deadline,optional"`
	Approval     bool             `fact:"approval,optional"`
}

// check returns an error unless there is a deadline and what happens then, or neither.
func (e *escrowCreated) check() error {
	if e.Deadline.IsZero() != (e.AtDeadline == "") {
		return errors.New(`"deadline" and "at_deadline" are not there together`)
	}
	return nil
}

type escrowApproved struct {
	domain.Asked `fact:"by"`
	Project      ids.Project        `fact:"project_id"`
	Escrow       ids.Escrow         `fact:"escrow_id"`
	Party        domain.EscrowParty `fact:"party"`
	Actor        string             `fact:"actor,optional"`
}

type escrowEnded struct {
	domain.Asked `fact:"by"`
	Project      ids.Project      `fact:"project_id"`
	Escrow       ids.Escrow       `fact:"escrow_id"`
	Transaction  ids.Transaction  `fact:"transaction_id"`
	Amount       money.Amount     `fact:"amount,currency"`
	Kept         []domain.LotPart `fact:"remaining_lots,optional"`
	Remaining    money.Amount     `fact:"remaining"`
	AtDeadline   bool             `fact:"expired,optional"`
}

type monitorSet struct {
	domain.Asked `fact:"by"`
	Project      ids.Project    `fact:"project_id"`
	Wallet       ids.Wallet     `fact:"wallet_id"`
	Monitor      domain.Monitor `fact:",inline"`
}

type monitorRemoved struct {
	domain.Asked `fact:"by"`
	Project      ids.Project `fact:"project_id"`
	Wallet       ids.Wallet  `fact:"wallet_id"`
	Monitor      ids.Monitor `fact:"monitor_id"`
}

type monitorTriggered struct {
	domain.Asked `fact:"by"`
	Project      ids.Project          `fact:"project_id"`
	Wallet       ids.Wallet           `fact:"wallet_id"`
	Monitor      ids.Monitor          `fact:"monitor_id"`
	Metric       domain.MonitorMetric `fact:"metric"`
	Threshold    money.Amount         `fact:"threshold,currency"`
	Value        money.Amount         `fact:"value"`
	Above        bool                 `fact:"above,optional"`
}

// parts are the structs that stand inside facts, each with the one below that has its words.
var parts = twins(
	part(func(p projectSettings) domain.ProjectSettings { return domain.ProjectSettings(p) }),
	part(func(p feeRule) domain.FeeRule { return domain.FeeRule(p) }),
	part(func(p limits) domain.Limits { return domain.Limits(p) }),
	part(func(p currencyLimits) domain.CurrencyLimits { return domain.CurrencyLimits(p) }),
	part(func(p asset) money.Asset { return money.Asset(p) }),
	part(func(p terms) domain.Terms { return domain.Terms(p) }),
	part(func(p settlement) domain.Settlement { return domain.Settlement(p) }),
	part(func(p origin) domain.Origin { return domain.Origin(p) }),
	part(func(p rejection) domain.Rejection { return domain.Rejection(p) }),
	part(func(p reversedOperation) domain.ReversedOperation { return domain.ReversedOperation(p) }),
	part(func(p monitor) domain.Monitor { return domain.Monitor(p) }),
)

type projectSettings struct {
	Name                 string                  `fact:"name"`
	Currency             money.AssetCode         `fact:"currency"`
	Locale               string                  `fact:"locale,optional"`
	Zone                 *time.Location          `fact:"time_zone,optional"`
	OneWalletPerCustomer bool                    `fact:"one_wallet_per_customer,optional"`
	Fees                 []domain.FeeRule        `fact:"fees,optional"`
	OwnTransfersFree     bool                    `fact:"own_transfers_free,optional"`
	Limits               []domain.CurrencyLimits `fact:"limits,optional"`
	ExpiryNotice         time.Duration           `fact:"expiry_notice_seconds,optional"`
	Backdating           time.Duration           `fact:"backdating_seconds,optional"`
}

type feeRule struct {
	Operation  domain.OperationType `fact:"type"`
	Currency   money.AssetCode      `fact:"currency,optional"`
	Percentage money.Percentage     `fact:"percentage,optional"`
	Fixed      money.Quantity       `fact:"fixed,optional"`
	Minimum    money.Quantity       `fact:"minimum,optional"`
	Maximum    money.Quantity       `fact:"maximum,optional"`
}

type limits struct {
	MaximumBalance money.Quantity `fact:"maximum_balance,optional"`
	MaximumAmount  money.Quantity `fact:"maximum_amount,optional"`
	DailyAmount    money.Quantity `fact:"daily_amount,optional"`
	MonthlyAmount  money.Quantity `fact:"monthly_amount,optional"`
	DailyCount     domain.Count   `fact:"daily_count,optional"`
	MonthlyCount   domain.Count   `fact:"monthly_count,optional"`
}

type currencyLimits struct {
	Currency      money.AssetCode `fact:"currency"`
	domain.Limits `fact:",inline"`
}

type asset struct {
	Code      money.AssetCode `fact:"code"`
	Scale     int             `fact:"scale,zero"`
	Name      string          `fact:"name,optional"`
	Symbol    string          `fact:"symbol,optional"`
	NumericID int             `fact:"numeric_id,optional"`
}

type terms struct {
	CreditLimit money.Amount      `fact:"credit_limit,optional,own"`
	Fees        []domain.FeeRule  `fact:"fees,optional"`
	Limits      domain.Limits     `fact:"limits,optional"`
	Settlement  domain.Settlement `fact:"settlement,optional"`
}

type settlement struct {
	Period domain.SettlementPeriod `fact:"period"`
	Day    int                     `fact:"day"`
	Next   time.Time               `fact:"next_at"`
}

type origin struct {
	Kind domain.OriginKind `fact:"kind"`
	ID   string            `fact:"id,optional"`
}

type rejection struct {
	Code      domain.Code     `fact:"code"`
	Message   string          `fact:"message,zero"`
	Operation int             `fact:"operation,zero,signed"`
	Details   []domain.Detail `fact:"details,zero"`
}

type reversedOperation struct {
	Operation int          `fact:"operation,zero"`
	Amount    money.Amount `fact:"amount,currency"`
	Received  money.Amount `fact:"received,optional,own"`
	Fee       money.Amount `fact:"fee"`
}

type monitor struct {
	ID        ids.Monitor          `fact:"monitor_id"`
	Metric    domain.MonitorMetric `fact:"metric"`
	Threshold money.Amount         `fact:"threshold,currency"`
	Above     bool                 `fact:"above,optional"`
}
