// Package api is Tallystick over HTTP. openapi.yaml is the contract, and this package
// implements it: it decodes a request, calls the ledger or the read model, and encodes
// the answer. It makes no decisions about money.
//
// # The way of a request
//
//	Handler (server.go)    removes a trailing slash
//	middleware             gives the request an identifier, turns panics into errors,
//	                       answers with errors, counts
//	asProject, asOperator  check the credential (auth.go), the headers (headers.go) and the
//	                       query (query.go), and wait for room for a large body
//	                       (large_requests.go)
//	one handler            decodes (decode.go), calls, encodes (encode.go, package resource)
//
// Handlers return errors. problemOf (problem.go) gives each the one documented shape,
// with the status that codes.go has for its code. What is not meant for the caller
// is only logged.
//
// # What is authoritative
//
// Writes, single things and balances come from the ledger, which confirms that it has
// the newest. Lists come from the read model, which follows the ledger. They say as of
// which place in the log they are, and wait until that is as new as the caller asks
// for. A balance at a past time waits until the read model has all that the ledger
// had when it was asked. So that balance never changes.
//
// The answer to every write that touches wallets has their balances right after it, from
// the receipt of the ledger.
//
// # When something is down
//
// Without the log every request is answered with 503. If the outcome of a movement is
// unknown, the answer says so: repeating it with the same reference is safe, and tells
// the outcome. Without PostgreSQL movements and balances work; lists and webhook
// endpoints are answered with 503.
package api

//go:generate go tool oapi-codegen -config oapi-codegen.yaml -o types.gen.go openapi.yaml
