// Package api is Tallystick over HTTP: openapi.yaml is the contract, and this
// package keeps it. It decodes a request, calls the ledger or the read model, and
// encodes the answer; it decides nothing itself.
//
// # The way of a request
//
//	Handler (server.go)   a trailing slash is taken off
//	around (around.go)    request id, panics, errors, metrics: once for every route
//	asProject, asOperator who asks (auth.go), what the headers and the query say (headers.go),
//	                      and room for a large body (turns.go)
//	one handler           decode (decode.go), call, encode
//
// Handlers return errors. problemOf (problem.go) turns each into the one shape
// that is documented, with the status that codes.go gives its code; what is not
// meant for the caller goes to the log only.
//
// # What is authoritative
//
// Writes, single things and balances come from the ledger, confirmed to be the
// newest. Lists come from the read model, which follows; they say as of when, and
// wait where the caller says how new the answer must be. A balance at a past time
// waits until the read model has all that the ledger had when it was asked, so it
// never changes afterwards.
//
// Every write that touches wallets answers their numbers right after it, from the
// ledger's receipt (standing.go).
//
// # When something is down
//
// Without the log nothing is answered but 503, and a movement whose outcome is
// unknown says so: repeating it with the same reference is safe, and tells.
// Without PostgreSQL movements and balances go on, lists and webhook endpoints
// answer 503.
package api

//go:generate go tool oapi-codegen -config oapi-codegen.yaml -o types.gen.go openapi.yaml
