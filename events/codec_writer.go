package events

import (
	"sort"
	"time"

	"github.com/go-faster/jx"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/domain/money"
)

type writer struct{ *jx.Encoder }

func (w writer) head(kind string, version int, project ids.Project) {
	w.text("type", kind)
	w.FieldStart("v")
	w.Int(version)
	w.text("project", string(project))
}

func (w writer) text(name, value string) {
	w.FieldStart(name)
	w.Str(value)
}

// optional leaves an empty text out.
func (w writer) optional(name, value string) {
	if value != "" {
		w.text(name, value)
	}
}

// flag leaves false out.
func (w writer) flag(name string, value bool) {
	if value {
		w.FieldStart(name)
		w.Bool(true)
	}
}

// moment leaves the zero time out.
func (w writer) moment(name string, at time.Time) {
	if at.IsZero() {
		return
	}
	var buf [64]byte
	w.FieldStart(name)
	w.ByteStr(at.UTC().AppendFormat(buf[:0], time.RFC3339Nano))
}

func (w writer) assetOf(m money.Amount) { w.text("asset", string(m.Asset())) }

func (w writer) money(name string, m money.Amount) {
	var buf [64]byte
	w.FieldStart(name)
	w.ByteStr(m.AppendText(buf[:0]))
}

// moneyOf writes an amount with its asset, and leaves money of no asset out.
func (w writer) moneyOf(name string, m money.Amount) {
	if m.Asset() == "" {
		return
	}
	w.FieldStart(name)
	w.ObjStart()
	w.assetOf(m)
	w.money("amount", m)
	w.ObjEnd()
}

// metadata writes the keys in order, so that equal facts have equal bytes.
func (w writer) metadata(m domain.Metadata) {
	if len(m) == 0 {
		return
	}
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	w.FieldStart("metadata")
	w.ObjStart()
	for _, key := range keys {
		w.text(key, m[key])
	}
	w.ObjEnd()
}
