// Package embedded starts the two servers of a Tallystick that runs on one
// machine: NATS with JetStream inside the process (StartNATS), and a private
// PostgreSQL cluster as a child process (StartPostgres).
//
// Both keep everything they own below one directory. The caller holds a lock
// on that directory for as long as the servers run, so whatever else is found
// running there was left behind by a process that was killed, and is stopped.
//
// Both are durable: NATS syncs every write before it acknowledges it, and
// PostgreSQL runs with fsync and synchronous_commit on.
//
// Linux and macOS are supported. On Linux the kernel stops PostgreSQL when the
// process that started it dies; elsewhere the next start does.
package embedded
