package api

import (
	"net/http"

	"tallystick/domain"
	"tallystick/domain/ids"
	"tallystick/resource"

	"github.com/labstack/echo/v4"
)

// POST /v1/transactions/{transaction_id}/reverse
func (s *server) reverse(c echo.Context, who caller) error {
	var body Reverse
	if err := decode(c, &body); err != nil {
		return err
	}
	record, err := s.transaction(c, who)
	if err != nil {
		return err
	}
	original, err := reversible(record.Event, record.Cancelled)
	if err != nil {
		return err
	}
	parts, err := reversalParts(&body, len(original.Operations))
	if err != nil {
		return err
	}
	return s.transact(c, who, &domain.Reverse{
		Project: who.project, Original: original, Reference: reference(c, body.Reference), Parts: parts, ReturnFees: body.ReturnFees,
		Description: body.Description, Metadata: domain.Metadata(body.Metadata),
	})
}

// reversible returns a transaction that moved money, or an error that says why it did not.
func reversible(event domain.Event, cancelled bool) (*domain.TransactionCompleted, error) {
	switch t := event.(type) {
	case *domain.TransactionCompleted:
		return t, nil
	case *domain.TransactionScheduled:
		if !cancelled {
			return nil, problemf(domain.NotReversible, "The transaction is scheduled and has moved nothing yet: cancel it")
		}
		return nil, problemf(domain.NotReversible, "The transaction was cancelled and has moved nothing")
	}
	return nil, problemf(domain.NotReversible, "The transaction failed and has moved nothing")
}

func reversalParts(body *Reverse, operations int) ([]domain.ReversalPart, error) {
	whole, err := optionalQuantity("amount", body.Amount, body.AmountMinor)
	switch {
	case err != nil:
		return nil, err
	case whole.Set() && len(body.Operations) > 0:
		return nil, badRequest("give an amount, or operations with amounts of their own, not both")
	case whole.Set() && operations > 1:
		return nil, badRequest("the transaction has %d operations: say in operations how much of which", operations)
	case whole.Set():
		return []domain.ReversalPart{{Operation: 0, Quantity: whole}}, nil
	}
	parts := make([]domain.ReversalPart, len(body.Operations))
	for i := range body.Operations {
		asked := &body.Operations[i]
		if asked.Operation == nil {
			return nil, badRequest("operations[%d].operation is required: the index of an operation of the transaction", i)
		}
		amount, err := optionalQuantity("amount", asked.Amount, asked.AmountMinor)
		if err != nil {
			return nil, at(i, err)
		}
		parts[i] = domain.ReversalPart{Operation: *asked.Operation, Quantity: amount}
	}
	return parts, nil
}

// POST /v1/transactions/{transaction_id}/cancel
func (s *server) cancelScheduled(c echo.Context, who caller) error {
	var body StatusChange
	if err := decodeOptional(c, &body); err != nil {
		return err
	}
	_, err := s.do(c, who, domain.CancelScheduled{
		Project: who.project, Transaction: ids.Transaction(param(c, "transaction_id")), Actor: body.Actor, Reason: body.Reason,
	})
	if err != nil {
		return err
	}
	record, err := s.transaction(c, who)
	if err != nil {
		return err
	}
	return s.answerTransaction(c, http.StatusOK, recorded(&record))
}

// reversalOf returns what was taken back of a transaction; nil for nothing.
func reversalOf(event domain.Event, sums *domain.Reversal) *resource.Reversal {
	original, ok := event.(*domain.TransactionCompleted)
	if !ok || sums == nil {
		return nil
	}
	r := &resource.Reversal{Whole: len(sums.Operations) == len(original.Operations), IDs: sums.By(), Operations: sums.Operations}
	for i := range sums.Operations {
		sum := &sums.Operations[i]
		r.Whole = r.Whole && sum.Amount.Cmp(original.Operations[sum.Operation].Amount) == 0
	}
	return r
}
