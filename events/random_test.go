package events_test

import (
	"math/rand/v2"

	"tallystick/domain"
)

// random makes facts, most of which no ledger would: the wire form has to carry
// whatever the domain may come to allow.
type random struct{ *rand.Rand }

// text is never empty, and has what is hard to write: quotes, escapes, control
// characters, what HTML and JavaScript treat specially, characters of several bytes.
func (r random) text() string {
	letters := []rune("abcXYZ019 _-\"\\/\t\n\r\x01\x7f<>&'é\u2028ሴ漢😀\ufffd")
	text := make([]rune, 1+r.IntN(12))
	for i := range text {
		text[i] = letters[r.IntN(len(letters))]
	}
	return string(text)
}

func (r random) maybe() string {
	if r.IntN(2) == 0 {
		return ""
	}
	return r.text()
}

func (r random) metadata() domain.Metadata {
	if r.IntN(2) == 0 {
		return nil // empty metadata is none once it was written
	}
	metadata := domain.Metadata{"": r.text()}
	for range r.IntN(4) {
		metadata[r.text()] = r.text()
	}
	return metadata
}

// money of an asset, of up to 36 digits.
func (r random) money(asset domain.AssetCode, scale int) domain.Money {
	digits := make([]byte, 1+r.IntN(36-scale))
	for i := range digits {
		digits[i] = byte('0' + r.IntN(10))
	}
	text := string(digits)
	if scale > 0 {
		text += "."
		for range scale {
			text += string(rune('0' + r.IntN(10)))
		}
	}
	if r.IntN(2) == 0 {
		text = "-" + text
	}
	money, ok := domain.ParseMoney(asset, text)
	if !ok {
		panic(text)
	}
	return money
}

func (r random) asset() domain.Asset {
	return domain.Asset{Code: domain.AssetCode(r.text()), Scale: r.IntN(19), Name: r.maybe(), Symbol: r.maybe(), NumericID: r.IntN(3)}
}

func (r random) settings() domain.ProjectSettings {
	fee, _ := domain.ParsePercentage([]string{"1", "0.25", "100", "33.333333"}[r.IntN(4)])
	settings := domain.ProjectSettings{Name: r.text(), Currency: domain.AssetCode(r.text()), Locale: r.maybe(), OneWalletPerCustomer: r.IntN(2) == 0}
	if r.IntN(2) == 0 {
		settings.TransferFee.Percentage = fee
	}
	return settings
}

func (r random) operations() []domain.PostedOperation {
	operations := make([]domain.PostedOperation, 1+r.IntN(4))
	for i := range operations {
		asset, scale := domain.AssetCode("A"+r.text()), r.IntN(19)
		operations[i] = domain.PostedOperation{
			Type: []domain.OperationType{domain.Issue, domain.Redeem, domain.Transfer}[r.IntN(3)],
			From: domain.WalletID(r.maybe()), To: domain.WalletID(r.maybe()),
			Amount: r.money(asset, scale), Fee: domain.NewMoney(asset, int64(r.IntN(3)), scale),
		}
	}
	return operations
}

func (r random) entries(operations []domain.PostedOperation) []domain.Entry {
	entries := make([]domain.Entry, 1+r.IntN(6))
	for i := range entries {
		operation := r.IntN(len(operations))
		amount := operations[operation].Amount
		entries[i] = domain.Entry{
			Wallet: domain.WalletID(r.text()), Version: r.Uint64(), Operation: operation, Fee: r.IntN(2) == 0,
			Kind:   []domain.EntryKind{domain.IssueEntry, domain.RedeemEntry, domain.DebitEntry, domain.CreditEntry}[r.IntN(4)],
			Amount: r.money(amount.Asset(), amount.Scale()), Balance: r.money(amount.Asset(), amount.Scale()),
		}
	}
	return entries
}

func (r random) failure() domain.Rejection {
	failure := domain.Rejection{Code: domain.Codes[r.IntN(len(domain.Codes))], Message: r.text(), Operation: r.IntN(3) - 1}
	for range r.IntN(3) {
		failure.Details = append(failure.Details, domain.Detail{Name: r.text(), Value: r.text()})
	}
	return failure
}

func (r random) fact() domain.Event {
	project, wallet := domain.ProjectID(r.text()), domain.WalletID(r.text())
	switch r.IntN(10) {
	case 0:
		return &domain.ProjectCreated{Project: project, Settings: r.settings()}
	case 1:
		return &domain.ProjectChanged{Project: project, Settings: r.settings()}
	case 2:
		return &domain.CredentialCreated{Project: project, Key: domain.APIKey(r.text()), Name: r.maybe(), SecretHash: [32]byte{byte(r.Uint32())}}
	case 3:
		return &domain.CredentialRevoked{Project: project, Key: domain.APIKey(r.text())}
	case 4:
		return &domain.AssetDefined{Project: project, Asset: r.asset()}
	case 5:
		return &domain.CustomerUpserted{Project: project, Customer: domain.CustomerID(r.text()), Profile: domain.Profile{
			Username: r.maybe(), Phone: r.maybe(), Email: r.maybe(), Name: r.maybe(), Description: r.maybe(), Role: r.maybe(), Metadata: r.metadata(),
		}}
	case 6:
		roles := []domain.WalletRole{domain.CustomerWallet, domain.SystemWallet, domain.IssuanceWallet, domain.FeeWallet}
		return &domain.WalletCreated{
			Project: project, Wallet: wallet, Customer: domain.CustomerID(r.maybe()), Role: roles[r.IntN(4)], Type: domain.Prepaid,
			Asset: r.asset(), Number: r.Uint64(), Name: r.maybe(), Metadata: r.metadata(),
		}
	case 7:
		return &domain.WalletStatusChanged{Project: project, Wallet: wallet, Status: domain.WalletStatus(r.text()), Actor: r.maybe(), Reason: r.maybe()}
	}
	id, reference, operations := domain.TransactionID(r.text()), domain.Reference(r.text()), r.operations()
	if r.IntN(3) == 0 {
		return &domain.TransactionFailed{
			Project: project, Transaction: id, Reference: reference, Operations: operations,
			Failure: r.failure(), Description: r.maybe(), Metadata: r.metadata(),
		}
	}
	return &domain.TransactionCompleted{
		Project: project, Transaction: id, Reference: reference, Operations: operations,
		Entries: r.entries(operations), Description: r.maybe(), Metadata: r.metadata(),
	}
}
