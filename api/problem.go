package api

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"tallystick/domain"
	"tallystick/ledger"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

// problem is an error as it is shown to callers.
type problem struct {
	code       domain.Code
	message    string
	details    []detail
	retryAfter time.Duration // of unavailable
	cause      error         // for the log only
}

// detail is one named value, in JSON.
type detail struct {
	name  string
	value []byte
}

// Error returns the message.
func (p *problem) Error() string { return p.message }

func problemf(code domain.Code, format string, args ...any) *problem {
	return &problem{code: code, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *problem {
	return problemf(domain.BadRequest, format, args...)
}

func notFound(what string) *problem { return problemf(domain.NotFound, "%s not found", what) }

// down returns the error of a server that this process needs and that does not answer.
func down(what string, cause error) *problem {
	return &problem{code: unavailable, message: what + " cannot be reached now", retryAfter: time.Second, cause: cause}
}

// refused returns the error of a transaction that was recorded as failed. Its details
// are those of the rejection, and the transaction.
func refused(failed *domain.TransactionFailed, at time.Time) *problem {
	p := wouldBeRefused(failed)
	var w resource.Writer
	(&resource.Transaction{Fact: failed, At: at}).Write(&w)
	p.details = append(p.details, detail{"transaction", w.Bytes()})
	return p
}

// wouldBeRefused is refused without a transaction, as for a dry run.
func wouldBeRefused(failed *domain.TransactionFailed) *problem {
	p := rejected(&failed.Failure)
	if failed.Failure.Operation != domain.NoOperation {
		p.details = append(p.details, detail{"failed_operation", strconv.AppendInt(nil, int64(failed.Failure.Operation), 10)})
	}
	return p
}

func rejected(r *domain.Rejection) *problem {
	p := &problem{code: r.Code, message: r.Message}
	for _, value := range r.Details {
		var w resource.Writer
		resource.WriteValue(&w, value)
		p.details = append(p.details, detail{value.Name, w.Bytes()})
	}
	return p
}

// inOperations adds the index of the malformed operation to a message, on the routes
// whose bodies have operations.
func inOperations(err error) error {
	var r *domain.Rejection
	if errors.As(err, &r) && r.Operation != domain.NoOperation && r.Code == domain.BadRequest {
		return at(r.Operation, rejected(r))
	}
	return err
}

// at adds the index of an operation of the body to the message of an error.
func at(operation int, err error) error {
	var p *problem
	if !errors.As(err, &p) {
		return err
	}
	own := *p
	own.message = fmt.Sprintf("operations[%d]: %s", operation, p.message)
	return &own
}

// problemOf returns any error as callers see it.
func problemOf(err error) *problem {
	var (
		known     *problem
		rejection *domain.Rejection
		away      *ledger.Unavailable
		ofEcho    *echo.HTTPError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &rejection):
		return rejected(rejection)
	case errors.As(err, &away):
		message := away.Reason
		if away.OutcomeUnknown {
			message = "The outcome is not known: repeat with the same reference to learn it. " + message
		}
		return &problem{code: unavailable, message: message, retryAfter: away.RetryAfter}
	case errors.As(err, &ofEcho) && ofEcho.Code == http.StatusNotFound:
		return problemf(domain.NotFound, "There is no such route; GET /docs lists them")
	case errors.As(err, &ofEcho) && ofEcho.Code == http.StatusMethodNotAllowed:
		return problemf(methodNotAllowed, "This path has no such method; GET /docs lists them")
	}
	return &problem{code: internalError, message: "Something went wrong here, and not with the request", cause: err}
}

// answerError answers with an error, and logs what is not meant for the caller.
func (s *server) answerError(err error, c echo.Context) {
	p := problemOf(err)
	kind := kinds[p.code]
	if gone := c.Request().Context().Err() != nil; !gone && (p.cause != nil || p.code == internalError) {
		s.logger.Error("request failed", "method", c.Request().Method, "route", c.Path(),
			"status", kind.status, "request_id", requestID(c), "error", p.cause)
	}
	if c.Response().Committed {
		return
	}
	if p.code == unavailable {
		seconds := max(1, int((p.retryAfter+time.Second-1)/time.Second))
		c.Response().Header().Set("Retry-After", strconv.Itoa(seconds))
	}
	answer(c, kind.status, func(w *resource.Writer) { //nolint:errcheck // the caller is gone
		w.Begin()
		p.write(w, requestID(c))
		w.End()
	})
}

// write writes the field error.
func (p *problem) write(w *resource.Writer, requestID string) {
	w.Object("error", func() {
		w.Word("name", kinds[p.code].name)
		w.Word("code", string(p.code))
		w.Text("message", p.message)
		w.Object("details", func() {
			for _, d := range p.details {
				w.Name(d.name)
				w.Raw(d.value)
			}
		})
		w.Word("request_id", requestID)
	})
}
