// Package e2e tests the programs as their users run them: real processes, real
// HTTP, the real NATS server and the real PostgreSQL.
package e2e
