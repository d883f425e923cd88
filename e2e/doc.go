// Package e2e tests the programs as users run them: as processes, over HTTP, with a
// NATS server and PostgreSQL.
package e2e
