package webhooks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/events"
)

// Status of an endpoint.
const (
	Enabled  = "enabled"
	Disabled = "disabled" // deliveries are kept until it is enabled
)

// Endpoint is a URL to which the events of a project are posted.
type Endpoint struct {
	ID             string // we_…
	Project        ids.Project
	URL            string
	EventTypes     []string // names, prefix.* and *; empty: every event
	Description    string
	Status         string    // Enabled or Disabled
	DisabledReason string    // "" while enabled
	CreatedAt      time.Time // UTC
	PausedUntil    time.Time // UTC: nothing is sent before; zero: no pause
}

// NewEndpoint has the parameters of CreateEndpoint.
type NewEndpoint struct {
	Project     ids.Project
	URL         string
	EventTypes  []string // see EventTypes; empty: every event
	Description string   // up to domain.MaxDescriptionLength bytes
	// From is a sequence for each shard's log: facts after it are delivered, and
	// none of them is missed, however late the dispatcher hears of the endpoint.
	// Only the project's shard counts. Without it, it is the place that ingest
	// had reached when the endpoint was created (or up to a second before).
	From map[int]uint64
}

// InvalidEndpoint is the error for an endpoint that is not valid. The message is for the
// caller and continues the sentence that begins with the name of the field.
type InvalidEndpoint struct {
	Field   string // url, event_types, description or project
	Message string
}

// Error names the field and what is wrong with it.
func (e *InvalidEndpoint) Error() string { return e.Field + " " + e.Message }

// TooManyEndpoints is the error for a further endpoint of a project that has as many as
// it may have.
type TooManyEndpoints struct {
	Limit int // of the project
}

// Error names the limit.
func (e *TooManyEndpoints) Error() string {
	return fmt.Sprintf("webhooks: the project has %d endpoints, and may have no more", e.Limit)
}

// ErrBadCursor is the error for a cursor that is not from an earlier page.
var ErrBadCursor = errors.New("webhooks: no such cursor")

const (
	maxPatterns = 100
	maxPage     = 1000 // rows
	// defaultEndpoints is the number of endpoints that a project may have by default.
	// Each costs a row for every event, and a connection while its receiver hangs.
	defaultEndpoints = 50
)

// Store manages the endpoints of projects. Except for the errors that are named, its
// errors are those of PostgreSQL.
type Store struct {
	pool       *pgxpool.Pool
	seal       sealer
	policy     Policy
	perProject int
}

// NewStore returns a store. It encrypts secrets with a key that is derived from master.
// A project may have perProject endpoints (0: 50).
func NewStore(pool *pgxpool.Pool, master events.MasterKey, policy Policy, perProject int) *Store {
	if perProject == 0 {
		perProject = defaultEndpoints
	}
	return &Store{pool: pool, seal: newSealer(master), policy: policy, perProject: perProject}
}

// CreateEndpoint creates an endpoint and returns it with its secret (whsec_…), which
// cannot be read later. The error is an *InvalidEndpoint or *TooManyEndpoints when the
// request is at fault.
func (s *Store) CreateEndpoint(ctx context.Context, n NewEndpoint) (Endpoint, string, error) {
	place, ok := n.Project.Location()
	if !ok {
		return Endpoint{}, "", &InvalidEndpoint{"project", "is not the identifier of a project"}
	}
	if err := s.check(n); err != nil {
		return Endpoint{}, "", err
	}
	id := "we_" + strings.ToLower(rand.Text())
	key := newSecret()
	var from *uint64 // NULL: the checkpoint
	if sequence, given := n.From[int(place.Shard)]; given {
		from = &sequence
	}
	var endpoint Endpoint
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if err := s.makeRoom(ctx, tx, n.Project); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO webhooks.endpoint (id, project_id, url, description, event_types, shard, after_sequence)
			VALUES ($1, $2, $3, $4, $5, $6, coalesce($7, (SELECT sequence FROM webhooks.checkpoint WHERE shard = $6), 0))
			RETURNING `+endpointColumns,
			id, n.Project, n.URL, n.Description, append([]string{}, n.EventTypes...), int16(place.Shard), from)
		if err != nil {
			return err
		}
		row, err := pgx.CollectExactlyOneRow(rows, scanEndpoint)
		if err != nil {
			return err
		}
		endpoint = row.Endpoint
		_, err = tx.Exec(ctx, `INSERT INTO webhooks.secret (endpoint_id, sealed) VALUES ($1, $2)`, id, s.seal.seal(id, key))
		return err
	})
	if err != nil {
		return Endpoint{}, "", fmt.Errorf("webhooks: create an endpoint: %w", err)
	}
	return endpoint, formatSecret(key), nil
}

// makeRoom returns *TooManyEndpoints when the project has as many endpoints as it may
// have. It takes a lock on the project until tx ends, so that concurrent calls count one
// after the other.
func (s *Store) makeRoom(ctx context.Context, tx pgx.Tx, project ids.Project) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('tallystick/webhooks/endpoints/' || $1::text, 0))`, project); err != nil {
		return err
	}
	var count int
	if err := tx.QueryRow(ctx, `SELECT count(*) FROM webhooks.endpoint WHERE project_id = $1`, project).Scan(&count); err != nil {
		return err
	}
	if count >= s.perProject {
		return &TooManyEndpoints{s.perProject}
	}
	return nil
}

func (s *Store) check(n NewEndpoint) error {
	if problem := s.policy.checkURL(n.URL); problem != "" {
		return &InvalidEndpoint{"url", problem}
	}
	if len(n.EventTypes) > maxPatterns {
		return &InvalidEndpoint{"event_types", fmt.Sprintf("has %d entries; at most %d are allowed", len(n.EventTypes), maxPatterns)}
	}
	for _, pattern := range n.EventTypes {
		if !known(pattern) {
			return &InvalidEndpoint{"event_types", fmt.Sprintf("names %q, which is no event type: use one of the catalogue, wallet.* for all that begin with wallet., or *", pattern)}
		}
	}
	if len(n.Description) > domain.MaxDescriptionLength || !utf8.ValidString(n.Description) || strings.Contains(n.Description, "\x00") {
		return &InvalidEndpoint{"description", fmt.Sprintf("must be UTF-8 text without NUL, of at most %d bytes", domain.MaxDescriptionLength)}
	}
	return nil
}

const endpointColumns = `number, id, project_id, url, event_types, description, status, disabled_reason, created_at,
	CASE WHEN paused_until > now() THEN paused_until END`

type endpointRow struct {
	number int64
	Endpoint
}

func scanEndpoint(row pgx.CollectableRow) (endpointRow, error) {
	var e endpointRow
	var paused *time.Time
	err := row.Scan(&e.number, &e.ID, &e.Project, &e.URL, &e.EventTypes, &e.Description, &e.Status, &e.DisabledReason, &e.CreatedAt, &paused)
	e.CreatedAt = e.CreatedAt.UTC()
	if paused != nil {
		e.PausedUntil = paused.UTC()
	}
	return e, err
}

// Endpoints returns a page of a project's endpoints, newest first. cursor is "" for the
// first page, else next of the page before; next is "" after the last page. The error is
// ErrBadCursor for any other cursor.
func (s *Store) Endpoints(ctx context.Context, project ids.Project, cursor string, limit int) (page []Endpoint, next string, err error) {
	before, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = pageSize(limit)
	rows, err := s.pool.Query(ctx, `
		SELECT `+endpointColumns+` FROM webhooks.endpoint
		WHERE project_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3`, project, before, limit+1)
	if err == nil {
		var found []endpointRow
		found, err = pgx.CollectRows(rows, scanEndpoint)
		if len(found) > limit {
			found = found[:limit]
			next = strconv.FormatInt(found[limit-1].number, 10)
		}
		for _, row := range found {
			page = append(page, row.Endpoint)
		}
	}
	if err != nil {
		return nil, "", fmt.Errorf("webhooks: list endpoints: %w", err)
	}
	return page, next, nil
}

// Endpoint returns an endpoint, false when the project has none with this id.
func (s *Store) Endpoint(ctx context.Context, project ids.Project, id string) (Endpoint, bool, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+endpointColumns+` FROM webhooks.endpoint WHERE project_id = $1 AND id = $2`, project, id)
	if err != nil {
		return Endpoint{}, false, fmt.Errorf("webhooks: read an endpoint: %w", err)
	}
	row, err := pgx.CollectExactlyOneRow(rows, scanEndpoint)
	if errors.Is(err, pgx.ErrNoRows) {
		return Endpoint{}, false, nil
	}
	if err != nil {
		return Endpoint{}, false, fmt.Errorf("webhooks: read an endpoint: %w", err)
	}
	return row.Endpoint, true, nil
}

// DeleteEndpoint deletes an endpoint, its secrets and its deliveries that are still to be
// made. It returns false when the project has no such endpoint. Attempts stay on record.
// A request in flight may still arrive.
func (s *Store) DeleteEndpoint(ctx context.Context, project ids.Project, id string) (bool, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM webhooks.endpoint WHERE project_id = $1 AND id = $2`, project, id)
	if err != nil {
		return false, fmt.Errorf("webhooks: delete an endpoint: %w", err)
	}
	return tag.RowsAffected() > 0, nil
}

const newest = 1<<63 - 1

// parseCursor returns the number below which the page begins.
func parseCursor(cursor string) (int64, error) {
	if cursor == "" {
		return newest, nil
	}
	before, err := strconv.ParseInt(cursor, 10, 64)
	if err != nil || before < 1 {
		return 0, ErrBadCursor
	}
	return before, nil
}

func pageSize(limit int) int { return min(max(limit, 1), maxPage) }
