// Package bench is the load generator behind `tallystick bench`: it drives
// transfers over HTTP against a running system and says what it did.
//
// # The load
//
// Every connection has one worker, which has at most one request under way. In
// a closed loop the next request goes out when the answer to the last is in.
// With --rate the requests have times at which they are due, whichever worker
// is free takes the next, and latency counts from when it was due: a server
// that stalls is charged for everything that had to wait, not for one request
// (no coordinated omission). What was due and never sent is reported. Timers of
// Go fire up to a millisecond late, which is part of these latencies.
//
// # What is counted
//
// A transfer counts when its answer says that it is durable: 201, or its own
// line of a batch. Everything else is an error, by status and code. Latencies
// are those of requests with at least one transfer that counts, so that quick
// refusals do not flatter them. Throughput is what was acknowledged, divided by
// the time until the last answer was in.
//
// # The generator's own cost
//
// It usually shares the machine with the server, so it takes as little of it as
// it can: requests are appended to one buffer and written with one call,
// answers are read by fasthttp into another, and nothing is allocated for a
// request. What it took all the same is measured and reported.
//
// # A neighbour
//
// With --neighbour the same transfers are made a second time, while another
// project of the same shard does its worst: 120 transactions of 1,000 operations
// that are due at once, or such transactions, batches of 10,000 or dry runs
// without a pause. What the first project notices is the difference.
//
// # The baseline
//
// With --baseline postgres the same transfers are first made the way they would
// be without Tallystick: by a function in PostgreSQL (baseline.sql).
package bench
