package api

import (
	"net/http"

	"tallystick/domain"
)

// The codes of this package, beside those of the domain. Codes leave the process
// and are only ever added to.
const (
	unauthorized     domain.Code = "UNAUTHORIZED"
	forbidden        domain.Code = "FORBIDDEN"
	methodNotAllowed domain.Code = "METHOD_NOT_ALLOWED"
	payloadTooLarge  domain.Code = "PAYLOAD_TOO_LARGE"
	tooManyEndpoints domain.Code = "TOO_MANY_WEBHOOK_ENDPOINTS"
	internalError    domain.Code = "INTERNAL_SERVER_ERROR"
	unavailable      domain.Code = "UNAVAILABLE"
)

// kind is the status and the name of a code.
type kind struct {
	status int
	name   string
}

// kinds is the one map from code to status.
var kinds = map[domain.Code]kind{
	domain.BadRequest:            {http.StatusBadRequest, "BadRequestError"},
	unauthorized:                 {http.StatusUnauthorized, "UnauthorizedError"},
	forbidden:                    {http.StatusForbidden, "ForbiddenError"},
	domain.NotFound:              {http.StatusNotFound, "NotFoundError"},
	methodNotAllowed:             {http.StatusMethodNotAllowed, "MethodNotAllowedError"},
	domain.DuplicateReference:    {http.StatusConflict, "DuplicateReferenceId"}, // walletapi.cloud's name
	domain.IdentifierTaken:       {http.StatusConflict, "IdentifierTakenError"},
	domain.AssetConflict:         {http.StatusConflict, "AssetConflictError"},
	domain.VersionConflict:       {http.StatusConflict, "VersionConflictError"},
	domain.WalletNotEmpty:        {http.StatusConflict, "WalletNotEmptyError"},
	domain.AlreadyPerformed:      {http.StatusConflict, "AlreadyPerformedError"},
	domain.HoldEnded:             {http.StatusConflict, "HoldEndedError"},
	domain.EscrowEnded:           {http.StatusConflict, "EscrowEndedError"},
	payloadTooLarge:              {http.StatusRequestEntityTooLarge, "PayloadTooLargeError"},
	domain.EffectiveAtRefused:    {http.StatusUnprocessableEntity, "EffectiveAtOutOfRangeError"},
	domain.ApprovalMissing:       {http.StatusUnprocessableEntity, "ApprovalMissingError"},
	domain.NotReversible:         {http.StatusUnprocessableEntity, "NotReversibleError"},
	domain.AmountTooLarge:        {http.StatusUnprocessableEntity, "AmountTooLargeError"},
	domain.RecipientNotFound:     {http.StatusUnprocessableEntity, "RecipientNotFoundError"},
	domain.SameWallet:            {http.StatusUnprocessableEntity, "SameWalletError"},
	domain.WalletIsClosed:        {http.StatusUnprocessableEntity, "WalletClosedError"},
	domain.WalletIsDisabled:      {http.StatusUnprocessableEntity, "WalletDisabledError"},
	domain.WalletIsFrozen:        {http.StatusUnprocessableEntity, "WalletFrozenError"},
	domain.AssetMismatch:         {http.StatusUnprocessableEntity, "AssetMismatchError"},
	domain.LimitExceeded:         {http.StatusUnprocessableEntity, "LimitExceededError"},
	domain.InsufficientFunds:     {http.StatusUnprocessableEntity, "InsufficientFundsError"},
	domain.InsufficientLiquidity: {http.StatusUnprocessableEntity, "InsufficientLiquidityError"},
	domain.BalanceOutOfRange:     {http.StatusUnprocessableEntity, "BalanceOutOfRangeError"},
	tooManyEndpoints:             {http.StatusUnprocessableEntity, "TooManyWebhookEndpointsError"},
	internalError:                {http.StatusInternalServerError, "InternalServerError"},
	unavailable:                  {http.StatusServiceUnavailable, "UnavailableError"},
}
