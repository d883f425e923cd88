// Package embedded starts the two servers that Tallystick needs when it runs on
// one machine: NATS with JetStream inside the process (StartNATS), and a private
// PostgreSQL cluster as a child process (StartPostgres).
//
// Both store all their files below one directory. The caller holds a lock on that
// directory for as long as the servers run. Any other server that runs there was
// therefore left behind by a process that was killed, and is stopped.
//
// Both are durable: NATS syncs every write before it acknowledges it, and
// PostgreSQL runs with fsync and synchronous_commit on.
//
// Linux and macOS are supported. On Linux the kernel stops PostgreSQL when the
// process that started it dies. On macOS the next start stops it.
package embedded
