// Package resource writes what the ledger keeps as JSON: wallets, transactions,
// operations, entries, holds, escrows, credit, fees and limits. An HTTP answer and
// the body of a webhook show the same thing with the same bytes, since both call
// this package. The shapes are the schemas of the same names in api/openapi.yaml;
// the tests of api and webhooks hold every answer and every body to them.
//
// A [Writer] appends to one buffer, without reflection: each transfer is answered
// with a transaction, and reflection would cost more than the rest of the request.
//
// A field of a thing is written in one place here and specified in openapi.yaml.
package resource
