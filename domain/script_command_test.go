package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// The commands of a script. AMOUNT is in major units; TIME is 2026-02-01,
// 2026-02-01T10:30, a moment of RFC 3339, or +7d from now.
//
//	project NAME currency=GHS [SETTINGS]
//	change  NAME [SETTINGS]                those not given stay
//	    SETTINGS: locale=en-GH one_wallet=yes name=… zone=Africa/Accra own_free=yes notice=7d backdating=30d
//	        fee=1 or FEES, limit.CURRENCY.LIMIT=…
//	in NAME                                commands are about that project from here on
//	credential NAME | revoke NAME
//	asset CODE [scale=0] [number=900] [name=…] [symbol=…]
//	customer ID [username=…] [phone=…] [email=…] [name=…] [description=…] [role=…] [meta.KEY=…]
//	wallet NAME (customer=ID | system=yes [liquidity=yes]) [currency=GHS] [type=POSTPAID] [TERMS]
//	changewallet WALLET [TERMS]
//	    TERMS: name=… meta.KEY=… limit=AMOUNT (the credit limit) settle=weekly:1 FEES LIMITS
//	    FEES: fee.transfer[.CURRENCY]=1%,0.50,>=1,<=5 (percentage, fixed, minimum, maximum; none: fee.transfer=)
//	    LIMITS: max_balance=… max_amount=… daily=… monthly=… daily_count=… monthly_count=…
//	freeze | unfreeze | disable | enable WALLET [actor=…] [reason=…]
//	close WALLET [refund=WALLET | redeem=yes] [reference=…] [actor=…] [reason=…]
//	transact REFERENCE: OPERATION, then OPERATION, …[; version.WALLET=3 effective_at=TIME scheduled_for=TIME]
//	    transfer AMOUNT [minor] from WALLET to WALLET | to @IDENTIFIER
//	    issue AMOUNT [minor] to WALLET [expires TIME] [grant] | redeem AMOUNT [minor] from WALLET
//	    exchange AMOUNT from WALLET to WALLET rate 1.5
//	reverse REFERENCE of=REFERENCE [parts=0:AMOUNT,1] [fees=return]
//	cancel  REFERENCE [actor=…] [reason=…]
//	hold NAME from=WALLET amount=AMOUNT [expires=TIME] | release NAME [amount=AMOUNT]
//	capture REFERENCE hold=NAME [amount=AMOUNT] [to=WALLET] [release_rest=yes]
//	escrow NAME from=WALLET to=WALLET|@IDENTIFIER amount=AMOUNT [deadline=TIME] [at_deadline=release] [approval=yes]
//	approve NAME party=sender [actor=…]
//	payout | refund REFERENCE escrow=NAME [amount=AMOUNT]
//	settle REFERENCE wallet=WALLET [from=WALLET] [amount=AMOUNT]
//	monitor NAME wallet=WALLET metric=balance threshold=AMOUNT | unmonitor NAME wallet=WALLET
//
// And lines that are not commands:
//
//	find IDENTIFIER | balances | lots
//	at TIME | wait 7d     time passes, and does what it does at each moment
//	late TIME             the clock goes on, and nothing that time does is done yet
//	down TIME             the ledger starts again at that time, from the facts alone
func (s *script) command(verb, rest string) Command {
	name := words(rest)[0]
	options := s.options(words(rest)[1:])
	project := s.projectID()
	switch verb {
	case "project":
		return CreateProject{s.settings(ProjectSettings{Name: name}, options)}
	case "change":
		id := ids.Project(s.id(name))
		var old ProjectSettings
		if project, ok := s.state.Project(id); ok {
			old = project.Settings
		}
		return ChangeProject{id, s.settings(old, options)}
	case "credential":
		return CreateCredential{Project: project, Name: name}
	case "revoke":
		return RevokeCredential{project, ids.APIKey(s.id(name))}
	case "asset":
		return s.asset(name, options)
	case "customer":
		return s.customer(name, options)
	case "transact":
		return s.transact(rest)
	case "reverse":
		return s.reverse(name, options)
	case "cancel":
		return CancelScheduled{project, s.transaction(name), options["actor"], options["reason"]}
	}
	if command := s.walletCommand(verb, name, options); command != nil {
		return command
	}
	if command := s.dealing(verb, name, options); command != nil {
		return command
	}
	s.t.Fatalf("unknown command %q", verb)
	return nil
}

func (s *script) walletCommand(verb, name string, options map[string]string) Command {
	switch verb {
	case "wallet":
		return CreateWallet{
			Project: s.projectID(), Customer: ids.Customer(options["customer"]), System: options["system"] == "yes",
			Liquidity: options["liquidity"] == "yes", Currency: money.AssetCode(options["currency"]), Type: WalletType(options["type"]),
			Name: options["name"], Metadata: notes(options), Terms: s.terms(&Terms{}, options),
		}
	case "changewallet":
		c := ChangeWallet{Project: s.projectID(), Wallet: s.wallet(name), Metadata: notes(options)}
		old := &Terms{}
		if wallet, ok := s.state.Wallet(c.Wallet); ok {
			old = wallet.Terms
		}
		c.Terms = s.terms(old, options)
		if text, ok := options["name"]; ok {
			c.Name = &text
		}
		return c
	case "freeze", "unfreeze", "disable", "enable":
		return ChangeStatus{s.projectID(), s.wallet(name), StatusChange(verb), options["actor"], options["reason"]}
	case "close":
		return CloseWallet{
			Project: s.projectID(), Wallet: s.wallet(name), Recipient: s.wallet(options["refund"]), Redeem: options["redeem"] == "yes",
			Reference: ids.Reference(options["reference"]), Actor: options["actor"], Reason: options["reason"],
		}
	case "settle":
		return Settle{
			Project: s.projectID(), Wallet: s.wallet(options["wallet"]), Sender: s.wallet(options["from"]), Reference: ids.Reference(name),
			Quantity: s.quantity(options),
		}
	case "monitor":
		return SetMonitor{s.projectID(), s.wallet(options["wallet"]), MonitorMetric(options["metric"]), read(s, money.MajorUnits, options["threshold"])}
	case "unmonitor":
		return RemoveMonitor{s.projectID(), s.wallet(options["wallet"]), ids.Monitor(s.id(name))}
	}
	return nil
}

// dealing is a command about holds and escrows.
func (s *script) dealing(verb, name string, options map[string]string) Command {
	switch verb {
	case "hold":
		return PlaceHold{
			Project: s.projectID(), Wallet: s.wallet(options["from"]), Reference: ids.Reference(name), Quantity: s.quantity(options),
			ExpiresAt: s.time(options["expires"]),
		}
	case "capture":
		return CaptureHold{
			Project: s.projectID(), Hold: ids.Hold(s.id(options["hold"])), Recipient: s.wallet(options["to"]), Reference: ids.Reference(name),
			Quantity: s.quantity(options), ReleaseRest: options["release_rest"] == "yes",
		}
	case "release":
		return ReleaseHold{s.projectID(), ids.Hold(s.id(name)), s.quantity(options)}
	case "escrow":
		c := CreateEscrow{
			Project: s.projectID(), Sender: s.wallet(options["from"]), Reference: ids.Reference(name), Quantity: s.quantity(options),
			Deadline: s.time(options["deadline"]), AtDeadline: EscrowEnd(options["at_deadline"]), Approval: options["approval"] == "yes",
		}
		if recipient, ok := strings.CutPrefix(options["to"], "@"); ok {
			c.RecipientIdentifier = recipient
		} else {
			c.Recipient = s.wallet(options["to"])
		}
		return c
	case "approve":
		return ApproveEscrow{s.projectID(), ids.Escrow(s.id(name)), EscrowParty(options["party"]), options["actor"]}
	case "payout", "refund":
		how := ReleaseAtDeadline
		if verb == "refund" {
			how = RefundAtDeadline
		}
		return EndEscrow{Project: s.projectID(), Escrow: ids.Escrow(s.id(options["escrow"])), How: how, Reference: ids.Reference(name), Quantity: s.quantity(options)}
	}
	return nil
}

// quantity is what amount= says; nothing is not set.
func (s *script) quantity(options map[string]string) money.Quantity {
	return read(s, money.MajorUnits, options["amount"])
}

// read reads a number, "" as none. What is not read is noted.
func read[N any](s *script, parse func(string) (N, bool), text string) N {
	number, ok := parse(text)
	if !ok && text != "" {
		s.unread = append(s.unread, text)
	}
	return number
}

func (s *script) options(args []string) map[string]string {
	options := map[string]string{}
	for _, arg := range args {
		if key, value, ok := strings.Cut(arg, "="); ok {
			options[key] = value
		}
	}
	return options
}

func (s *script) asset(code string, options map[string]string) Command {
	asset := money.Asset{Code: money.AssetCode(code), Name: options["name"], Symbol: options["symbol"]}
	for key, field := range map[string]*int{"scale": &asset.Scale, "number": &asset.NumericID} {
		if text, ok := options[key]; ok {
			if _, err := fmt.Sscan(text, field); err != nil {
				s.t.Fatalf("%s=%s: %v", key, text, err)
			}
		}
	}
	return DefineAsset{s.projectID(), asset}
}

// notes are the metadata that options give, nil for none.
func notes(options map[string]string) Metadata {
	all := Metadata{}
	for key, value := range options {
		if note, ok := strings.CutPrefix(key, "meta."); ok {
			all[note] = value
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

func (s *script) customer(id string, options map[string]string) Command {
	change := ProfileChange{Metadata: notes(options)}
	fields := map[string]**string{
		"username": &change.Username, "phone": &change.Phone, "email": &change.Email,
		"name": &change.Name, "description": &change.Description, "role": &change.Role,
	}
	for key, value := range options {
		if strings.HasPrefix(key, "meta.") {
			continue
		}
		field, ok := fields[key]
		if !ok {
			s.t.Fatalf("a customer has no %q", key)
		}
		*field = &value
	}
	return UpsertCustomer{s.projectID(), ids.Customer(id), change}
}

func (s *script) transact(rest string) Command {
	rest, more, _ := strings.Cut(rest, "; ")
	reference, operations, _ := strings.Cut(rest, ": ")
	c := &Transact{Project: s.projectID(), Reference: ids.Reference(reference), Operations: s.operations(operations)}
	for _, arg := range words(more) {
		key, value, _ := strings.Cut(arg, "=")
		wallet, precondition := strings.CutPrefix(key, "version.")
		switch {
		case precondition:
			one := Precondition{Wallet: s.wallet(wallet)}
			if _, err := fmt.Sscan(value, &one.Version); err != nil {
				s.t.Fatalf("%s: %v", arg, err)
			}
			c.Preconditions = append(c.Preconditions, one)
		case key == "effective_at":
			c.EffectiveAt = s.time(value)
		case key == "scheduled_for":
			c.ScheduledFor = s.time(value)
		case arg != "":
			s.t.Fatalf("a transaction has no %q", arg)
		}
	}
	return c
}

func (s *script) operations(text string) []Operation {
	var all []Operation
	for part := range strings.SplitSeq(text, ", then ") {
		args := append(words(part), "")
		operation := Operation{Type: OperationType(args[0])}
		operation.Quantity = read(s, money.MajorUnits, args[1])
		for i := 2; i < len(args)-1; i++ {
			i += s.operand(&operation, args[1], args[i], args[i+1])
		}
		all = append(all, operation)
	}
	return all
}

// operand reads a word of an operation, and returns how many more it took.
func (s *script) operand(o *Operation, amount, word, next string) int {
	recipient, byIdentifier := strings.CutPrefix(next, "@")
	switch {
	case word == "minor":
		o.Quantity = read(s, money.MinorUnits, amount)
		return 0
	case word == "grant":
		o.Grant = true
		return 0
	case word == "expires":
		o.ExpiresAt = s.time(next)
	case word == "rate":
		o.Rate = read(s, money.ParseRate, next)
	case word == "from":
		o.Sender = s.wallet(next)
	case word == "to" && byIdentifier:
		o.RecipientIdentifier = recipient
	case word == "to":
		o.Recipient = s.wallet(next)
	default:
		s.t.Fatalf("%q in an operation", word)
	}
	return 1
}

func (s *script) reverse(name string, options map[string]string) Command {
	c := &Reverse{
		Project: s.projectID(), Original: s.completed[s.transaction(options["of"])], Reference: ids.Reference(name), ReturnFees: options["fees"] == "return",
	}
	if options["parts"] == "" {
		return c
	}
	for text := range strings.SplitSeq(options["parts"], ",") {
		index, amount, given := strings.Cut(text, ":")
		var part ReversalPart
		if _, err := fmt.Sscan(index, &part.Operation); err != nil {
			s.t.Fatalf("part %s: %v", text, err)
		}
		if given {
			part.Quantity = read(s, money.MajorUnits, amount)
		}
		c.Parts = append(c.Parts, part)
	}
	return c
}

// settings are those of a project with options on top.
func (s *script) settings(p ProjectSettings, options map[string]string) ProjectSettings {
	p.Limits = slices.Clone(p.Limits)
	for _, key := range sortedKeys(options) {
		value, err := options[key], error(nil)
		switch {
		case key == "name":
			p.Name = value
		case key == "currency":
			p.Currency = money.AssetCode(value)
		case key == "locale":
			p.Locale = value
		case key == "zone":
			p.Zone, err = time.LoadLocation(value)
		case key == "notice":
			p.ExpiryNotice = s.duration(value)
		case key == "backdating":
			p.Backdating = s.duration(value)
		case key == "own_free":
			p.OwnTransfersFree = value == "yes"
		case key == "one_wallet":
			p.OneWalletPerCustomer = value == "yes"
		case key == "fee":
			p.Fees = s.withFee(p.Fees, "fee.transfer", value+"%")
		case strings.HasPrefix(key, "fee."):
			p.Fees = s.withFee(p.Fees, key, value)
		case strings.HasPrefix(key, "limit."):
			p.Limits = s.withLimit(p.Limits, key, value)
		default:
			err = fmt.Errorf("no such setting")
		}
		if err != nil {
			s.t.Fatalf("setting %s=%s: %v", key, value, err)
		}
	}
	return p
}
