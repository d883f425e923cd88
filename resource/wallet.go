package resource

import (
	"maps"
	"slices"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

// Wallet is what names a wallet and says what it may do.
type Wallet struct {
	ID       ids.Wallet
	Number   uint64
	Customer ids.Customer // "": the project's own
	Role     domain.WalletRole
	Type     domain.WalletType
	Currency money.AssetCode
	Name     string
	Status   domain.WalletStatus
}

// WalletOf returns a wallet of the ledger.
func WalletOf(w *domain.Wallet) Wallet {
	return Wallet{
		ID: w.ID, Number: w.Number, Customer: w.Customer, Role: w.Role, Type: w.Type, Currency: w.Asset.Code, Name: w.Name, Status: w.Status,
	}
}

// NewWallet returns a wallet as it begins.
func NewWallet(f *domain.WalletCreated) Wallet {
	return Wallet{
		ID: f.Wallet, Number: f.Number, Customer: f.Customer, Role: f.Role, Type: f.Type, Currency: f.Asset.Code, Name: f.Name,
		Status: domain.Active,
	}
}

// Fields writes the fields that every wallet shows: schemas Wallet and EventWallet.
func (of *Wallet) Fields(w *Writer) {
	w.Word("id", string(of.ID))
	w.Uint("number", of.Number)
	w.TextOrNull("customer_id", string(of.Customer))
	w.Bool("system", of.Role != domain.CustomerWallet)
	w.Word("role", string(of.Role))
	w.Word("type", string(of.Type))
	w.Word("currency", string(of.Currency))
	w.Text("name", of.Name)
	w.Word("status", string(of.Status))
}

// Metadata writes the field metadata, with its keys in order.
func (w *Writer) Metadata(m domain.Metadata) {
	if len(m) > 0 && w.leavesOut(CutMetadata) {
		w.Null("metadata")
		return
	}
	w.Object("metadata", func() {
		var buffer [8]string
		keys := slices.AppendSeq(buffer[:0], maps.Keys(m))
		slices.Sort(keys)
		for _, key := range keys {
			w.String(key)
			w.buffer = append(w.buffer, ':')
			w.follows = false
			w.String(m[key])
		}
	})
}

// WriteStandings writes the balances of the wallets that a write touched, right
// after it: an array of schema Standing. The entries of the write tell which of
// them are issuance accounts, to which no bound applies.
func WriteStandings(w *Writer, standings []domain.Standing, entries []domain.Entry) {
	unbounded := issuanceIn(entries)
	w.List(len(standings), func(i int) {
		s := &standings[i]
		w.Begin()
		w.Word("wallet_id", string(s.Wallet))
		w.Word("currency", string(s.Asset.Code))
		w.Uint("version", s.Version)
		w.Money("balance", s.Balance)
		w.MoneyOrNull("available", s.Available, !slices.Contains(unbounded, s.Wallet))
		w.Money("held", s.Held)
		w.End()
	})
}

// issuanceIn returns the issuance accounts among the wallets of entries: an issue
// takes from one, a redeem gives to one.
func issuanceIn(entries []domain.Entry) []ids.Wallet {
	var found []ids.Wallet
	for i := range entries {
		e := &entries[i]
		issuance := e.Kind == domain.IssueEntry && e.Amount.Sign() < 0 || e.Kind == domain.RedeemEntry && e.Amount.Sign() > 0
		if issuance && !slices.Contains(found, e.Wallet) {
			found = append(found, e.Wallet)
		}
	}
	return found
}

// WriteMonitor writes a monitor: schema Monitor.
func WriteMonitor(w *Writer, wallet ids.Wallet, m *domain.Monitor) {
	w.Begin()
	w.Word("id", string(m.ID))
	w.Word("wallet_id", string(wallet))
	w.Word("metric", string(m.Metric))
	w.Word("currency", string(m.Threshold.Asset()))
	w.Money("threshold", m.Threshold)
	w.Bool("above", m.Above)
	w.End()
}
