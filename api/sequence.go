package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"tallystick/domain"
	"tallystick/ledger"
	"tallystick/projections"

	"github.com/labstack/echo/v4"
)

// patience is how long a read waits for the read model to catch up.
const patience = 2 * time.Second

// setSequence sets the header that says as of which place in the log the answer is.
func setSequence(c echo.Context, shard int, sequence uint64) {
	var buf [32]byte
	text := strconv.AppendInt(buf[:0], int64(shard), 10)
	text = strconv.AppendUint(append(text, ':'), sequence, 10)
	c.Response().Header()["Tally-Sequence"] = []string{string(text)}
}

// do decides a command and tells its place.
func (s *server) do(c echo.Context, who caller, command domain.Command) (ledger.Receipt, error) {
	receipt, err := s.ledger.Do(c.Request().Context(), who.shard, who.by, command)
	if err != nil {
		return receipt, err
	}
	setSequence(c, receipt.Shard, receipt.Sequence)
	return receipt, nil
}

// view reads the newest state of a shard. fn must not keep what it is given, only copies.
func (s *server) view(c echo.Context, shard int, fn func(*domain.State)) (uint64, error) {
	sequence, err := s.ledger.View(c.Request().Context(), shard, fn)
	if err != nil {
		return 0, err
	}
	return sequence, s.asOf(c, shard, sequence)
}

// asOf sets the place in the log that an answer of the ledger is of. It returns an
// error if that is before what the caller asks for.
func (s *server) asOf(c echo.Context, shard int, sequence uint64) error {
	least, err := s.minSequenceOf(c, shard)
	if err != nil {
		return err
	}
	if sequence < least {
		return behind(shard, sequence, least)
	}
	setSequence(c, shard, sequence)
	return nil
}

// readModel waits until the read model has what the caller asks for, and sets the
// place in the log that the answer is of.
func (s *server) readModel(c echo.Context, shard int) error {
	least, err := s.minSequenceOf(c, shard)
	if err != nil {
		return err
	}
	if err := s.await(c, shard, least); err != nil {
		return err
	}
	sequence, err := s.queries.Checkpoint(c.Request().Context(), shard)
	if err != nil {
		return readModelError(err)
	}
	setSequence(c, shard, sequence)
	return nil
}

// await waits until the read model has a commit.
func (s *server) await(c echo.Context, shard int, sequence uint64) error {
	if sequence == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), patience)
	defer cancel()
	return readModelError(s.queries.WaitFor(ctx, shard, sequence))
}

func behind(shard int, sequence, least uint64) *problem {
	p := problemf(unavailable, "The answer would be of %d:%d, older than Tally-Min-Sequence %d:%d", shard, sequence, shard, least)
	p.retryAfter = time.Second
	return p
}

// readModelError is an error of the read model as callers see it.
func readModelError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, projections.ErrBadCursor):
		return errCursor
	case errors.Is(err, projections.ErrBehind):
		p := problemf(unavailable, "The read model is behind; it did not come to the sequence that was asked for within %s", patience)
		p.retryAfter = time.Second
		return p
	}
	return down("The read model", err)
}

var errCursor = badRequest("cursor is not the next_cursor of an answer of this list")
