package events

import (
	"errors"
	"fmt"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Names of the facts, for ever.
const (
	projectCreated       = "project.created"
	projectChanged       = "project.changed"
	credentialCreated    = "credential.created"
	credentialRevoked    = "credential.revoked"
	assetDefined         = "asset.defined"
	customerUpserted     = "customer.upserted"
	walletCreated        = "wallet.created"
	walletStatusChanged  = "wallet.status_changed"
	transactionCompleted = "transaction.completed"
	transactionFailed    = "transaction.failed"

	walletChanged        = "wallet.changed"
	settlementDue        = "settlement.due"
	transactionScheduled = "transaction.scheduled"
	transactionCancelled = "transaction.cancelled"
	transactionReversed  = "transaction.reversed"
	creditExpiring       = "credit.expiring"
	holdPlaced           = "hold.placed"
	holdCaptured         = "hold.captured"
	holdReleased         = "hold.released"
	escrowCreated        = "escrow.created"
	escrowApproved       = "escrow.approved"
	escrowReleased       = "escrow.released"
	escrowRefunded       = "escrow.refunded"
	monitorSet           = "monitor.set"
	monitorRemoved       = "monitor.removed"
	monitorTriggered     = "monitor.triggered"
)

// encodeFact writes one fact in the newest version of its type.
func (c *Codec) encodeFact(e *jx.Encoder, fact domain.Event) error {
	w := writer{e}
	e.ObjStart()
	defer e.ObjEnd()
	switch f := fact.(type) {
	case *domain.ProjectCreated:
		w.head(projectCreated, 2, f.Project)
		return w.settings(&f.Settings)
	case *domain.ProjectChanged:
		w.head(projectChanged, 2, f.Project)
		return w.settings(&f.Settings)
	case *domain.CredentialCreated:
		w.head(credentialCreated, 1, f.Project)
		w.credential(f)
	case *domain.CredentialRevoked:
		w.head(credentialRevoked, 1, f.Project)
		w.text("key", string(f.Key))
	case *domain.AssetDefined:
		w.head(assetDefined, 1, f.Project)
		w.asset(f.Asset)
	case *domain.CustomerUpserted:
		w.head(customerUpserted, 1, f.Project)
		return c.encodeCustomer(w, f)
	case *domain.WalletCreated:
		w.head(walletCreated, 2, f.Project)
		w.wallet(f)
	case *domain.WalletStatusChanged:
		w.head(walletStatusChanged, 2, f.Project)
		w.walletStatus(f)
	case *domain.TransactionCompleted:
		w.head(transactionCompleted, 2, f.Project)
		w.completed(f)
	case *domain.TransactionFailed:
		w.head(transactionFailed, 2, f.Project)
		w.failed(f)
	default:
		return w.encodeRare(fact)
	}
	return nil
}

// encodeRare is the rest of encodeFact.
func (w writer) encodeRare(fact domain.Event) error {
	switch f := fact.(type) {
	case *domain.WalletChanged:
		w.head(walletChanged, 1, f.Project)
		w.walletChanged(f)
	case *domain.SettlementDue:
		w.head(settlementDue, 1, f.Project)
		w.settlementDue(f)
	case *domain.TransactionScheduled:
		w.head(transactionScheduled, 1, f.Project)
		w.scheduled(f)
	case *domain.TransactionCancelled:
		w.head(transactionCancelled, 1, f.Project)
		w.cancelled(f)
	case *domain.TransactionReversed:
		w.head(transactionReversed, 1, f.Project)
		w.reversed(f)
	case *domain.CreditExpiring:
		w.head(creditExpiring, 1, f.Project)
		w.text("wallet", string(f.Wallet))
		w.assetOf(f.Lot.Amount)
		w.FieldStart("lot")
		w.lot(&f.Lot)
	case *domain.HoldPlaced:
		w.head(holdPlaced, 1, f.Project)
		w.holdPlaced(f)
	case *domain.HoldCaptured:
		w.head(holdCaptured, 1, f.Project)
		w.holdPart(f)
		w.text("transaction", string(f.Transaction))
	case *domain.HoldReleased:
		w.head(holdReleased, 1, f.Project)
		w.holdPart(&domain.HoldCaptured{
			Hold: f.Hold, Wallet: f.Wallet, Amount: f.Amount, Lots: f.Lots, Kept: f.Kept, Remaining: f.Remaining,
		})
		w.flag("expired", f.Expired)
	case *domain.EscrowCreated:
		w.head(escrowCreated, 1, f.Project)
		w.escrowCreated(f)
	case *domain.EscrowApproved:
		w.head(escrowApproved, 1, f.Project)
		w.text("escrow", string(f.Escrow))
		w.text("party", string(f.Party))
		w.optional("actor", f.Actor)
	case *domain.EscrowReleased:
		w.head(escrowReleased, 1, f.Project)
		w.escrowEnd(f)
	case *domain.EscrowRefunded:
		w.head(escrowRefunded, 1, f.Project)
		w.escrowEnd((*domain.EscrowReleased)(f))
	case *domain.MonitorSet:
		w.head(monitorSet, 1, f.Project)
		w.monitorSet(f)
	case *domain.MonitorRemoved:
		w.head(monitorRemoved, 1, f.Project)
		w.text("wallet", string(f.Wallet))
		w.text("monitor", string(f.Monitor))
	case *domain.MonitorTriggered:
		w.head(monitorTriggered, 1, f.Project)
		w.monitorTriggered(f)
	default:
		return fmt.Errorf("events: no wire form for %T", fact)
	}
	return nil
}

// factReader reads the fields of a fact after its type and version; it answers
// false for a field that the version does not have.
type factReader interface {
	field(r *reader, key []byte) (known bool, err error)
	// fact answers false when a field is missing that every fact of the type has.
	fact() (domain.Event, bool)
}

// form is one version of one type of fact.
type form struct {
	kind    string
	version int
}

// readers make the reader of each form that was ever written. A new version adds
// a line; none is ever taken away.
var readers = map[form]func() factReader{
	{projectCreated, 1}:       func() factReader { return &projectV1{} },
	{projectCreated, 2}:       func() factReader { return &projectV2{} },
	{projectChanged, 1}:       func() factReader { return &projectV1{changed: true} },
	{projectChanged, 2}:       func() factReader { return &projectV2{projectV1{changed: true}} },
	{credentialCreated, 1}:    func() factReader { return &credentialV1{} },
	{credentialRevoked, 1}:    func() factReader { return &credentialV1{revoked: true} },
	{assetDefined, 1}:         func() factReader { return &assetV1{} },
	{customerUpserted, 1}:     func() factReader { return &customerV1{} },
	{walletCreated, 1}:        func() factReader { return &walletV1{} },
	{walletCreated, 2}:        func() factReader { return &walletV2{} },
	{walletChanged, 1}:        func() factReader { return &walletChangedV1{} },
	{walletStatusChanged, 1}:  func() factReader { return &walletStatusV1{} },
	{walletStatusChanged, 2}:  func() factReader { return &walletStatusV2{} },
	{settlementDue, 1}:        settlementDueV1,
	{transactionCompleted, 1}: func() factReader { return &transactionV1{} },
	{transactionCompleted, 2}: func() factReader { return &transactionV2{transactionV1{second: true}} },
	{transactionFailed, 1}:    func() factReader { return &transactionV1{failed: true} },
	{transactionFailed, 2}:    func() factReader { return &transactionV2{transactionV1{failed: true, second: true}} },
	{transactionScheduled, 1}: transactionScheduledV1,
	{transactionCancelled, 1}: transactionCancelledV1,
	{transactionReversed, 1}:  transactionReversedV1,
	{creditExpiring, 1}:       creditExpiringV1,
	{holdPlaced, 1}:           func() factReader { return &holdPlacedV1{} },
	{holdCaptured, 1}:         func() factReader { return &holdCapturedV1{} },
	{holdReleased, 1}:         func() factReader { return &holdReleasedV1{} },
	{escrowCreated, 1}:        escrowCreatedV1,
	{escrowApproved, 1}:       escrowApprovedV1,
	{escrowReleased, 1}:       func() factReader { return escrowEndV1(false) },
	{escrowRefunded, 1}:       func() factReader { return escrowEndV1(true) },
	{monitorSet, 1}:           monitorSetV1,
	{monitorRemoved, 1}:       monitorRemovedV1,
	{monitorTriggered, 1}:     monitorTriggeredV1,
}

func readerOf(kind string, version int) (factReader, error) {
	if begin, ok := readers[form{kind, version}]; ok {
		return begin(), nil
	}
	return nil, fmt.Errorf("fact %q of version %d is not known here: a newer tallystick wrote it", kind, version)
}

// reader decodes one commit. Short texts that repeat are kept from the fact
// before instead of being made anew.
type reader struct {
	codec   *Codec
	d       *jx.Decoder
	project ids.Project
	asset   money.AssetCode
	mayPass bool // the error is the keyring's, and may pass
}

func (r *reader) fact() (domain.Event, error) {
	var kind string
	var fact factReader
	err := r.d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
		switch {
		case string(key) == "type" && kind == "":
			var text []byte
			text, err = d.StrBytes()
			kind = factName(text)
		case string(key) == "v" && kind != "" && fact == nil:
			var version int
			if version, err = d.Int(); err == nil {
				fact, err = readerOf(kind, version)
			}
		case fact == nil:
			err = errors.New(`a fact begins with "type" and "v"`)
		default:
			var known bool
			if known, err = fact.field(r, key); err == nil && !known {
				err = fmt.Errorf("unknown field %q of %s", key, kind)
			}
		}
		return err
	})
	if err == nil && fact == nil {
		err = errors.New("a fact without type and version")
	}
	if err != nil {
		return nil, err
	}
	event, complete := fact.fact()
	if !complete {
		return nil, fmt.Errorf("a field of %s is missing", kind)
	}
	return event, nil
}

// factName saves making the two names that fill the log.
func factName(text []byte) string {
	switch string(text) {
	case transactionCompleted:
		return transactionCompleted
	case transactionFailed:
		return transactionFailed
	}
	return string(text)
}

func (r *reader) projectID() (ids.Project, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.project) {
		r.project = ids.Project(text)
	}
	return r.project, err
}

func (r *reader) assetCode() (money.AssetCode, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.asset) {
		r.asset = money.AssetCode(text)
	}
	return r.asset, err
}

// assetOnce reads what the amounts after it are of; they are all of one asset.
func (r *reader) assetOnce(dst *money.AssetCode) (err error) {
	if *dst != "" {
		return errors.New("two assets")
	}
	*dst, err = r.assetCode()
	return err
}

func (r *reader) money(asset money.AssetCode) (money.Amount, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return money.Amount{}, err
	}
	amount, ok := money.Parse(asset, string(text))
	if !ok {
		return amount, fmt.Errorf("%q is not an amount", text)
	}
	return amount, nil
}

func (r *reader) metadata() (domain.Metadata, error) {
	metadata := domain.Metadata{}
	err := r.d.Obj(func(d *jx.Decoder, key string) (err error) {
		metadata[key], err = d.Str()
		return err
	})
	return metadata, err
}

// moment reads a time as it is written here, and in no other spelling.
func (r *reader) moment() (time.Time, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return time.Time{}, err
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	var buf [64]byte
	if err == nil && (at.IsZero() || string(at.UTC().AppendFormat(buf[:0], time.RFC3339Nano)) != string(text)) {
		err = fmt.Errorf("%q is not a time in UTC", text)
	}
	return at, err
}

// oneOf reads a word that must be one of those known.
func oneOf[T ~string](r *reader, dst *T, known []T) error {
	text, err := r.d.StrBytes()
	if err != nil {
		return err
	}
	for _, word := range known {
		if string(text) == string(word) {
			*dst = word
			return nil
		}
	}
	return fmt.Errorf("%q is none of %q", text, known)
}

// str reads a string into any of the domain's string types.
func str[T ~string](r *reader, dst *T) error {
	text, err := r.d.Str()
	*dst = T(text)
	return err
}
