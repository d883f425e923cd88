package api

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"tallystick/projections"

	"github.com/labstack/echo/v4"
)

// query is the query parameters of a request. Its methods record the first mistake
// in err.
type query struct {
	values url.Values
	err    error
}

// queryKey is the key of the echo.Context under which checkRequest stores the query.
const queryKey = "query"

// queryOf returns the query that checkRequest stored.
func queryOf(c echo.Context) *query {
	if q, ok := c.Get(queryKey).(*query); ok {
		return q
	}
	return &query{}
}

// parseQuery refuses parameters that the route does not have: otherwise a filter with
// a typing error would find everything. "name[]" allows name[any]=.
func parseQuery(c echo.Context, allowed []string) *query {
	values, err := url.ParseQuery(c.Request().URL.RawQuery)
	q := &query{values: values}
	if err != nil {
		q.err = badRequest("the query is not well formed")
	}
	for name, all := range values {
		base, _, indexed := strings.Cut(name, "[")
		if indexed && strings.HasSuffix(name, "]") {
			base += "[]"
		} else {
			base = name
		}
		switch {
		case !slices.Contains(allowed, base):
			q.fail("unknown parameter %q; this route has %s", name, cmp.Or(strings.Join(allowed, ", "), "none"))
		case len(all) > 1:
			q.fail("parameter %q is given %d times", name, len(all))
		case !isText(name), !isText(all[0]):
			q.fail("parameter %q is not valid text", base)
		}
	}
	return q
}

func (q *query) fail(format string, args ...any) {
	if q.err == nil {
		q.err = badRequest(format, args...)
	}
}

func (q *query) text(name string) string { return q.values.Get(name) }

// oneOf is a parameter with a fixed set of values; "" when it is not given.
func (q *query) oneOf(name string, allowed ...string) string {
	value := q.values.Get(name)
	if q.values.Has(name) && !slices.Contains(allowed, value) {
		q.fail("%s must be one of %s, not %q", name, strings.Join(allowed, ", "), value)
	}
	return value
}

// flag is true or false; nil when it is not given.
func (q *query) flag(name string) *bool {
	if !q.values.Has(name) {
		return nil
	}
	value := q.oneOf(name, "true", "false") == "true"
	return &value
}

// time is an RFC 3339 time; zero when it is not given.
func (q *query) time(name string) time.Time {
	if !q.values.Has(name) {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, q.values.Get(name))
	if err != nil {
		q.fail("%s must be a time of RFC 3339, such as 2026-01-31T12:00:00Z, not %q", name, q.values.Get(name))
	}
	return at.UTC()
}

// limit is how many rows the answer has at most.
func (q *query) limit() int { return q.count("limit", projections.DefaultLimit, projections.MaxLimit) }

// count is a number from 1 to most; usual when it is not given.
func (q *query) count(name string, usual, most int) int {
	if !q.values.Has(name) {
		return usual
	}
	count, err := strconv.Atoi(q.values.Get(name))
	if err != nil || count < 1 || count > most {
		q.fail("%s must be 1 to %d, not %q", name, most, q.values.Get(name))
	}
	return count
}

// indexed is name[key]=value as a map; nil when there are none.
func (q *query) indexed(name string) map[string]string {
	var all map[string]string
	for key, values := range q.values {
		rest, ok := strings.CutPrefix(key, name+"[")
		if !ok || !strings.HasSuffix(rest, "]") {
			continue
		}
		if all == nil {
			all = map[string]string{}
		}
		all[strings.TrimSuffix(rest, "]")] = values[0]
	}
	return all
}

// isText reports whether PostgreSQL accepts a text: valid UTF-8 without NUL.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }
