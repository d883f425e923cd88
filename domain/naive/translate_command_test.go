package naive_test

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
	"tallystick/domain/naive"
)

// translate is a command in the domain's words.
func (d *duel) translate(command any) domain.Command {
	switch c := command.(type) {
	case naive.CreateProject:
		return domain.CreateProject{Settings: settings(c.Settings)}
	case naive.ChangeProject:
		return domain.ChangeProject{Project: d.project(c.Project), Settings: settings(c.Settings)}
	case naive.DefineAsset:
		return domain.DefineAsset{Project: d.project(c.Project), Asset: money.Asset{Code: money.AssetCode(c.Code), Scale: c.Scale}}
	case naive.UpsertCustomer:
		return domain.UpsertCustomer{Project: d.project(c.Project), Customer: ids.Customer(c.Customer), Change: domain.ProfileChange{
			Username: c.Username, Phone: c.Phone, Email: c.Email,
		}}
	case naive.CreateWallet:
		return domain.CreateWallet{
			Project: d.project(c.Project), Customer: ids.Customer(c.Customer), System: c.System, Liquidity: c.Liquidity,
			Currency: money.AssetCode(c.Currency), Type: domain.WalletType(c.Type), Terms: terms(c.Terms),
		}
	case naive.ChangeWallet:
		return domain.ChangeWallet{Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Terms: terms(c.Terms)}
	case naive.ChangeStatus:
		return domain.ChangeStatus{Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Change: domain.StatusChange(c.Change)}
	case naive.CloseWallet:
		return domain.CloseWallet{
			Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Recipient: d.wallet(c.RefundTo), Redeem: c.Redeem, Reference: reference(c.Reference),
		}
	case naive.Transact:
		return d.transact(c)
	case naive.Reverse:
		reverse := &domain.Reverse{
			Project: d.project(c.Project), Original: d.completed[c.Transaction], Reference: reference(c.Reference), ReturnFees: c.ReturnFees,
		}
		for _, p := range c.Parts {
			reverse.Parts = append(reverse.Parts, domain.ReversalPart{Operation: p.Operation, Quantity: quantity(p.Amount)})
		}
		return reverse
	case naive.CancelScheduled:
		return domain.CancelScheduled{Project: d.project(c.Project), Transaction: ids.Transaction(d.id(c.Transaction))}
	case naive.SetMonitor:
		return domain.SetMonitor{
			Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Metric: domain.MonitorMetric(c.Metric), Threshold: quantity(c.Threshold),
		}
	case naive.RemoveMonitor:
		return domain.RemoveMonitor{Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Monitor: ids.Monitor(d.id(c.Monitor))}
	}
	return d.translatePromise(command)
}

func (d *duel) transact(c naive.Transact) *domain.Transact {
	transact := &domain.Transact{
		Project: d.project(c.Project), Reference: reference(c.Reference), EffectiveAt: c.EffectiveAt, ScheduledFor: c.ScheduledFor,
	}
	for _, p := range c.Preconditions {
		transact.Preconditions = append(transact.Preconditions, domain.Precondition{Wallet: d.wallet(p.Wallet), Version: uint64(p.Version)})
	}
	for _, o := range c.Operations {
		rate, _ := money.ParseRate(o.Rate)
		transact.Operations = append(transact.Operations, domain.Operation{
			Type: domain.OperationType(o.Type), Sender: d.wallet(o.From), Recipient: d.wallet(o.To), RecipientIdentifier: o.Recipient,
			Quantity: quantity(o.Amount), Rate: rate, ExpiresAt: o.Expires, Grant: o.Grant,
		})
	}
	return transact
}

// translatePromise is the rest of translate: holds, escrows and settlements.
func (d *duel) translatePromise(command any) domain.Command {
	switch c := command.(type) {
	case naive.PlaceHold:
		return domain.PlaceHold{
			Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Reference: reference(c.Reference), Quantity: quantity(c.Amount), ExpiresAt: c.ExpiresAt,
		}
	case naive.CaptureHold:
		return domain.CaptureHold{
			Project: d.project(c.Project), Hold: ids.Hold(d.id(c.Hold)), Recipient: d.wallet(c.To), Reference: reference(c.Reference),
			Quantity: quantity(c.Amount), ReleaseRest: c.ReleaseRest,
		}
	case naive.ReleaseHold:
		return domain.ReleaseHold{Project: d.project(c.Project), Hold: ids.Hold(d.id(c.Hold)), Quantity: quantity(c.Amount)}
	case naive.CreateEscrow:
		return domain.CreateEscrow{
			Project: d.project(c.Project), Sender: d.wallet(c.From), Recipient: d.wallet(c.To), RecipientIdentifier: c.Recipient, Reference: reference(c.Reference),
			Quantity: quantity(c.Amount), Deadline: c.Deadline, AtDeadline: domain.EscrowEnd(c.AtDeadline), Approval: c.Approval,
		}
	case naive.ApproveEscrow:
		return domain.ApproveEscrow{Project: d.project(c.Project), Escrow: ids.Escrow(d.id(c.Escrow)), Party: domain.EscrowParty(c.Party)}
	case naive.EndEscrow:
		return domain.EndEscrow{
			Project: d.project(c.Project), Escrow: ids.Escrow(d.id(c.Escrow)), How: domain.EscrowEnd(c.How),
			Reference: reference(c.Reference), Quantity: quantity(c.Amount),
		}
	case naive.Settle:
		return domain.Settle{
			Project: d.project(c.Project), Wallet: d.wallet(c.Wallet), Sender: d.wallet(c.From), Reference: reference(c.Reference), Quantity: quantity(c.Amount),
		}
	}
	panic(fmt.Sprintf("no translation of %T", command))
}

// deadline is a command that time gave to the domain, in words of the naive ledger.
func (d *duel) deadline(command domain.Command) naive.Deadline {
	switch c := command.(type) {
	case domain.ExpireCredit:
		return naive.Deadline{Kind: "expire", Of: d.names[string(c.Wallet)], Lot: int(c.Lot)}
	case domain.AnnounceExpiry:
		return naive.Deadline{Kind: "announce", Of: d.names[string(c.Wallet)], Lot: int(c.Lot)}
	case domain.ExpireHold:
		return naive.Deadline{Kind: "hold", Of: d.names[string(c.Hold)]}
	case domain.MeetDeadline:
		return naive.Deadline{Kind: "escrow", Of: d.names[string(c.Escrow)]}
	case domain.CallSettlement:
		return naive.Deadline{Kind: "settlement", Of: d.names[string(c.Wallet)]}
	case domain.PerformScheduled:
		return naive.Deadline{Kind: "scheduled", Of: d.names[string(c.Transaction)]}
	}
	panic(fmt.Sprintf("no translation of %T", command))
}

// describe says a command in a line: its tag and time, what is asked for, and
// all that was given with it.
func describe(c naive.Command) string {
	kind := reflect.TypeOf(c.Do).Name()
	return fmt.Sprintf("#%s %s %s%s", c.Tag, c.At.Format("2006-01-02 15:04:05.999999999"), kind, words(reflect.ValueOf(c.Do)))
}

// words are the fields that are set.
func words(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Time:
		return value.Format(time.RFC3339Nano)
	case *time.Location:
		return value.String()
	case time.Duration:
		return value.String()
	case naive.Amount:
		return value.Text + map[bool]string{true: " minor"}[value.Minor]
	}
	switch v.Kind() {
	case reflect.Pointer:
		return words(v.Elem())
	case reflect.Slice:
		all := make([]string, v.Len())
		for i := range all {
			all[i] = strings.TrimSpace(words(v.Index(i)))
		}
		return "[" + strings.Join(all, "; ") + "]"
	case reflect.Struct:
		var line strings.Builder
		for i := range v.NumField() {
			if !v.Field(i).IsZero() {
				line.WriteString(" " + strings.ToLower(v.Type().Field(i).Name) + "=" + words(v.Field(i)))
			}
		}
		return line.String()
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(v.Interface())
}
