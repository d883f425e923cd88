package domain

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/domain/money/moneytest"
)

// numbers are what a life is given in every place that takes a number. One that
// is not read is left out, one that a rule refuses is refused.
type numbers struct {
	amount, part, percentage, fixed, minimum, maximum, limit, credit, threshold, rate string
	scale                                                                             int // of the asset
}

func unread[N any](parse func(string) (N, bool), text string) (number N) {
	number, _ = parse(text)
	return number
}

func (n numbers) fees(currency money.AssetCode) []FeeRule {
	rules := make([]FeeRule, len(feeOperations))
	for i, operation := range feeOperations {
		rules[i] = FeeRule{
			Operation: operation, Currency: currency, Percentage: unread(money.ParsePercentage, n.percentage),
			Fixed: unread(money.MajorUnits, n.fixed), Minimum: unread(money.MajorUnits, n.minimum), Maximum: unread(money.MajorUnits, n.maximum),
		}
	}
	return rules
}

// live lives a life in which each number meets each rule. A history holds every
// fact and state to what is true of all of them; a decision that panics ends it.
func (n numbers) live() {
	h := &history{state: NewState(4), direct: NewState(4), now: scriptsBegin, observer: newObserver()}
	h.commit(CreateProject{ProjectSettings{Name: "shop", Currency: "USD"}})
	project := h.projects[0]
	h.commit(DefineAsset{project, money.Asset{Code: "XTS", Scale: n.scale}})
	amount, part, limit := unread(money.MajorUnits, n.amount), unread(money.MajorUnits, n.part), unread(money.MajorUnits, n.limit)
	wallet := func(c CreateWallet) ids.Wallet {
		c.Project = project
		h.commit(c)
		return h.wallets[len(h.wallets)-1]
	}
	for _, customer := range []ids.Customer{"ama", "kofi"} {
		h.commit(UpsertCustomer{Project: project, Customer: customer})
	}
	ama, kofi := wallet(CreateWallet{Customer: "ama", Currency: "XTS"}), wallet(CreateWallet{Customer: "kofi", Currency: "XTS", Type: Postpaid})
	dollars := wallet(CreateWallet{Customer: "kofi"})
	pool, dollarPool := wallet(CreateWallet{System: true, Liquidity: true, Currency: "XTS"}), wallet(CreateWallet{System: true, Liquidity: true})
	limits := Limits{MaximumBalance: limit, MaximumAmount: limit, DailyAmount: limit, MonthlyAmount: limit}
	for _, settings := range []ProjectSettings{{Fees: n.fees("")}, {Fees: n.fees("XTS")}, {Fees: n.fees(""), Limits: []CurrencyLimits{{"XTS", limits}}}} {
		settings.Name, settings.Currency = "shop", "USD"
		h.commit(ChangeProject{project, settings})
	}
	for _, terms := range []TermsChange{{CreditLimit: unread(money.MajorUnits, n.credit)}, {Fees: n.fees("")}, {Limits: &limits}, {Limits: &Limits{}}} {
		h.commit(ChangeWallet{Project: project, Wallet: kofi, Terms: terms})
	}
	for _, metric := range []MonitorMetric{BalanceMetric, AvailableMetric, HeldMetric} {
		h.commit(SetMonitor{project, ama, metric, unread(money.MajorUnits, n.threshold)})
		h.commit(SetMonitor{project, kofi, metric, unread(money.MajorUnits, n.threshold)})
	}
	rate := unread(money.ParseRate, n.rate)
	for i, o := range []Operation{
		{Type: Issue, Recipient: pool, Quantity: amount}, {Type: Issue, Recipient: dollarPool, Quantity: amount},
		{Type: Issue, Recipient: ama, Quantity: amount, ExpiresAt: h.now.Add(time.Hour)}, {Type: Issue, Recipient: ama, Quantity: amount},
		{Type: Issue, Recipient: ama, Quantity: part}, {Type: Redeem, Sender: kofi, Quantity: amount}, {Type: Issue, Recipient: kofi, Quantity: amount},
		{Type: Transfer, Sender: ama, Recipient: kofi, Quantity: part}, {Type: Transfer, Sender: kofi, Recipient: ama, Quantity: amount},
		{Type: Exchange, Sender: ama, Recipient: dollars, Quantity: part, Rate: rate}, {Type: Exchange, Sender: kofi, Recipient: dollars, Quantity: amount, Rate: rate},
		{Type: Exchange, Sender: dollars, Recipient: ama, Quantity: part, Rate: rate}, {Type: Redeem, Sender: ama, Quantity: part},
	} {
		h.commit(&Transact{Project: project, Reference: ids.Reference(fmt.Sprint("t", i)), Operations: []Operation{o}})
	}
	n.deal(h, project, ama, kofi, amount, part)
	h.end()
}

// deal goes on with holds, escrows, reversals and what time does.
func (n numbers) deal(h *history, project ids.Project, ama, kofi ids.Wallet, amount, part money.Quantity) {
	for i, wallet := range []ids.Wallet{ama, kofi} {
		h.commit(PlaceHold{Project: project, Wallet: wallet, Reference: ids.Reference(fmt.Sprint("h", i)), Quantity: amount, ExpiresAt: h.now.Add(2 * time.Hour)})
		h.commit(PlaceHold{Project: project, Wallet: wallet, Reference: ids.Reference(fmt.Sprint("i", i)), Quantity: part})
		c := CreateEscrow{Project: project, Sender: wallet, Recipient: ama, Reference: ids.Reference(fmt.Sprint("e", i)), Quantity: part, Deadline: h.now.Add(3 * time.Hour)}
		if wallet == ama {
			c.Recipient = kofi
		}
		h.commit(c)
	}
	for i, hold := range h.holds {
		h.commit(CaptureHold{Project: project, Hold: hold, Recipient: []ids.Wallet{"", ama, kofi}[i%3], Reference: ids.Reference(fmt.Sprint("c", i)), Quantity: part})
		h.commit(CaptureHold{Project: project, Hold: hold, Reference: ids.Reference(fmt.Sprint("d", i)), Quantity: unread(money.MinorUnits, "1"), ReleaseRest: true})
	}
	for i, escrow := range h.escrows {
		h.commit(EndEscrow{Project: project, Escrow: escrow, How: RefundAtDeadline, Reference: ids.Reference(fmt.Sprint("f", i)), Quantity: unread(money.MinorUnits, "1")})
		h.commit(EndEscrow{Project: project, Escrow: escrow, How: ReleaseAtDeadline, Reference: ids.Reference(fmt.Sprint("g", i)), Quantity: part})
	}
	h.commit(Settle{Project: project, Wallet: kofi, Reference: "s1", Quantity: part})
	h.commit(Settle{Project: project, Wallet: kofi, Sender: ama, Reference: "s2"})
	for i, id := range h.transactions {
		original := h.completed[id]
		back := &Reverse{Project: project, Original: original, Reference: ids.Reference(fmt.Sprint("b", i)), ReturnFees: true}
		back.Parts = []ReversalPart{{0, unread(money.MinorUnits, "1")}}
		h.commit(back)
		h.commit(&Reverse{Project: project, Original: original, Reference: ids.Reference(fmt.Sprint("r", i)), ReturnFees: i%2 == 0})
	}
	h.perform(pass{By: 24 * time.Hour})
	h.commit(CloseWallet{Project: project, Wallet: ama, Recipient: kofi, Reference: "x"})
}

// extreme is a number at an edge, or of random digits: up to a digit more than is
// read, on both sides of the point.
func extreme(r *rand.Rand) string {
	before, after := r.IntN(money.MaxDigits+2), r.IntN(money.MaxScale+2)
	if oneIn(2, r) {
		after = 0
	} else if before+after > money.MaxDigits && !oneIn(10, r) {
		before = money.MaxDigits - after
	}
	digit := func() string {
		digits := []string{"0", "1", "5", "9"}
		return digits[r.IntN(len(digits))]
	}
	var text string
	switch r.IntN(4) {
	case 0:
		text = strings.Repeat("9", before) + "." + strings.Repeat("9", after)
	case 1:
		text = "1" + strings.Repeat("0", max(before-1, 0)) + "." + strings.Repeat("0", after)
	case 2:
		text = "." + strings.Repeat("0", max(after-1, 0)) + "1"
	default:
		for range before {
			text += digit()
		}
		for text += "."; after > 0; after-- {
			text += digit()
		}
	}
	text = strings.TrimSuffix(text, ".")
	if text == "" || text[0] == '.' {
		text = "0" + text
	}
	if oneIn(12, r) {
		text = pick(r, []string{"", "0", "1", "-" + text, "0.01", "100"})
	}
	return text
}

// TestExtremes: whatever numbers pass the door, a decision is exact, and none panics.
func TestExtremes(t *testing.T) {
	t.Parallel()
	r := random(t)
	for range 100 {
		n := numbers{
			amount: extreme(r), part: extreme(r), percentage: pick(r, []string{"0", "0.000001", "33.333333", "50", "99.999999", "100"}),
			limit: pick(r, []string{"", extreme(r)}), credit: extreme(r), threshold: extreme(r), rate: extreme(r), scale: pick(r, []int{0, 1, 2, 9, 17, money.MaxScale}),
		}
		for _, part := range []*string{&n.fixed, &n.minimum, &n.maximum} {
			if oneIn(2, r) {
				*part = extreme(r)
			}
		}
		if err := n.try(); err != nil {
			t.Fatal(err)
		}
	}
}

// try returns what went wrong in a life of such numbers.
func (n numbers) try() (err error) {
	defer func() {
		if wrong := recover(); wrong != nil {
			err = fmt.Errorf("%+v: %v", n, wrong)
		}
	}()
	n.live()
	return nil
}

func FuzzNumbers(f *testing.F) {
	f.Add("500000000000.00", "1", "1", "0."+strings.Repeat("0", 70)+"1", "", "", "", "", "0", "1", uint8(2))
	f.Add(strings.Repeat("9", money.MaxDigits), "1", "100", "999999999999999999.999999999999999999", "0", "", "", strings.Repeat("9", money.MaxDigits), "-1", "0.000000000000000001", uint8(0))
	f.Add("999999999999999999.999999999999999999", "0.000000000000000001", "99.999999", "", "0.000000000000000001", "1", "5", "1", "0.5", strings.Repeat("9", money.MaxDigits), uint8(18))
	f.Fuzz(func(t *testing.T, amount, part, percentage, fixed, minimum, maximum, limit, credit, threshold, rate string, scale uint8) {
		n := numbers{amount, part, percentage, fixed, minimum, maximum, limit, credit, threshold, rate, int(scale % (money.MaxScale + 1))}
		if err := n.try(); err != nil {
			t.Fatal(err)
		}
	})
}

// FuzzFee: the fee by a rule that passed the door is what big.Rat says, rounded once.
func FuzzFee(f *testing.F) {
	f.Add("500000000000.00", "1", "0."+strings.Repeat("0", 17)+"1", "", "", uint8(2), true)
	f.Add(strings.Repeat("9", money.MaxDigits), "100", "999999999999999999.999999999999999999", "0", "1", uint8(0), false)
	f.Add("999999999999999999.999999999999999999", "99.999999", "0.000000000000000001", "0.5", "999999999999999999", uint8(18), false)
	f.Fuzz(func(t *testing.T, text, percentage, fixed, minimum, maximum string, scale uint8, own bool) {
		asset := money.Asset{Code: "XTS", Scale: int(scale % (money.MaxScale + 1))}
		quantity, ok := money.MajorUnits(text)
		amount, fits := money.Amount{}, false
		if ok {
			amount, fits = quantity.In(asset)
		}
		rule := FeeRule{
			Operation: Transfer, Percentage: unread(money.ParsePercentage, percentage),
			Fixed: unread(money.MajorUnits, fixed), Minimum: unread(money.MajorUnits, minimum), Maximum: unread(money.MajorUnits, maximum),
		}
		about := finest
		if own {
			about = asset
		}
		if !fits || amount.Sign() < 0 || first(checkFees([]FeeRule{rule}), checkFeesFit([]FeeRule{rule}, &Project{}, about)) != nil {
			return
		}
		want := new(big.Rat).Mul(moneytest.Rational(amount.String()), moneytest.Rational(rule.Percentage.String()))
		want.Quo(want, big.NewRat(100, 1))
		if rule.Fixed.Set() {
			want.Add(want, moneytest.Rational(rule.Fixed.String()))
		}
		if rule.Minimum.Set() && want.Cmp(moneytest.Rational(rule.Minimum.String())) < 0 {
			want = moneytest.Rational(rule.Minimum.String())
		}
		if rule.Maximum.Set() && want.Cmp(moneytest.Rational(rule.Maximum.String())) > 0 {
			want = moneytest.Rational(rule.Maximum.String())
		}
		if got := rule.On(amount); got.String() != moneytest.Plain(moneytest.Rounded(want, asset.Scale), asset.Scale) {
			t.Fatalf("the fee on %s by %+v is %s, want %s", amount, rule, got, moneytest.Plain(moneytest.Rounded(want, asset.Scale), asset.Scale))
		}
	})
}
