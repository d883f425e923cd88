package resource

import (
	"strconv"
	"strings"
	"time"

	"tallystick/domain"
	"tallystick/domain/ids"
)

// Entry is an entry as lists show it.
type Entry struct {
	*domain.Entry
	Counterparty ids.Wallet // the other side of its operation; "": none
	Transaction  ids.Transaction
	Reference    ids.Reference // of its transaction, like the next two
	Description  string
	EffectiveAt  time.Time // zero: none
	CreatedAt    time.Time
}

// Write writes the entry: schema Entry.
func (e *Entry) Write(w *Writer) {
	w.Begin()
	entryFields(w, e.Entry, e.Transaction, timestamp(nil, e.CreatedAt))
	w.WordOrNull("counterparty_wallet_id", string(e.Counterparty))
	w.Text("reference", string(e.Reference))
	w.Text("description", e.Description)
	if !e.EffectiveAt.IsZero() {
		w.Time("effective_at", e.EffectiveAt)
	}
	w.End()
}

// writeEntries writes the entries of a transaction, which all were made at once.
func writeEntries(w *Writer, entries []domain.Entry, transaction ids.Transaction, at time.Time) {
	var buffer [40]byte
	createdAt := timestamp(buffer[:0], at)
	w.Array("entries", len(entries), func(i int) {
		w.Begin()
		entryFields(w, &entries[i], transaction, createdAt)
		w.End()
	})
}

// timestamp appends a time as JSON.
func timestamp(b []byte, at time.Time) []byte {
	return append(at.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
}

// entryFields writes the fields that every entry has. Its id is made of its wallet
// and its version, which together are unique: ent_<wallet>_<version>.
func entryFields(w *Writer, e *domain.Entry, transaction ids.Transaction, createdAt []byte) {
	w.Name("id")
	w.value()
	w.buffer = append(append(w.buffer, `"ent_`...), strings.TrimPrefix(string(e.Wallet), "wall_")...)
	w.buffer = append(strconv.AppendUint(append(w.buffer, '_'), e.Version, 10), '"')
	w.Word("wallet_id", string(e.Wallet))
	w.Uint("version", e.Version)
	w.Word("kind", string(e.Kind))
	w.Int("operation", e.Operation)
	w.Bool("fee", e.Fee)
	w.Word("currency", string(e.Amount.Asset()))
	w.Money("amount", e.Amount)
	w.Money("balance_after", e.BalanceAfter)
	if len(e.Lots) > 0 {
		w.Array("lots", len(e.Lots), func(i int) { writeLotPart(w, e.Wallet, &e.Lots[i]) })
	}
	w.WordOrNull("transaction_id", string(transaction))
	w.Name("created_at")
	w.Raw(createdAt)
}

// writeLotPart writes the part of expiring credit that an entry took or brought:
// schema LotPart.
func writeLotPart(w *Writer, wallet ids.Wallet, part *domain.LotPart) {
	w.Begin()
	w.Word("id", ids.Lot(wallet, part.Lot))
	w.Word("currency", string(part.Amount.Asset()))
	w.Money("amount", part.Amount)
	w.Money("original", part.Original)
	w.Time("expires_at", part.ExpiresAt)
	w.End()
}

// WriteLot writes expiring credit of a wallet, of which part is what is left:
// schema Lot.
func WriteLot(w *Writer, wallet ids.Wallet, part *domain.LotPart) {
	w.Begin()
	w.Word("id", ids.Lot(wallet, part.Lot))
	w.Word("wallet_id", string(wallet))
	w.Word("currency", string(part.Amount.Asset()))
	w.Money("original", part.Original)
	w.Money("remaining", part.Amount)
	w.Time("expires_at", part.ExpiresAt)
	w.End()
}
