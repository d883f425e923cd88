package domain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"tallystick/domain/ids"
)

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
	case *TransactionCompleted:
		return s.sayCompleted(e)
	case *TransactionFailed:
		return s.refusal("failed", &e.Failure, s.sayOrigin(e.Origin))
	case *TransactionScheduled:
		return []string{fmt.Sprintf("scheduled for %s: %s", sayTime(e.ScheduledFor), s.sayOperations(e.Operations))}
	case *TransactionCancelled:
		return []string{s.names[string(e.Transaction)] + " is cancelled" + given("by", e.Actor) + given("because", e.Reason)}
	case *TransactionReversed:
		return s.sayReversed(e)
	}
	if text := s.sayWallet(event); text != "" {
		return []string{text}
	}
	return []string{s.sayDealing(event)}
}

// sayWallet is a fact about one wallet, "" for any other.
func (s *script) sayWallet(event Event) string {
	switch e := event.(type) {
	case *WalletCreated:
		text := fmt.Sprintf("wallet %s: %s, %s, number %d", s.names[string(e.Wallet)], e.Role, e.Asset.Code, e.Number) + given("owner", string(e.Customer))
		if e.Type != Prepaid {
			text += ", " + string(e.Type)
		}
		return text + sayTerms(e.Terms)
	case *WalletChanged:
		return fmt.Sprintf("wallet %s is now: ", s.names[string(e.Wallet)]) +
			cmp.Or(strings.TrimPrefix(given("name", e.Name)+sayNotes(e.Metadata)+sayTerms(e.Terms), ", "), "as any other")
	case *WalletStatusChanged:
		return fmt.Sprintf("wallet %s is %s", s.names[string(e.Wallet)], e.Status) + given("by", e.Actor) + given("because", e.Reason)
	case *SettlementDue:
		return fmt.Sprintf("wallet %s is to settle %s for the period to %s; the next ends %s", s.names[string(e.Wallet)], e.Amount, sayTime(e.PeriodEnd), sayTime(e.Next))
	case *CreditExpiring:
		return "will expire: " + s.sayLot(e.Wallet, e.Lot)
	case *MonitorSet:
		return fmt.Sprintf("monitor %s: %s of %s at %s, now %s", s.names[string(e.Monitor.ID)], e.Monitor.Metric, s.names[string(e.Wallet)], e.Monitor.Threshold, side(e.Monitor.Above))
	case *MonitorRemoved:
		return "monitor " + s.names[string(e.Monitor)] + " removed"
	case *MonitorTriggered:
		return fmt.Sprintf("monitor %s: %s of %s is %s, %s %s", s.names[string(e.Monitor)], e.Metric, s.names[string(e.Wallet)], e.Value, side(e.Above), e.Threshold)
	}
	return ""
}

func side(above bool) string {
	if above {
		return "at or above"
	}
	return "below"
}

// sayDealing is a fact about a hold or an escrow.
func (s *script) sayDealing(event Event) string {
	switch e := event.(type) {
	case *HoldPlaced:
		return fmt.Sprintf("hold %s: %s of %s", s.names[string(e.Hold)], e.Amount, s.names[string(e.Wallet)]) + sayUntil("until", e.ExpiresAt) + s.sayLots(e.Wallet, e.Lots)
	case *HoldCaptured:
		return fmt.Sprintf("hold %s captured: %s, %s left", s.names[string(e.Hold)], e.Amount, e.Remaining) + s.sayLots(e.Wallet, e.Lots)
	case *HoldReleased:
		how := "released"
		if e.Expired {
			how = "expired"
		}
		return fmt.Sprintf("hold %s %s: %s, %s left", s.names[string(e.Hold)], how, e.Amount, e.Remaining) + s.sayLots(e.Wallet, e.Lots)
	case *EscrowCreated:
		text := fmt.Sprintf("escrow %s: %s from %s to %s", s.names[string(e.Escrow)], e.Amount, s.names[string(e.Sender)], s.names[string(e.Recipient)]) +
			sayUntil(string(e.AtDeadline)+" at", e.Deadline)
		if e.Approval {
			text += ", both must approve"
		}
		return text
	case *EscrowApproved:
		return fmt.Sprintf("escrow %s approved by %s", s.names[string(e.Escrow)], e.Party) + given("in person of", e.Actor)
	case *EscrowReleased:
		return fmt.Sprintf("escrow %s released: %s, %s left", s.names[string(e.Escrow)], e.Amount, e.Remaining) + sayDeadline(e.AtDeadline)
	case *EscrowRefunded:
		return fmt.Sprintf("escrow %s refunded: %s, %s left", s.names[string(e.Escrow)], e.Amount, e.Remaining) + sayDeadline(e.AtDeadline)
	}
	panic(fmt.Sprintf("no words for %T", event))
}

func sayUntil(word string, at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return ", " + word + " " + sayTime(at)
}

func sayDeadline(atDeadline bool) string {
	if atDeadline {
		return ", at its deadline"
	}
	return ""
}

func (s *script) sayCompleted(e *TransactionCompleted) []string {
	text := "completed" + s.sayOrigin(e.Origin) + sayUntil("effective", e.EffectiveAt) + given("counted on", e.Date)
	for _, o := range e.Operations {
		if o.Type == Exchange {
			text += fmt.Sprintf(", %s %s for %s %s", o.Amount, o.Amount.Asset(), o.Received, o.Received.Asset()) + given("at", o.Rate.String())
		}
		if o.Grant {
			text += ", a grant"
		}
	}
	answers := []string{text}
	for _, entry := range e.Entries {
		answers = append(answers, s.sayEntry(entry))
	}
	return answers
}

func (s *script) sayOrigin(o Origin) string {
	switch {
	case o.Kind == "":
		return ""
	case o.Kind == ScheduleOrigin:
		return " as scheduled"
	case o.ID == "":
		return " as " + string(o.Kind)
	}
	return " as " + string(o.Kind) + " of " + s.named(o.ID)
}

func (s *script) sayOperations(all []PostedOperation) string {
	var texts []string
	for _, o := range all {
		text := fmt.Sprintf("%s %s", o.Type, o.Amount)
		if o.Sender != "" {
			text += " from " + s.names[string(o.Sender)]
		}
		if o.Recipient != "" {
			text += " to " + s.names[string(o.Recipient)]
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, ", then ")
}

func (s *script) sayReversed(e *TransactionReversed) []string {
	answers := []string{s.names[string(e.Transaction)] + " is reversed in part by " + s.names[string(e.Reversal)]}
	if e.Whole {
		answers[0] = s.names[string(e.Transaction)] + " is reversed, nothing of it is left, by " + s.names[string(e.Reversal)]
	}
	for _, o := range e.Operations {
		text := fmt.Sprintf("  operation %d: %s", o.Operation, o.Amount)
		if !o.Received.IsZero() {
			text += " for " + o.Received.String()
		}
		if !o.Fee.IsZero() {
			text += ", fee " + o.Fee.String()
		}
		answers = append(answers, text)
	}
	return answers
}

func (s *script) sayEntry(e Entry) string {
	kind := string(e.Kind)
	if e.Fee {
		kind += " (fee)"
	}
	return fmt.Sprintf("  %-16s %-12s %12s  balance %12s  version %d", s.names[string(e.Wallet)], kind, e.Amount, e.BalanceAfter, e.Version) + s.sayLots(e.Wallet, e.Lots)
}

func (s *script) sayLots(wallet ids.Wallet, parts []LotPart) string {
	text := ""
	for _, part := range parts {
		text += ", " + s.sayLot(wallet, part)
	}
	return text
}

func (s *script) sayLot(wallet ids.Wallet, part LotPart) string {
	return fmt.Sprintf("lot %s/%d %s of %s until %s", s.names[string(wallet)], part.Lot, part.Amount, part.Original, sayTime(part.ExpiresAt))
}

func given(name, value string) string {
	if value == "" || value == "0" {
		return ""
	}
	return ", " + name + " " + value
}

func sayProfile(p Profile) string {
	return given("username", p.Username) + given("phone", p.Phone) + given("email", p.Email) +
		given("name", p.Name) + given("description", p.Description) + given("role", p.Role) + sayNotes(p.Metadata)
}

func sayNotes(metadata Metadata) string {
	if len(metadata) == 0 {
		return ""
	}
	return fmt.Sprint(", ", metadata) // fmt sorts the keys
}

// refusal tells a rejection; what it came of stands behind the verb.
func (s *script) refusal(verb string, r *Rejection, of ...string) []string {
	where := ""
	if r.Operation != NoOperation {
		where = fmt.Sprintf(" in operation %d", r.Operation+1)
	}
	answers := []string{verb + strings.Join(of, "") + " " + string(r.Code) + where + ": " + s.named(r.Message)}
	details := ""
	for _, detail := range r.Details {
		details += ", " + detail.Name + " " + s.named(detail.Value)
	}
	if details != "" {
		answers = append(answers, "  "+strings.TrimPrefix(details, ", "))
	}
	return answers
}

// balances of all wallets of the project, the oldest first: what is held and
// what is available where that differs from the balance.
func (s *script) balances() []string {
	var answers []string
	for _, w := range s.wallets() {
		text := fmt.Sprintf("%-16s %12s %s", s.names[string(w.ID)], w.Balance, w.Asset.Code)
		available, bounded := w.Available(s.now)
		if !w.Held().IsZero() {
			text += ", held " + w.Held().String()
		}
		if bounded && available.Cmp(w.Balance) != 0 {
			text += ", available " + available.String()
		}
		if !w.Due().IsZero() {
			text += ", due " + w.Due().String()
		}
		if w.Status != Active {
			text += ", " + string(w.Status)
		}
		answers = append(answers, text)
	}
	return answers
}

// lots of all wallets of the project, and of its holds.
func (s *script) lots() []string {
	var answers []string
	for _, w := range s.wallets() {
		for _, lot := range w.Lots() {
			answers = append(answers, s.sayLot(w.ID, lot.LotPart))
		}
		for _, hold := range flat(&s.state.holds) {
			if hold != nil && hold.Wallet == w.ID {
				for _, part := range hold.Lots {
					answers = append(answers, s.sayLot(w.ID, part)+", in hold "+s.names[string(hold.ID)])
				}
			}
		}
	}
	if len(answers) == 0 {
		return []string{"none"}
	}
	return answers
}

func (s *script) wallets() []*Wallet {
	var all []*Wallet
	for wallet := range s.state.Wallets() {
		if wallet.Project == s.projectID() {
			all = append(all, wallet)
		}
	}
	slices.SortFunc(all, func(a, b *Wallet) int { return cmp.Compare(a.Number, b.Number) })
	return all
}
