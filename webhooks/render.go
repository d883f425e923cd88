package webhooks

import (
	"time"

	"tallystick/domain"
	"tallystick/resource"
)

// maxBody is how many bytes an event has at most.
const maxBody = 20_000

// render writes the body of an event: the same fact gives the same bytes. What
// makes an event too large is left out, step by step; it then says
// "truncated": true. What is left always fits.
func render(id, kind string, at time.Time, data func(*resource.Writer)) []byte {
	var w resource.Writer
	w.Grow(1 << 10)
	for cut := resource.CutNothing; ; cut++ {
		w.Reset(cut)
		w.Begin()
		w.Word("id", id)
		w.Word("type", kind)
		w.Time("timestamp", at)
		w.Object("data", func() {
			data(&w)
			if w.Truncated() {
				w.Bool("truncated", true)
			}
		})
		w.End()
		if len(w.Bytes()) < maxBody || cut == resource.CutMost {
			return w.Bytes()
		}
	}
}

// writeWallet writes the field wallet: what every event says of one, and more fields.
func writeWallet(w *resource.Writer, of *wallet, more ...func()) {
	w.Object("wallet", func() {
		of.Fields(w)
		for _, fields := range more {
			fields()
		}
	})
}

// writeWalletAfter writes a wallet with the balance that an entry left.
func writeWalletAfter(w *resource.Writer, of *wallet, entry *domain.Entry) {
	writeWallet(w, of, func() {
		w.Money("balance", entry.BalanceAfter)
		w.Uint("version", entry.Version)
	})
}

// writeCause names the transaction that something came of.
func writeCause(w *resource.Writer, f *domain.TransactionCompleted) {
	w.Object("transaction", func() {
		w.Word("id", string(f.Transaction))
		w.Text("reference", string(f.Reference))
	})
}

// writeID writes a thing of which an event says no more than its identifier.
func writeID[ID ~string](w *resource.Writer, name string, id ID) {
	w.Object(name, func() { w.Word("id", string(id)) })
}
