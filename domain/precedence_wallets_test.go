package domain

import (
	"strings"
	"testing"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

func tableOfCreateWallet(t *testing.T, s *script) {
	faulty := CreateWallet{Project: "none", Customer: "nobody", System: true, Liquidity: true, Currency: "NONE", Type: "OTHER", Name: long, Metadata: many}
	terms := func(change func(*TermsChange)) func(*CreateWallet) {
		return func(c *CreateWallet) { change(&c.Terms) }
	}
	cases := []row[CreateWallet]{
		{"both owners", nil, BadRequest, "not both"},
		{"liquidity of a customer", func(c *CreateWallet) { c.System = false }, BadRequest, "a liquidity wallet is a system wallet"},
		{"no owner", func(c *CreateWallet) { c.Customer, c.Liquidity = "", false }, BadRequest, "customer_id is required"},
		{"name too long", func(c *CreateWallet) { c.Customer = "nobody" }, BadRequest, "name"},
		{"metadata", func(c *CreateWallet) { c.Name = "" }, BadRequest, "51 keys"},
		{"no such type", func(c *CreateWallet) { c.Metadata = nil }, BadRequest, `type "OTHER"`},
		{"no such project", func(c *CreateWallet) { c.Type, c.Terms = "", faultyTerms() }, NotFound, "Project"},
		{"no such currency", func(c *CreateWallet) { c.Project = s.projectID() }, BadRequest, `"NONE"`},
		{"a credit limit that does not fit", func(c *CreateWallet) { c.Currency = "POINTS" }, BadRequest, "more digits than POINTS"},
	}
	for _, r := range checksOfTerms() {
		cases = append(cases, row[CreateWallet]{r.name, terms(r.repair), r.code, r.message})
	}
	cases = append(cases,
		row[CreateWallet]{"settled, though prepaid", terms(func(c *TermsChange) { c.Settlement.Period = Weekly }), BadRequest, "is settled"},
		row[CreateWallet]{"no such customer", func(c *CreateWallet) { c.Type = Postpaid }, NotFound, "Customer"},
		row[CreateWallet]{"another project's customer", func(c *CreateWallet) { c.Customer = "olu" }, NotFound, "Customer"},
		row[CreateWallet]{"there is one", func(c *CreateWallet) { c.Customer = "kofi" }, nothing, ""},
		row[CreateWallet]{"a wallet", func(c *CreateWallet) { c.Customer = "ama" }, "", ""},
		row[CreateWallet]{"the pool is there", func(c *CreateWallet) {
			*c = CreateWallet{Project: c.Project, System: true, Liquidity: true, Currency: "EUR"}
		}, nothing, ""},
		row[CreateWallet]{"a pool", func(c *CreateWallet) { c.Currency = "JPY" }, "", ""})
	testRows(t, s, faulty, func(c *CreateWallet) Command { return *c }, cases)
}

// faultyTerms are wrong in all they can be, for a prepaid wallet of points.
func faultyTerms() TermsChange {
	return TermsChange{
		CreditLimit: amount("0.1"), Fees: []FeeRule{{Operation: "tip"}}, Limits: &Limits{MaximumAmount: amount("0.1")},
		Settlement: &Settlement{Period: "daily", Day: 8},
	}
}

func checksOfTerms() []row[TermsChange] {
	return []row[TermsChange]{
		{"a credit limit below zero", func(c *TermsChange) { c.CreditLimit = amount("-1") }, BadRequest, "credit_limit must be zero"},
		{"a credit limit, though prepaid", func(c *TermsChange) { c.CreditLimit = amount("1") }, BadRequest, "has a credit_limit"},
		{"a fee for nothing", func(c *TermsChange) { c.CreditLimit = money.Quantity{} }, BadRequest, `charged for "tip"`},
		{"a fee in no currency", func(c *TermsChange) {
			c.Fees = []FeeRule{{Operation: Transfer, Currency: "NONE", Maximum: amount("0.5")}}
		}, BadRequest, `currency "NONE"`},
		{"a fee that does not fit", func(c *TermsChange) { c.Fees[0].Currency = "" }, BadRequest, "fees.transfer.maximum has more digits than POINTS"},
		{"a limit that does not fit", func(c *TermsChange) { c.Fees = nil }, BadRequest, "maximum_amount"},
		{"no such period", func(c *TermsChange) { c.Limits = nil }, BadRequest, `settlement period "daily"`},
		{"no such day of the month", func(c *TermsChange) { c.Settlement.Period, c.Settlement.Day = Monthly, 32 }, BadRequest, "1 to 31"},
		{"no such day of the week", func(c *TermsChange) { c.Settlement.Period = Weekly }, BadRequest, "1 (Monday) to 7"},
		{"a day of no period", func(c *TermsChange) { c.Settlement.Period, c.Settlement.Day = "", 1 }, BadRequest, `settlement period ""`},
	}
}

func tableOfChangeWallet(t *testing.T, s *script) {
	faulty := ChangeWallet{Project: "none", Wallet: "none", Name: &long, Metadata: many, Terms: faultyTerms()}
	cases := []row[ChangeWallet]{
		{"name too long", nil, BadRequest, "name"},
		{"metadata", func(c *ChangeWallet) { c.Name = new(string) }, BadRequest, "51 keys"},
		{"no such wallet", func(c *ChangeWallet) { c.Metadata = nil }, NotFound, "Wallet"},
		{"not this project's", func(c *ChangeWallet) { c.Wallet = s.wallet("gone") }, NotFound, "Wallet"},
		{"closed", func(c *ChangeWallet) { c.Project = s.projectID() }, WalletIsClosed, "closed"},
		{"a credit limit that does not fit", func(c *ChangeWallet) { c.Wallet = s.wallet("points") }, BadRequest, "more digits than POINTS"},
	}
	for _, r := range checksOfTerms() {
		cases = append(cases, row[ChangeWallet]{r.name, func(c *ChangeWallet) { r.repair(&c.Terms) }, r.code, r.message})
	}
	testRows(t, s, faulty, func(c *ChangeWallet) Command { return *c }, append(cases,
		row[ChangeWallet]{"settled, though prepaid", func(c *ChangeWallet) { c.Terms.Settlement.Period = Weekly }, BadRequest, "is settled"},
		row[ChangeWallet]{"as it is", func(c *ChangeWallet) { c.Terms.Settlement = nil }, nothing, ""},
		row[ChangeWallet]{"a change", func(c *ChangeWallet) { c.Metadata = Metadata{"a": "b"} }, "", ""}))
}

func tableOfChangeStatus(t *testing.T, s *script) {
	s.set("transact credit: issue 1 to till expires 2026-01-02\nat 2026-01-02\n")
	testRows(t, s, ChangeStatus{"none", "none", "shut", long, long}, func(c *ChangeStatus) Command { return *c }, []row[ChangeStatus]{
		{"actor too long", nil, BadRequest, "actor"},
		{"reason too long", func(c *ChangeStatus) { c.Actor = "" }, BadRequest, "reason"},
		{"no such change", func(c *ChangeStatus) { c.Reason = "" }, BadRequest, `status change "shut"`},
		{"no such wallet", func(c *ChangeStatus) { c.Change = Freeze }, NotFound, "Wallet"},
		{"not this project's", func(c *ChangeStatus) { c.Wallet = s.wallet("gone") }, NotFound, "Wallet"},
		{"the escrow account", func(c *ChangeStatus) { c.Project, c.Wallet = s.projectID(), s.wallet("escrow/USD") }, BadRequest, "stays active"},
		{"the breakage account", func(c *ChangeStatus) { c.Wallet = s.wallet("breakage/USD") }, BadRequest, "stays active"},
		{"closed", func(c *ChangeStatus) { c.Wallet = s.wallet("gone") }, WalletIsClosed, "closed"},
		{"disabled", func(c *ChangeStatus) { c.Wallet = s.wallet("shut") }, WalletIsDisabled, "disabled"},
		{"enabled, though frozen", func(c *ChangeStatus) { c.Wallet, c.Change = s.wallet("cold"), Enable }, nothing, ""},
		{"it is so", func(c *ChangeStatus) { c.Change = Freeze }, nothing, ""},
		{"a change", func(c *ChangeStatus) { c.Change = Disable }, "", ""},
	})
}

func tableOfCloseWallet(t *testing.T, s *script) {
	faulty := CloseWallet{Project: "none", Wallet: "none", Recipient: "none", Redeem: true, Reference: ids.Reference(ids.ReservedReferences), Actor: long, Reason: long}
	testRows(t, s, faulty, func(c *CloseWallet) Command { return *c }, []row[CloseWallet]{
		{"actor too long", nil, BadRequest, "actor"},
		{"reason too long", func(c *CloseWallet) { c.Actor = "" }, BadRequest, "reason"},
		{"to two places", func(c *CloseWallet) { c.Reason = "" }, BadRequest, "not both"},
		{"the ledger's reference", func(c *CloseWallet) { c.Redeem = false }, BadRequest, "the ledger's own"},
		{"no reference", func(c *CloseWallet) { c.Reference = "" }, BadRequest, "reference is required"},
		{"no such project", func(c *CloseWallet) { c.Reference = "fill" }, NotFound, "Project"},
		{"no such wallet", func(c *CloseWallet) { c.Project = s.projectID() }, NotFound, "none not found"},
		{"closed before", func(c *CloseWallet) { c.Wallet = s.wallet("gone") }, nothing, ""},
		{"bookkeeping", func(c *CloseWallet) { c.Wallet = s.wallet("issuance/USD") }, BadRequest, "never closed"},
		{"reference used", func(c *CloseWallet) { c.Wallet = s.wallet("shut-held") }, DuplicateReference, "reference"},
		{"no such recipient", func(c *CloseWallet) { c.Reference = "new" }, NotFound, "none not found"},
		{"a recipient that is bookkeeping", func(c *CloseWallet) { c.Recipient = s.wallet("issuance/USD") }, BadRequest, "issuance account"},
		{"not empty", func(c *CloseWallet) { c.Recipient = s.wallet("shut-held") }, WalletNotEmpty, "1 holds"},
		{"disabled", func(c *CloseWallet) { c.Wallet, c.Recipient = s.wallet("shut-full"), s.wallet("shut-full") }, WalletIsDisabled, "disabled"},
		{"to itself", func(c *CloseWallet) { c.Wallet, c.Recipient = s.wallet("frost"), s.wallet("frost") }, SameWallet, "same wallet"},
		{"to a closed one", func(c *CloseWallet) { c.Recipient = s.wallet("gone") }, WalletIsClosed, "closed"},
		{"to a disabled one", func(c *CloseWallet) { c.Recipient = s.wallet("shut") }, WalletIsDisabled, "disabled"},
		{"to another asset", func(c *CloseWallet) { c.Recipient = s.wallet("points") }, AssetMismatch, "only an exchange"},
		{"closed", func(c *CloseWallet) { c.Recipient = s.wallet("kofis") }, "", ""},
		{"not asked where to", func(c *CloseWallet) { c.Recipient = "" }, WalletNotEmpty, "not empty"},
		{"empty", func(c *CloseWallet) { c.Wallet = s.wallet("shut") }, "", ""},
	})
}

func tableOfSetMonitor(t *testing.T, s *script) {
	testRows(t, s, SetMonitor{"none", "none", "colour", money.Quantity{}}, func(c *SetMonitor) Command { return *c }, []row[SetMonitor]{
		{"no such metric", nil, BadRequest, `metric "colour"`},
		{"no threshold", func(c *SetMonitor) { c.Metric = BalanceMetric }, BadRequest, "threshold is required"},
		{"no such wallet", func(c *SetMonitor) { c.Threshold = amount("0.001") }, NotFound, "Wallet"},
		{"not this project's", func(c *SetMonitor) { c.Wallet = s.wallet("gone") }, NotFound, "Wallet"},
		{"closed", func(c *SetMonitor) { c.Project = s.projectID() }, WalletIsClosed, "closed"},
		{"a threshold that does not fit", func(c *SetMonitor) { c.Wallet = s.wallet("watched") }, BadRequest, "more digits than USD"},
		{"it is there", func(c *SetMonitor) { c.Threshold = amount("7.0") }, nothing, ""},
		{"one too many", func(c *SetMonitor) { c.Threshold = amount("-1") }, BadRequest, "at most 50 monitors"},
		{"a monitor", func(c *SetMonitor) { c.Wallet = s.wallet("amas") }, "", ""},
	})
}

func tableOfRemoveMonitor(t *testing.T, s *script) {
	testRows(t, s, RemoveMonitor{"none", "none", "none"}, func(c *RemoveMonitor) Command { return *c }, []row[RemoveMonitor]{
		{"no such wallet", nil, NotFound, "Wallet"},
		{"not this project's", func(c *RemoveMonitor) { c.Wallet = s.wallet("amas") }, NotFound, "Wallet"},
		{"no such monitor", func(c *RemoveMonitor) { c.Project = s.projectID() }, NotFound, "Monitor"},
		{"another wallet's", func(c *RemoveMonitor) { c.Monitor = ids.Monitor(s.id("m7")) }, NotFound, "Monitor"},
		{"removed", func(c *RemoveMonitor) { c.Wallet = s.wallet("watched") }, "", ""},
	})
}

func tableOfSettle(t *testing.T, s *script) {
	faulty := Settle{Project: "none", Wallet: "none", Sender: "none", Quantity: amount("0"), Description: long, Metadata: many}
	testRows(t, s, faulty, func(c *Settle) Command { return *c }, []row[Settle]{
		{"no reference", nil, BadRequest, "reference is required"},
		{"the ledger's reference", func(c *Settle) { c.Reference = ids.Reference(ids.ReservedReferences) }, BadRequest, "the ledger's own"},
		{"description", func(c *Settle) { c.Reference = "fill" }, BadRequest, "description"},
		{"metadata", func(c *Settle) { c.Description = "" }, BadRequest, "51 keys"},
		{"no amount", func(c *Settle) { c.Metadata = nil }, BadRequest, "more than zero"},
		{"no such project", func(c *Settle) { c.Quantity = amount("0.001") }, NotFound, "Project"},
		{"reference used", func(c *Settle) { c.Project = s.projectID() }, DuplicateReference, "reference"},
		{"no such wallet", func(c *Settle) { c.Reference = "new" }, NotFound, "none not found"},
		{"no such payer", func(c *Settle) { c.Wallet = s.wallet("amas") }, NotFound, "none not found"},
		{"a payer that is bookkeeping", func(c *Settle) { c.Sender = s.wallet("issuance/USD") }, BadRequest, "issuance account"},
		{"prepaid", func(c *Settle) { c.Sender = s.wallet("gone") }, BadRequest, "only a POSTPAID"},
		{"amount does not fit", func(c *Settle) { c.Wallet = s.wallet("debtor") }, BadRequest, "more digits than USD"},
		{"more than is owed", func(c *Settle) { c.Quantity = amount("20.01") }, AmountTooLarge, "owes 20.00"},
		{"to itself", func(c *Settle) { c.Quantity, c.Sender = amount("20"), c.Wallet }, SameWallet, "same wallet"},
		{"from a closed one", func(c *Settle) { c.Sender = s.wallet("gone") }, WalletIsClosed, "closed"},
		{"from a disabled one", func(c *Settle) { c.Sender = s.wallet("shut") }, WalletIsDisabled, "disabled"},
		{"from a frozen one", func(c *Settle) { c.Sender = s.wallet("cold") }, WalletIsFrozen, "frozen"},
		{"from another asset", func(c *Settle) { c.Sender = s.wallet("points") }, AssetMismatch, "only an exchange"},
		{"not enough", func(c *Settle) { c.Sender = s.wallet("amas") }, InsufficientFunds, "10.00 USD is available"},
		{"a settlement", func(c *Settle) { c.Quantity = amount("10") }, "", ""},
	})
}

// monitors are the lines of a script that give a wallet all the monitors it can have.
func monitors(wallet string) string {
	var lines strings.Builder
	for n := range MaxMonitors {
		lines.WriteString("monitor m" + number(uint64(n)) + " wallet=" + wallet + " metric=balance threshold=" + number(uint64(n)) + "\n")
	}
	return lines.String()
}
