package api

import (
	"cmp"
	"slices"
)

// pageAfter cuts a page out of rows that are all in memory: up to limit of those
// whose key is greater than the cursor, by key. The cursor is the last key.
func pageAfter[T any](rows []T, limit int, cursor string, key func(T) string) (page []T, next string) {
	slices.SortFunc(rows, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	start, found := slices.BinarySearchFunc(rows, cursor, func(row T, cursor string) int { return cmp.Compare(key(row), cursor) })
	if found {
		start++
	}
	rows = rows[start:]
	if len(rows) <= limit {
		return rows, ""
	}
	return rows[:limit], key(rows[limit-1])
}
