package events

import (
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // facts name time zones: they must be known on every machine
	"unique"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"

	"github.com/go-faster/jx"
)

// kinds are how values are written whose type alone does not say it.
var kinds = map[reflect.Type]kind{
	reflect.TypeFor[domain.Asked]():    kindFor(func(w *writer, asked *domain.Asked) error { w.Str(string(asked.By)); return nil }, (*reader).asked),
	reflect.TypeFor[ids.Project]():     kindFor(func(w *writer, id *ids.Project) error { w.Str(string(*id)); return nil }, (*reader).projectID),
	reflect.TypeFor[money.AssetCode](): kindFor(func(w *writer, code *money.AssetCode) error { w.Str(string(*code)); return nil }, (*reader).assetCode),

	reflect.TypeFor[money.Amount]():     kindFor((*writer).money, func(r *reader) (money.Amount, error) { return r.money(r.currency) }),
	reflect.TypeFor[money.Quantity]():   textKind(money.Quantity.String, money.MajorUnits),
	reflect.TypeFor[money.Percentage](): textKind(money.Percentage.String, money.ParsePercentage),
	reflect.TypeFor[domain.Count]():     kindFor(func(w *writer, c *domain.Count) error { w.UInt64(c.Value()); return nil }, (*reader).count),
	reflect.TypeFor[domain.Metadata]():  kindFor((*writer).metadata, (*reader).metadata),

	reflect.TypeFor[time.Time]():      kindFor((*writer).moment, (*reader).moment),
	reflect.TypeFor[time.Duration]():  kindFor((*writer).seconds, (*reader).seconds),
	reflect.TypeFor[*time.Location](): kindFor((*writer).zone, (*reader).zone),
	reflect.TypeFor[[32]byte]():       kindFor((*writer).hash, (*reader).secretHash),

	reflect.TypeFor[domain.LotPart]():           kindFor((*writer).lot, func(r *reader) (domain.LotPart, error) { return r.lot(r.currency) }),
	reflect.TypeFor[[]domain.LotPart]():         kindFor((*writer).lots, func(r *reader) ([]domain.LotPart, error) { return r.lots(r.currency) }),
	reflect.TypeFor[[]domain.PostedOperation](): kindFor((*writer).operations, (*reader).operations),
	reflect.TypeFor[[]domain.Entry]():           kindFor((*writer).entries, (*reader).entries),
	reflect.TypeFor[[]domain.Detail]():          kindFor((*writer).details, (*reader).details),

	reflect.TypeFor[domain.WalletRole](): words(domain.CustomerWallet, domain.SystemWallet, domain.IssuanceWallet, domain.FeeWallet,
		domain.BreakageWallet, domain.EscrowWallet, domain.LiquidityWallet),
	reflect.TypeFor[domain.WalletType]():       words(domain.Prepaid, domain.Postpaid),
	reflect.TypeFor[domain.WalletStatus]():     words(domain.Active, domain.Frozen, domain.Disabled, domain.Closed),
	reflect.TypeFor[domain.SettlementPeriod](): words(domain.Weekly, domain.Monthly),
	reflect.TypeFor[domain.OperationType](): words(domain.Transfer, domain.Issue, domain.Redeem, domain.Exchange, // of a fee
		domain.Capture, domain.FundEscrow),
	reflect.TypeFor[domain.OriginKind](): words(domain.CaptureOrigin, domain.EscrowOrigin, domain.ReleaseOrigin, domain.RefundOrigin,
		domain.ExpiryOrigin, domain.ReversalOrigin, domain.ClosingOrigin, domain.SettlementOrigin, domain.ScheduleOrigin),
	reflect.TypeFor[domain.EscrowEnd]():     words(domain.ReleaseAtDeadline, domain.RefundAtDeadline),
	reflect.TypeFor[domain.EscrowParty]():   words(domain.EscrowSender, domain.EscrowRecipient),
	reflect.TypeFor[domain.MonitorMetric](): words(domain.BalanceMetric, domain.AvailableMetric, domain.HeldMetric),
}

// specialKinds are how a field is written whose tag ends with the option.
var specialKinds = map[string]kind{
	"own":    kindFor((*writer).ownMoney, (*reader).ownMoney), // an amount with its currency: {"currency":…,"amount":…}
	"date":   kindFor(func(w *writer, day *string) error { w.Str(*day); return nil }, (*reader).date),
	"signed": kindFor(func(w *writer, n *int) error { w.Int(*n); return nil }, func(r *reader) (int, error) { return r.d.Int() }),
}

// words is a string that is one of those known.
func words[T ~string](known ...T) kind {
	return kindFor(
		func(w *writer, word *T) error { w.Str(string(*word)); return nil },
		func(r *reader) (word T, err error) {
			err = oneOf(r, &word, known)
			return word, err
		},
	)
}

// textKind is a string that parse reads.
func textKind[T any](text func(T) string, parse func(string) (T, bool)) kind {
	return kindFor(
		func(w *writer, value *T) error { w.Str(text(*value)); return nil },
		func(r *reader) (value T, err error) {
			text, err := r.d.Str()
			if err != nil {
				return value, err
			}
			value, ok := parse(text)
			if !ok {
				err = fmt.Errorf("%q is not a number that can stand here", text)
			}
			return value, err
		},
	)
}

// oneOf reads a string that must be one of those known.
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

// asked keeps each principal once in the memory: a wallet keeps its own for as long as
// it is there.
func (r *reader) asked() (domain.Asked, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.lastBy) {
		r.lastBy = domain.Principal(unique.Make(string(text)).Value())
	}
	return domain.Asked{By: r.lastBy}, err
}

// projectID and assetCode are mostly those of the fact before. They keep its string
// instead of making another.
func (r *reader) projectID() (ids.Project, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.lastProject) {
		r.lastProject = ids.Project(text)
	}
	return r.lastProject, err
}

func (r *reader) assetCode() (money.AssetCode, error) {
	text, err := r.d.StrBytes()
	if string(text) != string(r.lastAsset) {
		r.lastAsset = money.AssetCode(text)
	}
	return r.lastAsset, err
}

func (w *writer) money(m *money.Amount) error {
	w.Buf = append(m.AppendText(append(w.Buf, '"')), '"')
	return nil
}

func (r *reader) money(currency money.AssetCode) (money.Amount, error) {
	text, err := r.d.StrBytes()
	switch {
	case err != nil:
		return money.Amount{}, err
	case currency == "":
		return money.Amount{}, errNoCurrency
	}
	amount, ok := money.Parse(currency, string(text))
	if !ok {
		err = fmt.Errorf("%q is not an amount", text)
	}
	return amount, err
}

func (w *writer) ownMoney(m *money.Amount) error {
	w.ObjStart()
	w.text("currency", string(m.Asset()))
	w.field("amount")
	w.money(m) //nolint:errcheck // never fails
	w.ObjEnd()
	return nil
}

func (r *reader) ownMoney() (amount money.Amount, err error) {
	var currency money.AssetCode
	err = r.d.ObjBytes(func(_ *jx.Decoder, key []byte) (err error) {
		switch {
		case string(key) == "currency" && currency == "":
			currency, err = r.assetCode()
		case string(key) == "amount" && amount.Asset() == "":
			amount, err = r.money(currency)
		default:
			err = fmt.Errorf("field %q of an amount is unknown, or there twice", key)
		}
		return err
	})
	if err == nil && amount.Asset() == "" {
		err = errors.New("a field of an amount is missing")
	}
	return amount, err
}

func (r *reader) count() (domain.Count, error) {
	n, err := r.d.UInt64()
	return domain.NewCount(n), err
}

// metadata writes the keys in order, so that equal facts have equal bytes.
func (w *writer) metadata(m *domain.Metadata) error {
	keys := make([]string, 0, len(*m))
	for key := range *m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	w.ObjStart()
	for i, key := range keys {
		w.pair(i, key, (*m)[key])
	}
	w.ObjEnd()
	return nil
}

func (r *reader) metadata() (domain.Metadata, error) {
	metadata := domain.Metadata{}
	err := r.d.Obj(func(d *jx.Decoder, key string) (err error) {
		if _, twice := metadata[key]; twice {
			return fmt.Errorf("key %q of metadata is there twice", key)
		}
		metadata[key], err = d.Str()
		return err
	})
	return metadata, err
}

// pair writes field i of an object whose names are anybody's.
func (w *writer) pair(i int, name, value string) {
	if i > 0 {
		w.Comma()
	}
	w.FieldStart(name)
	w.Str(value)
}

func (w *writer) details(details *[]domain.Detail) error {
	w.ObjStart()
	for i, detail := range *details {
		w.pair(i, detail.Name, detail.Value)
	}
	w.ObjEnd()
	return nil
}

func (r *reader) details() (details []domain.Detail, err error) {
	err = r.d.Obj(func(d *jx.Decoder, name string) error {
		value, err := d.Str()
		details = append(details, domain.Detail{Name: name, Value: value})
		return err
	})
	return details, err
}

func (w *writer) moment(at *time.Time) error {
	w.Buf = append(at.UTC().AppendFormat(append(w.Buf, '"'), time.RFC3339Nano), '"')
	return nil
}

// moment reads a time only as it is written here.
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

// date reads a day of a project's time zone.
func (r *reader) date() (string, error) {
	text, err := r.d.Str()
	if err == nil {
		_, err = time.Parse(time.DateOnly, text)
	}
	return text, err
}

func (w *writer) seconds(d *time.Duration) error {
	w.Int64(int64(*d / time.Second))
	return nil
}

func (r *reader) seconds() (time.Duration, error) {
	n, err := r.d.Int64()
	if err == nil && (n <= 0 || n > int64(1<<62/time.Second)) {
		err = fmt.Errorf("%d seconds", n)
	}
	return time.Duration(n) * time.Second, err
}

// zone returns an error for a time zone that could not be read back.
func (w *writer) zone(zone **time.Location) error {
	name := (*zone).String()
	if _, err := zoneOf(name); err != nil {
		return err
	}
	w.Str(name)
	return nil
}

func (r *reader) zone() (*time.Location, error) {
	name, err := r.d.Str()
	if err != nil {
		return nil, err
	}
	return zoneOf(name)
}

// zones keeps the time zones that were loaded: each fact of a project's settings
// names the project's again.
var zones sync.Map

// zoneOf returns a time zone of the IANA database. "Local" is another one on each
// machine.
func zoneOf(name string) (*time.Location, error) {
	if zone, ok := zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("events: %q is not a time zone", name)
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("events: time zone: %w", err)
	}
	kept, _ := zones.LoadOrStore(name, zone)
	return kept.(*time.Location), nil
}

func (w *writer) hash(hash *[32]byte) error {
	w.Str(hex.EncodeToString(hash[:]))
	return nil
}

func (r *reader) secretHash() (hash [32]byte, err error) {
	err = r.hash(hash[:])
	return hash, err
}
