package projections

import (
	"fmt"
	"time"

	"tallystick/domain"
	"tallystick/events"

	"github.com/go-faster/jx"
	"github.com/jackc/pgx/v5"
)

// A batch is full, and taken no more commits into, at either of these.
const (
	batchTransactions = 4000
	batchBytes        = 8 << 20
)

// batch is what some commits, one after the other, add up to in the read model,
// ready to be written in one transaction.
type batch struct {
	from, to events.Cursor // before the first commit, after the last

	count        int // of transactions
	transactions copyRows
	entries      copyRows
	failed       copyRows // of failed_transaction_wallets
	wallets      copyRows
	balances     balances
	rare         pgx.Batch // a statement for each other fact, in the order of the log
	assets       map[assetKey]bool

	scratch jx.Encoder
}

type assetKey struct {
	project domain.ProjectID
	code    domain.AssetCode
}

func newBatch() *batch {
	return &batch{balances: balances{index: map[domain.WalletID]int{}}, assets: map[assetKey]bool{}}
}

// reset empties the batch, which will begin after the commit at cursor.
func (b *batch) reset(cursor events.Cursor) {
	b.from, b.to, b.count = cursor, cursor, 0
	for _, rows := range [...]*copyRows{&b.transactions, &b.entries, &b.failed, &b.wallets} {
		rows.reset()
	}
	b.balances.reset()
	b.rare = pgx.Batch{}
	clear(b.assets)
}

func (b *batch) empty() bool { return b.to == b.from }

func (b *batch) full() bool {
	return b.count+b.wallets.n+b.rare.Len() >= batchTransactions ||
		len(b.transactions.buf)+len(b.entries.buf)+len(b.wallets.buf) >= batchBytes
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
		panic(fmt.Sprintf("projections: no rows for %T", fact))
	}
	return nil
}

func (b *batch) completed(f *domain.TransactionCompleted, at *moment) error {
	row := &b.transactions
	row.plain(string(f.Transaction))
	row.text(string(f.Project))
	row.text(string(f.Reference))
	row.plain("completed")
	b.operations(f.Operations)
	row.null() // failure
	b.endTransaction(f.Description, f.Metadata, at)
	for i := range f.Entries {
		e := &f.Entries[i]
		if err := b.balances.move(e, at); err != nil {
			return err
		}
		row := &b.entries
		row.uint(e.Version)
		row.plain(at.text)
		row.int(e.Operation)
		row.int(i)
		row.bool(e.Fee)
		row.text(string(e.Wallet))
		row.plain(string(e.Kind))
		row.money(e.Amount)
		row.money(e.Balance)
		row.plain(string(f.Transaction))
		row.text(string(f.Project))
		row.endRow()
	}
	return nil
}

func (b *batch) transactionFailed(f *domain.TransactionFailed, at *moment) {
	row := &b.transactions
	row.plain(string(f.Transaction))
	row.text(string(f.Project))
	row.text(string(f.Reference))
	row.plain("failed")
	b.operations(f.Operations)
	encodeFailure(&b.scratch, &f.Failure)
	row.json(&b.scratch)
	b.endTransaction(f.Description, f.Metadata, at)

	named := map[domain.WalletID]bool{"": true}
	for _, o := range f.Operations {
		for _, wallet := range [...]domain.WalletID{o.From, o.To} {
			if named[wallet] {
				continue
			}
			named[wallet] = true
			b.failed.text(string(wallet))
			b.failed.plain(string(f.Transaction))
			b.failed.endRow()
		}
	}
}

func (b *batch) operations(operations []domain.PostedOperation) {
	encodeOperations(&b.scratch, operations)
	b.transactions.json(&b.scratch)
}

func (b *batch) endTransaction(description string, metadata domain.Metadata, at *moment) {
	row := &b.transactions
	row.text(description)
	b.metadata(row, metadata)
	row.uint(at.sequence)
	row.plain(at.text)
	row.endRow()
	b.count++
}

func (b *batch) metadata(row *copyRows, metadata domain.Metadata) {
	if len(metadata) == 0 {
		row.plain("{}")
		return
	}
	encodeMetadata(&b.scratch, metadata)
	row.json(&b.scratch)
}

func (b *batch) walletCreated(f *domain.WalletCreated, at *moment) {
	b.assetUsed(f.Project, &f.Asset)
	row := &b.wallets
	row.text(string(f.Wallet))
	row.text(string(f.Project))
	if f.Customer == "" {
		row.null()
	} else {
		row.text(string(f.Customer))
	}
	row.plain(string(f.Role))
	row.text(string(f.Type))
	row.text(string(f.Asset.Code))
	row.int(f.Asset.Scale)
	row.uint(f.Number)
	row.text(f.Name)
	b.metadata(row, f.Metadata)
	row.plain("active")
	row.plain("0") // version
	row.money(domain.NewMoney(f.Asset.Code, 0, f.Asset.Scale))
	row.plain(at.text)
	row.plain(at.text)
	row.uint(at.sequence)
	row.endRow()
}
