package domain

// table is one layer of a map. A layer never changes the rows of its base: it
// copies them first.
type table[K comparable, V any] struct {
	base *table[K, V]
	rows map[K]V
}

func (t *table[K, V]) get(key K) (V, bool) {
	for layer := t; layer != nil; layer = layer.base {
		if value, ok := layer.rows[key]; ok {
			return value, true
		}
	}
	var none V
	return none, false
}

func (t *table[K, V]) put(key K, value V) {
	if t.rows == nil {
		t.rows = make(map[K]V)
	}
	t.rows[key] = value
}

func (t *table[K, V]) fork() table[K, V] { return table[K, V]{base: t} }

func (t *table[K, V]) merge() {
	for key, value := range t.rows {
		t.base.put(key, value)
	}
	clear(t.rows)
}

// drop removes a row from a table. In a layer the zero value says that the row
// is gone.
func drop[K, V comparable](t *table[K, V], key K) {
	if t.base == nil {
		delete(t.rows, key)
		return
	}
	var gone V
	t.put(key, gone)
}

func mergeDropping[K, V comparable](t *table[K, V]) {
	var gone V
	for key, row := range t.rows {
		if row == gone {
			drop(t.base, key)
		} else {
			t.base.put(key, row)
		}
	}
	clear(t.rows)
}

// edit returns a row that may be changed in place: the layer's own, or a copy
// of the base's.
func edit[K comparable, V any](t *table[K, *V], key K) (*V, bool) {
	if row, ok := t.rows[key]; ok {
		return row, row != nil
	}
	row, ok := t.get(key)
	if !ok || row == nil {
		return nil, false
	}
	own := *row
	t.put(key, &own)
	return &own, true
}
