package api

import (
	"cmp"
	"net/http"
	"slices"

	"tallystick/resource"

	"github.com/labstack/echo/v4"
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

// answerList sends a page of a list, each row as write writes it.
func answerList[T any](c echo.Context, rows []T, next string, write func(*resource.Writer, *T)) error {
	return answer(c, http.StatusOK, func(w *resource.Writer) {
		w.Begin()
		w.Array("data", len(rows), func(i int) { write(w, &rows[i]) })
		w.TextOrNull("next_cursor", next)
		w.End()
	})
}

// nextCursor returns the cursor of the next page for the generated types; nil at
// the end.
func nextCursor(next string) *string {
	if next == "" {
		return nil
	}
	return &next
}

// converted returns f of every row. It is never nil, which JSON would show as null.
func converted[From, To any](rows []From, f func(*From) To) []To {
	all := make([]To, 0, len(rows))
	for i := range rows {
		all = append(all, f(&rows[i]))
	}
	return all
}
