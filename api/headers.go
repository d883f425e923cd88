package api

import (
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"tallystick/domain"
	"tallystick/domain/ids"
)

const (
	minSequenceHeader    = "Tally-Min-Sequence"
	idempotencyKeyHeader = "Idempotency-Key"
)

// anyShard is the shard of the operator, who belongs to none.
const anyShard = -1

// checkRequest checks the headers of this API, and that the query has only the
// parameters of the route. It runs before the handler: nothing is decided for a
// request that is refused. Handlers check the values of parameters that only their
// route has, such as a status; only routes that write nothing have such parameters.
func (s *server) checkRequest(c echo.Context, shard int, params []string) error {
	header := c.Request().Header
	for _, name := range [...]string{minSequenceHeader, idempotencyKeyHeader, "Content-Type"} {
		if n := len(header[name]); n > 1 {
			return badRequest("the header %s is given %d times", name, n)
		}
	}
	if key, given := header[idempotencyKeyHeader]; given {
		if !isText(key[0]) || key[0] == "" || len(key[0]) > ids.MaxReferenceLength {
			return badRequest("%s must be 1 to %d bytes of text in UTF-8", idempotencyKeyHeader, ids.MaxReferenceLength)
		}
	}
	if c.Request().URL.RawQuery != "" {
		q := parseQuery(c, params)
		if q.err != nil {
			return q.err
		}
		c.Set(queryKey, q)
	}
	least, err := s.minSequence(c)
	if err != nil || c.Request().Method == http.MethodGet {
		return err // a read waits when it reads
	}
	return s.checkReached(c, shard, least)
}

// minSequence returns the place in a log that the answer must include; zero if the
// caller names none.
func (s *server) minSequence(c echo.Context) (ids.Location, error) {
	given, ok := c.Request().Header[minSequenceHeader]
	if !ok {
		return ids.Location{}, nil
	}
	left, right, _ := strings.Cut(given[0], ":")
	shard, err := strconv.ParseUint(left, 10, 8)
	sequence, err2 := strconv.ParseUint(right, 10, 64)
	if err != nil || err2 != nil || int(shard) >= s.ledger.Shards() || sequence > math.MaxInt64 {
		return ids.Location{}, badRequest("%s %q is not a Tally-Sequence of this installation: <shard>:<sequence>", minSequenceHeader, given[0])
	}
	return ids.Location{Shard: uint8(shard), Sequence: sequence}, nil
}

// minSequenceOf returns the sequence that the answer must include, of one shard. A
// place in another shard is ignored: a project never leaves its own.
func (s *server) minSequenceOf(c echo.Context, shard int) (uint64, error) {
	least, err := s.minSequence(c)
	if err != nil || int(least.Shard) != shard {
		return 0, err
	}
	return least.Sequence, nil
}

// checkReached refuses a write if the ledger has not read as far as the caller has
// seen. It never goes back, so the write cannot be refused for this later.
func (s *server) checkReached(c echo.Context, shard int, least ids.Location) error {
	of := int(least.Shard)
	if least.Sequence == 0 || shard != anyShard && shard != of {
		return nil
	}
	sequence, err := s.ledger.View(c.Request().Context(), of, func(*domain.State) {})
	if err == nil && sequence < least.Sequence {
		err = behind(of, sequence, least.Sequence)
	}
	return err
}
