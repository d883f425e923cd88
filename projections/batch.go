package projections

import (
	"fmt"
	"time"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/events"
)

// A batch is full, and taken no more commits into, at either of these.
const (
	batchTransactions = 4000
	batchBytes        = 8 << 20
)

// batch is what some commits, one after the other, add up to in the read model,
// ready to be written in one transaction: rows to copy, then a statement for
// each rare fact, then what happened to balances and lots.
type batch struct {
	from, to events.Cursor // before the first commit, after the last

	count        int // of transactions
	transactions copyRows
	entries      copyRows
	named        copyRows // of transaction_wallets
	wallets      copyRows
	grants       copyRows // of credit_lots
	parts        copyRows // of entry_lots
	balances     balances
	lots         lots
	rare         pgx.Batch // a statement for each other fact, in the order of the log
	assets       map[assetKey]bool

	scratch jx.Encoder
}

type assetKey struct {
	project ids.Project
	code    money.AssetCode
}

func newBatch() *batch {
	return &batch{
		balances: balances{index: map[ids.Wallet]int{}}, lots: lots{index: map[lotKey]int{}}, assets: map[assetKey]bool{},
	}
}

// copies are the tables that rows are copied into, in this order.
func (b *batch) copies() [6]copying {
	return [...]copying{
		{copyWallets, &b.wallets},
		{copyTransactions, &b.transactions},
		{copyEntries, &b.entries},
		{copyNamed, &b.named},
		{copyGrants, &b.grants},
		{copyParts, &b.parts},
	}
}

type copying struct {
	statement string
	rows      *copyRows
}

// reset empties the batch, which will begin after the commit at cursor.
func (b *batch) reset(cursor events.Cursor) {
	b.from, b.to, b.count = cursor, cursor, 0
	for _, c := range b.copies() {
		c.rows.reset()
	}
	b.balances.reset()
	b.lots.reset()
	b.rare = pgx.Batch{}
	clear(b.assets)
}

func (b *batch) empty() bool { return b.to == b.from }

func (b *batch) full() bool {
	return b.count+b.wallets.n+b.rare.Len() >= batchTransactions ||
		len(b.transactions.buf)+len(b.entries.buf)+len(b.wallets.buf)+len(b.parts.buf) >= batchBytes
}

// moment is when and where a fact stands, in the forms that rows need.
type moment struct {
	time     time.Time
	text     string
	sequence uint64
	position int // of the fact in its commit
}

// add takes a commit in. An error means that the log is not a history of a ledger.
func (b *batch) add(commit *events.Commit, after events.Cursor) error {
	at := moment{time: commit.Time.UTC(), text: timestamp(commit.Time), sequence: commit.Sequence}
	for i, fact := range commit.Facts {
		at.position = i
		if err := b.fact(fact, &at); err != nil {
			return err
		}
	}
	b.to = after
	return nil
}

func (b *batch) fact(fact domain.Event, at *moment) error {
	switch f := fact.(type) {
	case *domain.TransactionCompleted:
		return b.completed(f, at)
	case *domain.TransactionFailed:
		b.transactionFailed(f, at)
	case *domain.WalletCreated:
		b.walletCreated(f, at)
	case *domain.WalletChanged:
		b.walletChanged(f, at)
	case *domain.WalletStatusChanged:
		b.walletStatusChanged(f, at)
	case *domain.CustomerUpserted:
		b.customerUpserted(f, at)
	case *domain.ProjectCreated:
		b.projectCreated(f, at)
	case *domain.ProjectChanged:
		b.projectChanged(f, at)
	case *domain.AssetDefined:
		b.assetDefined(f)
	case *domain.CredentialCreated, *domain.CredentialRevoked:
		// Not for readers: the command side alone asks for credentials.
	default:
		b.dealing(fact, at)
	}
	return nil
}

// dealing is the rest of fact.
func (b *batch) dealing(fact domain.Event, at *moment) {
	switch f := fact.(type) {
	case *domain.TransactionScheduled:
		b.transactionScheduled(f, at)
	case *domain.TransactionCancelled:
		b.transactionCancelled(f, at)
	case *domain.TransactionReversed:
		b.transactionReversed(f)
	case *domain.CreditExpiring:
		b.creditExpiring(f, at)
	case *domain.HoldPlaced:
		b.holdPlaced(f, at)
	case *domain.HoldCaptured:
		b.holdCaptured(f, at)
	case *domain.HoldReleased:
		b.holdReleased(f, at)
	case *domain.EscrowCreated:
		b.escrowCreated(f, at)
	case *domain.EscrowApproved:
		b.escrowApproved(f, at)
	case *domain.EscrowReleased:
		b.escrowReleased(f, at)
	case *domain.EscrowRefunded:
		b.escrowRefunded(f, at)
	case *domain.SettlementDue:
		b.settlementDue(f, at)
	case *domain.MonitorSet:
		b.monitorSet(f, at)
	case *domain.MonitorRemoved:
		b.monitorRemoved(f, at)
	case *domain.MonitorTriggered:
		b.monitorTriggered(f, at)
	default:
		panic(fmt.Sprintf("projections: no rows for %T", fact))
	}
}

func (b *batch) metadata(row *copyRows, metadata domain.Metadata) {
	if len(metadata) == 0 {
		row.plain("{}")
		return
	}
	encodeMetadata(&b.scratch, metadata)
	row.json(&b.scratch)
}
