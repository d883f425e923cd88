package events

import (
	"errors"
	"fmt"
	"sort"

	"tallystick/domain"

	"github.com/go-faster/jx"
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
)

// encodeFact writes one fact in the newest version of its type.
func (c *Codec) encodeFact(e *jx.Encoder, fact domain.Event) error {
	w := writer{e}
	e.ObjStart()
	defer e.ObjEnd()
	switch f := fact.(type) {
	case *domain.ProjectCreated:
		w.head(projectCreated, 1, f.Project)
		w.settings(f.Settings)
	case *domain.ProjectChanged:
		w.head(projectChanged, 1, f.Project)
		w.settings(f.Settings)
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
		w.head(walletCreated, 1, f.Project)
		w.wallet(f)
	case *domain.WalletStatusChanged:
		w.head(walletStatusChanged, 1, f.Project)
		w.walletStatus(f)
	case *domain.TransactionCompleted:
		w.head(transactionCompleted, 1, f.Project)
		w.completed(f)
	case *domain.TransactionFailed:
		w.head(transactionFailed, 1, f.Project)
		w.failed(f)
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

// readerOf answers the reader of a type and version. A new version adds a case;
// none is ever taken away.
func readerOf(kind string, version int) (factReader, error) {
	if version == 1 {
		switch kind {
		case projectCreated:
			return &projectV1{}, nil
		case projectChanged:
			return &projectV1{changed: true}, nil
		case credentialCreated:
			return &credentialV1{}, nil
		case credentialRevoked:
			return &credentialV1{revoked: true}, nil
		case assetDefined:
			return &assetV1{}, nil
		case customerUpserted:
			return &customerV1{}, nil
		case walletCreated:
			return &walletV1{}, nil
		case walletStatusChanged:
			return &walletStatusV1{}, nil
		case transactionCompleted:
			return &transactionV1{}, nil
		case transactionFailed:
			return &transactionV1{failed: true}, nil
		}
	}
	return nil, fmt.Errorf("fact %q of version %d is not known here: a newer tallystick wrote it", kind, version)
}

// reader decodes one commit. Short texts that repeat are kept from the fact
// before instead of being made anew.
type reader struct {
	codec   *Codec
	d       *jx.Decoder
	project domain.ProjectID
	asset   domain.AssetCode
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

func (r *reader) projectID() (domain.ProjectID, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.project) {
		r.project = domain.ProjectID(text)
	}
	return r.project, err
}

func (r *reader) assetCode() (domain.AssetCode, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.asset) {
		r.asset = domain.AssetCode(text)
	}
	return r.asset, err
}

func (r *reader) money(asset domain.AssetCode) (domain.Money, error) {
	text, err := r.d.StrBytes()
	if err != nil {
		return domain.Money{}, err
	}
	money, ok := domain.ParseMoney(asset, string(text))
	if !ok {
		return money, fmt.Errorf("%q is not an amount", text)
	}
	return money, nil
}

func (r *reader) metadata() (domain.Metadata, error) {
	metadata := domain.Metadata{}
	err := r.d.Obj(func(d *jx.Decoder, key string) (err error) {
		metadata[key], err = d.Str()
		return err
	})
	return metadata, err
}

// str reads a string into any of the domain's string types.
func str[T ~string](r *reader, dst *T) error {
	text, err := r.d.Str()
	*dst = T(text)
	return err
}

type writer struct{ *jx.Encoder }

func (w writer) head(kind string, version int, project domain.ProjectID) {
	w.text("type", kind)
	w.FieldStart("v")
	w.Int(version)
	w.text("project", string(project))
}

func (w writer) text(name, value string) {
	w.FieldStart(name)
	w.Str(value)
}

// optional leaves an empty text out.
func (w writer) optional(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

func (w writer) money(name string, m domain.Money) {
	var buf [64]byte
	w.FieldStart(name)
	w.ByteStr(m.AppendText(buf[:0]))
}

// metadata writes the keys in order, so that equal facts have equal bytes.
func (w writer) metadata(m domain.Metadata) {
	if len(m) == 0 {
		return
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	w.FieldStart("metadata")
	w.ObjStart()
	for _, key := range keys {
		w.text(key, m[key])
	}
	w.ObjEnd()
}
