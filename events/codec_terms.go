package events

import (
	"errors"
	"fmt"
	"sync"
	"time"
	_ "time/tzdata" // zones are in facts: they must be known on every machine

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/money"
)

var (
	feeOperations = []domain.OperationType{
		domain.Transfer, domain.Issue, domain.Redeem, domain.Exchange, domain.Capture, domain.FundEscrow,
	}
	settlementPeriods = []domain.SettlementPeriod{domain.Weekly, domain.Monthly}
)

// zones keeps what was loaded: a project has one, and its facts name it again.
var zones sync.Map

func (r *reader) zone() (*time.Location, error) {
	name, err := r.d.Str()
	if err != nil {
		return nil, err
	}
	return zoneOf(name)
}

// zoneOf finds a zone of the IANA database. "Local" is another one on each
// machine, and "" is how none is written.
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

// seconds leaves zero out.
func (w writer) seconds(name string, d time.Duration) {
	if d != 0 {
		w.FieldStart(name)
		w.Int64(int64(d / time.Second))
	}
}

func (r *reader) seconds() (time.Duration, error) {
	n, err := r.d.Int64()
	if err == nil && (n <= 0 || n > int64(1<<62/time.Second)) {
		err = fmt.Errorf("%d seconds", n)
	}
	return time.Duration(n) * time.Second, err
}

func (w writer) fees(rules []domain.FeeRule) {
	if len(rules) == 0 {
		return
	}
	w.FieldStart("fees")
	w.ArrStart()
	for i := range rules {
		rule := &rules[i]
		w.ObjStart()
		w.text("operation", string(rule.Operation))
		w.optional("currency", string(rule.Currency))
		if percentage := rule.Percentage.String(); percentage != "0" {
			w.text("percentage", percentage)
		}
		w.optional("fixed", rule.Fixed.String())
		w.optional("minimum", rule.Minimum.String())
		w.optional("maximum", rule.Maximum.String())
		w.ObjEnd()
	}
	w.ArrEnd()
}

func (r *reader) fees() (rules []domain.FeeRule, err error) {
	err = r.d.Arr(func(d *jx.Decoder) error {
		var rule domain.FeeRule
		err := d.ObjBytes(func(d *jx.Decoder, key []byte) (err error) {
			switch string(key) {
			case "operation":
				err = oneOf(r, &rule.Operation, feeOperations)
			case "currency":
				rule.Currency, err = r.assetCode()
			case "percentage":
				rule.Percentage, err = r.percentage()
			case "fixed":
				rule.Fixed, err = r.quantity()
			case "minimum":
				rule.Minimum, err = r.quantity()
			case "maximum":
				rule.Maximum, err = r.quantity()
			default:
				err = fmt.Errorf("unknown field %q of a fee", key)
			}
			return err
		})
		if err == nil && rule.Operation == "" {
			err = errors.New("a fee without an operation")
		}
		rules = append(rules, rule)
		return err
	})
	return rules, err
}

func (r *reader) percentage() (money.Percentage, error) {
	text, err := r.d.Str()
	if err != nil {
		return money.Percentage{}, err
	}
	percentage, ok := money.ParsePercentage(text)
	if !ok {
		err = fmt.Errorf("%q is not a percentage", text)
	}
	return percentage, err
}

func (r *reader) quantity() (money.Quantity, error) {
	text, err := r.d.Str()
	if err != nil {
		return money.Quantity{}, err
	}
	quantity, ok := money.MajorUnits(text)
	if !ok {
		err = fmt.Errorf("%q is not an amount", text)
	}
	return quantity, err
}

// limits writes the fields of limits into the object that is open.
func (w writer) limits(l *domain.Limits) {
	w.optional("maximum_balance", l.MaximumBalance.String())
	w.optional("maximum_amount", l.MaximumAmount.String())
	w.optional("daily_amount", l.DailyAmount.String())
	w.optional("monthly_amount", l.MonthlyAmount.String())
	w.count("daily_count", l.DailyCount)
	w.count("monthly_count", l.MonthlyCount)
}

func (w writer) count(name string, c domain.Count) {
	if c.Set() {
		w.FieldStart(name)
		w.UInt64(c.Value())
	}
}

// limit reads one field of limits.
func (r *reader) limit(l *domain.Limits, key []byte) (err error) {
	switch string(key) {
	case "maximum_balance":
		l.MaximumBalance, err = r.quantity()
	case "maximum_amount":
		l.MaximumAmount, err = r.quantity()
	case "daily_amount":
		l.DailyAmount, err = r.quantity()
	case "monthly_amount":
		l.MonthlyAmount, err = r.quantity()
	case "daily_count":
		l.DailyCount, err = r.count()
	case "monthly_count":
		l.MonthlyCount, err = r.count()
	default:
		err = fmt.Errorf("unknown field %q of limits", key)
	}
	return err
}

func (r *reader) count() (domain.Count, error) {
	n, err := r.d.UInt64()
	return domain.NewCount(n), err
}

func (r *reader) currencyLimits() (all []domain.CurrencyLimits, err error) {
	err = r.d.Arr(func(d *jx.Decoder) error {
		var one domain.CurrencyLimits
		err := d.ObjBytes(func(_ *jx.Decoder, key []byte) (err error) {
			if string(key) == "currency" {
				one.Currency, err = r.assetCode()
				return err
			}
			return r.limit(&one.Limits, key)
		})
		if err == nil && one.Currency == "" {
			err = errors.New("limits without a currency")
		}
		all = append(all, one)
		return err
	})
	return all, err
}

// terms leaves out what is not agreed.
func (w writer) terms(t *domain.Terms) {
	w.moneyOf("credit_limit", t.CreditLimit)
	w.fees(t.Fees)
	if !t.Limits.IsZero() {
		w.FieldStart("limits")
		w.ObjStart()
		w.limits(&t.Limits)
		w.ObjEnd()
	}
	if s := &t.Settlement; s.Period != "" {
		w.FieldStart("settlement")
		w.ObjStart()
		w.text("period", string(s.Period))
		w.FieldStart("day")
		w.Int(s.Day)
		w.moment("next", s.Next)
		w.ObjEnd()
	}
}

// term reads one field of terms, false for one that is none of theirs.
func (r *reader) term(t *domain.Terms, key []byte) (known bool, err error) {
	switch string(key) {
	case "credit_limit":
		t.CreditLimit, err = r.moneyOf()
	case "fees":
		t.Fees, err = r.fees()
	case "limits":
		err = r.d.ObjBytes(func(_ *jx.Decoder, key []byte) error { return r.limit(&t.Limits, key) })
	case "settlement":
		t.Settlement, err = r.settlement()
	default:
		return false, nil
	}
	return true, err
}

func (r *reader) settlement() (s domain.Settlement, err error) {
	each := map[string]func(*reader) error{
		"period": wordInto(&s.Period, settlementPeriods), "next": timeInto(&s.Next),
		"day": func(r *reader) (err error) { s.Day, err = r.d.Int(); return err },
	}
	if err = r.object("a settlement", each); err == nil && (s.Period == "" || s.Day == 0 || s.Next.IsZero()) {
		err = errors.New("a field of a settlement is missing")
	}
	return s, err
}
