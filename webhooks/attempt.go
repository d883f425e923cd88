package webhooks

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"tallystick/domain/ids"
)

// Attempt is one POST whose outcome is known.
type Attempt struct {
	Message      string        // evt_…
	Type         string        // of the event; "" when the message is no longer kept
	N            int           // from 1
	Outcome      string        // delivered, retry, exhausted or aborted
	StartedAt    time.Time     // UTC
	Duration     time.Duration // in whole microseconds
	StatusCode   int           // 0: no response
	ErrorClass   string        // "" after a 2xx; else timeout, blocked, dns, connect, tls, protocol, redirect or status
	Error        string
	ResponseBody []byte    // at most 8 KiB
	NextAt       time.Time // UTC; zero unless Outcome is retry
}

// Attempts returns the attempts at an endpoint, newest first; see Endpoints for the
// cursor. It returns none for an endpoint that the project does not have.
func (s *Store) Attempts(ctx context.Context, project ids.Project, endpoint, cursor string, limit int) (page []Attempt, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	rows, err := s.pool.Query(ctx, `
		SELECT a.number, a.message_id, coalesce(m.type, ''), a.attempt, a.outcome, a.started_at, a.duration_us,
			coalesce(a.status_code, 0), a.error_class, a.error, a.response_body, a.next_at
		FROM webhooks.endpoint e
		JOIN webhooks.attempt a ON a.endpoint_id = e.id
		LEFT JOIN webhooks.message m ON m.id = a.message_id
		WHERE e.project_id = $1 AND e.id = $2 AND a.number < $3
		ORDER BY a.number DESC LIMIT $4`, project, endpoint, before, limit+1)
	var numbers []int64
	if err == nil {
		page, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (Attempt, error) {
			number, attempt, err := scanAttempt(row)
			numbers = append(numbers, number)
			return attempt, err
		})
	}
	if err != nil {
		return nil, "", fmt.Errorf("webhooks: list attempts: %w", err)
	}
	if len(page) > limit {
		page, next = page[:limit], strconv.FormatInt(numbers[limit-1], 10)
	}
	return page, next, nil
}

func scanAttempt(row pgx.CollectableRow) (number int64, a Attempt, err error) {
	var microseconds int64
	var nextAt *time.Time
	err = row.Scan(&number, &a.Message, &a.Type, &a.N, &a.Outcome, &a.StartedAt, &microseconds,
		&a.StatusCode, &a.ErrorClass, &a.Error, &a.ResponseBody, &nextAt)
	a.StartedAt, a.Duration = a.StartedAt.UTC(), time.Duration(microseconds)*time.Microsecond
	if nextAt != nil {
		a.NextAt = nextAt.UTC()
	}
	return number, a, err
}
