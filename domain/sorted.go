package domain

import "github.com/benbjohnson/immutable"

// sorted is an ordered map. A change returns another map that shares most with
// the old one, which readers may hold. The zero value is empty.
type sorted[K sortable[K], V any] struct{ rows *immutable.SortedMap[K, V] }

type sortable[K any] interface{ Compare(K) int }

type comparer[K sortable[K]] struct{}

// Compare implements immutable.Comparer.
func (comparer[K]) Compare(a, b K) int { return a.Compare(b) }

func (s sorted[K, V]) get(key K) (value V, ok bool) {
	if s.rows == nil {
		return value, false
	}
	return s.rows.Get(key)
}

func (s sorted[K, V]) with(key K, value V) sorted[K, V] {
	if s.rows == nil {
		s.rows = immutable.NewSortedMap[K, V](comparer[K]{})
	}
	return sorted[K, V]{s.rows.Set(key, value)}
}

func (s sorted[K, V]) without(key K) sorted[K, V] {
	if s.rows == nil {
		return s
	}
	return sorted[K, V]{s.rows.Delete(key)}
}

// from calls fn with the rows from a key on, in order, until it returns false.
func (s sorted[K, V]) from(key K, fn func(K, V) bool) {
	if s.rows == nil {
		return
	}
	at := s.rows.Iterator()
	for at.Seek(key); !at.Done(); {
		if key, value, _ := at.Next(); !fn(key, value) {
			return
		}
	}
}
