package domain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// The commands of a script:
//
//	project NAME currency=GHS [fee=1] [locale=en-GH] [one_wallet=yes] [name=…]
//	change  NAME …                      the same settings; those not given stay
//	in NAME                             commands are about that project from here on
//	credential NAME | revoke NAME
//	asset CODE [scale=0] [number=900] [name=…] [symbol=…]
//	customer ID [username=…] [phone=…] [email=…] [name=…] [description=…] [role=…] [meta.KEY=…]
//	wallet NAME (customer=ID | system=yes) [currency=GHS] [name=…]
//	disable WALLET [actor=…] [reason=…] | enable WALLET …
//	transact REFERENCE: OPERATION, then OPERATION, …
//	    transfer AMOUNT [minor] from WALLET to WALLET | to @IDENTIFIER
//	    issue AMOUNT [minor] to WALLET | redeem AMOUNT [minor] from WALLET
//	find IDENTIFIER | balances
func (s *script) command(verb, rest string) Command {
	args := words(rest)
	name, options := args[0], s.options(args[1:])
	switch verb {
	case "project":
		return CreateProject{s.settings(ProjectSettings{Name: name}, options)}
	case "change":
		id := ProjectID(s.id(name))
		var old ProjectSettings
		if project, ok := s.state.Project(id); ok {
			old = project.Settings
		}
		return ChangeProject{id, s.settings(old, options)}
	case "credential":
		return CreateCredential{Project: s.projectID(), Name: name}
	case "revoke":
		return RevokeCredential{s.projectID(), APIKey(s.id(name))}
	case "asset":
		return s.asset(name, options)
	case "customer":
		return s.customer(name, options)
	case "wallet":
		return CreateWallet{s.projectID(), CustomerID(options["customer"]), options["system"] == "yes", AssetCode(options["currency"]), options["name"], nil}
	case "disable":
		return SetWalletStatus{s.projectID(), s.wallet(name), Disabled, options["actor"], options["reason"]}
	case "enable":
		return SetWalletStatus{s.projectID(), s.wallet(name), Active, options["actor"], options["reason"]}
	case "transact":
		reference, operations, _ := strings.Cut(rest, ": ")
		return &Transact{Project: s.projectID(), Reference: Reference(reference), Operations: s.operations(operations)}
	}
	s.t.Fatalf("unknown command %q", verb)
	return nil
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

func (s *script) settings(p ProjectSettings, options map[string]string) ProjectSettings {
	for key, value := range options {
		ok := true
		switch key {
		case "name":
			p.Name = value
		case "currency":
			p.Currency = AssetCode(value)
		case "locale":
			p.Locale = value
		case "fee":
			p.TransferFee.Percentage, ok = ParsePercentage(value)
		case "one_wallet":
			p.OneWalletPerCustomer = value == "yes"
		default:
			ok = false
		}
		if !ok {
			s.t.Fatalf("setting %s=%s", key, value)
		}
	}
	return p
}

func (s *script) asset(code string, options map[string]string) Command {
	asset := Asset{Code: AssetCode(code), Name: options["name"], Symbol: options["symbol"]}
	for key, field := range map[string]*int{"scale": &asset.Scale, "number": &asset.NumericID} {
		if text, ok := options[key]; ok {
			if _, err := fmt.Sscan(text, field); err != nil {
				s.t.Fatalf("%s=%s: %v", key, text, err)
			}
		}
	}
	return DefineAsset{s.projectID(), asset}
}

func (s *script) customer(id string, options map[string]string) Command {
	var change ProfileChange
	fields := map[string]**string{
		"username": &change.Username, "phone": &change.Phone, "email": &change.Email,
		"name": &change.Name, "description": &change.Description, "role": &change.Role,
	}
	for key, value := range options {
		if note, ok := strings.CutPrefix(key, "meta."); ok {
			change.Metadata = withRow(change.Metadata, note, value)
			continue
		}
		field, ok := fields[key]
		if !ok {
			s.t.Fatalf("a customer has no %q", key)
		}
		*field = &value
	}
	return UpsertCustomer{s.projectID(), CustomerID(id), change}
}

func (s *script) operations(text string) []Operation {
	var all []Operation
	for part := range strings.SplitSeq(text, ", then ") {
		args := append(words(part), "")
		operation := Operation{Type: OperationType(args[0])}
		operation.Quantity, _ = MajorUnits(args[1])
		for i := 2; i < len(args)-1; i++ {
			name := args[i+1]
			recipient, byIdentifier := strings.CutPrefix(name, "@")
			switch {
			case args[i] == "minor":
				operation.Quantity, _ = MinorUnits(args[1])
				continue
			case args[i] == "from":
				operation.From = s.wallet(name)
			case byIdentifier:
				operation.Recipient = recipient
			case args[i] == "to":
				operation.To = s.wallet(name)
			default:
				s.t.Fatalf("%q in %q", args[i], part)
			}
			i++
		}
		all = append(all, operation)
	}
	return all
}

// say tells a fact in words.
func (s *script) say(event Event) []string {
	switch e := event.(type) {
	case *ProjectCreated:
		return []string{"project " + s.project + ": " + saySettings(e.Settings)}
	case *ProjectChanged:
		return []string{"project " + s.names[string(e.Project)] + " is now: " + saySettings(e.Settings)}
	case *CredentialCreated:
		return []string{"credential " + s.names[string(e.Key)]}
	case *CredentialRevoked:
		return []string{"credential " + s.names[string(e.Key)] + " revoked"}
	case *AssetDefined:
		a := e.Asset
		return []string{fmt.Sprintf("asset %s: scale %d", a.Code, a.Scale) + given("number", fmt.Sprint(a.NumericID)) + given("name", a.Name) + given("symbol", a.Symbol)}
	case *CustomerUpserted:
		return []string{"customer " + string(e.Customer) + sayProfile(e.Profile)}
	case *WalletCreated:
		return []string{fmt.Sprintf("wallet %s: %s, %s, number %d", s.names[string(e.Wallet)], e.Role, e.Asset.Code, e.Number) + given("owner", string(e.Customer))}
	case *WalletStatusChanged:
		return []string{fmt.Sprintf("wallet %s is %s", s.names[string(e.Wallet)], e.Status) + given("by", e.Actor) + given("because", e.Reason)}
	case *TransactionCompleted:
		answers := []string{"completed"}
		for _, entry := range e.Entries {
			answers = append(answers, s.sayEntry(entry))
		}
		return answers
	case *TransactionFailed:
		return s.refusal("failed", &e.Failure)
	}
	panic(fmt.Sprintf("no words for %T", event))
}

func given(name, value string) string {
	if value == "" || value == "0" {
		return ""
	}
	return ", " + name + " " + value
}

func saySettings(p ProjectSettings) string {
	text := string(p.Currency) + given("locale", p.Locale)
	if !p.TransferFee.Percentage.IsZero() {
		text += given("fee", p.TransferFee.Percentage.String()+" %")
	}
	if p.OneWalletPerCustomer {
		text += ", one wallet per customer"
	}
	return text
}

func sayProfile(p Profile) string {
	text := given("username", p.Username) + given("phone", p.Phone) + given("email", p.Email) +
		given("name", p.Name) + given("description", p.Description) + given("role", p.Role)
	if len(p.Metadata) > 0 {
		text += fmt.Sprint(", ", p.Metadata) // fmt sorts the keys
	}
	return text
}

func (s *script) sayEntry(e Entry) string {
	kind := string(e.Kind)
	if e.Fee {
		kind += " (fee)"
	}
	return fmt.Sprintf("  %-16s %-12s %12s  balance %12s  version %d", s.names[string(e.Wallet)], kind, e.Amount, e.Balance, e.Version)
}

func (s *script) refusal(verb string, r *Rejection) []string {
	var pairs []string
	for id, name := range s.names {
		pairs = append(pairs, id, name)
	}
	named := strings.NewReplacer(pairs...)
	where := ""
	if r.Operation != NoOperation {
		where = fmt.Sprintf(" in operation %d", r.Operation+1)
	}
	answers := []string{verb + " " + string(r.Code) + where + ": " + named.Replace(r.Message)}
	details := ""
	for _, detail := range r.Details {
		details += given(detail.Name, named.Replace(detail.Value))
	}
	if details != "" {
		answers = append(answers, "  "+strings.TrimPrefix(details, ", "))
	}
	return answers
}

// balances of all wallets of the project, the oldest first.
func (s *script) balances() []string {
	var wallets []*Wallet
	for wallet := range s.state.Wallets() {
		if wallet.Project == s.projectID() {
			wallets = append(wallets, wallet)
		}
	}
	slices.SortFunc(wallets, func(a, b *Wallet) int { return cmp.Compare(a.Number, b.Number) })
	var answers []string
	for _, w := range wallets {
		answers = append(answers, strings.TrimSuffix(fmt.Sprintf("%-16s %12s %s, %s", s.names[string(w.ID)], w.Balance, w.Asset.Code, w.Status), ", active"))
	}
	return answers
}
