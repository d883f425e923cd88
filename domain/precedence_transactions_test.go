package domain

import (
	"strings"
	"testing"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func amount(text string) money.Quantity {
	quantity, ok := money.MajorUnits(text)
	if !ok {
		panic(text)
	}
	return quantity
}

func tableOfTransact(t *testing.T, s *script) {
	huge := amount("9999999999999999999999999999999999")
	rate, _ := money.ParseRate("0.001")
	first := func(change func(*Operation)) func(*Transact) {
		return func(c *Transact) { change(&c.Operations[0]) }
	}
	faulty := Transact{
		Project: "none", Description: long, Metadata: many, Operations: make([]Operation, MaxOperations+1),
		Preconditions: make([]Precondition, MaxOperations+1), EffectiveAt: s.now.Add(1), ScheduledFor: s.now,
	}
	cases := []row[Transact]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"reference too long", func(c *Transact) { c.Reference = ids.Reference(long) }, BadRequest, "reference has 2000"},
		{"the ledger's reference", func(c *Transact) { c.Reference = ids.Reference(ids.ReservedReferences) }, BadRequest, "the ledger's own"},
		{"description too long", func(c *Transact) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *Transact) { c.Description = "" }, BadRequest, "51 keys"},
		{"too many operations", func(c *Transact) { c.Metadata = nil }, BadRequest, "not 1001"},
		{"no operation", func(c *Transact) { c.Operations = nil }, BadRequest, "not 0"},
		{"too many preconditions", func(c *Transact) { c.Operations = []Operation{{RecipientIdentifier: long}} }, BadRequest, "not 1001"},
		{"scheduled on conditions", func(c *Transact) { c.Preconditions = []Precondition{{"none", 7}} }, BadRequest, "neither preconditions"},
		{"scheduled for the past of the business", func(c *Transact) { c.Preconditions = nil }, BadRequest, "nor effective_at"},
		{"no such type", func(c *Transact) { c.ScheduledFor = time.Time{} }, BadRequest, `operation type ""`},
		{"issue to nobody", first(func(o *Operation) { o.Type = Issue }), BadRequest, "an issue has recipient_wallet_id"},
		{"redeem from nobody", first(func(o *Operation) { o.Type = Redeem }), BadRequest, "a redeem has sender_wallet_id"},
		{"exchange of nothing", first(func(o *Operation) { o.Type = Exchange }), BadRequest, "an exchange has"},
		{"no sender", first(func(o *Operation) { o.Type = Transfer }), BadRequest, "sender_wallet_id is required"},
		{"two recipients", first(func(o *Operation) { o.Sender, o.Recipient, o.Rate, o.Grant = "none", "none", rate, true }), BadRequest, "one of them"},
		{"a rate", first(func(o *Operation) { o.Recipient = "" }), BadRequest, "only an exchange has a rate"},
		{"a grant", first(func(o *Operation) { o.Rate = money.Rate{} }), BadRequest, "only an issue operation grants"},
		{"no amount", first(func(o *Operation) { o.Grant = false }), BadRequest, "more than zero"},
		{"recipient too long", first(func(o *Operation) { o.Quantity = amount("0.001") }), BadRequest, "recipient_identifier"},
		{"no such project", first(func(o *Operation) { o.Recipient, o.RecipientIdentifier = "none", "" }), NotFound, "Project"},
		{"reference used", func(c *Transact) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such sender", func(c *Transact) { c.Reference = "new" }, NotFound, "none not found"},
		{"another project's sender", first(func(o *Operation) { o.Sender = s.wallet("olus") }), NotFound, string(s.wallet("olus"))},
		{"no such recipient", first(func(o *Operation) { o.Sender = s.wallet("shut") }), NotFound, "none not found"},
		{"in the future", first(func(o *Operation) { o.Recipient = s.wallet("issuance/USD") }), EffectiveAtRefused, "not in the future"},
		{"too far back", func(c *Transact) {
			c.EffectiveAt, c.Preconditions = s.now.Add(-time.Hour-time.Microsecond), []Precondition{{s.wallet("points"), 7}}
		}, EffectiveAtRefused, "at most 3600 seconds"},
		{"a precondition on nothing", func(c *Transact) {
			c.EffectiveAt, c.Preconditions = s.now.Add(-time.Hour), []Precondition{{"none", 7}}
		}, NotFound, "none not found"},
		{"another version", func(c *Transact) { c.Preconditions[0].Wallet = s.wallet("points") }, VersionConflict, "at version 0, not 7"},
		{"an issuance account", func(c *Transact) { c.Preconditions[0].Version = 0 }, BadRequest, "issuance account"},
		{"an escrow account", first(func(o *Operation) { o.Recipient = s.wallet("escrow/USD") }), BadRequest, "escrow account"},
		{"amount does not fit", first(func(o *Operation) { o.Recipient, o.RecipientIdentifier = "", "nobody" }), BadRequest, "more digits than EUR"},
	}
	testRows(t, s, faulty, func(c *Transact) Command { return c }, append(cases, recordedRows(s, huge, first)...))
}

// recordedRows are the refusals that a transaction is kept with.
func recordedRows(s *script, huge money.Quantity, first func(func(*Operation)) func(*Transact)) []row[Transact] {
	return []row[Transact]{
		{"nobody", first(func(o *Operation) { o.Quantity = huge }), RecipientNotFound, "No customer"},
		{"no wallet in the asset", first(func(o *Operation) { o.RecipientIdentifier = "yaw" }), RecipientNotFound, "no wallet in EUR"},
		{"one wallet", first(func(o *Operation) { o.RecipientIdentifier = "ama" }), SameWallet, "same wallet"},
		{"recipient closed", first(func(o *Operation) { o.Recipient, o.RecipientIdentifier = s.wallet("gone"), "" }), WalletIsClosed, string(s.wallet("gone"))},
		{"both disabled", first(func(o *Operation) { o.Recipient, o.RecipientIdentifier = "", "kofi" }), WalletIsDisabled, string(s.wallet("shut"))},
		{"recipient disabled", first(func(o *Operation) {
			o.Sender, o.Recipient, o.RecipientIdentifier = s.wallet("cold"), s.wallet("shut-too"), ""
		}), WalletIsDisabled, string(s.wallet("shut-too"))},
		{"sender frozen", first(func(o *Operation) { o.Recipient = s.wallet("points") }), WalletIsFrozen, "frozen"},
		{"two assets", first(func(o *Operation) { o.Sender = s.wallet("amas") }), AssetMismatch, "only an exchange converts"},
		{"over the sender's limit", first(func(o *Operation) { o.Recipient = s.wallet("full") }), LimitExceeded, "maximum_amount"},
		{"over the recipient's", first(func(o *Operation) { o.Quantity = amount("90") }), LimitExceeded, "maximum_balance"},
		{"not enough", first(func(o *Operation) { o.Recipient = s.wallet("till") }), InsufficientFunds, "10.00 USD is available"},
		{"not enough for the fee", first(func(o *Operation) { o.Quantity = amount("10") }), InsufficientFunds, "the fee 0.10"},
		{"no liquidity", first(func(o *Operation) {
			rate, _ := money.ParseRate("3")
			o.Type, o.Rate, o.Recipient = Exchange, rate, s.wallet("open-euros")
		}), InsufficientLiquidity, "2.00 EUR is available"},
		{"too large a balance", first(func(o *Operation) {
			o.Type, o.Sender, o.Recipient, o.Rate, o.Quantity = Issue, "", s.wallet("till"), money.Rate{}, huge
		}), BalanceOutOfRange, "36 digits"},
		{"a transaction", first(func(o *Operation) { o.Quantity = amount("1") }), "", ""},
	}
}

// TestExchangeInOrder: of an exchange the status of all its wallets is looked at
// first. Then its first half is refused, in the order of Codes, before its second.
func TestExchangeInOrder(t *testing.T) {
	t.Parallel()
	s := setting(t)
	s.set(`
wallet poor system=yes
wallet small system=yes currency=JPY max_balance=1
wallet yen system=yes currency=JPY
wallet deep system=yes type=POSTPAID limit=9999999999999999999999999999999999
wallet shut-yen system=yes currency=JPY
disable shut-yen
freeze liquidity/USD
`)
	for _, one := range []struct {
		before string // what happens first
		text   string
		code   Code
		of     string // part of the message
	}{
		{"", "from gone to gone", SameWallet, "same wallet"},
		{"", "from liquidity/USD to shut", SameWallet, "liquidity wallets"},
		{"", "from gone to pool", SameWallet, "liquidity wallets"},
		{"", "from shut to gone", WalletIsClosed, string(s.wallet("gone"))},
		{"", "from frost to shut", WalletIsDisabled, string(s.wallet("shut"))},
		{"", "from frost to shut-yen", WalletIsDisabled, string(s.wallet("shut-yen"))},
		{"", "from frost to poor", WalletIsFrozen, string(s.wallet("frost"))},
		{"", "from open-euros to poor", WalletIsFrozen, string(s.wallet("liquidity/USD"))}, // it pays out
		{"unfreeze liquidity/USD", "from amas to poor", AssetMismatch, "both hold USD"},
		{"", "from amas to small", LimitExceeded, "maximum_amount"},
		{"", "from poor to small", InsufficientFunds, "0.00 USD"},
		{"transact up: transfer 9999999999999999999999999999999900 from deep to liquidity/USD", "from full to small", BalanceOutOfRange, string(s.wallet("liquidity/USD"))},
		{"reverse down of=up", "from full to small", LimitExceeded, "maximum_balance"},
		{"", "from full to yen", InsufficientLiquidity, "no liquidity wallet in JPY"},
		{"", "from full to open-euros", InsufficientLiquidity, "2.00 EUR is available"},
	} {
		s.set(one.before + "\n")
		text := "t: exchange 101 " + one.text + " rate 1"
		code, message := outcome(Decide(s.state, s.command("transact", text), ids.Place{Location: ids.Location{Sequence: 1000}, Time: s.now}))
		if code != one.code || !strings.Contains(message, one.of) {
			t.Errorf("%s: %s (%s), want %s (…%s…)", text, code, message, one.code, one.of)
		}
	}
}

// TestOperationsInTurn: the first operation that breaks a recorded rule is
// reported, however early in precedence that of a later one is.
func TestOperationsInTurn(t *testing.T) {
	t.Parallel()
	s := setting(t)
	for text, want := range map[string]Code{
		"redeem 11 from amas, then transfer 1 from amas to @nobody":                    InsufficientFunds,
		"transfer 1 from amas to @nobody, then redeem 11 from amas":                    RecipientNotFound,
		"redeem 10 from amas, then transfer 1 from shut to shut":                       SameWallet,
		"issue 1 to amas, then redeem 11 from amas, then transfer 1 from shut to shut": SameWallet,
	} {
		code, message := outcome(Decide(s.state, s.command("transact", "t: "+text), ids.Place{Location: ids.Location{Sequence: 1000}, Time: s.now}))
		if code != want {
			t.Errorf("%s: %s (%s), want %s", text, code, message, want)
		}
	}
}

func tableOfReverse(t *testing.T, s *script) {
	of := func(reference string) *TransactionCompleted { return s.completed[s.transaction(reference)] }
	faulty := Reverse{Project: "none", Description: long, Metadata: many, Parts: make([]ReversalPart, MaxOperations+1)}
	part := func(change func(*ReversalPart)) func(*Reverse) {
		return func(c *Reverse) { change(&c.Parts[0]) }
	}
	testRows(t, s, faulty, func(c *Reverse) Command { return c }, []row[Reverse]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"description", func(c *Reverse) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *Reverse) { c.Description = "" }, BadRequest, "51 keys"},
		{"too many parts", func(c *Reverse) { c.Metadata = nil }, BadRequest, "not 1001"},
		{"no amount", func(c *Reverse) { c.Parts = []ReversalPart{{-1, amount("1")}, {-1, amount("0")}} }, BadRequest, "more than zero"},
		{"one twice", func(c *Reverse) { c.Parts[0].Quantity, c.Parts[1].Quantity = amount("0.001"), amount("1") }, BadRequest, "named twice"},
		{"no such project", func(c *Reverse) { c.Parts[1].Operation = -2 }, NotFound, "Project"},
		{"reference used", func(c *Reverse) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such transaction", func(c *Reverse) { c.Reference = "new" }, NotFound, "Transaction"},
		{"another project's", func(c *Reverse) { c.Original = of("far") }, NotFound, "Transaction"},
		{"of an escrow", func(c *Reverse) { c.Original = of("e1") }, NotReversible, "escrow"},
		{"no such operation", func(c *Reverse) { c.Original = of("sale") }, BadRequest, "0 to 1, not -1"},
		{"nothing left", part(func(p *ReversalPart) { p.Operation = 0 }), AmountTooLarge, "Nothing is left"},
		{"amount does not fit", part(func(p *ReversalPart) { p.Operation = 1 }), BadRequest, "more digits"},
		{"too much", part(func(p *ReversalPart) { p.Quantity = amount("5.01") }), AmountTooLarge, "5.00 USD is left"},
		{"another that is none", part(func(p *ReversalPart) { p.Quantity = amount("5") }), BadRequest, "0 to 1, not -2"},
		{"from a closed wallet", func(c *Reverse) { c.Original, c.Parts = of("to-gone"), nil }, WalletIsClosed, "closed"},
		{"from a disabled one", func(c *Reverse) { c.Original = of("to-shut") }, WalletIsDisabled, "disabled"},
		{"from a frozen one", func(c *Reverse) { c.Original = of("to-cold") }, WalletIsFrozen, "frozen"},
		{"not enough", func(c *Reverse) { c.Original = of("to-spent") }, InsufficientFunds, "0.00 USD is available"},
		{"no liquidity", func(c *Reverse) { c.Original = of("swap") }, InsufficientLiquidity, "0.00 USD is available"},
		{"a reversal", func(c *Reverse) { c.Original = of("sale") }, "", ""},
	})
	done := Reverse{Project: s.projectID(), Original: of("undone"), Reference: "new"}
	testRows(t, s, done, func(c *Reverse) Command { return c }, []row[Reverse]{{"nothing left of any", nil, AmountTooLarge, "Nothing is left"}})
}

func tableOfCancelScheduled(t *testing.T, s *script) {
	testRows(t, s, CancelScheduled{"none", "none", long, long}, func(c *CancelScheduled) Command { return *c }, []row[CancelScheduled]{
		{"actor too long", nil, BadRequest, "actor"},
		{"reason too long", func(c *CancelScheduled) { c.Actor = "" }, BadRequest, "reason"},
		{"no such transaction", func(c *CancelScheduled) { c.Reason = "" }, NotFound, "not found"},
		{"never scheduled", func(c *CancelScheduled) { c.Transaction = s.transaction("fill") }, NotFound, "not found"},
		{"another project's", func(c *CancelScheduled) { c.Transaction = s.transaction("later") }, NotFound, "not found"},
		{"performed", func(c *CancelScheduled) { c.Project, c.Transaction = s.projectID(), s.transaction("soon") }, AlreadyPerformed, "was performed"},
		{"cancelled before", func(c *CancelScheduled) { c.Transaction = s.transaction("never") }, nothing, ""},
		{"cancelled", func(c *CancelScheduled) { c.Transaction = s.transaction("later") }, "", ""},
	})
}
